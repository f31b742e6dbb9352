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
        Whether these bytes have the operands' values in them, so that no
        operand is packed for the op.
      }], "bool", "packsOperands", (ins), [{}], [{ return false; }]>,
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

def CodeSource : OpInterface<"CodeSource"> {
  let cppNamespace = "::mlir::kernel";
  let description = [{
    Codes [rows, columns] that lie in tiles: of each row tile (16 rows) a record
    a block (32 inputs), from which eight quads come back. Quad s holds inputs
    4s … 4s+3 of the block: a vector<64xi8>, byte 4r+j for input 4s+j of row r.
    Recursive through operands.
  }];
  let methods = [
    InterfaceMethod<[{
        The form of these codes; nothing where they do not lie in tiles.
      }], "::std::optional<::mlir::kernel::CodeForm>", "getCodeForm", (ins)>,
    InterfaceMethod<[{
        Values that are packed apart from the tiles, once: codebooks.
      }], "::llvm::SmallVector<::mlir::Value>", "getTables", (ins), [{}],
      [{ return {}; }]>,
    InterfaceMethod<[{
        Where blocks are listed: those of the row tile from row `firstRow` on
        that are there, ascending.
      }], "::llvm::FailureOr<::llvm::SmallVector<int64_t>>", "getKeptBlocks",
      (ins "::mlir::compress::ExpressionEvaluator &":$evaluator,
           "int64_t":$firstRow), [{}],
      [{ return ::llvm::SmallVector<int64_t>(); }]>,
    InterfaceMethod<[{
        Writes the records of a row tile. Codes beyond the matrix are 0, or
        absent where codes may be.
      }], "::llvm::LogicalResult", "packTile",
      (ins "::mlir::compress::ExpressionEvaluator &":$evaluator,
           "const ::mlir::kernel::TileSpace &":$space)>,
    InterfaceMethod<[{
        Emits what quads need and blocks share: tables. Before the loops.
      }], "::llvm::LogicalResult", "emitTables",
      (ins "::mlir::kernel::Expander &":$expander), [{}],
      [{ return ::mlir::success(); }]>,
    InterfaceMethod<[{
        Emits what the blocks of a row tile share: `tile` is the byte address of
        its header, `values` that of the values behind all row tiles. Where
        there are such, the first result is the address of this row tile's.
      }], "::llvm::SmallVector<::mlir::Value>", "emitTile",
      (ins "::mlir::kernel::Expander &":$expander, "::mlir::Value":$tile,
           "::mlir::Value":$values), [{}], [{ return {}; }]>,
    InterfaceMethod<[{
        Emits quad `quad` of a block; absent codes are those of `place.absent`,
        or 0.
      }], "::mlir::Value", "emitQuad",
      (ins "::mlir::kernel::Expander &":$expander,
           "const ::mlir::kernel::BlockPlace &":$place, "unsigned":$quad)>,
  ];
}

def FloatSource : OpInterface<"FloatSource"> {
  let cppNamespace = "::mlir::kernel";
  let description = [{
    Values [rows, columns] that lie in tiles without scales: of each row tile a
    record a block, from which f32 values come back. Recursive through operands.
  }];
  let methods = [
    InterfaceMethod<[{
        The form of these values; nothing where they do not lie in tiles.
      }], "::std::optional<::mlir::kernel::FloatForm>", "getFloatForm", (ins)>,
    InterfaceMethod<[{
        As of a CodeSource.
      }], "::llvm::SmallVector<::mlir::Value>", "getTables", (ins), [{}],
      [{ return {}; }]>,
    InterfaceMethod<[{
        As of a CodeSource.
      }], "::llvm::FailureOr<::llvm::SmallVector<int64_t>>", "getKeptBlocks",
      (ins "::mlir::compress::ExpressionEvaluator &":$evaluator,
           "int64_t":$firstRow), [{}],
      [{ return ::llvm::SmallVector<int64_t>(); }]>,
    InterfaceMethod<[{
        Writes the records of a row tile. Values beyond the matrix are 0.
      }], "::llvm::LogicalResult", "packTile",
      (ins "::mlir::compress::ExpressionEvaluator &":$evaluator,
           "const ::mlir::kernel::TileSpace &":$space)>,
    InterfaceMethod<[{
        As of a CodeSource.
      }], "::llvm::LogicalResult", "emitTables",
      (ins "::mlir::kernel::Expander &":$expander), [{}],
      [{ return ::mlir::success(); }]>,
    InterfaceMethod<[{
        As of a CodeSource.
      }], "::llvm::SmallVector<::mlir::Value>", "emitTile",
      (ins "::mlir::kernel::Expander &":$expander, "::mlir::Value":$tile,
           "::mlir::Value":$values), [{}], [{ return {}; }]>,
    InterfaceMethod<[{
        Emits inputs 4 * `quad` … 4 * `quad` + 3 of a block: of each the sixteen
        rows' values, vector<16xf32>.
      }], "::llvm::SmallVector<::mlir::Value>", "emitQuad",
      (ins "::mlir::kernel::Expander &":$expander,
           "const ::mlir::kernel::BlockPlace &":$place, "unsigned":$quad)>,
  ];
}

def ListSource : OpInterface<"ListSource"> {
  let cppNamespace = "::mlir::kernel";
  let description = [{
    Values [rows, columns] of which each row lists a few, at ascending columns;
    the others are 0.
  }];
  let methods = [
    InterfaceMethod<[{
        Emits the numbers of a row's first entry and of the one behind its last.
      }], "::std::pair<::mlir::Value, ::mlir::Value>", "emitRow",
      (ins "::mlir::kernel::Expander &":$expander, "::mlir::Value":$row)>,
    InterfaceMethod<[{
        Emits an entry's column and its value in f32.
      }], "::std::pair<::mlir::Value, ::mlir::Value>", "emitEntry",
      (ins "::mlir::kernel::Expander &":$expander, "::mlir::Value":$entry)>,
  ];
}

def ScaleSource : OpInterface<"ScaleSource"> {
  let cppNamespace = "::mlir::kernel";
  let description = [{
    Scales, zeros or offsets [rows, groups] that lie in headers of a row tile.
    Recursive through operands, so scales may be dequantised themselves.
  }];
  let methods = [
    InterfaceMethod<[{
        The form of these values; nothing where they do not lie in headers.
      }], "::std::optional<::mlir::kernel::ScaleForm>", "getScaleForm", (ins)>,
    InterfaceMethod<[{
        Writes the headers of rows `firstRow` … `firstRow`+15, of which `rows`
        are there; `headers[h]` points at the h-th, zeroed. Values beyond the
        matrix are 0.
      }], "::llvm::LogicalResult", "packHeaders",
      (ins "::mlir::compress::ExpressionEvaluator &":$evaluator,
           "int64_t":$firstRow, "int64_t":$rows,
           "::llvm::ArrayRef<uint8_t *>":$headers)>,
    InterfaceMethod<[{
        Emits the sixteen values, in f32, of group `group` of those that the
        header at byte `header` of the weights serves.
      }], "::mlir::Value", "emitValues",
      (ins "::mlir::kernel::Expander &":$expander, "::mlir::Value":$header,
           "::mlir::Value":$group)>,
  ];
}

#endif // KERNEL_TILE_SOURCE_TD
