// Leaves that no store holds are the text's own affair; inline ones stay.
// RUN: compress-opt %s | FileCheck %s
// RUN: compress-opt %s -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: compress-opt %s -o /dev/null | count 0
// RUN: compress-opt < %s | FileCheck %s

// CHECK-LABEL: compress.weight @w
// CHECK: compress.stored "w.codes" : tensor<2x4xsi4>
// CHECK: compress.constant dense<{{\[\[}}1.000000e+00], [2.000000e+00]]> : tensor<2x1xf32>
compress.weight @w : tensor<2x4xf32> {
  %0 = compress.stored "w.codes" : tensor<2x4xsi4>
  %1 = compress.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %2 = compress.dequantize %0, %1 : (tensor<2x4xsi4>, tensor<2x1xf32>) -> tensor<2x4xf32>
  compress.yield %2 : tensor<2x4xf32>
}
