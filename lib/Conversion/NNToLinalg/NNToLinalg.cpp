//===- NNToLinalg.cpp - Reference lowering of nn --------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NN/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/DialectConversion.h"

#include <cmath>

namespace mlir::nn {
#define GEN_PASS_DEF_CONVERTNNTOLINALGPASS
#include "NN/Transforms/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

constexpr auto parallel = utils::IteratorType::parallel;
constexpr auto reduction = utils::IteratorType::reduction;

using Dims = ArrayRef<unsigned>;

/// Builds linalg.generics on f32 tensors.
struct Lowering : ImplicitLocOpBuilder {
  Lowering(PatternRewriter &rewriter, Operation *op)
      : ImplicitLocOpBuilder(op->getLoc(), rewriter) {}

  using Body = llvm::function_ref<Value(ValueRange)>;

  Value f32(double value) {
    return arith::ConstantOp::create(*this, getF32FloatAttr(float(value)));
  }
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(*this, value);
  }
  OpFoldResult size(Value tensor, int64_t dim) {
    return tensor::getMixedSize(*this, getLoc(), tensor, dim);
  }
  Value empty(ArrayRef<OpFoldResult> sizes) {
    return tensor::EmptyOp::create(*this, sizes, getF32Type());
  }
  Value filled(ArrayRef<OpFoldResult> sizes, double value) {
    return linalg::FillOp::create(*this, f32(value), empty(sizes)).getResult(0);
  }

  /// An op over `loops` dimensions. Each input and the output are indexed by
  /// the dimensions listed for them; a dimension that the output lacks is
  /// reduced into `output`.
  Value generic(unsigned loops, ArrayRef<std::pair<Value, Dims>> inputs,
                Value output, Dims outputDims, Body body) {
    auto map = [&](Dims dims) {
      return AffineMap::getMultiDimMapWithTargets(loops, dims, getContext());
    };
    SmallVector<Value> values;
    SmallVector<AffineMap> maps;
    for (auto [value, dims] : inputs) {
      values.push_back(value);
      maps.push_back(map(dims));
    }
    maps.push_back(map(outputDims));
    SmallVector<utils::IteratorType> iterators(loops, reduction);
    for (unsigned dim : outputDims)
      iterators[dim] = parallel;
    return linalg::GenericOp::create(
               *this, output.getType(), values, output, maps, iterators,
               [&](OpBuilder &nested, Location, ValueRange arguments) {
                 InsertionGuard guard(*this);
                 setInsertionPoint(nested.getInsertionBlock(),
                                   nested.getInsertionPoint());
                 Value result = body(arguments);
                 linalg::YieldOp::create(*this, result);
               })
        .getResult(0);
  }

  Value add(Value a, Value b) { return arith::AddFOp::create(*this, a, b); }
  Value sub(Value a, Value b) { return arith::SubFOp::create(*this, a, b); }
  Value mul(Value a, Value b) { return arith::MulFOp::create(*this, a, b); }
  Value div(Value a, Value b) { return arith::DivFOp::create(*this, a, b); }
};

SmallVector<unsigned> allDims(unsigned rank) {
  return llvm::to_vector(llvm::seq<unsigned>(0, rank));
}

struct LowerEmbedding : OpRewritePattern<EmbeddingOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(EmbeddingOp op,
                                PatternRewriter &rewriter) const override {
    Lowering b(rewriter, op);
    Value output =
        b.empty({b.size(op.getTokens(), 0), b.size(op.getWeight(), 1)});
    Value result = b.generic(
        2, {{op.getTokens(), {0}}}, output, {0, 1}, [&](ValueRange in) {
          Value row = arith::IndexCastOp::create(b, b.getIndexType(), in[0]);
          Value column = linalg::IndexOp::create(b, 1);
          return tensor::ExtractOp::create(b, op.getWeight(),
                                           ValueRange{row, column})
              .getResult();
        });
    rewriter.replaceOpWithNewOp<tensor::CastOp>(op, op.getType(), result);
    return success();
  }
};

struct LowerLinear : OpRewritePattern<LinearOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LinearOp op,
                                PatternRewriter &rewriter) const override {
    Lowering b(rewriter, op);
    SmallVector<OpFoldResult> sizes = {b.size(op.getInput(), 0),
                                       b.size(op.getWeight(), 0)};
    Value result =
        b.generic(3, {{op.getInput(), {0, 2}}, {op.getWeight(), {1, 2}}},
                  b.filled(sizes, 0), {0, 1}, [&](ValueRange in) {
                    return b.add(in[2], b.mul(in[0], in[1]));
                  });
    if (op.getBias())
      result =
          b.generic(2, {{result, {0, 1}}, {op.getBias(), {1}}}, b.empty(sizes),
                    {0, 1}, [&](ValueRange in) { return b.add(in[0], in[1]); });
    rewriter.replaceOpWithNewOp<tensor::CastOp>(op, op.getType(), result);
    return success();
  }
};

