//===- Expander.cpp - Code that expands packed expressions ----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Conversion/Expander.h"
#include "Compress/IR/Compress.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::kernel;

//===----------------------------------------------------------------------===//
// Scratch
//===----------------------------------------------------------------------===//

static MemRefType bytesType(MLIRContext *context, int64_t bytes) {
  return MemRefType::get({bytes}, IntegerType::get(context, 8));
}

Value ScratchPool::get(OpBuilder &builder, Location loc, int64_t elements) {
  if (!allocation) {
    OpBuilder::InsertionGuard guard(builder);
    Block &entry = cast<FunctionOpInterface>(function).front();
    builder.setInsertionPointToStart(&entry);
    allocation = memref::AllocaOp::create(
        builder, function->getLoc(), bytesType(builder.getContext(), 64),
        builder.getI64IntegerAttr(64));
  }
  int64_t begin = used;
  used += llvm::alignTo(elements * 4, 64);
  most = std::max(most, used);
  Value at = arith::ConstantIndexOp::create(builder, loc, begin);
  return memref::ViewOp::create(
      builder, loc, MemRefType::get({elements}, builder.getF32Type()),
      allocation->getResult(0), at, ValueRange());
}

void ScratchPool::finish() {
  if (allocation)
    allocation->getResult(0).setType(
        bytesType(allocation->getContext(), std::max<int64_t>(most, 64)));
}

Value Expander::packed(Operation *op, int64_t count, Type element) {
  Value begin = at(layout.offsets.lookup(op));
  return memref::ViewOp::create(builder, loc, MemRefType::get({count}, element),
                                weights, begin, ValueRange());
}

//===----------------------------------------------------------------------===//
// Expansion
//===----------------------------------------------------------------------===//

LogicalResult Expander::prepare(Value value) {
  for (Value operand : value.getDefiningOp()->getOperands())
    if (failed(prepare(operand)))
      return failure();
  // One codebook for the whole weight is expanded once.
  auto lookup = value.getDefiningOp<LookupOp>();
  if (!lookup || prepared(lookup.getCodebook()))
    return success();
  auto type = cast<RankedTensorType>(lookup.getCodebook().getType());
  if (type.getDimSize(0) != 1)
    return success();
  Value book = buffer(type.getNumElements());
  if (failed(expand(lookup.getCodebook(), index(0),
                    index(type.getNumElements()), book)))
    return failure();
  setPrepared(lookup.getCodebook(), book);
  return success();
}

/// Row of a tile node: its codes are interleaved with those of 15 others.
static LogicalResult expandTileRow(Expander &e, const PackedLayout::Node &node,
                                   Value begin, Value destination) {
  const TileFormat &format = *node.tile;
  OpBuilder &b = e.builder;
  Location loc = e.loc;
  Type i8 = b.getI8Type(), i32 = b.getI32Type();
  Value weights = e.getWeights();
  Value row = e.div(begin, e.index(format.columns));
  Value lane = e.rem(row, e.index(kTileRows));
  Value tile = e.add(e.at(node.offset),
                     e.mul(e.div(row, e.index(kTileRows)),
                           e.index(format.getRowTileBytes())));
  auto element = [&](Value byte, Type type) -> Value {
    Value view = memref::ViewOp::create(b, loc, MemRefType::get({1}, type),
                                        weights, byte, ValueRange());
    return e.load(view, e.index(0));
  };
  auto group = [&](Value g, int64_t inputs) {
    Value at = e.add(tile, e.mul(g, e.index(format.getGroupBytes(0))));
    int64_t scaleBytes = format.scaleType.getIntOrFloatBitWidth() / 8;
    Value scale = e.toF32(element(
        e.add(at, e.mul(lane, e.index(scaleBytes))), format.scaleType));
    Value zero = e.f32(float(format.getBias()));
    if (format.zeroType) {
      int64_t zeroBytes = format.zeroType.getIntOrFloatBitWidth() / 8;
      zero = e.toF32(element(e.add(at, e.add(e.index(kTileRows * scaleBytes),
                                             e.mul(lane, e.index(zeroBytes)))),
                             format.zeroType));
    }
    Value codes = e.add(at, e.index(format.getGroupHeaderBytes()));
    Value first = e.mul(g, e.index(format.group));
    e.loop(e.index(0), e.index(inputs), 1, [&](Value k) {
      Value block = e.add(codes, e.mul(e.div(k, e.index(kBlockInputs)),
                                       e.index(format.getBlockBytes())));
      Value within = e.rem(k, e.index(kBlockInputs));
      Value quad = e.div(within, e.index(4));
      Value byte = e.add(e.mul(lane, e.index(4)), e.rem(within, e.index(4)));
      Value code = arith::ConstantIntOp::create(b, loc, i32, 0);
      int64_t planeOffset = 0;
      unsigned low = 0;
      for (unsigned plane : format.getPlanes()) {
        int64_t perRegister = 8 / plane;
        Value address = e.add(
            e.add(block, e.index(planeOffset)),
            e.add(e.mul(e.div(quad, e.index(perRegister)), e.index(64)), byte));
        Value bits = arith::ExtUIOp::create(b, loc, i32,
                                            e.load(weights, address));
        Value shift = arith::IndexCastOp::create(
            b, loc, i32,
            e.mul(e.rem(quad, e.index(perRegister)), e.index(plane)));
        bits = arith::ShRUIOp::create(b, loc, bits, shift);
        bits = arith::AndIOp::create(
            b, loc, bits,
            arith::ConstantIntOp::create(b, loc, i32, (1 << plane) - 1));
        bits = arith::ShLIOp::create(
            b, loc, bits, arith::ConstantIntOp::create(b, loc, i32, low));
        code = arith::OrIOp::create(b, loc, code, bits);
        planeOffset += 64 * plane;
        low += plane;
      }
      Value value = arith::UIToFPOp::create(b, loc, b.getF32Type(), code);
      value = arith::SubFOp::create(b, loc, value, zero);
      value = arith::MulFOp::create(b, loc, value, scale);
      e.store(value, destination, e.add(first, k));
    });
    (void)i8;
  };
  int64_t groups = format.getGroups();
  if (groups > 1)
    e.loop(e.index(0), e.index(groups - 1), 1,
           [&](Value g) { group(g, format.group); });
  group(e.index(groups - 1), format.columns - (groups - 1) * format.group);
  return success();
}

LogicalResult Expander::expand(Value value, Value begin, Value count,
                               Value destination) {
  if (const PackedLayout::Node *node = layout.find(value); node && node->tile)
    return expandTileRow(*this, *node, begin, destination);
  auto source = dyn_cast<TileSource>(value.getDefiningOp());
  if (!source)
    return value.getDefiningOp()->emitOpError("cannot be expanded");
  return source.expand(*this, begin, count, destination);
}

LogicalResult Expander::expandRow(Value value, Value row, Value destination) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t columns = getRowSize(type);
  if (type.getRank() == 1)
    return expand(value, index(0), index(type.getNumElements()), destination);
  return expand(value, mul(row, index(columns)), index(columns), destination);
}
