//===- CodeSources.cpp - Codes that lie in tiles --------------------------===//
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
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::kernel;

namespace {

//===----------------------------------------------------------------------===//
// Stored codes: planes
//===----------------------------------------------------------------------===//

template <typename Op>
struct LeafCodes : CodeSource::ExternalModel<LeafCodes<Op>, Op> {
  std::optional<CodeForm> getCodeForm(Operation *op) const {
    RankedTensorType type = typeOf(op->getResult(0));
    if (type.getRank() != 2 || !isCodeElement(type.getElementType()))
      return std::nullopt;
    unsigned bits = type.getElementTypeBitWidth();
    bool isSigned = type.getElementType().isSignedInteger();
    return CodeForm{bits, isSigned ? int64_t(1) << (bits - 1) : 0, 64 * bits};
  }

  LogicalResult packBlocks(Operation *op, ExpressionEvaluator &evaluator,
                           int64_t firstRow, int64_t rows,
                           ArrayRef<uint8_t *> blocks) const {
    CodeForm form = *getCodeForm(op);
    int64_t columns = typeOf(op->getResult(0)).getDimSize(1);
    int64_t padded = int64_t(blocks.size()) * kBlockInputs;
    std::vector<float> values(rows * columns);
    if (failed(evaluator.evaluateRows(op->getResult(0), firstRow,
                                      firstRow + rows, values)))
      return failure();
    std::vector<uint8_t> codes(kTileRows * padded, uint8_t(form.bias));
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < columns; ++c)
        codes[r * padded + c] =
            uint8_t(int(values[r * columns + c]) + int(form.bias));
    SmallVector<unsigned> planes = getCodePlanes(form.bits);
    for (auto [b, record] : llvm::enumerate(blocks)) {
      uint8_t *at = record;
      unsigned low = 0;
      for (unsigned plane : planes) {
        unsigned perRegister = 8 / plane;
        uint8_t mask = uint8_t((1u << plane) - 1);
        for (unsigned s = 0; s < 8; ++s) {
          uint8_t *reg = at + 64 * (s / perRegister);
          unsigned shift = plane * (s % perRegister);
          for (int64_t r = 0; r < kTileRows; ++r) {
            const uint8_t *code =
                &codes[r * padded + int64_t(b) * kBlockInputs + 4 * s];
            for (unsigned k = 0; k < 4; ++k)
              reg[4 * r + k] |= uint8_t(((code[k] >> low) & mask) << shift);
          }
        }
        at += 64 * plane;
        low += plane;
      }
    }
    return success();
  }

  Value emitQuad(Operation *op, Expander &e, Value block, unsigned s) const {
    OpBuilder &b = e.builder;
    Value code;
    int64_t planeOffset = 0;
    unsigned low = 0;
    for (unsigned plane : getCodePlanes(getCodeForm(op)->bits)) {
      unsigned perRegister = 8 / plane;
      Value reg = e.loadBytes(
          e.add(block, e.index(planeOffset + 64 * (s / perRegister))), 64);
      unsigned shift = plane * (s % perRegister);
      if (shift)
        reg = arith::ShRUIOp::create(b, e.loc, reg, e.splatByte(shift));
      if (plane != 8 && shift + plane != 8)
        reg =
            arith::AndIOp::create(b, e.loc, reg, e.splatByte((1 << plane) - 1));
      if (low)
        reg = arith::ShLIOp::create(b, e.loc, reg, e.splatByte(low));
      code = code ? arith::OrIOp::create(b, e.loc, code, reg) : reg;
      planeOffset += 64 * plane;
      low += plane;
    }
    return code;
  }
};

//===----------------------------------------------------------------------===//
// Entries of an integer codebook: a table of bytes
//===----------------------------------------------------------------------===//

struct LookupCodes : CodeSource::ExternalModel<LookupCodes, LookupOp> {
  static CodeSource inner(LookupOp op) {
    return dyn_cast<CodeSource>(op.getCodes().getDefiningOp());
  }
  static int64_t bias(LookupOp op) {
    return typeOf(op.getCodebook()).getElementType().isSignedInteger(8) ? 128
                                                                        : 0;
  }
  std::optional<CodeForm> getCodeForm(Operation *operation) const {
    auto op = cast<LookupOp>(operation);
    auto codes = inner(op);
    std::optional<CodeForm> form;
    auto book =
        dyn_cast<IntegerType>(typeOf(op.getCodebook()).getElementType());
    if (op.getCell() != 1 || op.getGroupSize() || !isLeaf(op.getCodebook()) ||
        !book || book.getWidth() != 8 || !codes ||
        !(form = codes.getCodeForm()) || form->bias)
      return std::nullopt;
    return CodeForm{8, bias(op), form->blockBytes};
  }
  SmallVector<Value> getTables(Operation *operation) const {
    auto op = cast<LookupOp>(operation);
    SmallVector<Value> tables = inner(op).getTables();
    tables.push_back(op.getCodebook());
    return tables;
  }
  LogicalResult packBlocks(Operation *op, ExpressionEvaluator &evaluator,
                           int64_t firstRow, int64_t rows,
                           ArrayRef<uint8_t *> blocks) const {
    return inner(cast<LookupOp>(op))
        .packBlocks(evaluator, firstRow, rows, blocks);
  }
  LogicalResult emitTables(Operation *operation, Expander &e) const {
    auto op = cast<LookupOp>(operation);
    if (failed(inner(op).emitTables(e)))
      return failure();
    // As many entries as an index may name, the last ones whatever.
    unsigned bits = inner(op).getCodeForm()->bits;
    int64_t entries = bits <= 4 ? 16 : bits <= 6 ? 64 : 256;
    int64_t stored = typeOf(op.getCodebook()).getNumElements();
    Value zeros = arith::ConstantOp::create(
        e.builder, e.loc,
        DenseElementsAttr::get(
            VectorType::get({entries}, e.builder.getI8Type()),
            e.builder.getI8IntegerAttr(0)));
    Value table = zeros;
    Value place = e.place(op.getCodebook().getDefiningOp());
    // Whole pieces, then bytes: what lies behind the table is not read.
    int64_t at = 0;
    for (int64_t piece : {64, 16, 4, 1})
      for (; at + piece <= std::min(stored, entries); at += piece)
        table = vector::InsertStridedSliceOp::create(
            e.builder, e.loc, e.loadBytes(e.add(place, e.index(at)), piece),
            table, ArrayRef<int64_t>{at}, ArrayRef<int64_t>{1});
    if (bias(op)) {
      Value flip = arith::ConstantOp::create(
          e.builder, e.loc,
          DenseElementsAttr::get(cast<VectorType>(table.getType()),
                                 e.builder.getI8IntegerAttr(-128)));
      table = arith::XOrIOp::create(e.builder, e.loc, table, flip);
    }
    e.setTable(operation, table);
    return success();
  }
  Value emitQuad(Operation *operation, Expander &e, Value block,
                 unsigned s) const {
    Value index = inner(cast<LookupOp>(operation)).emitQuad(e, block, s);
    return LaneLookupOp::create(e.builder, e.loc, index.getType(), index,
                                e.table(operation));
  }
};

} // namespace

void mlir::kernel::registerCodeSources(MLIRContext *context) {
  StoredOp::attachInterface<LeafCodes<StoredOp>>(*context);
  compress::ConstantOp::attachInterface<LeafCodes<compress::ConstantOp>>(
      *context);
  LookupOp::attachInterface<LookupCodes>(*context);
}
