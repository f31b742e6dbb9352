//===- LowerLaneOps.cpp - Lane ops for an instruction set -----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FloatLanes.h"
#include "Kernel/Transforms/Passes.h"
#include "LaneExpand.h"
#include "compress/InstructionSets/InstructionSet.h"
#include "compress/InstructionSets/Lanes.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_LOWERLANEOPSPASS
#include "Kernel/Transforms/Passes.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;

namespace {

/// Applies `part` to as many lanes of the operands as an instruction has:
/// `width` of the result, and of each operand in proportion. Null where it
/// cannot.
Value inParts(OpBuilder &b, Location loc, VectorType type, int64_t width,
              ValueRange operands, function_ref<Value(ValueRange)> part) {
  int64_t lanes = type.getNumElements();
  if (!width || lanes <= width || lanes % width)
    return part(operands);
  Value result = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  for (int64_t i = 0; i < lanes; i += width) {
    SmallVector<Value> some;
    for (Value operand : operands) {
      int64_t each = lanesOf(operand) / lanes;
      some.push_back(slice(b, loc, operand, i * each, width * each));
    }
    Value sums = part(some);
    if (!sums)
      return {};
    result = vector::InsertStridedSliceOp::create(b, loc, sums, result, i, 1);
  }
  return result;
}

template <typename Op> struct LaneOpPattern : OpRewritePattern<Op> {
  LaneOpPattern(MLIRContext *context, const InstructionSet &set)
      : OpRewritePattern<Op>(context), set(set) {}
  LogicalResult matchAndRewrite(Op op, PatternRewriter &b) const override {
    Value result = lower(op, b);
    if (!result)
      return failure();
    b.replaceOp(op, result);
    return success();
  }
  /// Null of what another op's lowering takes in.
  virtual Value lower(Op op, PatternRewriter &b) const = 0;
  const InstructionSet &set;
};

struct LowerLaneDot : LaneOpPattern<LaneDotOp> {
  using LaneOpPattern::LaneOpPattern;

  Value lower(LaneDotOp op, PatternRewriter &b) const override {
    Location loc = op.getLoc();
    auto type = cast<VectorType>(op.getType());
    int64_t width = set.vectorBytes / 4, bits = op.getBits();
    bool isSigned = op.getIsSigned();
    if (set.dotPairs && bits <= 7 && !isSigned &&
        type.getNumElements() % width == 0) {
      auto next = op->hasOneUse() ? dyn_cast<LaneDotOp>(*op->user_begin())
                                  : LaneDotOp();
      return next && next.getAcc() == op.getResult() && isChain(op, next)
                 ? Value()
                 : addInPairs(op, b);
    }
    return inParts(b, loc, type, width, op.getOperands(), [&](ValueRange v) {
      Value sums;
      if (isSigned && set.dotSigned)
        sums = set.dotSigned(b, loc, v[0], v[1], v[2]);
      else if (!isSigned && set.dot)
        sums = set.dot(b, loc, v[0], v[1], v[2], bits);
      return sums ? sums : plain(b, loc, v, isSigned);
    });
  }

  static bool isChain(LaneDotOp op, LaneDotOp next) {
    return op->hasOneUse() && op.getBits() == next.getBits() &&
           !op.getIsSigned() && !next.getIsSigned() &&
           op->getBlock() == next->getBlock();
  }

  /// Ops that end in `last`, whose sums nobody else needs. As many products as
  /// fit 16 bits are added there, each where its op is: so a value that several
  /// chains multiply is in a register for all.
  Value addInPairs(LaneDotOp last, PatternRewriter &b) const {
    SmallVector<LaneDotOp> chain = {last};
    while (auto before = chain.back().getAcc().getDefiningOp<LaneDotOp>()) {
      if (!isChain(before, chain.back()))
        break;
      chain.push_back(before);
    }
    OpBuilder::InsertionGuard guard(b);
    Location loc = last.getLoc();
    auto type = cast<VectorType>(last.getType());
    int64_t width = set.vectorBytes / 4, added = 0;
    int64_t most = INT16_MAX / (2 * ((1 << last.getBits()) - 1) * 128);
    SmallVector<Value> sums(type.getNumElements() / width), pairs(sums.size());
    for (LaneDotOp op : llvm::reverse(chain)) {
      b.setInsertionPoint(op);
      bool isFull = ++added % most == 0 || op == last;
      for (auto [i, sum] : llvm::enumerate(sums)) {
        if (!sum)
          sum = slice(b, loc, op.getAcc(), i * width, width);
        Value more = set.dotPairs(
            b, loc, slice(b, loc, op.getA(), 4 * i * width, 4 * width),
            slice(b, loc, op.getB(), 4 * i * width, 4 * width));
        // No sum saturates; a plain addition would be reassociated.
        if (pairs[i])
          more = intrinsic(b, loc,
                           "llvm.sadd.sat.v" + Twine(lanesOf(more)) + "i16",
                           more.getType(), {pairs[i], more});
        pairs[i] = more;
        if (isFull)
          sum = set.addPairs(b, loc, sum, std::exchange(pairs[i], Value()));
      }
    }
    if (sums.size() == 1)
      return sums.front();
    Value result = splat(b, loc, type, 0);
    for (auto [i, sum] : llvm::enumerate(sums))
      result = vector::InsertStridedSliceOp::create(b, loc, sum, result,
                                                    i * width, 1);
    return result;
  }

