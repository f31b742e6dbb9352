//===- ScaleSources.cpp - Scales, zeros and offsets in headers ------------===//
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
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::kernel;

namespace {

Value splatInt(Expander &e, int32_t value) {
  return arith::ConstantOp::create(
      e.builder, e.loc,
      DenseElementsAttr::get(e.i32s(), e.builder.getI32IntegerAttr(value)));
}

//===----------------------------------------------------------------------===//
// Stored values: sixteen of them
//===----------------------------------------------------------------------===//

template <typename Op>
struct LeafScales : ScaleSource::ExternalModel<LeafScales<Op>, Op> {
  /// Integers are stored as bytes.
  static Type elementOf(Operation *op) {
    Type element = typeOf(op->getResult(0)).getElementType();
    if (isFloatElement(element))
      return element;
    return IntegerType::get(op->getContext(), 8, IntegerType::Unsigned);
  }
  std::optional<ScaleForm> getScaleForm(Operation *op) const {
    RankedTensorType type = typeOf(op->getResult(0));
    bool isBytes = type.getElementType().isUnsignedInteger() &&
                   type.getElementTypeBitWidth() <= 8;
    if (type.getRank() != 2 ||
        (!isFloatElement(type.getElementType()) && !isBytes))
      return std::nullopt;
    return ScaleForm{1, kTileRows *
                            int64_t(elementOf(op).getIntOrFloatBitWidth() / 8)};
  }
  LogicalResult packHeaders(Operation *op, ExpressionEvaluator &evaluator,
                            int64_t firstRow, int64_t rows,
                            ArrayRef<uint8_t *> headers) const {
    int64_t groups = typeOf(op->getResult(0)).getDimSize(1);
    std::vector<float> values(rows * groups);
    if (failed(evaluator.evaluateRows(op->getResult(0), firstRow,
                                      firstRow + rows, values)))
      return failure();
    for (auto [g, at] : llvm::enumerate(headers)) {
      float lane[kTileRows] = {};
      for (int64_t r = 0; r < rows; ++r)
        lane[r] = values[r * groups + int64_t(g)];
      llvm::copy(packElements(lane, elementOf(op)), at);
    }
    return success();
  }
  Value emitValues(Operation *op, Expander &e, Value header, Value) const {
    Type element = elementOf(op);
    if (isa<IntegerType>(element))
      element = e.builder.getI8Type();
    return e.loadRowValues(header, element);
  }
};

//===----------------------------------------------------------------------===//
// Dequantised values: codes of all groups that share a scale
//===----------------------------------------------------------------------===//

/// Behind the header of their own scales (and zeros or offsets) the codes of a
/// row as 16-bit words, from the low bit up; word w of the sixteen rows is a
/// run of 32 bytes.
struct DequantizedScales
    : ScaleSource::ExternalModel<DequantizedScales, DequantizeOp> {
  static Value movedOperand(DequantizeOp op) {
    return op.getZeros() ? op.getZeros() : op.getOffsets();
  }
  static std::optional<ScaleForm> formOf(Value value) {
    auto source = dyn_cast<ScaleSource>(value.getDefiningOp());
    return source ? source.getScaleForm() : std::nullopt;
  }
  static unsigned bitsOf(DequantizeOp op) {
    return typeOf(op.getCodes()).getElementTypeBitWidth();
  }
  static int64_t biasOf(DequantizeOp op) {
    return typeOf(op.getCodes()).getElementType().isSignedInteger()
               ? int64_t(1) << (bitsOf(op) - 1)
               : 0;
  }
  /// Bytes in front of the codes.
  static int64_t ownBytes(DequantizeOp op) {
    Value moved = movedOperand(op);
    return formOf(op.getScales())->headerBytes +
           (moved ? formOf(moved)->headerBytes : 0);
  }
  std::optional<ScaleForm> getScaleForm(Operation *operation) const {
    auto op = cast<DequantizeOp>(operation);
    if (typeOf(op.getCodes()).getRank() != 2 || !isLeaf(op.getCodes()))
      return std::nullopt;
    for (Value value : {Value(op.getScales()), movedOperand(op)}) {
      if (!value)
        continue;
      std::optional<ScaleForm> form = formOf(value);
      if (!form || form->groups != 1)
        return std::nullopt;
    }
    int64_t groups = op.getEffectiveGroupSize();
    int64_t words = llvm::divideCeil(groups * bitsOf(op), 16);
    // One group a header would still be a header of its own for each.
    return ScaleForm{groups, ownBytes(op) + 2 * kTileRows * words};
  }
  LogicalResult packHeaders(Operation *operation,
                            ExpressionEvaluator &evaluator, int64_t firstRow,
                            int64_t rows, ArrayRef<uint8_t *> headers) const {
    auto op = cast<DequantizeOp>(operation);
    auto scales = cast<ScaleSource>(op.getScales().getDefiningOp());
    if (failed(scales.packHeaders(evaluator, firstRow, rows, headers)))
      return failure();
    if (Value moved = movedOperand(op)) {
      SmallVector<uint8_t *> behind;
      for (uint8_t *at : headers)
        behind.push_back(at + formOf(op.getScales())->headerBytes);
      if (failed(cast<ScaleSource>(moved.getDefiningOp())
                     .packHeaders(evaluator, firstRow, rows, behind)))
        return failure();
    }
    int64_t columns = typeOf(op.getCodes()).getDimSize(1);
    int64_t groups = op.getEffectiveGroupSize(), bits = bitsOf(op);
    std::vector<float> codes(rows * columns);
    if (failed(evaluator.evaluateRows(op.getCodes(), firstRow, firstRow + rows,
                                      codes)))
      return failure();
    for (auto [h, at] : llvm::enumerate(headers)) {
      uint8_t *words = at + ownBytes(op);
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t g = 0; g < groups; ++g) {
          int64_t column = int64_t(h) * groups + g;
          if (column >= columns)
            break;
          unsigned code =
              unsigned(int(codes[r * columns + column]) + int(biasOf(op)));
          for (int64_t i = 0; i < bits; ++i) {
            int64_t bit = g * bits + i;
            if (code >> i & 1)
              words[(bit / 16 * kTileRows + r) * 2 + bit % 16 / 8] |=
                  uint8_t(1u << (bit % 8));
          }
        }
    }
    return success();
  }
  Value emitValues(Operation *operation, Expander &e, Value header,
                   Value group) const {
    auto op = cast<DequantizeOp>(operation);
    OpBuilder &b = e.builder;
    Value none = e.index(0);
    Value scale = cast<ScaleSource>(op.getScales().getDefiningOp())
                      .emitValues(e, header, none);
    // The word where the code begins and the next one, which may be what lies
    // behind the header: its bits are masked away.
    Value bit = e.mul(group, e.index(bitsOf(op)));
    Value words = e.add(header, e.index(ownBytes(op)));
    Value first =
        e.add(words, e.mul(e.div(bit, e.index(16)), e.index(2 * kTileRows)));
    auto word = [&](Value at) -> Value {
      Value halves = vector::BitCastOp::create(
          b, e.loc, VectorType::get({kLanes}, b.getI16Type()),
          e.loadBytes(at, 2 * kLanes));
      return arith::ExtUIOp::create(b, e.loc, e.i32s(), halves);
    };
    Value both = arith::OrIOp::create(
        b, e.loc, word(first),
        arith::ShLIOp::create(b, e.loc,
                              word(e.add(first, e.index(2 * kTileRows))),
                              splatInt(e, 16)));
    Value shift = arith::IndexCastOp::create(b, e.loc, b.getI32Type(),
                                             e.rem(bit, e.index(16)));
    Value code = arith::AndIOp::create(
        b, e.loc,
        arith::ShRUIOp::create(b, e.loc, both, e.splat(e.i32s(), shift)),
        splatInt(e, (1 << bitsOf(op)) - 1));
    if (int64_t bias = biasOf(op))
      code = arith::SubIOp::create(b, e.loc, code, splatInt(e, bias));
    Value value = e.toFloats(code);
    Value moved = movedOperand(op), by;
    if (moved)
      by = cast<ScaleSource>(moved.getDefiningOp())
               .emitValues(
                   e,
                   e.add(header, e.index(formOf(op.getScales())->headerBytes)),
                   none);
    if (op.getZeros())
      value = e.subf(value, by);
    value = e.mulf(value, scale);
    if (op.getOffsets())
      value = e.addf(value, by);
    return value;
  }
};

