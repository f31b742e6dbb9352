//===- ForEach.cpp - Run a pipeline on chosen weights ---------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/WeightConsumer.h"
#include "Compress/Transforms/WeightPass.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/GlobPattern.h"
#include "llvm/Support/Regex.h"

namespace mlir::compress {
#define GEN_PASS_DEF_COMPRESSFOREACHPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;

namespace {
struct ForEachPass : compress::impl::CompressForEachPassBase<ForEachPass> {
  using CompressForEachPassBase::CompressForEachPassBase;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

  InFlightDiagnostic fail() {
    return emitError(UnknownLoc::get(&getContext())) << getArgument() << " ";
  }

  LogicalResult run() {
    ModuleOp module = getOperation();
    // Whether the pipeline is legal does not hang on what is chosen.
    std::string message;
    auto build = [&](OpPassManager &manager) {
      llvm::raw_string_ostream stream(message);
      return parsePassPipeline(pipeline, manager, stream);
    };
    OpPassManager probe(WeightOp::getOperationName());
    if (pipeline.empty())
      return fail() << "has no pipeline; name passes over weights, such as "
                       "pipeline=compress-quantize{bits=4}";
    if (failed(build(probe)))
      return fail() << "has pipeline \"" << pipeline
                    << "\", which is no pipeline over weights: "
                    << StringRef(message).trim();

    SmallVector<WeightOp> chosen;
    if (failed(choose(module, chosen)))
      return failure();
    return runOnWeights(chosen, getAnalysisManager(), build,
                        [&](OpPassManager &manager, Operation *weight) {
                          return runPipeline(manager, weight);
                        });
  }

  LogicalResult choose(ModuleOp module, SmallVectorImpl<WeightOp> &chosen) {
    std::optional<llvm::GlobPattern> glob;
    if (!match.empty()) {
      llvm::Expected<llvm::GlobPattern> pattern =
          llvm::GlobPattern::create(match, /*MaxSubPatterns=*/1024);
      if (!pattern)
        return fail() << "has match=" << match << ", which is no glob: "
                      << llvm::toString(pattern.takeError());
      glob = std::move(*pattern);
    }
    llvm::Regex expression(regex);
    if (std::string error; !regex.empty() && !expression.isValid(error))
      return fail() << "has regex=" << regex
                    << ", which is no regular expression: " << error;

    WeightConsumers consumers(module);
    llvm::SmallSetVector<StringRef, 8> kinds;
    SmallVector<WeightOp> named;
    for (WeightOp weight : module.getOps<WeightOp>()) {
      for (const WeightConsumer &use : consumers.of(weight))
        kinds.insert(use.kind);
      if ((!glob || glob->match(weight.getSymName())) &&
          (regex.empty() || expression.match(weight.getSymName())))
        named.push_back(weight);
    }
    if (named.empty()) {
      std::string pattern = match.empty() ? "regex=" + regex : "match=" + match;
      return fail() << "has " << pattern
                    << ", which matches no weight; the nearest names are "
                    << nearestNames(module, match.empty() ? regex : match);
    }
    for (WeightOp weight : named) {
      auto isTakenBy = [&](StringRef kind) {
        return llvm::any_of(
            consumers.of(weight),
            [&](const WeightConsumer &use) { return use.kind == kind; });
      };
      if ((consumer.empty() || isTakenBy(consumer)) &&
          (except.empty() || !isTakenBy(except)))
        chosen.push_back(weight);
    }
    if (chosen.empty())
      return fail() << "has consumer=" << consumer
                    << (except.empty() ? "" : " except=" + except.getValue())
                    << ", which consumes no weight that is named; consumers in "
                       "this module are "
                    << (kinds.empty() ? "none" : llvm::join(kinds, ", "));
    return success();
  }

  /// The three names of least edit distance.
  static std::string nearestNames(ModuleOp module, StringRef pattern) {
    SmallVector<std::pair<unsigned, StringRef>> names;
    for (WeightOp weight : module.getOps<WeightOp>())
      names.emplace_back(pattern.edit_distance(weight.getSymName()),
                         weight.getSymName());
    if (names.empty())
      return "none, as the module has no weights";
    llvm::sort(names);
    std::string text;
    for (auto [distance, name] : ArrayRef(names).take_front(3))
      text += (text.empty() ? "" : ", ") + name.str();
    return text;
  }
};
} // namespace