  /// Bytes through 32-bit shifts.
  static Value plain(OpBuilder &b, Location loc, ValueRange operands,
                     bool isSigned) {
    Value acc = operands[0];
    auto type = cast<VectorType>(acc.getType());
    Value ai = vector::BitCastOp::create(b, loc, type, operands[1]);
    Value xi = vector::BitCastOp::create(b, loc, type, operands[2]);
    auto byte = [&](Value words, int64_t i, bool isSigned) {
      if (i < 3)
        words = arith::ShLIOp::create(b, loc, words,
                                      splat(b, loc, type, 24 - 8 * i));
      Value by = splat(b, loc, type, 24);
      return isSigned ? Value(arith::ShRSIOp::create(b, loc, words, by))
                      : Value(arith::ShRUIOp::create(b, loc, words, by));
    };
    for (int64_t i = 0; i < 4; ++i)
      acc = arith::AddIOp::create(b, loc, acc,
                                  arith::MulIOp::create(b, loc,
                                                        byte(ai, i, isSigned),
                                                        byte(xi, i, true)));
    return acc;
  }
};

struct LowerLaneDotBF16 : LaneOpPattern<LaneDotBF16Op> {
  using LaneOpPattern::LaneOpPattern;

  Value lower(LaneDotBF16Op op, PatternRewriter &b) const override {
    if (!set.dotBF16)
      return plain(b, op.getLoc(), op.getOperands());
    return inParts(b, op.getLoc(), cast<VectorType>(op.getType()),
                   set.vectorBytes / 4, op.getOperands(), [&](ValueRange v) {
                     Value sums = set.dotBF16(b, op.getLoc(), v[0], v[1], v[2]);
                     return sums ? sums : plain(b, op.getLoc(), v);
                   });
  }

  /// A bf16 is the upper half of an f32: the odd ones are where they should be.
  static Value plain(OpBuilder &b, Location loc, ValueRange operands) {
    Value acc = operands[0];
    Type type = acc.getType();
    VectorType words = ints(b, lanesOf(acc), 32);
    auto half = [&](Value pairs, bool odd) -> Value {
      Value bits = vector::BitCastOp::create(b, loc, words, pairs);
      if (odd)
        bits = arith::AndIOp::create(b, loc, bits,
                                     splat(b, loc, words, -(1 << 16)));
      else
        bits = arith::ShLIOp::create(b, loc, bits, splat(b, loc, words, 16));
      return arith::BitcastOp::create(b, loc, type, bits);
    };
    // The products are exact, so a fused multiplication gives the same.
    for (bool odd : {true, false})
      acc = arith::AddFOp::create(
          b, loc, acc,
          arith::MulFOp::create(b, loc, half(operands[1], odd),
                                half(operands[2], odd),
                                arith::FastMathFlags::contract),
          arith::FastMathFlags::contract);
    return acc;
  }
};

struct LowerTileDot : OpRewritePattern<TileDotOp> {
  LowerTileDot(MLIRContext *context, const InstructionSet &set)
      : OpRewritePattern<TileDotOp>(context), set(set) {}

  LogicalResult matchAndRewrite(TileDotOp op,
                                PatternRewriter &b) const override {
    if (set.tileDot)
      set.tileDot(b, op.getLoc(),
                  {op.getA(), op.getRow(), op.getInput(), op.getB(),
                   op.getPlace(), op.getAcc(), op.getFirst(),
                   op.getAccumulate(), int64_t(op.getQuads())});
    else
      byLanes(op, b);
    b.eraseOp(op);
    return success();
  }

