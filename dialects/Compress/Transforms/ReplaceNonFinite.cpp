//===- ReplaceNonFinite.cpp - Replace NaN and infinite values ------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/WeightPass.h"
#include <cmath>

namespace mlir::compress {
#define GEN_PASS_DEF_COMPRESSREPLACENONFINITEPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;

namespace {
struct ReplaceNonFinitePass
    : compress::impl::CompressReplaceNonFinitePassBase<ReplaceNonFinitePass>,
      CompressionPass {
  using CompressReplaceNonFinitePassBase::CompressReplaceNonFinitePassBase;

  bool canScheduleOn(RegisteredOperationName name) const override {
    return isWeightOrModule(name);
  }

  void runOnOperation() override {
    if (auto weight = dyn_cast<WeightOp>(getOperation())) {
      if (failed(replace(weight)))
        signalPassFailure();
      return;
    }
    if (failed(runOnAllWeights([&] { return clone(); },
                               cast<ModuleOp>(getOperation()),
                               getAnalysisManager(),
                               [&](OpPassManager &pipeline, Operation *weight) {
                                 return runPipeline(pipeline, weight);
                               })))
      signalPassFailure();
  }

  LogicalResult replace(WeightOp weight) {
    ExpressionEvaluator evaluator(
        getContext().getLoadedDialect<CompressDialect>()->getStore());
    int64_t replaced = 0;
    for (Leaf &leaf : collectLeaves(weight, LeafTarget::Values)) {
      FailureOr<std::vector<float>> values =
          evaluator.evaluateRows(leaf.value, 0, getRowCount(leaf.getType()));
      if (failed(values))
        return failure();
      int64_t bad = 0;
      for (float &element : *values)
        if (!std::isfinite(element)) {
          element = float(value);
          ++bad;
        }
      if (!bad)
        continue;
      LeafBuilder builder(weight, leaf.value);
      FailureOr<Value> fresh =
          builder.fromValues("finite", leaf.getType(), *values);
      if (failed(fresh))
        return failure();
      for (OpOperand *use : leaf.uses)
        use->set(*fresh);
      replaced += bad;
    }
    if (!replaced)
      return success();
    eraseDeadOps(weight);
    remarkOn(weight, getArgument(),
             Twine(replaced) +
                 " values were NaN or infinite and were replaced");
    return success();
  }
};
} // namespace
