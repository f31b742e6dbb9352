//===- RegionLowering.cpp - nn ops over planned buffers -------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RegionLowering.h"
#include "compress/Conversion/ProductWalk.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::kernel;
using compress::WeightOp;

//===----------------------------------------------------------------------===//
// Hazards
//===----------------------------------------------------------------------===//

bool HazardTracker::add(ArrayRef<Access> newReads, ArrayRef<Access> newWrites) {
  auto conflict = [](const Access &a, const Access &b) {
    if (a.end <= b.begin || b.end <= a.begin)
      return false;
    // The same tokens of the same buffer belong to the same thread.
    return !(a.split == Split::Token && b.split == Split::Token &&
             a.begin == b.begin && a.end == b.end);
  };
  auto any = [&](ArrayRef<Access> a, ArrayRef<Access> b) {
    return llvm::any_of(a, [&](const Access &x) {
      return llvm::any_of(b, [&](const Access &y) { return conflict(x, y); });
    });
  };
  bool needed = unknown || any(newReads, writes) || any(newWrites, writes) ||
                any(newWrites, reads);
  if (needed)
    clear();
  llvm::append_range(reads, newReads);
  llvm::append_range(writes, newWrites);
  return needed;
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

RegionLowering::RegionLowering(OpBuilder &builder, Location loc,
                               ModuleOp module, const LoweringOptions &options,
                               Value context, Value thread, int64_t arenaBase)
    : CodeBuilder(builder, loc), module(module), options(options),
      context(context), thread(thread), arena(arenaBase) {
  weights = pointer(ContextField::weights, builder.getI8Type());
  arenaBuffer = pointer(ContextField::arena, builder.getI8Type());
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

Value RegionLowering::arenaView(int64_t offset, ArrayRef<int64_t> shape,
                                Type element) {
  return memref::ViewOp::create(builder, loc, MemRefType::get(shape, element),
                                arenaBuffer, index(offset), ValueRange());
}

void RegionLowering::bind(Value tensor, Value memref, int64_t begin) {
  buffers[tensor] = {memref, begin, options.tokens * channels(tensor) * 4,
                     false};
}

Buffer RegionLowering::temporary(int64_t channels) {
  int64_t bytes = options.tokens * channels * 4;
  int64_t offset = arena.allocate(bytes);
  return {arenaView(offset, {options.tokens, channels}, builder.getF32Type()),
          offset, bytes, true};
}

Buffer RegionLowering::allocate(Value tensor) {
  auto it = buffers.find(tensor);
  if (it != buffers.end())
    return it->second;
  return buffers[tensor] = temporary(channels(tensor));
}

void RegionLowering::barrier() {
  BarrierOp::create(builder, loc, context, thread);
  hazards.clear();
}

void RegionLowering::barrierBefore(ArrayRef<HazardTracker::Access> reads,
                                   ArrayRef<HazardTracker::Access> writes) {
  if (hazards.add(reads, writes))
    BarrierOp::create(builder, loc, context, thread);
}

void RegionLowering::releaseQuantized(const Quantized &quantized) {
  for (auto [offset, bytes] : quantized.parts)
    arena.release(offset);
}

SmallVector<HazardTracker::Access>
RegionLowering::accessQuantized(const Quantized &quantized,
                                HazardTracker::Split split) const {
  SmallVector<HazardTracker::Access> accesses;
  for (auto [offset, bytes] : quantized.parts)
    accesses.push_back({offset, offset + bytes, split});
  return accesses;
}

/// Releases the buffers whose last use was `op`.
void RegionLowering::releaseDead(Operation *op, Block &block) {
  SmallVector<Value> dead;
  for (auto [value, last] : lastUse)
    if (last == op)
      dead.push_back(value);
  for (Value value : dead) {
    lastUse.erase(value);
    if (auto it = quantizedOf.find(value); it != quantizedOf.end()) {
      releaseQuantized(it->second);
      quantizedOf.erase(it);
    }
    auto it = buffers.find(value);
    if (it == buffers.end())
      continue;
    if (it->second.owned)
      arena.release(it->second.begin);
    buffers.erase(it);
  }
}

LogicalResult RegionLowering::lower(Block &block) {
  // The last op of the block (or op that holds it) that uses a value.
  for (Operation &op : block)
    op.walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        lastUse[operand] = &op;
    });
  for (Operation &op : block.without_terminator()) {
    if (failed(lowerOp(&op)))
      return failure();
    for (Value result : op.getResults())
      if (result.use_empty() && isa<RankedTensorType>(result.getType()))
        lastUse[result] = &op;
    releaseDead(&op, block);
  }
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
  Buffer out = allocate(op.getResult());
  barrierBefore({}, {access(out, true)});
  auto weight =
      SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, use.getWeightAttr());
  GatherRowsOp::create(
      builder, loc, weight->getAttrOfType<FlatSymbolRefAttr>("kernel.rows"),
      weights, offsetOf(use, 0),
      pointer(ContextField::tokens, builder.getI32Type()), out.memref, count);
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
      offsetOf(use, 0), ValueRange()));
}

