//===- Tiling.cpp - Kernel ops on tensors, some tokens at a time ----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a packed weight is multiplied with is tiled by its tokens; its outputs
// are the format's, whole.
//
//===----------------------------------------------------------------------===//

#include "Kernel/IR/Kernel.h"
#include "compress/Conversion/LinalgToKernel.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;
using namespace mlir::kernel;

namespace {

using Sizes = ArrayRef<OpFoldResult>;

/// Rows from `offset` on, as many as `size`.
Value sliceRows(OpBuilder &b, Location loc, Value rows, OpFoldResult offset,
                OpFoldResult size) {
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  return tensor::ExtractSliceOp::create(
      b, loc, rows, Sizes{offset, zero},
      Sizes{size, tensor::getMixedSize(b, loc, rows, 1)}, Sizes{one, one});
}

/// The operand of which each token has an element or a row.
Value getInput(MultiplyOp op) { return op.getInput(); }
Value getInput(GatherRowsOp op) { return op.getIndices(); }

template <typename Op>
struct TileRows : TilingInterface::ExternalModel<TileRows<Op>, Op> {
  static bool isTiled(Operation *op) { return op->getNumResults() == 1; }

  SmallVector<utils::IteratorType> getLoopIteratorTypes(Operation *) const {
    return {utils::IteratorType::parallel};
  }
  SmallVector<Range> getIterationDomain(Operation *op, OpBuilder &b) const {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(op);
    return {{b.getIndexAttr(0),
             tensor::getMixedSize(b, op->getLoc(), cast<Op>(op).getOutput(), 0),
             b.getIndexAttr(1)}};
  }

  FailureOr<TilingResult> getTiledImplementation(Operation *operation,
                                                 OpBuilder &b, Sizes offsets,
                                                 Sizes sizes) const {
    auto op = cast<Op>(operation);
    if (!isTiled(op))
      return failure();
    Location loc = op.getLoc();
    Value input = getInput(op), slice;
    if (isa<TensorType>(input.getType()))
      slice = sliceRows(b, loc, input, offsets[0], sizes[0]);
    else
      slice =
          memref::SubViewOp::create(b, loc, input, Sizes{offsets[0]},
                                    Sizes{sizes[0]}, Sizes{b.getIndexAttr(1)});
    Value output = sliceRows(b, loc, op.getOutput(), offsets[0], sizes[0]);
    IRMapping tile;
    tile.map(input, slice);
    tile.map(op.getOutput(), output);
    // A number of its own covers the tile.
    if (Value tokens = op.getTokens())
      tile.map(tokens, getValueOrCreateConstantIndexOp(b, loc, sizes[0]));
    Operation *tiled = b.clone(*op, tile);
    tiled->getResult(0).setType(output.getType());
    SmallVector<Operation *> slices = {slice.getDefiningOp(),
                                       output.getDefiningOp()};
    return TilingResult{{tiled}, {tiled->getResult(0)}, slices};
  }

  LogicalResult
  getResultTilePosition(Operation *op, OpBuilder &b, unsigned, Sizes offsets,
                        Sizes sizes, SmallVector<OpFoldResult> &resultOffsets,
                        SmallVector<OpFoldResult> &resultSizes) const {
    resultOffsets = {offsets[0], b.getIndexAttr(0)};
    resultSizes = {sizes[0], tensor::getMixedSize(b, op->getLoc(),
                                                  cast<Op>(op).getOutput(), 1)};
    return success();
  }

  LogicalResult getIterationDomainTileFromResultTile(
      Operation *op, OpBuilder &, unsigned, Sizes offsets, Sizes sizes,
      SmallVectorImpl<OpFoldResult> &domainOffsets,
      SmallVectorImpl<OpFoldResult> &domainSizes) const {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (!isZeroInteger(offsets[1]) ||
        !isConstantIntValue(sizes[1], type.getDimSize(1)))
      return failure();
    domainOffsets.assign({offsets[0]});
    domainSizes.assign({sizes[0]});
    return success();
  }

  FailureOr<TilingResult> generateResultTileValue(Operation *op, OpBuilder &b,
                                                  unsigned number,
                                                  Sizes offsets,
                                                  Sizes sizes) const {
    SmallVector<OpFoldResult> at, count;
    if (failed(getIterationDomainTileFromResultTile(op, b, number, offsets,
                                                    sizes, at, count)))
      return failure();
    return getTiledImplementation(op, b, at, count);
  }
};
} // namespace

void mlir::kernel::registerTiling(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, KernelDialect *) {
    MultiplyOp::attachInterface<TileRows<MultiplyOp>>(*context);
    GatherRowsOp::attachInterface<TileRows<GatherRowsOp>>(*context);
  });
}
