// RUN: compress-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @expectations
func.func @expectations(%a: tensor<2x?xf32>, %b: f32, %i: tensor<3xi32>, %n: index) {
  // CHECK: check.expect_close %{{.*}}, %{{.*}} tolerance 1.000000e-03 : tensor<2x?xf32>
  check.expect_close %a, %a tolerance 1.0e-3 : tensor<2x?xf32>
  // CHECK: check.expect_close %{{.*}}, %{{.*}} tolerance 0.000000e+00 : f32
  check.expect_close %b, %b tolerance 0.0 : f32
  // CHECK: check.expect_equal %{{.*}}, %{{.*}} : tensor<3xi32>
  check.expect_equal %i, %i : tensor<3xi32>
  // CHECK: check.expect_equal %{{.*}}, %{{.*}} : index
  check.expect_equal %n, %n : index
  return
}
