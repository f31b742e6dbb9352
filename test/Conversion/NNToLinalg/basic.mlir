// RUN: compress-opt %s --convert-nn-to-linalg | FileCheck %s --implicit-check-not=nn.

nn.model "m" {architecture = "llama", context = 4 : i64, eos = array<i64>, parameters = 1 : i64}

// CHECK-LABEL: @embedding
// CHECK: linalg.generic
// CHECK:   tensor.extract
func.func @embedding(%t: tensor<?xi32>, %w: tensor<5x3xf32>) -> tensor<?x3xf32> {
  %0 = nn.embedding %t, %w : tensor<?xi32>, tensor<5x3xf32> -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}

// A block's body stands where the block stood.
// CHECK-LABEL: @block
// CHECK-NEXT: arith.addf
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: return
func.func @block(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = nn.block "one" -> (tensor<?x4xf32>) {
    %1 = arith.addf %x, %x : tensor<?x4xf32>
    %2 = arith.mulf %1, %x : tensor<?x4xf32>
    nn.yield %2 : tensor<?x4xf32>
  }
  return %0 : tensor<?x4xf32>
}

// CHECK-LABEL: @linear
// CHECK: linalg.fill
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "reduction"]
func.func @linear(%x: tensor<?x4xf32>, %w: tensor<?x4xf32>) -> tensor<?x?xf32> {
  %0 = nn.linear %x, %w : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// CHECK-LABEL: @attention
// CHECK-COUNT-2: tensor.insert_slice
// CHECK-COUNT-2: tensor.extract_slice
// CHECK: arith.cmpi ule
// CHECK: math.exp
func.func @attention(%q: tensor<?x8xf32>, %k: tensor<?x4xf32>, %c: tensor<2x?x2x2xf32>, %p: index)
    -> (tensor<?x8xf32>, tensor<2x?x2x2xf32>) {
  %0, %1 = nn.attention %q, %k, %k, %c at %p heads 4 kv_heads 2 : tensor<?x8xf32>, tensor<?x4xf32>, tensor<2x?x2x2xf32>
  return %0, %1 : tensor<?x8xf32>, tensor<2x?x2x2xf32>
}
