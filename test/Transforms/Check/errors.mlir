// RUN: compress-opt %s --compress-check --verify-diagnostics --split-input-file

// expected-error @+1 {{holds no function with checks}}
module {
  func.func @nothing() {
    return
  }
}

// -----

// expected-error @+1 {{'func.func' op holds checks, but takes arguments; a test makes its own inputs}}
func.func @arguments(%a: f32) {
  check.expect_equal %a, %a : f32
  return
}

// -----

// expected-error @+1 {{'func.func' op holds checks, but has several blocks; a test has one}}
func.func @blocks() {
  %a = arith.constant 1.0 : f32
  check.expect_equal %a, %a : f32
  cf.br ^end
^end:
  return
}

// -----

func.func @unknown() {
  %a = arith.constant 1.0 : f32
  // expected-error @+1 {{'math.atan' op has no reference evaluation}}
  %b = math.atan %a : f32
  check.expect_equal %b, %b : f32
  return
}

// -----

func.func @huge() {
  // expected-error @+1 {{gives a tensor of more than 2^45 elements, which no memory holds}}
  %a = arith.constant dense<1.0> : tensor<9223372036854775807xf32>
  check.expect_equal %a, %a : tensor<9223372036854775807xf32>
  return
}
