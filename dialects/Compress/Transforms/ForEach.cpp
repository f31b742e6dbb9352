//===- ForEach.cpp - Run a pipeline on chosen weights ---------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/ErrorKind.h"
#include "Compress/IR/WeightConsumer.h"
#include "Compress/Transforms/WeightPass.h"
#include "compress/Support/Text.h"
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

/// What a choice may take, so that choosing stays quick whatever is asked.
constexpr size_t longestPattern = 1000, longestPipeline = 64 << 10;
constexpr size_t mostAlternatives = 256, largestExpression = 4096;
constexpr size_t deepestPipeline = 32;

static llvm::Expected<llvm::GlobPattern> makeGlob(StringRef pattern) {
  return llvm::GlobPattern::create(pattern, mostAlternatives);
}

/// How large an expression grows when its repeats are written out, from above:
/// as if each stood within all others.
static size_t getExpandedSize(StringRef expression) {
  size_t size = expression.size();
  for (size_t at = expression.find('{');
       at != StringRef::npos && size <= largestExpression;
       at = expression.find('{', at + 1)) {
    StringRef rest = expression.drop_front(at + 1);
    unsigned least = 0, most = 0;
    rest.consumeInteger(10, least);
    if (rest.consume_front(","))
      rest.consumeInteger(10, most);
    size *= std::max({least, most, 1u});
  }
  return size;
}