/// The mean over channels of `term` of each element, [tokens].
Value meanOf(Lowering &b, ArrayRef<std::pair<Value, Dims>> inputs,
             OpFoldResult tokens, OpFoldResult channels, Lowering::Body term) {
  Value sum =
      b.generic(2, inputs, b.filled({tokens}, 0), {0},
                [&](ValueRange in) { return b.add(in.back(), term(in)); });
  Value count = getValueOrCreateConstantIndexOp(b, b.getLoc(), channels);
  count = arith::IndexCastOp::create(b, b.getI64Type(), count);
  count = arith::SIToFPOp::create(b, b.getF32Type(), count);
  return b.generic(1, {{sum, {0}}}, b.empty({tokens}), {0},
                   [&](ValueRange in) { return b.div(in[0], count); });
}

struct LowerRMSNorm : OpRewritePattern<RMSNormOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RMSNormOp op,
                                PatternRewriter &rewriter) const override {
    Lowering b(rewriter, op);
    Value input = op.getInput();
    OpFoldResult tokens = b.size(input, 0), channels = b.size(input, 1);
    Value squares = meanOf(b, {{input, {0, 1}}}, tokens, channels,
                           [&](ValueRange in) { return b.mul(in[0], in[0]); });
    Value epsilon = b.f32(op.getEpsilon().convertToFloat()), one = b.f32(1);
    Value result =
        b.generic(2, {{input, {0, 1}}, {squares, {0}}, {op.getGain(), {1}}},
                  b.empty({tokens, channels}), {0, 1}, [&](ValueRange in) {
                    Value root = math::SqrtOp::create(b, b.add(in[1], epsilon));
                    return b.mul(b.mul(in[0], b.div(one, root)), in[2]);
                  });
    rewriter.replaceOpWithNewOp<tensor::CastOp>(op, op.getType(), result);
    return success();
  }
};

struct LowerLayerNorm : OpRewritePattern<LayerNormOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LayerNormOp op,
                                PatternRewriter &rewriter) const override {
    Lowering b(rewriter, op);
    Value input = op.getInput();
    OpFoldResult tokens = b.size(input, 0), channels = b.size(input, 1);
    Value mean = meanOf(b, {{input, {0, 1}}}, tokens, channels,
                        [&](ValueRange in) { return in[0]; });
    Value variance = meanOf(b, {{input, {0, 1}}, {mean, {0}}}, tokens, channels,
                            [&](ValueRange in) {
                              Value difference = b.sub(in[0], in[1]);
                              return b.mul(difference, difference);
                            });
    Value epsilon = b.f32(op.getEpsilon().convertToFloat()), one = b.f32(1);
    unsigned row[] = {0}, column[] = {1}, both[] = {0, 1};
    SmallVector<std::pair<Value, Dims>> inputs = {
        {input, both}, {mean, row}, {variance, row}, {op.getGain(), column}};
    if (op.getBias())
      inputs.push_back({op.getBias(), column});
    Value result = b.generic(
        2, inputs, b.empty({tokens, channels}), {0, 1}, [&](ValueRange in) {
          Value root = math::SqrtOp::create(b, b.add(in[2], epsilon));
          Value y = b.mul(b.mul(b.sub(in[0], in[1]), b.div(one, root)), in[3]);
          return op.getBias() ? b.add(y, in[4]) : y;
        });
    rewriter.replaceOpWithNewOp<tensor::CastOp>(op, op.getType(), result);
    return success();
  }
};

