//===- FloatSources.cpp - Values that lie in tiles ------------------------===//
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

/// The form of `quadBytes` for every four inputs.
FloatForm getQuadForm(RankedTensorType type, int64_t quadBytes) {
  int64_t last = (type.getDimSize(1) - 1) % kBlockInputs + 1;
  return {quadBytes * kBlockInputs / 4,
          quadBytes * int64_t(llvm::divideCeil(last, 4))};
}

/// The values of a row tile, an input after another, sixteen rows each; inputs
/// up to a multiple of four.
FailureOr<std::vector<float>> evaluateTile(Value value,
                                           ExpressionEvaluator &evaluator,
                                           const TileSpace &space) {
  int64_t columns = typeOf(value).getDimSize(1);
  std::vector<float> rows(space.rows * columns);
  if (failed(evaluator.evaluateRows(value, space.firstRow,
                                    space.firstRow + space.rows, rows)))
    return failure();
  std::vector<float> tile(llvm::alignTo(columns, 4) * kTileRows);
  for (int64_t r = 0; r < space.rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      tile[c * kTileRows + r] = rows[r * columns + c];
  return tile;
}

/// Cuts what getQuadForm gives records into these.
void copyRecords(ArrayRef<uint8_t> bytes, int64_t blockBytes,
                 const TileSpace &space) {
  for (auto [b, record] : llvm::enumerate(space.blocks))
    llvm::copy(bytes.drop_front(int64_t(b) * blockBytes).take_front(blockBytes),
               record);
}

//===----------------------------------------------------------------------===//
// Stored values
//===----------------------------------------------------------------------===//

/// Of each input the sixteen rows; brain floats in pairs of inputs, a 32-bit
/// word a row, so that a shift or a mask widens sixteen of them.
template <typename Op>
struct LeafFloats : FloatSource::ExternalModel<LeafFloats<Op>, Op> {
  static Type elementOf(Operation *op) {
    return typeOf(op->getResult(0)).getElementType();
  }
  static int64_t quadBytes(Operation *op) {
    return 4 * kTileRows * elementOf(op).getIntOrFloatBitWidth() / 8;
  }
  std::optional<FloatForm> getFloatForm(Operation *op) const {
    RankedTensorType type = typeOf(op->getResult(0));
    if (type.getRank() != 2 || !isFloatElement(type.getElementType()) ||
        type.getNumElements() == 0)
      return std::nullopt;
    return getQuadForm(type, quadBytes(op));
  }
  LogicalResult packTile(Operation *op, ExpressionEvaluator &evaluator,
                         const TileSpace &space) const {
    FailureOr<std::vector<float>> tile =
        evaluateTile(op->getResult(0), evaluator, space);
    if (failed(tile))
      return failure();
    if (elementOf(op).isBF16()) {
      std::vector<float> pairs(tile->size());
      for (size_t i = 0; i < pairs.size(); ++i)
        pairs[i] = (*tile)[i / 32 * 32 + i % 2 * kTileRows + i % 32 / 2];
      tile = std::move(pairs);
    }
    copyRecords(packElements(*tile, elementOf(op)),
                getFloatForm(op)->blockBytes, space);
    return success();
  }
  SmallVector<Value> emitQuad(Operation *op, Expander &e,
                              const BlockPlace &place, unsigned quad) const {
    Value at = e.add(place.address, e.index(quad * quadBytes(op)));
    SmallVector<Value> inputs;
    if (!elementOf(op).isBF16()) {
      for (int64_t k = 0; k < 4; ++k)
        inputs.push_back(e.loadRowValues(
            e.add(at, e.index(k * quadBytes(op) / 4)), elementOf(op)));
      return inputs;
    }
    OpBuilder &b = e.builder;
    auto constant = [&](int32_t value) -> Value {
      return arith::ConstantOp::create(
          b, e.loc,
          DenseElementsAttr::get(e.i32s(), b.getI32IntegerAttr(value)));
    };
    for (int64_t pair = 0; pair < 2; ++pair) {
      Value words = vector::BitCastOp::create(
          b, e.loc, e.i32s(), e.loadBytes(e.add(at, e.index(64 * pair)), 64));
      Value even = arith::ShLIOp::create(b, e.loc, words, constant(16));
      Value odd = arith::AndIOp::create(b, e.loc, words, constant(~0xffff));
      for (Value bits : {even, odd})
        inputs.push_back(arith::BitcastOp::create(b, e.loc, e.f32s(), bits));
    }
    return inputs;
  }
};

} // namespace

void mlir::kernel::registerFloatSources(MLIRContext *context) {
  StoredOp::attachInterface<LeafFloats<StoredOp>>(*context);
  StreamOp::attachInterface<LeafFloats<StreamOp>>(*context);
  compress::ConstantOp::attachInterface<LeafFloats<compress::ConstantOp>>(
      *context);
}
