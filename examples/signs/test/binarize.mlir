// RUN: compress-opt %{plugins} %s --pass-pipeline='builtin.module(signs-binarize)' | FileCheck %s
// RUN: compress-opt %{plugins} %s --compress-for-each='match=w pipeline=signs-binarize' | FileCheck %s

// The scale is the mean magnitude of the row; zero counts as positive.
// CHECK-LABEL: compress.weight @w
// CHECK: %[[S:.*]] = compress.constant dense<{{\[\[}}true, false, true, false], [false, true, true, true]]> : tensor<2x4xui1>
// CHECK: %[[A:.*]] = compress.constant dense<{{\[\[}}2.500000e+00], [1.500000e+00]]> : tensor<2x1xf16>
// CHECK: %[[C:.*]] = signs.decode %[[S]] : (tensor<2x4xui1>) -> tensor<2x4xsi2>
// CHECK: %[[E:.*]] = compress.dequantize %[[C]], %[[A]] : (tensor<2x4xsi2>, tensor<2x1xf16>) -> tensor<2x4xf32>
// CHECK: compress.yield %[[E]]
compress.weight @w : tensor<2x4xf32> {
  %0 = compress.constant dense<[[1.0, -2.0, 3.0, -4.0], [-1.0, 0.0, 2.0, 3.0]]> : tensor<2x4xf32>
  compress.yield %0 : tensor<2x4xf32>
}