struct LowerRotary : OpRewritePattern<RotaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RotaryOp op,
                                PatternRewriter &rewriter) const override {
    Lowering b(rewriter, op);
    Value input = op.getInput(), frequencies = op.getFrequencies();
    int64_t half = cast<RankedTensorType>(frequencies.getType()).getDimSize(0);
    Value one = b.index(half), two = b.index(2 * half);
    Value output = b.empty({b.size(input, 0), b.size(input, 1)});
    Value result =
        b.generic(2, {{input, {0, 1}}}, output, {0, 1}, [&](ValueRange in) {
          Value t = linalg::IndexOp::create(b, 0);
          Value c = linalg::IndexOp::create(b, 1);
          Value inHead = arith::RemUIOp::create(b, c, two);
          Value j = arith::RemUIOp::create(b, c, one);
          Value isFirst =
              arith::CmpIOp::create(b, arith::CmpIPredicate::ult, inHead, one);
          Value behind = arith::AddIOp::create(b, c, one);
          Value before = arith::SubIOp::create(b, c, one);
          Value partner = arith::SelectOp::create(b, isFirst, behind, before);
          Value other =
              tensor::ExtractOp::create(b, input, ValueRange{t, partner});
          Value position = arith::AddIOp::create(b, op.getPosition(), t);
          position = arith::IndexCastOp::create(b, b.getI64Type(), position);
          position = arith::SIToFPOp::create(b, b.getF32Type(), position);
          Value angle =
              b.mul(position,
                    tensor::ExtractOp::create(b, frequencies, ValueRange{j}));
          Value straight = b.mul(in[0], math::CosOp::create(b, angle));
          Value turned = b.mul(other, math::SinOp::create(b, angle));
          return arith::SelectOp::create(b, isFirst, b.sub(straight, turned),
                                         b.add(straight, turned))
              .getResult();
        });
    rewriter.replaceOpWithNewOp<tensor::CastOp>(op, op.getType(), result);
    return success();
  }
};

struct LowerAttention : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    Lowering b(rewriter, op);
    int64_t groups = op.getKvHeads(), size = op.getHeadSize();
    int64_t shared = int64_t(op.getHeads()) / groups; // query heads a group
    Value position = op.getPosition();
    OpFoldResult tokens = b.size(op.getQuery(), 0);
    auto constant = [&](int64_t value) -> OpFoldResult {
      return b.getIndexAttr(value);
    };
    auto expand = [&](Value matrix, ArrayRef<OpFoldResult> sizes) {
      SmallVector<int64_t> shape;
      for (OpFoldResult size : sizes)
        shape.push_back(
            getConstantIntValue(size).value_or(ShapedType::kDynamic));
      SmallVector<ReassociationIndices> groups = {{0}, {}};
      for (size_t d = 1; d < sizes.size(); ++d)
        groups[1].push_back(d);
      return tensor::ExpandShapeOp::create(
                 b, RankedTensorType::get(shape, b.getF32Type()), matrix,
                 groups, sizes)
          .getResult();
    };
    SmallVector<OpFoldResult> ones(4, constant(1));

    // Put the new keys and values into the cache.
    Value cache = op.getCache();
    SmallVector<OpFoldResult> window = {constant(1), tokens, constant(groups),
                                        constant(size)};
    Value written[] = {op.getKey(), op.getValue()};
    for (auto [part, rows] : llvm::enumerate(written))
      cache = tensor::InsertSliceOp::create(
          b, expand(rows, {tokens, constant(groups), constant(size)}), cache,
          ArrayRef<OpFoldResult>(
              {constant(part), position, constant(0), constant(0)}),
          window, ones);

    // Positions that the last token sees.
    Value tokenCount = getValueOrCreateConstantIndexOp(b, b.getLoc(), tokens);
    Value seen = arith::AddIOp::create(b, position, tokenCount);
    window[1] = seen;
    auto sliced = RankedTensorType::get({ShapedType::kDynamic, groups, size},
                                        b.getF32Type());
    Value parts[2];
    for (int64_t part : {0, 1})
      parts[part] = tensor::ExtractSliceOp::create(
          b, sliced, cache,
          ArrayRef<OpFoldResult>(
              {constant(part), constant(0), constant(0), constant(0)}),
          window, ones);

    // Loops: token, group, head of the group, position, channel.
    SmallVector<OpFoldResult> headSizes = {tokens, constant(groups),
                                           constant(shared), constant(size)};
    SmallVector<OpFoldResult> scoreSizes = {tokens, constant(groups),
                                            constant(shared), seen};
    SmallVector<OpFoldResult> rowSizes(scoreSizes.begin(),
                                       scoreSizes.end() - 1);
    unsigned head[] = {0, 1, 2, 4}, key[] = {3, 1, 4}, score[] = {0, 1, 2, 3},
             row[] = {0, 1, 2};
    Value query = expand(op.getQuery(), headSizes);
    Value products = b.generic(
        5, {{query, head}, {parts[0], key}}, b.filled(scoreSizes, 0), score,
        [&](ValueRange in) { return b.add(in[2], b.mul(in[0], in[1])); });
    Value scale = b.f32(op.getEffectiveScale());
    Value unseen = b.f32(-INFINITY);
    Value scores = b.generic(
        4, {{products, score}}, b.empty(scoreSizes), score, [&](ValueRange in) {
          Value last =
              arith::AddIOp::create(b, position, linalg::IndexOp::create(b, 0));
          Value sees =
              arith::CmpIOp::create(b, arith::CmpIPredicate::ule,
                                    linalg::IndexOp::create(b, 3), last);
          return arith::SelectOp::create(b, sees, b.mul(in[0], scale), unseen)
              .getResult();
        });
    Value largest = b.generic(
        4, {{scores, score}}, b.filled(rowSizes, -INFINITY), row,
        [&](ValueRange in) {
          return arith::MaximumFOp::create(b, in[1], in[0]).getResult();
        });
    Value exponentials = b.generic(
        4, {{scores, score}, {largest, row}}, b.empty(scoreSizes), score,
        [&](ValueRange in) {
          return math::ExpOp::create(b, b.sub(in[0], in[1])).getResult();
        });
    Value sums =
        b.generic(4, {{exponentials, score}}, b.filled(rowSizes, 0), row,
                  [&](ValueRange in) { return b.add(in[1], in[0]); });
    Value mixed =
        b.generic(5, {{exponentials, score}, {sums, row}, {parts[1], key}},
                  b.filled(headSizes, 0), head, [&](ValueRange in) {
                    return b.add(in[3], b.mul(b.div(in[0], in[1]), in[2]));
                  });
    SmallVector<ReassociationIndices> collapsed = {{0}, {1, 2, 3}};
    Value result = tensor::CollapseShapeOp::create(b, mixed, collapsed);
    result = tensor::CastOp::create(b, op.getResult().getType(), result);
    rewriter.replaceOp(op, {result, cache});
    return success();
  }
};

