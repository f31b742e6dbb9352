// RUN: cp %s %t.mlir
// RUN: compress-reduce %s --reduction-tree='traversal-mode=0 test=%S/Inputs/has-lookup.sh' | FileCheck %s

// CHECK-NOT: @first
// CHECK: compress.lookup
compress.weight @first : tensor<1x2xf32> {
  %0 = compress.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  compress.yield %0 : tensor<1x2xf32>
}
compress.weight @second : tensor<1x2xf32> {
  %0 = compress.constant dense<[[0, 1]]> : tensor<1x2xui4>
  %1 = compress.constant dense<[[0.5, 1.5]]> : tensor<1x2xf32>
  %2 = compress.lookup %0, %1 : (tensor<1x2xui4>, tensor<1x2xf32>) -> tensor<1x2xf32>
  compress.yield %2 : tensor<1x2xf32>
}
