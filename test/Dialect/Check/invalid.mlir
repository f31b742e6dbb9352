// RUN: compress-opt %s --split-input-file --verify-diagnostics

func.func @tolerance(%a: f32) {
  // expected-error @+1 {{'check.expect_close' op has a tolerance that is no number from 0 up}}
  check.expect_close %a, %a tolerance -1.0 : f32
  return
}

// -----

func.func @types(%a: f32, %b: tensor<1xf32>) {
  // expected-error @+1 {{'check.expect_equal' op requires all operands to have the same type}}
  "check.expect_equal"(%a, %b) : (f32, tensor<1xf32>) -> ()
  return
}

// -----

func.func @place(%a: f32, %c: i1) {
  scf.if %c {
    // expected-error @+1 {{'check.expect_equal' op expects parent op 'func.func'}}
    check.expect_equal %a, %a : f32
  }
  return
}
