// RUN: compress-opt %s --kernel-unfold-convolutions --split-input-file | FileCheck %s

// Tiles of output pixels: 3 rows of 18 are at most 64. Taps of a row lie one behind
// another, so that they are copied with their channels.
// CHECK-DAG: #[[ROWS:.+]] = affine_map<(d0) -> (d0 * 3)>
// CHECK-DAG: #[[PATCH:.+]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1 + d3, d2 * 3 + d4)>
// CHECK-LABEL: func.func @channels_first
// CHECK: %[[W:.+]] = compress.use @w : tensor<8x27xf32>
// CHECK: %[[T:.+]] = linalg.transpose ins(%arg0 {{.*}} permutation = [0, 2, 3, 1]
// CHECK: %[[X:.+]] = tensor.collapse_shape %[[T]] {{\[}}[0], [1], [2, 3]]
// CHECK: %[[Y:.+]] = scf.forall (%{{.+}}, %[[H:.+]], %{{.+}}) in (1, 6, 1) shared_outs(%[[O:.+]] =
// CHECK:   %[[FROM:.+]] = affine.apply #[[ROWS]](%[[H]])
// CHECK:   %[[PART:.+]] = tensor.extract_slice %[[X]][{{.*}}] [1, 5, 60] [1, 1, 1]
// CHECK:   linalg.generic {indexing_maps = [#[[PATCH]], #{{.+}}]{{.*}} ins(%[[PART]] : tensor<1x5x60xf32>) outs(%{{.+}} : tensor<1x3x18x3x9xf32>)
// CHECK:   %[[P:.+]] = tensor.collapse_shape %{{.+}} {{\[}}[0, 1, 2], [3, 4]] : tensor<1x3x18x3x9xf32> into tensor<54x27xf32>
// CHECK:   linalg.generic {{.*}} ins(%[[P]], %[[W]] : tensor<54x27xf32>, tensor<8x27xf32>)
// CHECK:   tensor.parallel_insert_slice
// CHECK: linalg.transpose ins(%[[Y]] {{.*}} permutation = [0, 3, 1, 2]
// CHECK-NOT: linalg.conv
compress.weight @w : tensor<8x27xf32> {
  %0 = compress.constant dense<1.0> : tensor<8x27xf32>
  compress.yield %0 : tensor<8x27xf32>
}
func.func @channels_first(%x: tensor<1x3x20x20xf32>) -> tensor<1x8x18x18xf32> {
  %zero = arith.constant 0.0 : f32
  %w = compress.use @w : tensor<8x27xf32>
  %k = tensor.expand_shape %w [[0], [1, 2, 3]] output_shape [8, 3, 3, 3] : tensor<8x27xf32> into tensor<8x3x3x3xf32>
  %s = tensor.empty() : tensor<8x3x3x3xf32>
  %t = linalg.transpose ins(%k : tensor<8x3x3x3xf32>) outs(%s : tensor<8x3x3x3xf32>) permutation = [0, 3, 1, 2]
  %e = tensor.empty() : tensor<1x8x18x18xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x8x18x18xf32>) -> tensor<1x8x18x18xf32>
  %y = linalg.conv_2d_nchw_fchw ins(%x, %t : tensor<1x3x20x20xf32>, tensor<8x3x3x3xf32>) outs(%f : tensor<1x8x18x18xf32>) -> tensor<1x8x18x18xf32>
  return %y : tensor<1x8x18x18xf32>
}

// -----

// Few pixels are one product, added to what the convolution adds to.
// CHECK-LABEL: func.func @small
// CHECK-NOT: scf.forall
// CHECK: linalg.generic {{.*}} outs(%{{.+}} : tensor<1x4x4x2x2x4xf32>)
// CHECK: %[[I:.+]] = tensor.collapse_shape %arg1 {{\[}}[0, 1, 2], [3]] : tensor<1x4x4x8xf32> into tensor<16x8xf32>
// CHECK: linalg.generic {{.*}} ins(%{{.+}}, %{{.+}} : tensor<16x16xf32>, tensor<8x16xf32>) outs(%[[I]] : tensor<16x8xf32>)
compress.weight @w : tensor<8x16xf32> {
  %0 = compress.constant dense<1.0> : tensor<8x16xf32>
  compress.yield %0 : tensor<8x16xf32>
}
func.func @small(%x: tensor<1x7x7x4xf32>, %init: tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32> {
  %w = compress.use @w : tensor<8x16xf32>
  %k = tensor.expand_shape %w [[0], [1, 2, 3]] output_shape [8, 2, 2, 4] : tensor<8x16xf32> into tensor<8x2x2x4xf32>
  %y = linalg.conv_2d_nhwc_fhwc {dilations = dense<3> : tensor<2xi64>} ins(%x, %k : tensor<1x7x7x4xf32>, tensor<8x2x2x4xf32>)
      outs(%init : tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>
  return %y : tensor<1x4x4x8xf32>
}

// -----

// Groups stay as they are.
// CHECK-LABEL: func.func @depthwise
// CHECK: linalg.depthwise_conv_2d_nhwc_hwc
compress.weight @w : tensor<8x4xf32> {
  %0 = compress.constant dense<1.0> : tensor<8x4xf32>
  compress.yield %0 : tensor<8x4xf32>
}
func.func @depthwise(%x: tensor<1x7x7x8xf32>, %init: tensor<1x6x6x8xf32>) -> tensor<1x6x6x8xf32> {
  %w = compress.use @w : tensor<8x4xf32>
  %k = tensor.expand_shape %w [[0], [1, 2]] output_shape [8, 2, 2] : tensor<8x4xf32> into tensor<8x2x2xf32>
  %e = tensor.empty() : tensor<2x2x8xf32>
  %t = linalg.transpose ins(%k : tensor<8x2x2xf32>) outs(%e : tensor<2x2x8xf32>) permutation = [1, 2, 0]
  %y = linalg.depthwise_conv_2d_nhwc_hwc ins(%x, %t : tensor<1x7x7x8xf32>, tensor<2x2x8xf32>) outs(%init : tensor<1x6x6x8xf32>) -> tensor<1x6x6x8xf32>
  return %y : tensor<1x6x6x8xf32>
}
