// RUN: compress-opt %s --compress-quantize='bits=4 group-size=4' --split-input-file | FileCheck %s
// RUN: compress-opt %s --compress-quantize='bits=4 group-size=4' --compress-decompress --split-input-file | FileCheck %s --check-prefix=VALUE
// RUN: compress-opt %s --pass-pipeline='builtin.module(compress.weight(compress-quantize{group-size=4}))' --split-input-file | FileCheck %s

// By hand, group 1: lo = -2, hi = 4, scale = 0.4 in f16 = 0.39990234375,
// zero = round(2 / 0.3999) = 5, codes round(w / scale) + 5.

// CHECK-LABEL: compress.weight @matrix
// CHECK-SAME: compress.reports = [#compress.report<"compress-quantize{group-size=4}", error = 0.0391488224 : f32, bits = 512 -> 144>]
// CHECK-DAG: %[[C:.+]] = compress.constant dense<{{\[}}[8, 0, 13, 15, 1, 0, 0, 15], [0, 0, 0, 0, 11, 7, 4, 0]]> : tensor<2x8xui4>
// CHECK-DAG: %[[S:.+]] = compress.constant dense<{{\[}}[3.999020e-01, 5.000000e-01], [5.960460e-08, 2.666020e-01]]> : tensor<2x2xf16>
// CHECK-DAG: %[[Z:.+]] = compress.constant dense<{{\[}}[5, 0], [0, 15]]> : tensor<2x2xui4>
// CHECK: %[[D:.+]] = compress.dequantize %[[C]], %[[S]], %[[Z]] group_size 4 : (tensor<2x8xui4>, tensor<2x2xf16>, tensor<2x2xui4>) -> tensor<2x8xf32>
// CHECK: compress.yield %[[D]]
// VALUE-LABEL: compress.weight @matrix
// VALUE: dense<{{\[}}[1.19970703, -1.99951172, 3.19921875, 3.99902344, 5.000000e-01, 0.000000e+00, 0.000000e+00, 7.500000e+00], [0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, -1.06640625, -2.1328125, -2.93261719, -3.99902344]]>
compress.weight @matrix : tensor<2x8xf32> {
  %0 = compress.constant dense<[[1.0, -2.0, 3.0, 4.0, 0.5, 0.25, 0.1, 7.5],
                                [0.0, 0.0, 0.0, 0.0, -1.0, -2.0, -3.0, -4.0]]> : tensor<2x8xf32>
  compress.yield %0 : tensor<2x8xf32>
}

// -----

// Leaves of any float type are quantised.
// CHECK-LABEL: compress.weight @halves
// CHECK: compress.dequantize {{.*}} : (tensor<1x4xui4>, tensor<1x1xf16>, tensor<1x1xui4>) -> tensor<1x4xf32>
compress.weight @halves : tensor<1x4xf32> {
  %0 = compress.constant dense<[[1.0, -2.0, 3.0, 4.0]]> : tensor<1x4xbf16>
  compress.yield %0 : tensor<1x4xbf16>
}

// -----

// What is kept after pruning is quantised, and each factor of a product.
// CHECK-LABEL: compress.weight @kept
// CHECK: %[[C:.+]] = compress.densify {{.*}} : (tensor<3xui4>, tensor<1x4xui1>) -> tensor<1x4xui4>
// CHECK: compress.dequantize %[[C]], {{.*}} : (tensor<1x4xui4>, tensor<1x1xf16>, tensor<1x1xui4>) -> tensor<1x4xf32>
compress.weight @kept : tensor<1x4xf32> {
  %0 = compress.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %1 = compress.constant dense<[[true, true, false, true]]> : tensor<1x4xui1>
  %2 = compress.densify %0, %1 : (tensor<3xf32>, tensor<1x4xui1>) -> tensor<1x4xf32>
  compress.yield %2 : tensor<1x4xf32>
}
// CHECK-LABEL: compress.weight @factors
// CHECK: %[[L:.+]] = compress.dequantize
// CHECK: %[[R:.+]] = compress.dequantize
// CHECK: compress.product %[[L]], %[[R]]
compress.weight @factors : tensor<2x2xf32> {
  %0 = compress.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %1 = compress.constant dense<[[3.0, 4.0]]> : tensor<1x2xf32>
  %2 = compress.product %0, %1 : (tensor<2x1xf32>, tensor<1x2xf32>) -> tensor<2x2xf32>
  compress.yield %2 : tensor<2x2xf32>
}
