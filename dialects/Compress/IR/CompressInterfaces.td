//===- CompressInterfaces.td - Decompression ---------------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_INTERFACES_TD
#define COMPRESS_INTERFACES_TD

include "mlir/IR/OpBase.td"

def DecompressionOpInterface : OpInterface<"DecompressionOpInterface"> {
  let cppNamespace = "::mlir::compress";
  let description = [{
    An op that may stand in a weight's expression. A new technique is a new op
    with this interface and `TileSource` (its packed form and expansion, an
    external model beside the lowering); nothing else learns about it.
  }];
  let verify = [{ return ::mlir::compress::verifyAddressable($_op); }];
  let methods = [
    InterfaceMethod<[{
        Reference value: rows `begin` … `end`-1 of the result, in f32, row-major,
        into `out`. Evaluates operands through `evaluator`. Slow and plain: every
        other evaluation of the op is judged by this one.
      }], "::llvm::LogicalResult", "evaluateRows",
      (ins "int64_t":$begin, "int64_t":$end,
           "::mlir::compress::ExpressionEvaluator &":$evaluator,
           "::llvm::MutableArrayRef<float>":$out)>,
    InterfaceMethod<[{
        Bits that this op itself stores: elements times bits an element for a
        leaf, 0 for the others.
      }], "int64_t", "getStoredBits", (ins), [{}], [{ return 0; }]>,
    InterfaceMethod<[{
        How the op distributes over a matrix product x·Wᵀ.
      }], "::mlir::compress::ProductRule", "getProductRule", (ins), [{}],
      [{ return ::mlir::compress::ProductRule::Opaque; }]>,
    InterfaceMethod<[{
        Whether operand `index` carries values (a compression pass may rewrite
        it) rather than metadata.
      }], "bool", "isValueOperand", (ins "unsigned":$index), [{}],
      [{ return true; }]>,
  ];
}

#endif // COMPRESS_INTERFACES_TD
