//===- RegionLowering.cpp - nn ops over planned buffers -------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RegionLowering.h"
#include "compress/Analysis/PackedLayout.h"
#include "compress/Conversion/AttentionLayout.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::kernel;
using compress::WeightOp;

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

RegionLowering::RegionLowering(OpBuilder &builder, Location loc,
                               ModuleOp module, const LoweringOptions &options,
                               Value context, Value thread)
    : CodeBuilder(builder, loc), module(module), options(options),
      context(context), thread(thread) {
  weights = pointer(ContextField::weights, builder.getI8Type());
  count = options.tokens == 1 ? index(1) : field(ContextField::count);
}

Value RegionLowering::field(ContextField which) {
  return FieldOp::create(builder, loc, builder.getIndexType(), context, which);
}

Value RegionLowering::pointer(ContextField which, Type element) {
  return BufferOp::create(builder, loc,
                          MemRefType::get({ShapedType::kDynamic}, element),
                          context, which);
}

Value RegionLowering::temporary(int64_t channels) {
  return memref::AllocOp::create(
      builder, loc,
      MemRefType::get({options.tokens, channels}, builder.getF32Type()),
      ValueRange(), builder.getI64IntegerAttr(64));
}

Value RegionLowering::allocate(Value tensor) {
  Value &buffer = buffers[tensor];
  if (!buffer)
    buffer = temporary(channels(tensor));
  return buffer;
}

LogicalResult RegionLowering::lower(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(lowerOp(&op)))
      return failure();
  return success();
}

LogicalResult RegionLowering::lowerOp(Operation *op) {
  loc = op->getLoc();
  if (isa<compress::UseOp, arith::ConstantOp>(op))
    return success();
  // Activations have buffers; what is left has none: constants.
  auto activations = [&]() -> OperandRange {
    if (isa<nn::AttentionOp>(op))
      return op->getOperands().take_front(3);
    if (isa<nn::LinearOp, nn::RMSNormOp, nn::LayerNormOp, nn::RotaryOp>(op))
      return op->getOperands().take_front(1);
    return op->getOperands().take_front(
        isa<nn::EmbeddingOp, nn::BlockOp>(op) ? 0 : op->getNumOperands());
  };
  bool lowered = isa_and_present<nn::NNDialect>(op->getDialect()) ||
                 isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(op);
  if (lowered && op->getNumResults())
    for (Value operand : activations())
      if (!buffers.count(operand))
        return op->emitOpError("has an operand that is no activation");
  if (auto embedding = dyn_cast<nn::EmbeddingOp>(op))
    return lowerEmbedding(embedding);
  if (auto linear = dyn_cast<nn::LinearOp>(op))
    return lowerLinear(linear);
  if (auto norm = dyn_cast<nn::RMSNormOp>(op))
    return lowerNorm(op, norm.getInput(), norm.getGain(), Value(),
                     norm.getEpsilon().convertToFloat(), false);
  if (auto norm = dyn_cast<nn::LayerNormOp>(op))
    return lowerNorm(op, norm.getInput(), norm.getGain(), norm.getBias(),
                     norm.getEpsilon().convertToFloat(), true);
  if (auto rotary = dyn_cast<nn::RotaryOp>(op))
    return lowerRotary(rotary);
  if (auto attention = dyn_cast<nn::AttentionOp>(op))
    return lowerAttention(attention);
  if (isa<arith::AddFOp>(op))
    return lowerElementwise(
        op, [&](ArrayRef<Value> x) { return addf(x[0], x[1]); });
  if (isa<arith::SubFOp>(op))
    return lowerElementwise(
        op, [&](ArrayRef<Value> x) { return subf(x[0], x[1]); });
  if (isa<arith::MulFOp>(op))
    return lowerElementwise(
        op, [&](ArrayRef<Value> x) { return mulf(x[0], x[1]); });
  if (auto activation = dyn_cast<nn::ActivationOp>(op))
    return lowerElementwise(op, [&](ArrayRef<Value> args) -> Value {
      Value x = args.front();
      auto c = [&](float value) { return splatF32(value); };
      switch (activation.getKind()) {
      case nn::ActivationKind::silu:
        return divf(x, addf(c(1), exp(subf(c(0), x))));
      case nn::ActivationKind::relu:
        return maxf(x, c(0));
      case nn::ActivationKind::gelu: {
        Value e = math::ErfOp::create(builder, loc, mulf(x, c(0.70710678118f)));
        return mulf(mulf(x, c(0.5f)), addf(c(1), e));
      }
      case nn::ActivationKind::gelu_tanh: {
        Value cube = mulf(mulf(x, x), x);
        Value inner = mulf(c(0.79788456f), fma(cube, c(0.044715f), x));
        // tanh a = 1 - 2 / (e^2a + 1).
        Value t = subf(c(1), divf(c(2), addf(exp(mulf(c(2), inner)), c(1))));
        return mulf(mulf(x, c(0.5f)), addf(c(1), t));
      }
      }
      llvm_unreachable("every activation is above");
    });
  if (auto block = dyn_cast<nn::BlockOp>(op)) {
    if (!lowerBlock)
      return op->emitOpError("is nested in a block, which has no lowering");
    return lowerBlock(block);
  }
  return op->emitOpError("has no lowering to kernels; a model's functions hold "
                         "nn ops and arith.addf, subf and mulf");
}