  static void byLanes(TileDotOp op, PatternRewriter &b) {
    Location loc = op.getLoc();
    auto index = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, loc, value);
    };
    auto add = [&](Value x, Value y) -> Value {
      return arith::AddIOp::create(b, loc, x, y);
    };
    VectorType lanes = ints(b, 16, 32), bytes = ints(b, 64, 8);
    auto loop = scf::ForOp::create(b, loc, index(0), index(16), index(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value r = loop.getInductionVar();
    Value place =
        add(op.getFirst(), arith::MulIOp::create(b, loc, r, index(16)));
    Value sums =
        op.getAccumulate()
            ? Value(vector::LoadOp::create(b, loc, lanes, op.getAcc(), place))
            : splat(b, loc, lanes, 0);
    for (int64_t s = 0; s < int64_t(op.getQuads()); ++s) {
      Value four = vector::LoadOp::create(
          b, loc, ints(b, 4, 8), op.getA(),
          ValueRange{add(op.getRow(), r), add(op.getInput(), index(4 * s))});
      Value word = vector::BitCastOp::create(b, loc, ints(b, 1, 32), four);
      Value x = vector::BitCastOp::create(
          b, loc, bytes,
          vector::BroadcastOp::create(
              b, loc, lanes, vector::ExtractOp::create(b, loc, word, 0)));
      Value codes = vector::LoadOp::create(b, loc, bytes, op.getB(),
                                           add(op.getPlace(), index(64 * s)));
      sums = LaneDotOp::create(b, loc, lanes, sums, codes, x, op.getBits());
    }
    vector::StoreOp::create(b, loc, sums, op.getAcc(), place);
  }

  const InstructionSet &set;
};

struct LowerLaneLookup : LaneOpPattern<LaneLookupOp> {
  using LaneOpPattern::LaneOpPattern;

  Value lower(LaneLookupOp op, PatternRewriter &b) const override {
    Location loc = op.getLoc();
    Value table = op.getTable();
    auto part = [&](ValueRange v) -> Value {
      Value indices = v.front();
      if (lanesOf(indices) != set.vectorBytes)
        return {};
      if (lanesOf(table) > 16)
        return set.lookup ? set.lookup(b, loc, table, indices) : Value();
      if (!set.shuffle)
        return {};
      SmallVector<int64_t> repeat;
      for (int64_t i = 0; i < set.vectorBytes; ++i)
        repeat.push_back(i % 16);
      return set.shuffle(
          b, loc, vector::ShuffleOp::create(b, loc, table, table, repeat),
          indices);
    };
    Value result = inParts(b, loc, cast<VectorType>(op.getType()),
                           set.vectorBytes, op.getIndices(), part);
    return result ? result : plain(op, b);
  }

  /// Without byte shuffles: a choice an entry, or of many entries a load an
  /// index.
  static Value plain(LaneLookupOp op, PatternRewriter &b) {
    int64_t entries = lanesOf(op.getTable());
    Location loc = op.getLoc();
    auto type = cast<VectorType>(op.getType());
    Value result = splat(b, loc, type, 0);
    if (entries == 16) {
      for (int64_t i = 0; i < entries; ++i) {
        Value entry = vector::BroadcastOp::create(
            b, loc, type, vector::ExtractOp::create(b, loc, op.getTable(), i));
        Value hit =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                  op.getIndices(), splat(b, loc, type, i));
        result = arith::SelectOp::create(b, loc, hit, entry, result);
      }
      return result;
    }
    Value table;
    {
      OpBuilder::InsertionGuard guard(b);
      auto function = op->getParentOfType<FunctionOpInterface>();
      b.setInsertionPointToStart(&function.getFunctionBody().front());
      table = memref::AllocaOp::create(
          b, loc, MemRefType::get({entries}, b.getI8Type()),
          b.getI64IntegerAttr(64));
    }
    Value first = arith::ConstantIndexOp::create(b, loc, 0);
    vector::StoreOp::create(b, loc, op.getTable(), table, first);
    for (int64_t i = 0; i < type.getNumElements(); ++i) {
      Value at = arith::IndexCastUIOp::create(
          b, loc, b.getIndexType(),
          vector::ExtractOp::create(b, loc, op.getIndices(), i));
      result = vector::InsertOp::create(
          b, loc, memref::LoadOp::create(b, loc, table, at), result, i);
    }
    return result;
  }
};

struct LowerLaneExpand : LaneOpPattern<LaneExpandOp> {
  using LaneOpPattern::LaneOpPattern;

  Value lower(LaneExpandOp op, PatternRewriter &b) const override {
    return lowerLaneExpand(op, b, set);
  }
};

struct LowerLanePermute : OpRewritePattern<LanePermuteOp> {
  LowerLanePermute(MLIRContext *context, const InstructionSet &set)
      : OpRewritePattern<LanePermuteOp>(context), set(set) {}

  LogicalResult matchAndRewrite(LanePermuteOp op,
                                PatternRewriter &b) const override {
    b.replaceOp(op, lowerLanePermute(op, b, set));
    return success();
  }

