// RUN: compress-opt %s --compress-check --verify-diagnostics --split-input-file

// expected-remark @+1 {{@holds: 4 checks hold by reference}}
func.func @holds() {
  %a = arith.constant dense<[1.0, 0x7F800000, 0x7FC00000, 1000.0]> : tensor<4xf32>
  %b = arith.constant dense<[1.0625, 0x7F800000, 0x7FC00000, 1062.5]> : tensor<4xf32>
  check.expect_close %a, %b tolerance 0.0625 : tensor<4xf32>
  check.expect_equal %a, %a : tensor<4xf32>
  %i = arith.constant 3 : index
  check.expect_equal %i, %i : index
  %e = arith.constant dense<[]> : tensor<0xf32>
  check.expect_equal %e, %e : tensor<0xf32>
  return
}

// No test, as it holds no checks.
func.func @other(%x: f32) -> f32 {
  return %x : f32
}

// -----

func.func @differs() {
  %a = arith.constant dense<[[1.0, 2.0], [3.0, 0x7FC00000]]> : tensor<2x2xf32>
  %b = arith.constant dense<[[1.0, 2.0], [3.5, 4.0]]> : tensor<2x2xf32>
  // expected-error @+1 {{'check.expect_close' op fails: element [1, 0] is 3, but 3.5 was expected (tolerance 0.1); 2 of 4 elements differ}}
  check.expect_close %a, %b tolerance 0.1 : tensor<2x2xf32>
  %i = arith.constant 3 : index
  %j = arith.constant 4 : index
  // expected-error @+1 {{'check.expect_equal' op fails: the value is 3, but 4 was expected}}
  check.expect_equal %i, %j : index
  return
}

// -----

// A module's weights are at hand.
compress.weight @w : tensor<1x32xf32> {
  %c = compress.constant dense<3> : tensor<1x32xsi4>
  %s = compress.constant dense<0.5> : tensor<1x1xf16>
  %0 = compress.dequantize %c, %s : (tensor<1x32xsi4>, tensor<1x1xf16>) -> tensor<1x32xf32>
  compress.yield %0 : tensor<1x32xf32>
}
// expected-remark @+1 {{@product: 1 check holds by reference}}
func.func @product() {
  %w = compress.use @w : tensor<1x32xf32>
  %x = arith.constant dense<2.0> : tensor<1x32xf32>
  %y = nn.linear %x, %w : (tensor<1x32xf32>, tensor<1x32xf32>) -> tensor<1x1xf32>
  %e = arith.constant dense<96.0> : tensor<1x1xf32>
  check.expect_equal %y, %e : tensor<1x1xf32>
  return
}

// -----

func.func @shapes() {
  %a = arith.constant dense<1.0> : tensor<2xf32>
  %b = arith.constant dense<1.0> : tensor<3xf32>
  %c = tensor.cast %a : tensor<2xf32> to tensor<?xf32>
  %d = tensor.cast %b : tensor<3xf32> to tensor<?xf32>
  // expected-error @+1 {{'check.expect_equal' op fails: the value has shape [2], but [3] was expected}}
  check.expect_equal %c, %d : tensor<?xf32>
  return
}
