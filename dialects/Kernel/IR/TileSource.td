//===- TileSource.td - How a packed expression expands -----*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef KERNEL_TILE_SOURCE_TD
#define KERNEL_TILE_SOURCE_TD

include "mlir/IR/OpBase.td"

def TileSource : OpInterface<"TileSource"> {
  let cppNamespace = "::mlir::kernel";
  let description = [{
    What lowering must know of a decompression op: the bytes that it packs
    beside its operands', and the code that expands one row of its value into a
    small buffer. Attached to the ops of the compress dialect by external
    models; recursive through operands. An op without it cannot be lowered.
  }];
  let methods = [
    InterfaceMethod<[{
        Bytes that the op packs beside its operands': a leaf's elements, an
        index that makes rows addressable. Known without reading the weight.
      }], "int64_t", "getPackedBytes", (ins)>,
    InterfaceMethod<[{
        Writes those bytes.
      }], "::llvm::LogicalResult", "pack",
      (ins "::mlir::compress::ExpressionEvaluator &":$evaluator,
           "::llvm::MutableArrayRef<uint8_t>":$out)>,
    InterfaceMethod<[{
        Emits code that writes `count` elements of the value, from element
        `begin` (row-major; both of index type), to `destination` (a memref of
        f32). For a value of rank 2 it is asked for whole rows only.
      }], "::llvm::LogicalResult", "expand",
      (ins "::mlir::kernel::Expander &":$expander, "::mlir::Value":$begin,
           "::mlir::Value":$count, "::mlir::Value":$destination)>,
  ];
}

#endif // KERNEL_TILE_SOURCE_TD
