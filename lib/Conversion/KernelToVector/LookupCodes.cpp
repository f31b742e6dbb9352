//===- LookupCodes.cpp - Codes of codes: integer codebooks in tiles -------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "Sources.h"
#include "compress/Conversion/Expander.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::kernel;

namespace {

/// Entries of one code lie as their indices do, and come from a table of bytes;
/// where indices are bytes too, the entries themselves lie there.
///
/// Of entries of four codes (a vector codebook) the indices are bytes: a block
/// has two registers of them, byte 4r+i of register h for inputs 16h+4i … 4i+3
/// of row r. A quad is then a word of the table for each row. Where a set looks
/// up bytes faster than words, quads come *turned*: quad 4h+j has of all four
/// entries their code j, which is a look-up of the register as it is.
struct LookupCodes : CodeSource::ExternalModel<LookupCodes, LookupOp> {
  static constexpr int64_t kCell = 4, kIndexBytes = 128;

  static bool isCells(LookupOp op) { return op.getCell() == kCell; }
  static bool isDirect(LookupOp op) {
    return !isCells(op) && inner(op).getCodeForm()->bits == 8;
  }
  static CodeSource inner(LookupOp op) {
    return dyn_cast<CodeSource>(op.getCodes().getDefiningOp());
  }
  static int64_t bias(LookupOp op) {
    return typeOf(op.getCodebook()).getElementType().isSignedInteger(8) ? 128
                                                                        : 0;
  }
  static int64_t entries(LookupOp op) {
    unsigned bits = inner(op).getCodeForm()->bits;
    return bits <= 4 ? 16 : bits <= 6 ? 64 : 256;
  }

  std::optional<CodeForm> getCodeForm(Operation *operation) const {
    auto op = cast<LookupOp>(operation);
    auto codes = inner(op);
    std::optional<CodeForm> form;
    auto book =
        dyn_cast<IntegerType>(typeOf(op.getCodebook()).getElementType());
    if ((op.getCell() != 1 && !isCells(op)) || op.getGroupSize() ||
        !isLeaf(op.getCodebook()) || !book || book.getWidth() != 8 || !codes ||
        !(form = codes.getCodeForm()) || form->bias || form->absent ||
        form->kept)
      return std::nullopt;
    if (isDirect(op))
      return CodeForm{8, bias(op), kTileRows * kBlockInputs};
    if (!isCells(op))
      return CodeForm{
          8, bias(op), form->blockBytes, false,
          0, 0,        std::nullopt,     form->isCostly || entries(op) > 16};
    if (form->bits != 8 || !isLeaf(op.getCodes()))
      return std::nullopt;
    return CodeForm{8, bias(op),     kIndexBytes, false, 0,
                    0, std::nullopt, true,        true};
  }
  SmallVector<Value> getTables(Operation *operation) const {
    auto op = cast<LookupOp>(operation);
    if (isDirect(op))
      return {};
    SmallVector<Value> tables = inner(op).getTables();
    tables.push_back(op.getCodebook());
    return tables;
  }

  LogicalResult packTile(Operation *operation, ExpressionEvaluator &evaluator,
                         const TileSpace &space) const {
    auto op = cast<LookupOp>(operation);
    bool direct = isDirect(op);
    if (!isCells(op) && !direct)
      return inner(op).packTile(evaluator, space);
    Value bytes = direct ? op.getResult() : op.getCodes();
    int64_t columns = typeOf(bytes).getDimSize(1);
    int64_t each = direct ? kBlockInputs : kBlockInputs / kCell;
    std::vector<float> codes(space.rows * columns);
    if (failed(evaluator.evaluateRows(bytes, space.firstRow,
                                      space.firstRow + space.rows, codes)))
      return failure();
    for (int64_t r = 0; r < space.rows; ++r)
      for (int64_t c = 0; c < columns; ++c)
        space.blocks[c / each][64 * (c % each / 4) + 4 * r + c % 4] =
            uint8_t(int(codes[r * columns + c]) + (direct ? bias(op) : 0));
    return success();
  }

