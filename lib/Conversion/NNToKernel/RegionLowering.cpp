//===- RegionLowering.cpp - nn ops over the context -----------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RegionLowering.h"
#include "compress/Analysis/PackedLayout.h"
#include "compress/Conversion/LinalgToKernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::kernel;
using compress::WeightOp;

//===----------------------------------------------------------------------===//
// Tensors of a call's tokens
//===----------------------------------------------------------------------===//

RegionLowering::RegionLowering(const OpBuilder &builder, Location loc,
                               const LoweringOptions &options, Value context)
    : ImplicitLocOpBuilder(loc, builder), options(options), context(context) {
  weights = pointer(ContextField::weights, getI8Type());
  count = options.tokens == 1
              ? index(1)
              : FieldOp::create(*this, context, ContextField::count,
                                options.tokens);
}

Value RegionLowering::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}

Value RegionLowering::pointer(ContextField field, Type element) {
  return BufferOp::create(
      *this, MemRefType::get({ShapedType::kDynamic}, element), context, field);
}

RankedTensorType RegionLowering::rowsOf(Value tensor) {
  int64_t tokens = options.tokens == 1 ? 1 : ShapedType::kDynamic;
  return RankedTensorType::get(
      {tokens, cast<RankedTensorType>(tensor.getType()).getDimSize(1)},
      getF32Type());
}

Value RegionLowering::empty(Value tokens, int64_t channels) {
  return tensor::EmptyOp::create(
      *this,
      ArrayRef<OpFoldResult>{getAsOpFoldResult(tokens), getIndexAttr(channels)},
      getF32Type());
}

Value RegionLowering::rowsOfBuffer(Value buffer) {
  if (options.tokens == 1)
    return buffer;
  int64_t channels = cast<MemRefType>(buffer.getType()).getDimSize(1);
  OpFoldResult zero = getIndexAttr(0), one = getIndexAttr(1);
  return memref::SubViewOp::create(
      *this, buffer, ArrayRef<OpFoldResult>{zero, zero},
      ArrayRef<OpFoldResult>{count, getIndexAttr(channels)},
      ArrayRef<OpFoldResult>{one, one});
}

Value RegionLowering::load(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  return bufferization::ToTensorOp::create(
      *this, RankedTensorType::get(type.getShape(), type.getElementType()),
      buffer, /*restrict=*/true, /*writable=*/false);
}

void RegionLowering::store(Value tensor, Value buffer) {
  bufferization::MaterializeInDestinationOp::create(
      *this, Type(), tensor, buffer, /*restrict=*/true, /*writable=*/true);
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

LogicalResult RegionLowering::lower(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(lowerOp(&op)))
      return failure();
  return success();
}

LogicalResult RegionLowering::lowerOp(Operation *op) {
  setLoc(op->getLoc());
  if (auto use = dyn_cast<compress::UseOp>(op))
    return lowerVector(use);
  if (isa<arith::ConstantOp>(op))
    return success();
  if (auto embedding = dyn_cast<nn::EmbeddingOp>(op))
    return lowerEmbedding(embedding);
  if (auto block = dyn_cast<nn::BlockOp>(op)) {
    if (!lowerBlock)
      return op->emitOpError("is nested in a block, which has no lowering");
    return lowerBlock(block);
  }
  bool known = isa_and_present<nn::NNDialect>(op->getDialect()) ||
               isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(op);
  if (!known || op->getNumResults() == 0)
    return op->emitOpError("has no lowering to kernels; a model's functions "
                           "hold nn ops and arith.addf, subf and mulf");
  // What is no activation is a weight, a cache or a position.
  unsigned activations =
      isa<nn::AttentionOp>(op) ? 3
      : isa<nn::LinearOp, nn::RMSNormOp, nn::LayerNormOp, nn::RotaryOp>(op)
          ? 1
          : op->getNumOperands();
  for (Value operand : op->getOperands().take_front(activations))
    if (!lookup(operand))
      return op->emitOpError("has an operand that is no activation");
  if (auto linear = dyn_cast<nn::LinearOp>(op))
    return lowerLinear(linear);
  if (auto rotary = dyn_cast<nn::RotaryOp>(op)) {
    lowerRotary(rotary);
    return success();
  }
  if (auto attention = dyn_cast<nn::AttentionOp>(op)) {
    lowerAttention(attention);
    return success();
  }
  for (Value operand : op->getOperands().drop_front(activations))
    if (failed(checkVector(operand)))
      return failure();
  Operation *copy = clone(*op, mapping);
  copy->getResult(0).setType(rowsOf(op->getResult(0)));
  return success();
}