namespace {
struct ForEachPass : compress::impl::CompressForEachPassBase<ForEachPass>,
                     CompressionPass {
  using CompressForEachPassBase::CompressForEachPassBase;

  /// What is wrong with the options alone is said where they are given.
  LogicalResult initializeOptions(
      StringRef options,
      function_ref<LogicalResult(const Twine &)> errorHandler) override {
    // Before anything recurses into it.
    if (LogicalResult nested = checkNesting(options, errorHandler);
        failed(nested))
      return nested;
    if (failed(
            CompressForEachPassBase::initializeOptions(options, errorHandler)))
      return failure();
    return check(errorHandler);
  }

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

  InFlightDiagnostic fail() {
    return withKind(emitError(UnknownLoc::get(&getContext())),
                    compresslib::ErrorKind::Usage)
           << getArgument() << " ";
  }

  LogicalResult
  checkNesting(StringRef text,
               function_ref<LogicalResult(const Twine &)> errorHandler) {
    size_t deepest = compresslib::nestingDepth(text);
    if (deepest > deepestPipeline)
      return errorHandler(getArgument() + " is nested " + Twine(deepest) +
                          " deep, expected at most " + Twine(deepestPipeline));
    if (text.size() > longestPipeline)
      return errorHandler(getArgument() + " has options of " +
                          Twine(text.size()) + " bytes, expected at most " +
                          Twine(longestPipeline));
    return success();
  }

  /// Checks the options, which need no module.
  LogicalResult check(function_ref<LogicalResult(const Twine &)> errorHandler) {
    auto refuse = [&](const Twine &text) {
      return errorHandler(getArgument() + " " + text);
    };
    auto isQuoted = [](StringRef text) {
      return compresslib::printable(text, 200);
    };
    if (pipeline.empty())
      return refuse("has no pipeline; name passes over weights, such as "
                    "pipeline=compress-quantize{bits=4}");
    std::string message;
    llvm::raw_string_ostream stream(message);
    OpPassManager probe(WeightOp::getOperationName());
    if (failed(parsePassPipeline(pipeline, probe, stream)))
      return refuse("has pipeline \"" + Twine(isQuoted(pipeline)) +
                    "\", which is no pipeline over weights: " +
                    StringRef(message).trim());
    for (StringRef pattern : {StringRef(match), StringRef(regex)})
      if (pattern.size() > longestPattern)
        return refuse("has a pattern of " + Twine(pattern.size()) +
                      " bytes, expected at most " + Twine(longestPattern) +
                      "; take several steps");
    if (llvm::Expected<llvm::GlobPattern> glob = makeGlob(match); !glob)
      return refuse("has match=" + Twine(isQuoted(match)) +
                    ", which is no glob: " + llvm::toString(glob.takeError()));
    if (getExpandedSize(regex) > largestExpression)
      return refuse("has regex=" + Twine(isQuoted(regex)) +
                    ", whose repeats make it too large; repeat less, or take "
                    "several steps");
    if (!regex.empty()) {
      std::string error;
      llvm::Regex expression(regex);
      if (!expression.isValid(error))
        return refuse("has regex=" + Twine(isQuoted(regex)) +
                      ", which is no regular expression: " + error);
      // What they match cannot be found in bounded time.
      for (size_t at = regex.getValue().find('\\');
           at + 1 < regex.size() && at != std::string::npos;
           at = regex.getValue().find('\\', at + 2))
        if (llvm::isDigit(regex.getValue()[at + 1]))
          return refuse("has regex=" + Twine(isQuoted(regex)) +
                        ", and back-references are not supported");
    }
    for (auto [option, kind] : {std::pair("consumer", StringRef(consumer)),
                                std::pair("except", StringRef(except))}) {
      if (kind.empty() || symbolizeWeightKind(kind))
        continue;
      std::vector<std::string> names = getWeightKindNames();
      return refuse(Twine(option) + "=" + Twine(isQuoted(kind)) +
                    " names no kind of consumer; kinds are " +
                    llvm::join(names, ", ") + "." +
                    compresslib::didYouMean(kind, names));
    }
    return success();
  }

  /// Those of the pipeline, which runs on threads that may load none.
  void getDependentDialects(DialectRegistry &registry) const override {
    CompressForEachPassBase::getDependentDialects(registry);
    std::string message;
    llvm::raw_string_ostream stream(message);
    OpPassManager nested(WeightOp::getOperationName());
    if (succeeded(parsePassPipeline(pipeline, nested, stream)))
      nested.getDependentDialects(registry);
  }

  LogicalResult run() {
    ModuleOp module = getOperation();
    // Whether the options are legal does not hang on what is chosen.
    if (failed(check([&](const Twine &text) {
          return withKind(emitError(UnknownLoc::get(&getContext())),
                          compresslib::ErrorKind::Usage)
                 << text;
        })))
      return failure();
    auto build = [&](OpPassManager &manager) {
      std::string message;
      llvm::raw_string_ostream stream(message);
      return parsePassPipeline(pipeline, manager, stream);
    };
    SmallVector<WeightOp> chosen;
    if (failed(choose(module, chosen)))
      return failure();
    return runOnWeights(chosen, getAnalysisManager(), build,
                        [&](OpPassManager &manager, Operation *weight) {
                          return runPipeline(manager, weight);
                        });
  }

  LogicalResult choose(ModuleOp module, SmallVectorImpl<WeightOp> &chosen) {
    llvm::GlobPattern glob = llvm::cantFail(makeGlob(match));
    llvm::Regex expression(regex);
    std::optional<WeightKind> wanted = symbolizeWeightKind(consumer);
    std::optional<WeightKind> unwanted = symbolizeWeightKind(except);

    const WeightConsumers &consumers = getAnalysis<WeightConsumers>();
    llvm::SmallSetVector<StringRef, 8> kinds;
    SmallVector<WeightOp> named;
    for (WeightOp weight : module.getOps<WeightOp>()) {
      for (const WeightConsumer &use : consumers.of(weight))
        kinds.insert(stringifyWeightKind(use.kind));
      if ((match.empty() || glob.match(weight.getSymName())) &&
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
      auto isTakenBy = [&](WeightKind kind) {
        return llvm::any_of(
            consumers.of(weight),
            [&](const WeightConsumer &use) { return use.kind == kind; });
      };
      if ((!wanted || isTakenBy(*wanted)) &&
          !(unwanted && isTakenBy(*unwanted)))
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
