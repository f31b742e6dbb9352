// RUN: compress-opt %s --compress-tie | FileCheck %s
// RUN: compress-opt %s --compress-tie='threshold=0.1' | FileCheck %s --check-prefix=NEAR
// RUN: compress-opt %s --compress-tie='threshold=0.1 delta-type=f32' | FileCheck %s --check-prefix=TYPE
// RUN: compress-opt %s --compress-tie='threshold=0.1' --compress-decompress | FileCheck %s --check-prefix=VALUE
// RUN: compress-opt %s --compress-tie --remarks-filter=compress --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not compress-opt %s --compress-tie='threshold=1' 2>&1 | FileCheck %s --check-prefix=THRESHOLD

// Equal form and content make one weight; its uses name the first.
// CHECK: compress.weight @a
// CHECK-NOT: compress.weight @b
// CHECK: compress.weight @near
// CHECK: compress.weight @other
// CHECK: compress.use @a
// CHECK-NEXT: compress.use @a
// CHECK-NEXT: compress.use @near
// REMARK: remark: [Analysis] compress-tie {{.*}} Function=b {{.*}}is equal to @a and is tied to it

// A near-duplicate names the base's tensor and adds a delta.
// NEAR-LABEL: compress.weight @near
// NEAR-SAME: compress-tie
// NEAR: %[[A:.+]] = compress.constant dense<{{\[}}[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00]]> : tensor<2x2xf32>
// NEAR: %[[D:.+]] = compress.constant dense<{{\[}}[0.000000e+00, 0.000000e+00], [0.000000e+00, 2.500000e-01]]> : tensor<2x2xf16>
// NEAR: compress.sum %[[A]], %[[D]] : (tensor<2x2xf32>, tensor<2x2xf16>) -> tensor<2x2xf32>
// NEAR-LABEL: compress.weight @other
// NEAR-NOT: compress.sum
// TYPE: compress.sum {{.*}} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
// VALUE-LABEL: compress.weight @near
// VALUE: dense<{{\[}}[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.250000e+00]]>
// THRESHOLD: compress-tie has threshold={{.*}}, but a relative distance is at least 0 and below 1
compress.weight @a : tensor<2x2xf32> {
  %0 = compress.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  compress.yield %0 : tensor<2x2xf32>
}
compress.weight @b : tensor<2x2xf32> {
  %0 = compress.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  compress.yield %0 : tensor<2x2xf32>
}
compress.weight @near : tensor<2x2xf32> {
  %0 = compress.constant dense<[[1.0, 2.0], [3.0, 4.25]]> : tensor<2x2xf32>
  compress.yield %0 : tensor<2x2xf32>
}
compress.weight @other : tensor<2x2xf32> {
  %0 = compress.constant dense<[[-1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  compress.yield %0 : tensor<2x2xf32>
}
func.func @f() -> (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>) {
  %0 = compress.use @a : tensor<2x2xf32>
  %1 = compress.use @b : tensor<2x2xf32>
  %2 = compress.use @near : tensor<2x2xf32>
  %3 = compress.use @other : tensor<2x2xf32>
  return %0, %1, %2, %3 : tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>
}
