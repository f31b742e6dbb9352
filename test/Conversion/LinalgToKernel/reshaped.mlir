// RUN: compress-opt %s --kernel-plan-weights --convert-products-to-kernel --cse | FileCheck %s

// A weight is found behind the reshapes and transposes that lowerings of TOSA put
// around matrices.

compress.weight @w : tensor<4x32xf32> {
  %c = compress.constant dense<1> : tensor<4x32xsi4>
  %s = compress.constant dense<0.5> : tensor<4x1xf32>
  %d = compress.dequantize %c, %s : (tensor<4x32xsi4>, tensor<4x1xf32>) -> tensor<4x32xf32>
  compress.yield %d : tensor<4x32xf32>
}

// A batch of one.
// CHECK-LABEL: func.func @batched
// CHECK: %[[X:.+]] = tensor.collapse_shape %arg0 {{\[}}[0, 1], [2]]
// CHECK: kernel.multiply @w at %{{.+}} ins(%[[X]])
// CHECK-NOT: linalg.transpose
func.func @batched(%x: tensor<1x3x32xf32>, %init: tensor<1x3x4xf32>) -> tensor<1x3x4xf32> {
  %w = compress.use @w : tensor<4x32xf32>
  %b = tensor.expand_shape %w [[0, 1], [2]] output_shape [1, 4, 32] : tensor<4x32xf32> into tensor<1x4x32xf32>
  %e = tensor.empty() : tensor<1x32x4xf32>
  %t = linalg.transpose ins(%b : tensor<1x4x32xf32>) outs(%e : tensor<1x32x4xf32>) permutation = [0, 2, 1]
  %y = linalg.batch_matmul ins(%x, %t : tensor<1x3x32xf32>, tensor<1x32x4xf32>) outs(%init : tensor<1x3x4xf32>) -> tensor<1x3x4xf32>
  return %y : tensor<1x3x4xf32>
}

// The same, with the batch folded away again.
// CHECK-LABEL: func.func @folded
// CHECK: kernel.multiply @w at %{{.+}} ins(%arg0)
// CHECK-NOT: linalg.transpose
func.func @folded(%x: tensor<3x32xf32>, %init: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %w = compress.use @w : tensor<4x32xf32>
  %b = tensor.expand_shape %w [[0, 1], [2]] output_shape [1, 4, 32] : tensor<4x32xf32> into tensor<1x4x32xf32>
  %e = tensor.empty() : tensor<1x32x4xf32>
  %t = linalg.transpose ins(%b : tensor<1x4x32xf32>) outs(%e : tensor<1x32x4xf32>) permutation = [0, 2, 1]
  %c = tensor.collapse_shape %t [[0, 1], [2]] : tensor<1x32x4xf32> into tensor<32x4xf32>
  %y = linalg.matmul ins(%x, %c : tensor<3x32xf32>, tensor<32x4xf32>) outs(%init : tensor<3x4xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// A convolution of one pixel: its columns are three loops.
// CHECK-LABEL: func.func @pixel
// CHECK: %[[FLAT:.+]] = tensor.collapse_shape %arg0 {{\[}}[0, 1, 2]] : tensor<2x2x8xf32> into tensor<32xf32>
// CHECK: %[[ROW:.+]] = tensor.expand_shape %[[FLAT]] {{\[}}[0, 1]] output_shape [1, 32]
// CHECK: %[[Y:.+]] = kernel.multiply @w at %{{.+}} ins(%[[ROW]])
// CHECK: tensor.collapse_shape %[[Y]] {{\[}}[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
func.func @pixel(%x: tensor<2x2x8xf32>, %init: tensor<4xf32>) -> tensor<4xf32> {
  %w = compress.use @w : tensor<4x32xf32>
  %f = tensor.expand_shape %w [[0], [1, 2, 3]] output_shape [4, 2, 2, 8] : tensor<4x32xf32> into tensor<4x2x2x8xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(o, h, w, c) -> (h, w, c)>, affine_map<(o, h, w, c) -> (o, h, w, c)>, affine_map<(o, h, w, c) -> (o)>],
      iterator_types = ["parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %f : tensor<2x2x8xf32>, tensor<4x2x2x8xf32>) outs(%init : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  return %y : tensor<4xf32>
}