  const InstructionSet &set;
};

struct LowerLaneExpandFloats : LaneOpPattern<LaneExpandFloatsOp> {
  using LaneOpPattern::LaneOpPattern;

  Value lower(LaneExpandFloatsOp op, PatternRewriter &b) const override {
    return lowerLaneExpandFloats(op, b, set);
  }
};

/// f16 to f32 by integer operations: the magnitude's bits, moved to where f32
/// has them, are 2^-112 of the value; the exponent of an infinity or a NaN is
/// then set to all ones.
struct WidenHalf : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &b) const override {
    Type from = op.getIn().getType(), to = op.getType();
    if (!getElementTypeOrSelf(from).isF16() ||
        !getElementTypeOrSelf(to).isF32())
      return b.notifyMatchFailure(op, "not from f16 to f32");
    Location loc = op.getLoc();
    auto like = [&](Type element) -> Type {
      if (auto vector = dyn_cast<VectorType>(from))
        return vector.clone(element);
      return element;
    };
    Type i16 = like(b.getI16Type()), i32 = like(b.getI32Type());
    auto constant = [&](Type type, TypedAttr value) -> Value {
      if (auto vector = dyn_cast<VectorType>(type))
        value = DenseElementsAttr::get(vector, Attribute(value));
      return arith::ConstantOp::create(b, loc, value);
    };
    auto integer = [&](int32_t value) {
      return constant(i32, b.getI32IntegerAttr(value));
    };
    Value bits = arith::ExtUIOp::create(
        b, loc, i32, arith::BitcastOp::create(b, loc, i16, op.getIn()));
    Value magnitude = arith::ShLIOp::create(
        b, loc, arith::AndIOp::create(b, loc, bits, integer(0x7fff)),
        integer(13));
    Value sign = arith::ShLIOp::create(
        b, loc, arith::AndIOp::create(b, loc, bits, integer(0x8000)),
        integer(16));
    Value value = arith::MulFOp::create(
        b, loc, arith::BitcastOp::create(b, loc, to, magnitude),
        constant(to, b.getF32FloatAttr(0x1p112f)));
    Value special = arith::SelectOp::create(
        b, loc,
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, magnitude,
                              integer(0x7c00 << 13)),
        integer(0x7f800000), integer(0));
    Value result = arith::OrIOp::create(
        b, loc, arith::BitcastOp::create(b, loc, i32, value),
        arith::OrIOp::create(b, loc, sign, special));
    b.replaceOpWithNewOp<arith::BitcastOp>(op, to, result);
    return success();
  }
};

/// bf16 to f32: the upper half of its bits. Said so, because code generation
/// may else move brain floats through a conversion that no runtime has.
struct WidenBrain : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &b) const override {
    Type from = op.getIn().getType(), to = op.getType();
    if (!getElementTypeOrSelf(from).isBF16() ||
        !getElementTypeOrSelf(to).isF32())
      return b.notifyMatchFailure(op, "not from bf16 to f32");
    Location loc = op.getLoc();
    auto like = [&](Type element) -> Type {
      if (auto vector = dyn_cast<VectorType>(from))
        return vector.clone(element);
      return element;
    };
    Type i32 = like(b.getI32Type());
    TypedAttr sixteen = b.getI32IntegerAttr(16);
    if (auto vector = dyn_cast<VectorType>(i32))
      sixteen = DenseElementsAttr::get(vector, Attribute(sixteen));
    Value bits = arith::ExtUIOp::create(
        b, loc, i32,
        arith::BitcastOp::create(b, loc, like(b.getI16Type()), op.getIn()));
    Value upper = arith::ShLIOp::create(
        b, loc, bits, arith::ConstantOp::create(b, loc, sixteen));
    b.replaceOpWithNewOp<arith::BitcastOp>(op, to, upper);
    return success();
  }
};

struct LowerLaneOps : kernel::impl::LowerLaneOpsPassBase<LowerLaneOps> {
  using LowerLaneOpsPassBase::LowerLaneOpsPassBase;
  void runOnOperation() override {
    const InstructionSet *set = findInstructionSet(target);
    if (!set) {
      getOperation().emitError(unknownInstructionSet("target", target));
      return signalPassFailure();
    }
    RewritePatternSet patterns(&getContext());
    patterns.add<LowerLaneDot, LowerLaneDotBF16, LowerTileDot, LowerLaneLookup,
                 LowerLaneExpand, LowerLanePermute, LowerLaneExpandFloats>(
        &getContext(), *set);
    patterns.add<WidenBrain>(&getContext());
    if (!set->convertsHalf)
      patterns.add<WidenHalf>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