struct LowerActivation : OpRewritePattern<ActivationOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ActivationOp op,
                                PatternRewriter &rewriter) const override {
    Lowering b(rewriter, op);
    Value input = op.getInput();
    unsigned rank = op.getType().getRank();
    SmallVector<unsigned> dims = allDims(rank);
    Value output = b.empty(tensor::getMixedSizes(b, b.getLoc(), input));
    Value result =
        b.generic(rank, {{input, dims}}, output, dims, [&](ValueRange in) {
          return activate(b, op.getKind(), in[0]);
        });
    rewriter.replaceOp(op, result);
    return success();
  }

  static Value activate(Lowering &b, ActivationKind kind, Value x) {
    Value one = b.f32(1), half = b.f32(0.5);
    switch (kind) {
    case ActivationKind::silu: {
      Value e = math::ExpOp::create(b, arith::NegFOp::create(b, x));
      return b.div(x, b.add(one, e));
    }
    case ActivationKind::gelu: {
      Value e = math::ErfOp::create(b, b.mul(x, b.f32(M_SQRT1_2)));
      return b.mul(b.mul(half, x), b.add(one, e));
    }
    case ActivationKind::gelu_tanh: {
      Value cube = b.mul(b.mul(b.mul(b.f32(0.044715), x), x), x);
      Value t = math::TanhOp::create(
          b, b.mul(b.f32(M_2_SQRTPI * M_SQRT1_2), b.add(x, cube)));
      return b.mul(b.mul(half, x), b.add(one, t));
    }
    case ActivationKind::relu:
      return arith::MaximumFOp::create(b, x, b.f32(0));
    }
    llvm_unreachable("kind of nn.activation");
  }
};

struct ConvertNNToLinalg
    : nn::impl::ConvertNNToLinalgPassBase<ConvertNNToLinalg> {
  void runOnOperation() override {
    inlineBlocks(getOperation());
    getOperation().walk([](ModelOp op) { op.erase(); });
    RewritePatternSet patterns(&getContext());
    populateNNToLinalgPatterns(patterns);
    ConversionTarget target(getContext());
    target.addIllegalDialect<NNDialect>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

void nn::inlineBlocks(Operation *root) {
  IRRewriter rewriter(root->getContext());
  root->walk([&](BlockOp op) {
    Operation *yield = op.getBody().front().getTerminator();
    SmallVector<Value> values(yield->getOperands());
    rewriter.inlineBlockBefore(&op.getBody().front(), op);
    rewriter.eraseOp(yield);
    rewriter.replaceOp(op, values);
  });
}

void nn::populateNNToLinalgPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerEmbedding, LowerLinear, LowerRMSNorm, LowerLayerNorm,
               LowerRotary, LowerAttention, LowerActivation>(
      patterns.getContext());
}
