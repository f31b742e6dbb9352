// RUN: compress-opt %s --compress-outline-weights='min-elements=2' | FileCheck %s
// RUN: compress-opt %s --compress-outline-weights='min-elements=2 prefix=w' | FileCheck %s --check-prefix=PREFIX
// RUN: compress-opt %s --compress-outline-weights='min-elements=5' | FileCheck %s --check-prefix=FEWEST
// RUN: compress-opt %s --compress-outline-weights='min-elements=2' --compress-quantize | FileCheck %s --check-prefix=QUANTIZE

// linalg.matmul's right operand is [inputs, outputs]; a weight is [outputs, inputs].
// CHECK: compress.weight @weight_0 : tensor<3x2xf32>
// CHECK-NEXT: compress.constant dense<{{\[}}[1.000000e+00, 4.000000e+00], [2.000000e+00, 5.000000e+00], [3.000000e+00, 6.000000e+00]]> : tensor<3x2xf32>
// A weight is named after its location.
// CHECK: compress.weight @bias : tensor<3xf32>
// A filter is the matrix [outputs, kernel axes and inputs] that multiplies patches.
// CHECK: compress.weight @weight_1 : tensor<2x4xf32>
// CHECK: compress.weight @weight_2 : tensor<2x3xf32>
// CHECK-NEXT: compress.constant dense<{{\[}}[1.000000e+00, 2.000000e+00, 3.000000e+00], [4.000000e+00, 5.000000e+00, 6.500000e+00]]>
// CHECK-NOT: compress.weight
// PREFIX: compress.weight @w_0
// FEWEST-COUNT-3: compress.weight
// FEWEST-NOT: compress.weight

// Products are quantised; the bias is no matrix.
// QUANTIZE: compress.weight @weight_0
// QUANTIZE: compress.dequantize
// QUANTIZE: compress.weight @bias
// QUANTIZE-NOT: compress.dequantize
// QUANTIZE: compress.weight @weight_1

// CHECK-LABEL: func.func @matmul
// CHECK: %[[W:.+]] = compress.use @weight_0 : tensor<3x2xf32>
// CHECK: %[[T:.+]] = linalg.transpose ins(%[[W]] : tensor<3x2xf32>) outs({{.*}} : tensor<2x3xf32>) permutation = [1, 0]
// CHECK: linalg.matmul ins(%{{.*}}, %[[T]] :
// CHECK: %[[B:.+]] = compress.use @bias : tensor<3xf32>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[B]]
func.func @matmul(%x: tensor<4x2xf32>) -> tensor<4x3xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  // A splat is no weight.
  %zero = arith.constant dense<0.0> : tensor<4x3xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x3xf32>) outs(%zero : tensor<4x3xf32>) -> tensor<4x3xf32>
  %b = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32> loc("bias")
  %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%y, %b : tensor<4x3xf32>, tensor<3xf32>) outs(%zero : tensor<4x3xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %s = arith.addf %a, %c : f32
    linalg.yield %s : f32
  } -> tensor<4x3xf32>
  return %z : tensor<4x3xf32>
}

// One constant of two functions is one weight.
// CHECK-LABEL: func.func @again
// CHECK: compress.use @weight_0 : tensor<3x2xf32>
func.func @again(%x: tensor<4x2xf32>, %o: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x3xf32>) outs(%o : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// CHECK-LABEL: func.func @convolution
// CHECK: %[[K:.+]] = compress.use @weight_1 : tensor<2x4xf32>
// CHECK: %[[E:.+]] = tensor.expand_shape %[[K]] {{\[}}[0], [1, 2, 3]] output_shape [2, 2, 2, 1]
// CHECK: %[[T:.+]] = linalg.transpose ins(%[[E]] {{.*}} permutation = [0, 3, 1, 2]
// CHECK: linalg.conv_2d_nchw_fchw {{.*}}, %[[T]]
func.func @convolution(%x: tensor<1x1x3x3xf32>, %o: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %k = arith.constant dense<[[[[1.0, 2.0], [3.0, 4.0]]], [[[5.0, 6.0], [7.0, 8.0]]]]> : tensor<2x1x2x2xf32>
  %y = linalg.conv_2d_nchw_fchw ins(%x, %k : tensor<1x1x3x3xf32>, tensor<2x1x2x2xf32>) outs(%o : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  return %y : tensor<1x2x2x2xf32>
}

// An operand that has its outputs in front stays as it is.
// CHECK-LABEL: func.func @linear
// CHECK: %[[W:.+]] = compress.use @weight_2 : tensor<2x3xf32>
// CHECK: nn.linear %{{.*}}, %[[W]]
func.func @linear(%x: tensor<4x3xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense_resource<linear> : tensor<2x3xf32>
  %y = nn.linear %x, %w : (tensor<4x3xf32>, tensor<2x3xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

{-#
  dialect_resources: {
    builtin: {
      linear: "0x040000000000803F0000004000004040000080400000A0400000D040"
    }
  }
#-}