LogicalResult RegionLowering::checkVector(Value vector) {
  if (lookup(vector))
    return success();
  return mlir::emitError(vector.getLoc(),
                         "a gain or bias must come from compress.use");
}

/// A vector is read where it lies; matrices are named by what takes them.
LogicalResult RegionLowering::lowerVector(compress::UseOp use) {
  auto type = cast<RankedTensorType>(use.getType());
  if (type.getRank() != 1)
    return success();
  Value view = memref::ViewOp::create(
      *this, MemRefType::get(type.getShape(), getF32Type()), weights,
      placesOf(use).front(), ValueRange());
  bind(use, load(view));
  return success();
}

LogicalResult RegionLowering::lowerEmbedding(nn::EmbeddingOp op) {
  auto use = op.getWeight().getDefiningOp<compress::UseOp>();
  auto tokens = dyn_cast<BlockArgument>(op.getTokens());
  if (!use || !tokens || tokens.getArgNumber() != 0)
    return op.emitOpError("needs the function's tokens and a weight from "
                          "compress.use");
  auto weight =
      SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, use.getWeightAttr());
  Value out = empty(count, op.getType().getDimSize(1));
  auto rows = GatherRowsOp::create(
      *this, out.getType(),
      weight->getAttrOfType<FlatSymbolRefAttr>("kernel.rows"), weights,
      placesOf(use).front(), pointer(ContextField::tokens, getI32Type()), out,
      count);
  bind(op.getResult(), rows->getResult(0));
  return success();
}

LogicalResult RegionLowering::lowerLinear(nn::LinearOp op) {
  auto use = op.getWeight().getDefiningOp<compress::UseOp>();
  if (!use)
    return op.emitOpError("needs a weight from compress.use; constants become "
                          "weights by --compress-outline-weights");
  if (op.getBias() && failed(checkVector(op.getBias())))
    return failure();
  Value bias = op.getBias() ? lookup(op.getBias()) : Value();
  Value x = lookup(op.getInput());
  int64_t outputs = op.getType().getDimSize(1);
  auto multiply = [&](Value x, Value into, Value tokens) {
    Value y = MultiplyOp::create(*this, into.getType(), use.getWeightAttr(),
                                 weights, placesOf(use), x, into, tokens)
                  .getResult(0);
    return bias ? addBias(*this, getLoc(), y, bias) : y;
  };
  if (op.getResult() != logits) {
    bind(op.getResult(), multiply(x, empty(count, outputs), count));
    return success();
  }
  // Logits go to the caller's buffer, from the first token that it wants.
  Value begin = FieldOp::create(*this, context, ContextField::logits_begin);
  Value wanted =
      arith::CmpIOp::create(*this, arith::CmpIPredicate::ult, begin, count);
  auto branch = scf::IfOp::create(*this, wanted, /*withElseRegion=*/false);
  InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  Value some = count;
  if (options.tokens > 1) {
    some = arith::SubIOp::create(*this, count, begin);
    OpFoldResult zero = getIndexAttr(0), one = getIndexAttr(1);
    OpFoldResult channels =
        getIndexAttr(cast<RankedTensorType>(x.getType()).getDimSize(1));
    x = tensor::ExtractSliceOp::create(*this, x,
                                       ArrayRef<OpFoldResult>{begin, zero},
                                       ArrayRef<OpFoldResult>{some, channels},
                                       ArrayRef<OpFoldResult>{one, one});
  }
  auto rows = rowsOf(op.getResult());
  Value buffer = memref::ReinterpretCastOp::create(
      *this, MemRefType::get(rows.getShape(), getF32Type()),
      pointer(ContextField::logits, getF32Type()), getIndexAttr(0),
      ArrayRef<OpFoldResult>{getAsOpFoldResult(some), getIndexAttr(outputs)},
      ArrayRef<OpFoldResult>{getIndexAttr(outputs), getIndexAttr(1)});
  store(multiply(x, empty(some, outputs), some), buffer);
  return success();
}

