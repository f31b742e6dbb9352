//===- ExpandMath.cpp - Functions of vectors without calls a lane ---------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel/Transforms/FunctionPasses.h"
#include "compress/Conversion/CodeBuilder.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "Kernel/Transforms/FunctionPasses.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;

namespace {
struct ExpandExp : OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &b) const override {
    Value x = op.getOperand();
    auto vector = dyn_cast<VectorType>(x.getType());
    if (!getElementTypeOrSelf(x.getType()).isF32() ||
        (vector && vector.getRank() != 1))
      return b.notifyMatchFailure(op, "no f32, or of several dimensions");
    CodeBuilder code(b, op.getLoc());
    if (vector)
      return b.replaceOp(op, code.exp(x)), success();
    Value one = code.exp(code.splat(code.f32s(1), x));
    b.replaceOpWithNewOp<vector::ExtractOp>(op, one, 0);
    return success();
  }
};

struct ExpandMath : kernel::impl::ExpandMathPassBase<ExpandMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandExp>(&getContext());
    populatePolynomialApproximateErfPattern(patterns);
    populatePolynomialApproximateTanhPattern(patterns);
    math::populateExpansionPatterns(patterns, {"rsqrt"});
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
