// RUN: compress-opt %s --compress-quantize='bits=2' --compress-correct='rank=1' | FileCheck %s
// RUN: compress-opt %s --compress-quantize='bits=2' --compress-correct='rank=1 factor-type=bf16' | FileCheck %s --check-prefix=TYPE
// RUN: compress-opt %s --compress-quantize='bits=2' --compress-correct='rank=1' --compress-quantize='bits=8 scheme=symmetric' | FileCheck %s --check-prefix=QUANTIZED
// RUN: compress-opt %s --compress-prune --compress-correct='rank=4 factor-type=f32' --compress-report -o /dev/null 2>&1 | FileCheck %s --check-prefix=REPORT
// RUN: not compress-opt %s --compress-correct='rank=0' 2>&1 | FileCheck %s --check-prefix=RANK
// RUN: not compress-opt %s --compress-quantize --compress-correct='rank=5' 2>&1 | FileCheck %s --check-prefix=LARGE
// RUN: not compress-opt %s --compress-for-each='match=v pipeline=compress-correct{rank=1}' 2>&1 | FileCheck %s --check-prefix=VECTOR
// RUN: compress-opt %s --compress-quantize -o %t.mlir
// RUN: not compress-opt %t.mlir --compress-correct='rank=1' 2>&1 | FileCheck %s --check-prefix=ORIGIN
// RUN: compress-opt %s --compress-correct='rank=1' | FileCheck %s --check-prefix=NOTHING

// CHECK: %[[Q:.+]] = compress.dequantize
// CHECK: %[[P:.+]] = compress.product {{.*}} : (tensor<4x1xf16>, tensor<1x8xf16>) -> tensor<4x8xf32>
// CHECK: compress.sum %[[Q]], %[[P]]
// TYPE: compress.product {{.*}} : (tensor<4x1xbf16>, tensor<1x8xbf16>)

// The codes stay as they are; the factors are quantised.
// QUANTIZED: compress.dequantize {{.*}} : (tensor<4x8xui2>,
// QUANTIZED: compress.dequantize {{.*}} : (tensor<4x1xsi8>,
// QUANTIZED: compress.dequantize {{.*}} : (tensor<1x8xsi8>,
// QUANTIZED: compress.product
// QUANTIZED: compress.sum

// A correction of full rank restores the origin, but for rounding.
// REPORT: {{[0-9.]+e-[01][06789]}}  prune, correct
// RANK: compress-correct has rank=0, but a rank is at least 1
// LARGE: weight @w, compress-correct: would have rank 5, but a matrix of 4 by 8 has ranks 1 to 4
// VECTOR: weight @v, compress-correct: is 'tensor<4xf32>', but a matrix is corrected
// ORIGIN: weight @w, compress-correct: has no origin at hand to be corrected against; correct in the run that compresses, or put the file that its origin names where it was
// NOTHING-NOT: compress.sum
compress.weight @w : tensor<4x8xf32> {
  %0 = compress.constant dense<[[1.0, -2.0, 3.0, 4.0, 0.5, 0.25, 0.125, 7.5], [0.0, 0.0, 0.0, 0.0, -1.0, -2.0, -3.0, -4.0],
                                [2.0, -4.0, 6.0, 8.0, 1.0, 0.5, 0.25, 15.0], [0.5, 0.0, 0.125, 0.25, -1.0, -2.0, -3.0, -4.0]]> : tensor<4x8xf32>
  compress.yield %0 : tensor<4x8xf32>
}
compress.weight @v : tensor<4xf32> {
  %0 = compress.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  compress.yield %0 : tensor<4xf32>
}
