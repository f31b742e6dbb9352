//===- Passes.td - Passes of the nn dialect ----------------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef NN_TRANSFORMS_PASSES_TD
#define NN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertNNToLinalgPass : Pass<"convert-nn-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower nn to linalg, arith, math and tensor";
  let description = [{
    The reference lowering: every nn op becomes upstream ops that compute what
    its description says, in that order, so that any upstream tool can take a
    model over. Blocks are inlined; `nn.model`, which computes nothing, is
    erased. It is plain, not fast: `--convert-nn-to-kernel` is the way to a
    program.

    ```mlir
    func.func @f(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
      %y = nn.activation relu %x : tensor<?x64xf32>
      return %y : tensor<?x64xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

#endif // NN_TRANSFORMS_PASSES_TD
