// Ops of upstream dialects around a product with a weight of every structure.
// Something in its body is not used: kernels name its ops by position.
compress.weight @w : tensor<3x4xf32> {
  %unused = compress.constant dense<1.0> : tensor<3x4xf32>
  %a = compress.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [-1.0, -2.0, -3.0, -5.0]]> : tensor<3x4xf32>
  %rows = compress.constant dense<[2, 0, 1]> : tensor<3xui8>
  %0 = compress.permute %a gather %rows dim 0 : (tensor<3x4xf32>, tensor<3xui8>) -> tensor<3x4xf32>
  %b = compress.constant dense<[[0.5, 1.5, 2.5, 3.5], [-0.5, 4.5, 0.25, 8.0], [1.0, 0.125, 3.0, 0.75]]> : tensor<3x4xf32>
  %columns = compress.constant dense<[3, 1, 0, 2]> : tensor<4xui16>
  %1 = compress.permute %b gather %columns dim 1 : (tensor<3x4xf32>, tensor<4xui16>) -> tensor<3x4xf32>
  %u = compress.constant dense<[[1.0, 0.5], [2.0, -1.0], [-3.0, 0.25]]> : tensor<3x2xf32>
  %v = compress.constant dense<[[1.0, 2.0, -3.0, 4.0], [0.5, 0.25, 8.0, -1.0]]> : tensor<2x4xf32>
  %2 = compress.product %u, %v : (tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
  %3 = compress.sum %0, %1, %2 : (tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  compress.yield %3 : tensor<3x4xf32>
}

// A private function may have shapes that are not known. What it takes here is
// no run of channels, and what it makes becomes part of another tensor.
func.func private @multiply(%x: tensor<?x4xf32>) -> tensor<?x3xf32> {
  %w = compress.use @w : tensor<3x4xf32>
  %y = nn.linear %x, %w : (tensor<?x4xf32>, tensor<3x4xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
func.func @product(%x: tensor<5x8xf32>, %into: tensor<7x3xf32>) -> tensor<7x3xf32> {
  %odd = tensor.extract_slice %x[0, 1] [5, 4] [1, 2] : tensor<5x8xf32> to tensor<5x4xf32>
  %cast = tensor.cast %odd : tensor<5x4xf32> to tensor<?x4xf32>
  %y = call @multiply(%cast) : (tensor<?x4xf32>) -> tensor<?x3xf32>
  %z = tensor.cast %y : tensor<?x3xf32> to tensor<5x3xf32>
  %r = tensor.insert_slice %z into %into[1, 0] [5, 3] [1, 1] : tensor<5x3xf32> into tensor<7x3xf32>
  return %r : tensor<7x3xf32>
}

func.func @softmax(%x: tensor<4x10xf32>) -> tensor<4x10xf32> {
  %e = tensor.empty() : tensor<4x10xf32>
  %y = linalg.softmax dimension(1) ins(%x : tensor<4x10xf32>) outs(%e : tensor<4x10xf32>) -> tensor<4x10xf32>
  return %y : tensor<4x10xf32>
}

func.func @convolution(%x: tensor<1x1x5x5xf32>) -> tensor<1x2x3x3xf32> {
  %zero = arith.constant 0.0 : f32
  %k = arith.constant dense<[[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]], [[[-1.0, 2.0, 3.0], [4.0, -5.0, 6.0], [7.0, 8.0, -9.0]]]]> : tensor<2x1x3x3xf32>
  %e = tensor.empty() : tensor<1x2x3x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %y = linalg.conv_2d_nchw_fchw ins(%x, %k : tensor<1x1x5x5xf32>, tensor<2x1x3x3xf32>) outs(%f : tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  return %y : tensor<1x2x3x3xf32>
}

func.func @repeated(%x: tensor<8xf32>, %n: index) -> (tensor<8xf32>, f64) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %half = arith.constant 0.5 : f64
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (tensor<8xf32>) {
    %t = math.tanh %a : tensor<8xf32>
    scf.yield %t : tensor<8xf32>
  }
  return %r, %half : tensor<8xf32>, f64
}

func.func @normalized(%x: tensor<4x6xf32>, %variances: tensor<4xf32>) -> tensor<4x6xf32> {
  %roots = math.rsqrt %variances : tensor<4xf32>
  %e = tensor.empty() : tensor<4x6xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>, affine_map<(r, c) -> (r, c)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%x, %roots : tensor<4x6xf32>, tensor<4xf32>) outs(%e : tensor<4x6xf32>) {
  ^bb0(%a: f32, %root: f32, %out: f32):
    %p = arith.mulf %a, %root : f32
    linalg.yield %p : f32
  } -> tensor<4x6xf32>
  return %y : tensor<4x6xf32>
}