  LogicalResult emitTables(Operation *operation, Expander &e) const {
    auto op = cast<LookupOp>(operation);
    if (isDirect(op))
      return success();
    if (failed(inner(op).emitTables(e)))
      return failure();
    if (!isCells(op)) {
      e.setTables(operation, load(op, e, 0, entries(op)));
      return success();
    }
    if (!e.isTurned())
      return success();
    // Code j of all entries, 64 entries at a time.
    OpBuilder &b = e.builder;
    SmallVector<Value> tables;
    for (int64_t j = 0; j < kCell; ++j) {
      Value table = zeros(e, 256);
      SmallVector<int64_t> every;
      for (int64_t i = 0; i < 32; ++i)
        every.push_back(kCell * i + j);
      for (int64_t at = 0; at < 256; at += 32) {
        Value part =
            vector::ShuffleOp::create(b, e.loc, load(op, e, kCell * at, 64),
                                      load(op, e, kCell * at + 64, 64), every);
        table =
            vector::InsertStridedSliceOp::create(b, e.loc, part, table, at, 1);
      }
      tables.push_back(table);
    }
    e.setTables(operation, tables);
    return success();
  }

  Value emitQuad(Operation *operation, Expander &e, const BlockPlace &place,
                 unsigned s) const {
    auto op = cast<LookupOp>(operation);
    OpBuilder &b = e.builder;
    if (isDirect(op))
      return e.loadBytes(e.add(place.address, e.index(int64_t(s) * 64)), 64);
    if (!isCells(op)) {
      Value index = inner(op).emitQuad(e, place, s);
      return LaneLookupOp::create(b, e.loc, e.bytes(), index,
                                  e.tables(operation).front());
    }
    if (e.isTurned())
      return LaneLookupOp::create(
          b, e.loc, e.bytes(),
          e.loadBytes(e.add(place.address, e.index(int64_t(s / 4) * 64)), 64),
          e.tables(operation)[s % 4]);
    // One by one: no vector of indices need be taken apart.
    int64_t words = typeOf(op.getCodebook()).getNumElements() / kCell;
    Value table =
        e.packed(op.getCodebook().getDefiningOp(), words, b.getI32Type());
    SmallVector<Value> rows;
    for (int64_t r = 0; r < kLanes; ++r)
      rows.push_back(memref::LoadOp::create(
          b, e.loc, table,
          e.loadIndex(e.add(place.address, e.index(s / 4 * 64 + 4 * r + s % 4)),
                      b.getI8Type())));
    Value quad = vector::BitCastOp::create(
        b, e.loc, e.bytes(),
        vector::FromElementsOp::create(b, e.loc, e.i32s(), rows));
    return bias(op) ? Value(arith::XOrIOp::create(b, e.loc, quad,
                                                  e.splatByte(bias(op))))
                    : quad;
  }

private:
  static Value zeros(Expander &e, int64_t count) {
    return arith::ConstantOp::create(
        e.builder, e.loc,
        DenseElementsAttr::get(VectorType::get({count}, e.builder.getI8Type()),
                               e.builder.getI8IntegerAttr(0)));
  }
  /// `count` bytes of the codebook, biased; those beyond it are whatever.
  static Value load(LookupOp op, Expander &e, int64_t first, int64_t count) {
    Value table = zeros(e, count);
    Value place = e.place(op.getCodebook().getDefiningOp());
    int64_t stored = typeOf(op.getCodebook()).getNumElements() - first;
    // Whole pieces, then bytes: what lies behind the codebook is not read.
    int64_t at = 0;
    for (int64_t piece : {64, 16, 4, 1})
      for (; at + piece <= std::min(stored, count); at += piece)
        table = vector::InsertStridedSliceOp::create(
            e.builder, e.loc,
            e.loadBytes(e.add(place, e.index(first + at)), piece), table, at,
            1);
    if (!bias(op))
      return table;
    Value flip = arith::ConstantOp::create(
        e.builder, e.loc,
        DenseElementsAttr::get(cast<VectorType>(table.getType()),
                               e.builder.getI8IntegerAttr(-128)));
    return arith::XOrIOp::create(e.builder, e.loc, table, flip);
  }
};

} // namespace

void mlir::kernel::registerLookupCodes(MLIRContext *context) {
  LookupOp::attachInterface<LookupCodes>(*context);
}