//===----------------------------------------------------------------------===//
// Embedding, norms, elementwise
//===----------------------------------------------------------------------===//

LogicalResult RegionLowering::lowerEmbedding(nn::EmbeddingOp op) {
  auto use = op.getWeight().getDefiningOp<compress::UseOp>();
  auto tokens = dyn_cast<BlockArgument>(op.getTokens());
  if (!use || !tokens || tokens.getArgNumber() != 0)
    return op.emitOpError("needs the function's tokens and a weight from "
                          "compress.use");
  Value out = allocate(op.getResult());
  auto weight =
      SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, use.getWeightAttr());
  GatherRowsOp::create(
      builder, loc, weight->getAttrOfType<FlatSymbolRefAttr>("kernel.rows"),
      weights, placesOf(use).front(),
      pointer(ContextField::tokens, builder.getI32Type()), out, count);
  return success();
}

FailureOr<Value> RegionLowering::vectorWeight(Value tensor) {
  auto use = tensor.getDefiningOp<compress::UseOp>();
  if (!use)
    return emitError(tensor.getLoc(),
                     "a gain or bias must come from compress.use"),
           failure();
  int64_t size = cast<RankedTensorType>(tensor.getType()).getNumElements();
  return Value(memref::ViewOp::create(
      builder, loc, MemRefType::get({size}, builder.getF32Type()), weights,
      placesOf(use).front(), ValueRange()));
}

LogicalResult RegionLowering::lowerNorm(Operation *op, Value input, Value gain,
                                        Value bias, float epsilon,
                                        bool centre) {
  Value x = bufferOf(input), y = allocate(op->getResult(0));
  int64_t n = channels(input);
  FailureOr<Value> g = vectorWeight(gain), b = Value();
  if (bias)
    b = vectorWeight(bias);
  if (failed(g) || failed(b))
    return failure();
  forall({count}, [&](ArrayRef<Value> indices) {
    Value t = indices.front();
    auto total = [&](const std::function<Value(Value, int64_t)> &term) {
      return sumOf(strips(n, {zeros()},
                          [&](Value c, int64_t valid,
                              ValueRange sum) -> SmallVector<Value> {
                            Value v = read(x, {t, c}, valid);
                            return {addf(sum.front(), term(v, valid))};
                          })
                       .front());
    };
    Value mean;
    if (centre)
      mean = splat(f32s(), divf(total([](Value v, int64_t) { return v; }),
                                f32(float(n))));
    Value square = total([&](Value v, int64_t valid) -> Value {
      if (mean) {
        v = subf(v, mean);
        if (valid < kLanes) {
          // Lanes behind the last channel hold minus the mean.
          Value mask = vector::CreateMaskOp::create(
              builder, loc, VectorType::get({kLanes}, builder.getI1Type()),
              index(valid));
          v = arith::SelectOp::create(builder, loc, mask, v, zeros());
        }
      }
      return mulf(v, v);
    });
    Value variance = addf(divf(square, f32(float(n))), f32(epsilon));
    Value inverse = divf(f32(1), math::SqrtOp::create(builder, loc, variance));
    Value factor = splat(f32s(), inverse);
    strips(n, {}, [&](Value c, int64_t valid, ValueRange) {
      Value v = read(x, {t, c}, valid);
      if (mean)
        v = subf(v, mean);
      v = mulf(mulf(v, factor), read(*g, {c}, valid));
      if (bias)
        v = addf(v, read(*b, {c}, valid));
      write(v, y, {t, c}, valid);
      return SmallVector<Value>();
    });
  });
  return success();
}

LogicalResult
RegionLowering::lowerElementwise(Operation *op,
                                 std::function<Value(ArrayRef<Value>)> body) {
  SmallVector<Value> inputs;
  for (Value operand : op->getOperands())
    inputs.push_back(bufferOf(operand));
  int64_t n = channels(op->getResult(0));
  // The result takes over an operand's buffer that nobody else needs.
  Value &out = buffers[op->getResult(0)];
  for (auto [operand, buffer] : llvm::zip(op->getOperands(), inputs))
    if (!out && operand.hasOneUse() && buffer.getDefiningOp<memref::AllocOp>())
      out = buffer;
  if (!out)
    out = temporary(n);
  // Units of some channels of a token.
  int64_t unit = n;
  for (int64_t strips = 256 / kLanes; strips && unit == n; --strips)
    if (n % (strips * kLanes) == 0)
      unit = strips * kLanes;
  forall({count, index(n / unit)}, [&](ArrayRef<Value> i) {
    Value first = mul(i[1], index(unit));
    strips(unit, {}, [&](Value c, int64_t valid, ValueRange) {
      SmallVector<Value> at = {i[0], add(first, c)}, values;
      for (Value buffer : inputs)
        values.push_back(read(buffer, at, valid));
      write(body(values), out, at, valid);
      return SmallVector<Value>();
    });
  });
  return success();
}

