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
        What operand `index` is to the op. A compression pass reaches the leaves
        that it rewrites through operands of their role.
      }], "::mlir::compress::OperandRole", "getOperandRole",
      (ins "unsigned":$index), [{}],
      [{ return ::mlir::compress::OperandRole::Values; }]>,
  ];
}

def SparseOpInterface : OpInterface<"SparseOpInterface"> {
  let cppNamespace = "::mlir::compress";
  let description = [{
    A decompression op that puts the elements of its first operand, values or
    codes, at some positions of its result and leaves the others absent. Its
    result has the element type of the codes, or f32 for values.
  }];
  let methods = [
    InterfaceMethod<[{
        For each position of rows `begin` … `end`-1 of the result the flat index
        of its element in the first operand, or -1 where it is absent. Emits an
        error where the pattern contradicts the operand's shape.
      }], "::llvm::LogicalResult", "getPattern",
      (ins "int64_t":$begin, "int64_t":$end,
           "::mlir::compress::ExpressionEvaluator &":$evaluator,
           "::llvm::MutableArrayRef<int64_t>":$indices)>,
    InterfaceMethod<[{
        Elements that operand `index` has if no position is absent, where their
        number is its first dimension and not a matter of the result's shape;
        otherwise 0.
      }], "int64_t", "getMostElements", (ins "unsigned":$index), [{}],
      [{ return 0; }]>,
    InterfaceMethod<[{
        Whether the first operand may be codes.
      }], "bool", "takesCodes", (ins), [{}], [{ return true; }]>,
  ];
}

def StoreUserOpInterface : OpInterface<"StoreUserOpInterface"> {
  let cppNamespace = "::mlir::compress";
  let description = [{
    An op that names tensors or blobs of the weight store: they are written with
    the module, kept while it names them, and counted once however many ops do.
  }];
  let methods = [
    InterfaceMethod<[{
        Calls `visit` with each key, and the type of the tensor that it names,
        null for a blob.
      }], "void", "visitKeys",
      (ins "::llvm::function_ref<void(::llvm::StringRef, ::mlir::RankedTensorType)>":$visit)>,
  ];
}

#endif // COMPRESS_INTERFACES_TD
