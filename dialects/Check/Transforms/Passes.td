//===- Passes.td - Passes of the check dialect -------------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef CHECK_TRANSFORMS_PASSES_TD
#define CHECK_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def CompressCheckPass : Pass<"compress-check", "::mlir::ModuleOp"> {
  let summary = "Evaluate functions that hold checks, and report what differs";
  let description = [{
    Runs every function without arguments that holds `check` ops and leaves a
    remark for each whose checks hold; a check that does not is an error with
    the element, the numbers and how many differ. The module stays as it is. A
    module without such functions is an error, so that no test passes by
    checking nothing.

    `executors` names who evaluates: `reference` is the naive evaluator of the
    ops' documented semantics; a tool may register others.

    ```mlir
    func.func @sum() {
      %a = arith.constant 1.5 : f32
      %b = arith.addf %a, %a : f32
      %c = arith.constant 3.0 : f32
      check.expect_close %b, %c tolerance 0.0 : f32
      return
    }
    ```
  }];
  let options = [
    ListOption<"executors", "executors", "std::string",
               "Who evaluates, each by itself (default: reference)">,
    Option<"activations", "activations", "std::string", "\"f32\"",
           "f32, or int8 where weights are integer codes">,
  ];
}

def ConvertCheckToCFPass : Pass<"convert-check-to-cf", "::mlir::ModuleOp"> {
  let summary = "Lower checks to assertions";
  let description = [{
    Each check op becomes a `cf.assert` of a reduction over the elements of its
    operands, whose message is the op's location. Lowered further, the code
    tests itself.

    ```mlir
    func.func @sum() {
      %a = arith.constant 1.5 : f32
      check.expect_equal %a, %a : f32
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

#endif // CHECK_TRANSFORMS_PASSES_TD
