// What knows nothing of the op still knows its value: --compress-decompress
// evaluates any expression, and a correction is made for what is lost.
// RUN: compress-opt %{plugins} %s --compress-decompress | FileCheck %s

// CHECK: compress.constant dense<{{\[\[}}2.500000e+00, -2.500000e+00, 2.500000e+00, -2.500000e+00]]> : tensor<1x4xf32>
compress.weight @w : tensor<1x4xf32> {
  %0 = compress.constant dense<[[1, 0, 1, 0]]> : tensor<1x4xui1>
  %1 = compress.constant dense<[[2.5]]> : tensor<1x1xf16>
  %2 = signs.decode %0 : (tensor<1x4xui1>) -> tensor<1x4xsi2>
  %3 = compress.dequantize %2, %1 : (tensor<1x4xsi2>, tensor<1x1xf16>) -> tensor<1x4xf32>
  compress.yield %3 : tensor<1x4xf32>
}