//===----------------------------------------------------------------------===//
// Shared exponents
//===----------------------------------------------------------------------===//

/// Powers of two, a byte each: the byte is the exponent of an f32, but for 0,
/// whose 2^-127 is denormal, and 255, which is NaN.
struct ExponentScales : ScaleSource::ExternalModel<ExponentScales, LookupOp> {
  std::optional<ScaleForm> getScaleForm(Operation *operation) const {
    auto op = cast<LookupOp>(operation);
    auto book = op.getCodebook().getDefiningOp<CodebookOp>();
    if (!book || book.getName() != NamedCodebook::e8m0 ||
        !isLeaf(op.getCodes()) || typeOf(op.getCodes()).getRank() != 2 ||
        op.getGroupSize())
      return std::nullopt;
    return ScaleForm{1, kTileRows};
  }
  LogicalResult packHeaders(Operation *operation,
                            ExpressionEvaluator &evaluator, int64_t firstRow,
                            int64_t rows, ArrayRef<uint8_t *> headers) const {
    auto op = cast<LookupOp>(operation);
    int64_t groups = typeOf(op.getCodes()).getDimSize(1);
    std::vector<float> codes(rows * groups);
    if (failed(evaluator.evaluateRows(op.getCodes(), firstRow, firstRow + rows,
                                      codes)))
      return failure();
    for (auto [g, at] : llvm::enumerate(headers))
      for (int64_t r = 0; r < rows; ++r)
        at[r] = uint8_t(codes[r * groups + int64_t(g)]);
    return success();
  }
  Value emitValues(Operation *, Expander &e, Value header, Value) const {
    OpBuilder &b = e.builder;
    Value code =
        arith::ExtUIOp::create(b, e.loc, e.i32s(), e.loadBytes(header, kLanes));
    auto equals = [&](int32_t value) -> Value {
      return arith::CmpIOp::create(b, e.loc, arith::CmpIPredicate::eq, code,
                                   splatInt(e, value));
    };
    Value bits = arith::ShLIOp::create(b, e.loc, code, splatInt(e, 23));
    bits = arith::SelectOp::create(b, e.loc, equals(0), splatInt(e, 0x00400000),
                                   bits);
    bits = arith::SelectOp::create(b, e.loc, equals(255),
                                   splatInt(e, 0x7fc00000), bits);
    return arith::BitcastOp::create(b, e.loc, e.f32s(), bits);
  }
};

} // namespace

void mlir::kernel::registerScaleSources(MLIRContext *context) {
  StoredOp::attachInterface<LeafScales<StoredOp>>(*context);
  StreamOp::attachInterface<LeafScales<StreamOp>>(*context);
  compress::ConstantOp::attachInterface<LeafScales<compress::ConstantOp>>(
      *context);
  DequantizeOp::attachInterface<DequantizedScales>(*context);
  LookupOp::attachInterface<ExponentScales>(*context);
}