/// Angles come from the context's table, [position][cosines, sines].
void RegionLowering::lowerRotary(nn::RotaryOp op) {
  Value x = lookup(op.getInput());
  int64_t half =
      cast<RankedTensorType>(op.getFrequencies().getType()).getDimSize(0);
  int64_t channels = op.getType().getDimSize(1), heads = channels / (2 * half);
  Value table = load(pointer(ContextField::rotary, getF32Type()));
  Value positions = pointer(ContextField::positions, getI32Type());
  OpFoldResult zero = getIndexAttr(0), one = getIndexAttr(1);
  auto at = [&](ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(getContext(), values);
  };
  auto loop = scf::ForallOp::create(
      *this, ArrayRef<OpFoldResult>{getAsOpFoldResult(count)},
      ValueRange{empty(count, channels)},
      getArrayAttr({SplitAttr::get(getContext(), 0, 0)}));
  bind(op.getResult(), loop.getResult(0));
  InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  Value t = loop.getInductionVar(0);
  Value position = arith::IndexCastOp::create(
      *this, getIndexType(),
      memref::LoadOp::create(*this, positions, ValueRange{t}));
  Value angle = arith::MulIOp::create(*this, position, index(2 * half));
  Value cosines = tensor::ExtractSliceOp::create(
      *this, table, ArrayRef<OpFoldResult>{angle}, at({half}), at({1}));
  Value sines = tensor::ExtractSliceOp::create(
      *this, table,
      ArrayRef<OpFoldResult>{
          arith::AddIOp::create(*this, angle, index(half)).getResult()},
      at({half}), at({1}));

  auto wide = RankedTensorType::get({1, channels}, getF32Type());
  auto split = RankedTensorType::get({heads, 2, half}, getF32Type());
  auto part = RankedTensorType::get({heads, half}, getF32Type());
  SmallVector<OpFoldResult> offsets = {t, zero}, sizes = at({1, channels}),
                            strides = {one, one};
  auto row = [&](Value rows) -> Value {
    Value slice = tensor::ExtractSliceOp::create(*this, wide, rows, offsets,
                                                 sizes, strides);
    slice = tensor::CollapseShapeOp::create(
        *this, slice, ArrayRef<ReassociationIndices>{{0, 1}});
    return tensor::ExpandShapeOp::create(
        *this, split, slice, ArrayRef<ReassociationIndices>{{0, 1, 2}});
  };
  auto halfOf = [&](Value row, int64_t i) -> Value {
    return tensor::ExtractSliceOp::create(*this, part, row, at({0, i, 0}),
                                          at({heads, 1, half}), at({1, 1, 1}));
  };
  Value from = row(x), to = row(loop.getRegionIterArgs().front());
  AffineMap both = getMultiDimIdentityMap(2);
  AffineMap channel = AffineMap::get(2, 0, getAffineDimExpr(1));
  // first' = first cos - second sin, second' = second cos + first sin.
  for (int64_t i : {0, 1}) {
    Value inputs[] = {halfOf(from, i), halfOf(from, 1 - i), cosines, sines};
    Value turned =
        linalg::GenericOp::create(
            *this, part, inputs, halfOf(to, i),
            ArrayRef<AffineMap>{both, both, channel, channel, both},
            SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
            [&](OpBuilder &b, Location loc, ValueRange v) {
              Value own = arith::MulFOp::create(b, loc, v[0], v[2]);
              Value other = arith::MulFOp::create(b, loc, v[1], v[3]);
              Value sum =
                  i ? arith::AddFOp::create(b, loc, own, other).getResult()
                    : arith::SubFOp::create(b, loc, own, other).getResult();
              linalg::YieldOp::create(b, loc, sum);
            })
            .getResult(0);
    to = tensor::InsertSliceOp::create(*this, turned, to, at({0, i, 0}),
                                       at({heads, 1, half}), at({1, 1, 1}));
  }
  to = tensor::CollapseShapeOp::create(
      *this, to, ArrayRef<ReassociationIndices>{{0, 1, 2}});
  to = tensor::ExpandShapeOp::create(*this, wide, to,
                                     ArrayRef<ReassociationIndices>{{0, 1}});
  setInsertionPointToEnd(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(
      *this, to, loop.getRegionIterArgs().front(), offsets, sizes, strides);
}

void RegionLowering::lowerAttention(nn::AttentionOp op) {
  Value out = empty(count, op.getResult().getType().getDimSize(1));
  auto attention = AttentionOp::create(
      *this, out.getType(), context, options.cache, cacheBase(op.getCache()),
      options.cacheBytes, lookup(op.getQuery()), lookup(op.getKey()),
      lookup(op.getValue()), out, op.getHeads(), op.getKvHeads(),
      llvm::APFloat(float(op.getEffectiveScale())));
  bind(op.getResult(), attention->getResult(0));
}
