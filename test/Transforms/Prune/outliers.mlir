// Outliers were set apart to be kept; what they are added to is pruned.
// RUN: compress-opt %s --compress-prune='kind=row' | FileCheck %s

// CHECK: %[[D:.+]] = compress.densify {{.*}} : (tensor<4xf32>, tensor<2x4xui1>) -> tensor<2x4xf32>
// CHECK: %[[O:.+]] = compress.outliers {{.*}} : (tensor<1xf16>, tensor<1xui2>, tensor<2xui2>) -> tensor<2x4xf32>
// CHECK: compress.sum %[[D]], %[[O]]
compress.weight @w : tensor<2x4xf32> {
  %0 = compress.constant dense<[[1.0, 2.0, 3.0, 4.0], [-4.0, 3.0, 2.0, 1.0]]> : tensor<2x4xf32>
  %1 = compress.constant dense<[90.0]> : tensor<1xf16>
  %2 = compress.constant dense<[3]> : tensor<1xui2>
  %3 = compress.constant dense<[0, 1]> : tensor<2xui2>
  %4 = compress.outliers %1, %2, %3 : (tensor<1xf16>, tensor<1xui2>, tensor<2xui2>) -> tensor<2x4xf32>
  %5 = compress.sum %0, %4 : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  compress.yield %5 : tensor<2x4xf32>
}
