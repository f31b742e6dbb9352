// RUN: compress-opt %s --compress-check=executors=reference,jit --verify-diagnostics --split-input-file

// The same numbers by the reference and as machine code.

compress.weight @w : tensor<3x4xf32> {
  %c = compress.constant dense<[[1, -2, 3, -4], [5, 6, -7, 7], [0, 1, 0, -8]]> : tensor<3x4xsi4>
  %s = compress.constant dense<[[0.5], [1.0], [0.25]]> : tensor<3x1xf16>
  %0 = compress.dequantize %c, %s : (tensor<3x4xsi4>, tensor<3x1xf16>) -> tensor<3x4xf32>
  compress.yield %0 : tensor<3x4xf32>
}
compress.weight @sum : tensor<3x4xf32> {
  %v = compress.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf16>
  %m = compress.constant dense<[[true, false, false, false], [false, true, false, false], [false, false, false, true]]> : tensor<3x4xui1>
  %0 = compress.densify %v, %m : (tensor<3xf16>, tensor<3x4xui1>) -> tensor<3x4xf32>
  %l = compress.constant dense<[[1.0], [0.0], [-1.0]]> : tensor<3x1xf32>
  %r = compress.constant dense<[[1.0, 1.0, 1.0, 1.0]]> : tensor<1x4xf32>
  %1 = compress.product %l, %r : (tensor<3x1xf32>, tensor<1x4xf32>) -> tensor<3x4xf32>
  %2 = compress.sum %0, %1 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  compress.yield %2 : tensor<3x4xf32>
}

// expected-remark @+2 {{@products: 2 checks hold by reference}}
// expected-remark @+1 {{@products: 2 checks hold by jit}}
func.func @products() {
  %w = compress.use @w : tensor<3x4xf32>
  %s = compress.use @sum : tensor<3x4xf32>
  %x = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 0.0, -1.0]]> : tensor<2x4xf32>
  %y = nn.linear %x, %w : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  %e = arith.constant dense<[[-5.0, 24.0, -7.5], [1.0, -1.0, 2.25]]> : tensor<2x3xf32>
  check.expect_close %y, %e tolerance 1.0e-6 : tensor<2x3xf32>
  %z = nn.linear %x, %s : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  %f = arith.constant dense<[[11.0, 4.0, 2.0], [0.0, 2.0, -3.0]]> : tensor<2x3xf32>
  check.expect_close %z, %f tolerance 1.0e-6 : tensor<2x3xf32>
  return
}

// Scalars and integers.
// expected-remark @+2 {{@scalars: 3 checks hold by reference}}
// expected-remark @+1 {{@scalars: 3 checks hold by jit}}
func.func @scalars() {
  %a = arith.constant 2.5 : f32
  %b = arith.mulf %a, %a : f32
  %c = arith.constant 6.25 : f32
  check.expect_equal %b, %c : f32
  %i = arith.constant 3 : index
  %j = arith.addi %i, %i : index
  %k = arith.constant 6 : index
  check.expect_equal %j, %k : index
  %m = arith.constant dense<[-1, 2]> : tensor<2xi32>
  %n = arith.addi %m, %m : tensor<2xi32>
  %o = arith.constant dense<[-2, 4]> : tensor<2xi32>
  check.expect_equal %n, %o : tensor<2xi32>
  return
}