void RegionLowering::copy(Value from, Value to) {
  int64_t n = cast<MemRefType>(from.getType()).getDimSize(1);
  forall({count}, [&](ArrayRef<Value> i) {
    strips(n, {}, [&](Value c, int64_t valid, ValueRange) {
      write(read(from, {i[0], c}, valid), to, {i[0], c}, valid);
      return SmallVector<Value>();
    });
  });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

LogicalResult RegionLowering::lowerLinear(nn::LinearOp op) {
  auto use = op.getWeight().getDefiningOp<compress::UseOp>();
  if (!use)
    return op.emitOpError("needs a weight from compress.use; constants become "
                          "weights by --compress-outline-weights");
  Value bias;
  if (op.getBias()) {
    FailureOr<Value> vector = vectorWeight(op.getBias());
    if (failed(vector))
      return failure();
    bias = *vector;
  }
  SmallVector<Value> places = placesOf(use);
  Value x = bufferOf(op.getInput());
  int64_t outputs = channels(op.getResult());
  auto multiply = [&](Value x, Value y, Value tokens) {
    MultiplyOp::create(builder, loc, TypeRange(), use.getWeightAttr(), weights,
                       places, x, y, tokens);
    if (!bias)
      return;
    forall({tokens}, [&](ArrayRef<Value> t) {
      strips(outputs, {}, [&](Value c, int64_t valid, ValueRange) {
        SmallVector<Value> at = {t[0], c};
        write(addf(read(y, at, valid), read(bias, {c}, valid)), y, at, valid);
        return SmallVector<Value>();
      });
    });
  };
  if (op.getResult() != logits) {
    multiply(x, allocate(op.getResult()), count);
    return success();
  }
  // Logits go to the caller's buffer, from the first token that it wants.
  vocabulary = outputs;
  Value begin = field(ContextField::logits_begin);
  Value wanted = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                       begin, count);
  Value base = pointer(ContextField::logits, builder.getF32Type());
  auto branch = scf::IfOp::create(builder, loc, wanted, false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  int64_t n = channels(op.getInput()), tokens = options.tokens;
  Value wantedCount = count;
  if (tokens > 1) {
    wantedCount = sub(count, begin);
    auto type =
        MemRefType::get({tokens, n}, builder.getF32Type(),
                        StridedLayoutAttr::get(builder.getContext(),
                                               ShapedType::kDynamic, {n, 1}));
    x = memref::ReinterpretCastOp::create(
        builder, loc, type, x, OpFoldResult(mul(begin, index(n))),
        SmallVector<OpFoldResult>{builder.getIndexAttr(tokens),
                                  builder.getIndexAttr(n)},
        SmallVector<OpFoldResult>{builder.getIndexAttr(n),
                                  builder.getIndexAttr(1)});
  }
  Value y = memref::ReinterpretCastOp::create(
      builder, loc, MemRefType::get({tokens, vocabulary}, builder.getF32Type()),
      base, /*offset=*/0, ArrayRef<int64_t>{tokens, vocabulary},
      ArrayRef<int64_t>{vocabulary, 1});
  multiply(x, y, wantedCount);
  return success();
}

//===----------------------------------------------------------------------===//
// Rotary position
//===----------------------------------------------------------------------===//

LogicalResult RegionLowering::lowerRotary(nn::RotaryOp op) {
  Value x = bufferOf(op.getInput()), y = allocate(op.getResult());
  int64_t half =
      cast<RankedTensorType>(op.getFrequencies().getType()).getDimSize(0);
  int64_t heads = channels(op.getInput()) / (2 * half);
  int64_t lanes = lanesFor(half);
  Value table = pointer(ContextField::rotary, builder.getF32Type());
  Value positions = pointer(ContextField::positions, builder.getI32Type());
  forall({count}, [&](ArrayRef<Value> indices) {
    Value t = indices.front();
    Value position = arith::IndexCastOp::create(
        builder, loc, builder.getIndexType(), load(positions, t));
    Value row = mul(position, index(2 * half));
    loop(index(0), index(heads), 1, [&](Value h) {
      Value head = mul(h, index(2 * half));
      loop(index(0), index(half), lanes, [&](Value j) {
        Value c = read(table, {add(row, j)}, lanes, lanes);
        Value s = read(table, {add(add(row, index(half)), j)}, lanes, lanes);
        Value first = add(head, j), second = add(first, index(half));
        Value a = read(x, {t, first}, lanes, lanes);
        Value b = read(x, {t, second}, lanes, lanes);
        write(subf(mulf(a, c), mulf(b, s)), y, {t, first}, lanes);
        write(addf(mulf(b, c), mulf(a, s)), y, {t, second}, lanes);
      });
    });
  });
  return success();
}
