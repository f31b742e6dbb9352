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
include "Kernel/IR/TileSource.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Pass/PassBase.td"

def SignsDialect : Dialect {
  let name = "signs";
  let cppNamespace = "::signs";
  let summary = "Weights as signs times a scale a row";
}

def DecodeOp : Op<SignsDialect, "decode", [Pure,
    DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows", "getOperandRole"]>,
    DeclareOpInterfaceMethods<CodeSource>]> {
  let summary = "Signs of a bit each, as codes";
  let description = [{
    `result[r, c] = signs[r, c] ? 1 : -1`: codes, which `compress.dequantize`
    scales.

    Constraints: `signs` are ui1 of rank 2, the result is si2 of their shape.

    ```mlir
    %0 = signs.decode %signs : (tensor<4x64xui1>) -> tensor<4x64xsi2>
    ```
  }];
  let arguments = (ins UnsignedTensor:$signs);
  let results = (outs CodeTensor:$result);
  let assemblyFormat = "$signs attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def SignsBinarizePass : Pass<"signs-binarize"> {
  let summary = "Keep the signs of a weight and a scale a row";
  let description = [{
    Replaces each float matrix that carries values by its signs (zero counts as
    positive) times the mean magnitude of each row, in half precision: the scale
    of least squared error (Rastegari et al., XNOR-Net, 2016).
  }];
  let dependentDialects = ["::signs::SignsDialect"];
}

#endif // SIGNS_TD