LogicalResult RegionLowering::lowerNorm(Operation *op, Value input, Value gain,
                                        Value bias, float epsilon,
                                        bool centre) {
  Buffer x = bufferOf(input), y = allocate(op->getResult(0));
  int64_t n = channels(input);
  FailureOr<Value> g = vectorWeight(gain), b = Value();
  if (bias)
    b = vectorWeight(bias);
  if (failed(g) || failed(b))
    return failure();
  barrierBefore({access(x, true)}, {access(y, true)});
  forall({count}, [&](ArrayRef<Value> indices) {
    Value t = indices.front();
    auto total = [&](const std::function<Value(Value, int64_t)> &term) {
      return sumOf(strips(n, {zeros()},
                          [&](Value c, int64_t valid,
                              ValueRange sum) -> SmallVector<Value> {
                            Value v = read(x.memref, {t, c}, valid);
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
      Value v = read(x.memref, {t, c}, valid);
      if (mean)
        v = subf(v, mean);
      v = mulf(mulf(v, factor), read(*g, {c}, valid));
      if (bias)
        v = addf(v, read(*b, {c}, valid));
      write(v, y.memref, {t, c}, valid);
      return SmallVector<Value>();
    });
  });
  return success();
}

LogicalResult
RegionLowering::lowerElementwise(Operation *op,
                                 std::function<Value(ArrayRef<Value>)> body) {
  SmallVector<Buffer> inputs;
  for (Value operand : op->getOperands())
    inputs.push_back(bufferOf(operand));
  int64_t n = channels(op->getResult(0));
  Value result = op->getResult(0);
  // The result takes over an operand's buffer where nobody else needs it.
  if (!buffers.count(result))
    for (Value operand : op->getOperands()) {
      auto it = buffers.find(operand);
      if (!it->second.owned || lastUse.lookup(operand) != op)
        continue;
      Buffer taken = it->second;
      it->second.owned = false;
      buffers[result] = taken;
      break;
    }
  Buffer out = allocate(result);
  SmallVector<HazardTracker::Access> reads;
  for (const Buffer &buffer : inputs)
    reads.push_back(access(buffer, false));
  barrierBefore(reads, {access(out, false)});
  // Units of 256 channels of a token.
  constexpr int64_t unit = 256;
  int64_t units = llvm::divideCeil(n, unit);
  auto strip = [&](Value t, Value first, int64_t channels) {
    strips(channels, {}, [&](Value c, int64_t valid, ValueRange) {
      SmallVector<Value> at = {t, add(first, c)}, values;
      for (const Buffer &buffer : inputs)
        values.push_back(read(buffer.memref, at, valid));
      write(body(values), out.memref, at, valid);
      return SmallVector<Value>();
    });
  };
  int64_t whole = n / unit;
  if (whole)
    forall({count, index(whole)}, [&](ArrayRef<Value> i) {
      strip(i[0], mul(i[1], index(unit)), unit);
    });
  if (units != whole)
    forall({count}, [&](ArrayRef<Value> i) {
      strip(i[0], index(whole * unit), n - whole * unit);
    });
  return success();
}

void RegionLowering::copy(const Buffer &from, const Buffer &to) {
  barrierBefore({access(from, true)}, {access(to, true)});
  int64_t n = cast<MemRefType>(from.memref.getType()).getDimSize(1);
  forall({count}, [&](ArrayRef<Value> i) {
    strips(n, {}, [&](Value c, int64_t valid, ValueRange) {
      write(read(from.memref, {i[0], c}, valid), to.memref, {i[0], c}, valid);
      return SmallVector<Value>();
    });
  });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

RegionLowering::Quantized RegionLowering::quantize(Buffer x, Value tokens) {
  int64_t n = cast<MemRefType>(x.memref.getType()).getDimSize(1);
  int64_t blocks = llvm::divideCeil(n, kBlockInputs);
  Quantized q;
  auto part = [&](int64_t columns, Type element) {
    int64_t offset = arena.allocate(options.tokens * columns *
                                    (element.getIntOrFloatBitWidth() / 8));
    q.parts.push_back({offset, options.tokens * columns *
                                   (element.getIntOrFloatBitWidth() / 8)});
    return arenaView(offset, {options.tokens, columns}, element);
  };
  q.codes = part(blocks * kBlockInputs, builder.getI8Type());
  q.scales = part(blocks, builder.getF32Type());
  q.sums = part(2 * blocks, builder.getF32Type());
  SmallVector<HazardTracker::Access> writes =
      accessQuantized(q, HazardTracker::Split::Token);
  barrierBefore({access(x, true)}, writes);
  QuantizeActivationsOp::create(builder, loc, x.memref, q.codes, q.scales,
                                q.sums, tokens);
  return q;
}

/// Products of one nn.linear. Buffers of activations that other products take
/// too, by `tensor`, share their quantised form.
struct RegionLowering::Products : ProductWalk<Buffer> {
  Products(RegionLowering &region, const PlannedWeight &weight,
           compress::UseOp use, Value tokens)
      : ProductWalk(weight, region.options.int8), region(region), use(use),
        tokens(tokens) {}

  using Access = HazardTracker::Access;

  Value place(Value part) { return region.offsetOf(use, weight.indexOf(part)); }
  UnitAttr flag(bool accumulate) {
    return accumulate ? region.builder.getUnitAttr() : UnitAttr();
  }
  /// Before a product that reads what `reads` say.
  void before(SmallVector<Access> reads, const Buffer &y, bool accumulate) {
    if (accumulate)
      reads.push_back(region.access(y, false));
    region.barrierBefore(reads, {region.access(y, false)});
  }

  Buffer temporary(int64_t channels) override {
    return region.temporary(channels);
  }
  void release(Buffer buffer) override { region.releaseTemporary(buffer); }

  void multiply(Value node, Buffer x, Buffer y, bool accumulate) override {
    before({region.access(x, false)}, y, accumulate);
    MatmulOp::create(region.builder, region.loc,
                     weight.partOf(node).getFormat(), region.weights,
                     place(node), x.memref, y.memref, tokens, flag(accumulate));
  }
  void multiplyInt8(Value node, Buffer x, Buffer y, bool accumulate) override {
    Quantized q;
    if (x.tensor && region.quantizedOf.count(x.tensor))
      q = region.quantizedOf[x.tensor];
    else
      q = region.quantize(x, tokens);
    if (x.tensor)
      region.quantizedOf[x.tensor] = q;
    before(region.accessQuantized(q, HazardTracker::Split::Other), y,
           accumulate);
    MatmulInt8Op::create(region.builder, region.loc,
                         weight.partOf(node).getFormat(), region.weights,
                         place(node), q.codes, q.scales, q.sums, y.memref,
                         tokens, flag(accumulate));
    if (!x.tensor)
      region.releaseQuantized(q);
  }
  void round(Buffer x, Buffer y) override {
    region.barrierBefore({region.access(x, true)}, {region.access(y, true)});
    RoundActivationsOp::create(region.builder, region.loc, x.memref, y.memref,
                               tokens);
  }
  void move(Value leaf, Buffer from, Buffer to, bool scatter,
            bool accumulate) override {
    RegionLowering &r = region;
    auto type = cast<RankedTensorType>(leaf.getType());
    Value indices = memref::ViewOp::create(
        r.builder, r.loc,
        MemRefType::get(
            {type.getNumElements()},
            r.builder.getIntegerType(type.getElementTypeBitWidth())),
        r.weights, place(leaf), ValueRange());
    r.barrierBefore({r.access(from, true)}, {r.access(to, true)});
    int64_t n = cast<MemRefType>(from.memref.getType()).getDimSize(1);
    r.forall({tokens}, [&](ArrayRef<Value> t) {
      r.loop(r.index(0), r.index(n), 1, [&](Value i) {
        Value other = arith::IndexCastUIOp::create(
            r.builder, r.loc, r.builder.getIndexType(), r.load(indices, i));
        Value value =
            memref::LoadOp::create(r.builder, r.loc, from.memref,
                                   ValueRange{t[0], scatter ? i : other});
        SmallVector<Value> at = {t[0], scatter ? other : i};
        if (accumulate)
          value = r.addf(
              memref::LoadOp::create(r.builder, r.loc, to.memref, at), value);
        memref::StoreOp::create(r.builder, r.loc, value, to.memref, at);
      });
    });
  }

  RegionLowering &region;
  compress::UseOp use;
  Value tokens;
};

LogicalResult RegionLowering::lowerLinear(nn::LinearOp op) {
  auto use = op.getWeight().getDefiningOp<compress::UseOp>();
  if (!use)
    return op.emitOpError("needs a weight from compress.use; constants become "
                          "weights by --compress-outline-weights");
  auto weight =
      SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, use.getWeightAttr());
  Value bias;
  if (op.getBias()) {
    FailureOr<Value> vector = vectorWeight(op.getBias());
    if (failed(vector))
      return failure();
    bias = *vector;
  }
  FailureOr<PlannedWeight> planned = PlannedWeight::get(weight);
  if (failed(planned))
    return failure();
  Value input = op.getInput();
  Buffer x = bufferOf(input);
  x.tensor = input;
  auto addBias = [&](Buffer &y, Value tokens) {
    if (!bias)
      return;
    int64_t n = channels(op.getResult());
    barrierBefore({access(y, true)}, {access(y, true)});
    forall({tokens}, [&](ArrayRef<Value> t) {
      strips(n, {}, [&](Value c, int64_t valid, ValueRange) {
        SmallVector<Value> at = {t[0], c};
        write(addf(read(y.memref, at, valid), read(bias, {c}, valid)), y.memref,
              at, valid);
        return SmallVector<Value>();
      });
    });
  };
  if (op.getResult() != logits) {
    Buffer y = allocate(op.getResult());
    if (failed(Products(*this, *planned, use, count)
                   .walk(weight.getResultValue(), x, y, false)))
      return failure();
    addBias(y, count);
    return success();
  }
  // Logits go to the caller's buffer, from the first token that it wants.
  vocabulary = channels(op.getResult());
  Value begin = field(ContextField::logits_begin);
  Value wanted = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                       begin, count);
  Value base = pointer(ContextField::logits, builder.getF32Type());
  if (hazards.pending())
    barrier();
  auto branch = scf::IfOp::create(builder, loc, wanted, false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  int64_t n = channels(input), tokens = options.tokens;
  Buffer from = x;
  from.tensor = Value();
  Value wantedCount = count;
  if (tokens > 1) {
    wantedCount = sub(count, begin);
    auto type =
        MemRefType::get({tokens, n}, builder.getF32Type(),
                        StridedLayoutAttr::get(builder.getContext(),
                                               ShapedType::kDynamic, {n, 1}));
    from.memref = memref::ReinterpretCastOp::create(
        builder, loc, type, x.memref, OpFoldResult(mul(begin, index(n))),
        SmallVector<OpFoldResult>{builder.getIndexAttr(tokens),
                                  builder.getIndexAttr(n)},
        SmallVector<OpFoldResult>{builder.getIndexAttr(n),
                                  builder.getIndexAttr(1)});
  }
  Buffer y;
  y.memref = memref::ReinterpretCastOp::create(
      builder, loc, MemRefType::get({tokens, vocabulary}, builder.getF32Type()),
      base, /*offset=*/0, ArrayRef<int64_t>{tokens, vocabulary},
      ArrayRef<int64_t>{vocabulary, 1});
  y.begin = int64_t(1) << 41;
  y.bytes = tokens * vocabulary * 4;
  y.owned = false;
  if (failed(Products(*this, *planned, use, wantedCount)
                 .walk(weight.getResultValue(), from, y, false)))
    return failure();
  addBias(y, wantedCount);
  barrier();
  return success();
}

//===----------------------------------------------------------------------===//
// Rotary position
//===----------------------------------------------------------------------===//

/// The most lanes, of 16, 8, … that divide a number.
static int64_t lanesFor(int64_t n) {
  int64_t lanes = kLanes;
  while (n % lanes)
    lanes /= 2;
  return lanes;
}

LogicalResult RegionLowering::lowerRotary(nn::RotaryOp op) {
  Buffer x = bufferOf(op.getInput()), y = allocate(op.getResult());
  int64_t half =
      cast<RankedTensorType>(op.getFrequencies().getType()).getDimSize(0);
  int64_t heads = channels(op.getInput()) / (2 * half);
  int64_t lanes = lanesFor(half);
  barrierBefore({access(x, true)}, {access(y, true)});
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
        Value a = read(x.memref, {t, first}, lanes, lanes);
        Value b = read(x.memref, {t, second}, lanes, lanes);
        write(subf(mulf(a, c), mulf(b, s)), y.memref, {t, first}, lanes);
        write(addf(mulf(b, c), mulf(a, s)), y.memref, {t, second}, lanes);
      });
    });
  });
  return success();
}
