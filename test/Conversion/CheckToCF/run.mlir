// RUN: compress-opt %s --convert-check-to-cf | FileCheck %s
// RUN: compress-opt %s --convert-check-to-cf --one-shot-bufferize=bufferize-function-boundaries \
// RUN:   --convert-linalg-to-loops --expand-strided-metadata --lower-affine --convert-scf-to-cf \
// RUN:   --convert-math-to-llvm --convert-to-llvm --reconcile-unrealized-casts -o %t.mlir
// RUN: mlir-runner %t.mlir -e holds --entry-point-result=void
// RUN: not --crash mlir-runner %t.mlir -e number --entry-point-result=void 2>&1 | FileCheck %s --check-prefix=FAILS
// RUN: not --crash mlir-runner %t.mlir -e element --entry-point-result=void 2>&1 | FileCheck %s --check-prefix=FAILS
// RUN: not --crash mlir-runner %t.mlir -e infinity --entry-point-result=void 2>&1 | FileCheck %s --check-prefix=FAILS
// RUN: not --crash mlir-runner %t.mlir -e shape --entry-point-result=void 2>&1 | FileCheck %s --check-prefix=FAILS

// FAILS: PLEASE submit a bug report

// CHECK-LABEL: @holds
// CHECK: linalg.generic
// CHECK: cf.assert %{{.*}}, "check fails: loc({{.*}}run.mlir{{.*}})"
func.func @holds() {
  %a = arith.constant dense<[1.0, 0x7F800000, 0x7FC00000, 1000.0]> : tensor<4xf32>
  %b = arith.constant dense<[1.0625, 0x7F800000, 0x7FC00000, 1062.5]> : tensor<4xf32>
  check.expect_close %a, %b tolerance 0.0625 : tensor<4xf32>
  check.expect_equal %a, %a : tensor<4xf32>
  %i = arith.constant 3 : index
  check.expect_equal %i, %i : index
  return
}

// CHECK-LABEL: @number
// CHECK: arith.cmpi eq
// CHECK: cf.assert
func.func @number() {
  %i = arith.constant 3 : index
  %j = arith.constant 4 : index
  check.expect_equal %i, %j : index
  return
}

func.func @element() {
  %a = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %b = arith.constant dense<[1.0, 2.0, 3.1]> : tensor<3xf32>
  check.expect_close %a, %b tolerance 0.01 : tensor<3xf32>
  return
}

func.func @infinity() {
  %a = arith.constant 1.0 : f32
  %b = arith.constant 0x7F800000 : f32
  check.expect_close %a, %b tolerance 0.01 : f32
  return
}

func.func @shape() {
  %a = arith.constant dense<1.0> : tensor<2xf32>
  %b = arith.constant dense<1.0> : tensor<3xf32>
  %c = tensor.cast %a : tensor<2xf32> to tensor<?xf32>
  %d = tensor.cast %b : tensor<3xf32> to tensor<?xf32>
  check.expect_equal %c, %d : tensor<?xf32>
  return
}
