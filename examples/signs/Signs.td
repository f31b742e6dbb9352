//===- Signs.td - Weights as signs ---------------------------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef SIGNS_TD
#define SIGNS_TD

include "Compress/IR/CompressConstraints.td"
include "Compress/IR/CompressInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Pass/PassBase.td"

def SignsDialect : Dialect {
  let name = "signs";
  let cppNamespace = "::signs";
  let summary = "Weights as signs times a scale a row";
}

def ExpandOp : Op<SignsDialect, "expand", [Pure,
    DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows", "getOperandRole"]>]> {
  let summary = "Signs times a scale a row";
  let description = [{
    `result[r, c] = signs[r, c] ? scales[r, 0] : -scales[r, 0]`

    Constraints: `signs` are ui1 of the result's shape, `scales` `[rows, 1]`.

    ```mlir
    %0 = signs.expand %signs, %scales : (tensor<4x64xui1>, tensor<4x1xf16>) -> tensor<4x64xf32>
    ```
  }];
  let arguments = (ins UnsignedTensor:$signs, FloatTensor:$scales);
  let results = (outs StaticF32Tensor:$result);
  let assemblyFormat = "$signs `,` $scales attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def SignsBinarizePass : Pass<"signs-binarize"> {
  let summary = "Keep the signs of a weight and a scale a row";
  let description = [{
    Replaces each float matrix that carries values by `signs.expand` of its signs
    (zero counts as positive) and of the mean magnitude of each row, in half
    precision: the scale of least squared error (Rastegari et al., XNOR-Net,
    2016).
  }];
  let dependentDialects = ["::signs::SignsDialect"];
}

#endif // SIGNS_TD
