//===- Check.cpp - Runs checks, by the reference or otherwise -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Reference/Check.h"
#include "Check/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"

#include <cmath>
#include <map>

namespace mlir::check {
#define GEN_PASS_DEF_COMPRESSCHECKPASS
#include "Check/Transforms/Passes.h.inc"
} // namespace mlir::check

using namespace mlir;
using namespace mlir::compress;

static FailureOr<std::vector<ReferenceTensor>>
evaluateByReference(ModuleOp module, StringRef function,
                    const ReferenceOptions &options) {
  return evaluateFunction(module.lookupSymbol<func::FuncOp>(function), {},
                          options);
}

static std::map<std::string, CheckExecutor> &getExecutors() {
  static std::map<std::string, CheckExecutor> executors = {
      {"reference", evaluateByReference}};
  return executors;
}

void mlir::compress::registerCheckExecutor(StringRef name,
                                           CheckExecutor executor) {
  getExecutors()[name.str()] = std::move(executor);
}

static bool isCheck(Operation *op) {
  return isa<check::ExpectCloseOp, check::ExpectEqualOp>(op);
}

static bool isTest(func::FuncOp function) {
  return !function.isExternal() &&
         llvm::any_of(function.getBody().front(),
                      [](Operation &op) { return isCheck(&op); });
}

/// Shortest text that reads back as the number.
static std::string str(float number) {
  char text[32];
  for (int digits = 6; digits <= 9; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, number);
    if (std::strtof(text, nullptr) == number)
      break;
  }
  return text;
}

static bool isClose(float actual, float expected, float tolerance) {
  if (std::isnan(actual) || std::isnan(expected))
    return std::isnan(actual) && std::isnan(expected);
  if (std::isinf(actual) || std::isinf(expected))
    return actual == expected;
  return std::fabs(actual - expected) <=
         tolerance * std::max(1.0f, std::fabs(expected));
}

/// Compares what an executor computed for the operands of one check.
static LogicalResult compare(Operation *op, StringRef executor,
                             const ReferenceTensor &actual,
                             const ReferenceTensor &expected) {
  auto close = dyn_cast<check::ExpectCloseOp>(op);
  float tolerance = close ? close.getTolerance().convertToFloat() : 0;
  std::string by = executor == "reference" ? "" : (" by " + executor).str();
  if (actual.shape != expected.shape) {
    auto shape = [](ArrayRef<int64_t> sizes) {
      std::string text = "[";
      for (auto [d, size] : llvm::enumerate(sizes))
        text += (d ? ", " : "") + std::to_string(size);
      return text + "]";
    };
    return op->emitOpError("fails")
           << by << ": the value has shape " << shape(actual.shape) << ", but "
           << shape(expected.shape) << " was expected";
  }
  int64_t size = actual.size(), wrong = 0, first = -1;
  for (int64_t e = 0; e < size; ++e) {
    bool same = actual.isInteger
                    ? actual.integers[e] == expected.integers[e]
                    : isClose(actual.floats[e], expected.floats[e], tolerance);
    if (!same && !wrong++)
      first = e;
  }
  if (!wrong)
    return success();
  std::string where;
  for (int64_t d = actual.shape.size() - 1, rest = first; d >= 0; --d) {
    where = std::to_string(rest % actual.shape[d]) +
            (where.empty() ? "" : ", ") + where;
    rest /= actual.shape[d];
  }
  InFlightDiagnostic error = op->emitOpError("fails") << by << ": ";
  if (where.empty())
    error << "the value";
  else
    error << "element [" << where << "]";
  if (actual.isInteger)
    error << " is " << actual.integers[first] << ", but "
          << expected.integers[first] << " was expected";
  else
    error << " is " << str(actual.floats[first]) << ", but "
          << str(expected.floats[first]) << " was expected";
  if (close)
    error << " (tolerance " << str(tolerance) << ")";
  if (size > 1)
    error << "; " << wrong << " of " << size << " elements differ";
  return error;
}

LogicalResult mlir::compress::runChecks(ModuleOp module,
                                        ArrayRef<std::string> executors,
                                        const ReferenceOptions &options) {
  for (const std::string &name : executors)
    if (!getExecutors().count(name)) {
      InFlightDiagnostic error =
          mlir::emitError(module.getLoc(), "no executor is named \"")
          << name << "\"; there is ";
      llvm::interleaveComma(llvm::make_first_range(getExecutors()), error);
      return error;
    }
  OwningOpRef<ModuleOp> prepared = module.clone();
  std::vector<std::pair<func::FuncOp, std::vector<Operation *>>> tests;
  for (func::FuncOp function : module.getOps<func::FuncOp>()) {
    if (!isTest(function))
      continue;
    if (function.getNumArguments())
      return function.emitOpError(
          "holds checks, but takes arguments; a test makes its own inputs");
    if (!llvm::hasSingleElement(function.getBody()))
      return function.emitOpError(
          "holds checks, but has several blocks; a test has one");
    // The checks go, their operands are returned.
    auto copy = prepared->lookupSymbol<func::FuncOp>(function.getName());
    Operation *terminator = copy.getBody().front().getTerminator();
    auto checksOf = [](func::FuncOp holder) {
      std::vector<Operation *> ops;
      for (Operation &op : holder.getBody().front())
        if (isCheck(&op))
          ops.push_back(&op);
      return ops;
    };
    SmallVector<Value> values;
    for (Operation *op : checksOf(copy)) {
      values.append(op->operand_begin(), op->operand_end());
      op->erase();
    }
    terminator->setOperands(values);
    copy.setFunctionType(FunctionType::get(module.getContext(), {},
                                           TypeRange(ValueRange(values))));
    copy.removeResAttrsAttr();
    tests.emplace_back(function, checksOf(function));
  }
  if (tests.empty())
    return mlir::emitError(module.getLoc(), "holds no function with checks");

  // A function that runs several tests has nothing to run now.
  prepared->walk([&](func::CallOp call) {
    if (auto callee = module.lookupSymbol<func::FuncOp>(call.getCallee());
        callee && isTest(callee) && call.use_empty())
      call.erase();
  });

  bool failedOne = false;
  for (const std::string &name : executors)
    for (auto &[function, checks] : tests) {
      OwningOpRef<ModuleOp> own = prepared->clone();
      FailureOr<std::vector<ReferenceTensor>> results =
          getExecutors()[name](*own, function.getName(), options);
      if (failed(results)) {
        failedOne = true;
        continue;
      }
      int64_t wrong = 0;
      for (auto [i, op] : llvm::enumerate(checks))
        wrong +=
            failed(compare(op, name, (*results)[2 * i], (*results)[2 * i + 1]));
      if (!wrong)
        emitRemark(function.getLoc())
            << "@" << function.getName() << ": " << checks.size()
            << (checks.size() == 1 ? " check holds" : " checks hold") << " by "
            << name;
      failedOne |= wrong != 0;
    }
  return failure(failedOne);
}

namespace {
struct CompressCheck : check::impl::CompressCheckPassBase<CompressCheck> {
  using CompressCheckPassBase::CompressCheckPassBase;

  void runOnOperation() override {
    std::vector<std::string> names(executors.begin(), executors.end());
    if (names.empty())
      names = {"reference"};
    ReferenceOptions options;
    if (activations == "int8") {
      options.activations = Activations::int8;
    } else if (activations != "f32") {
      mlir::emitError(getOperation().getLoc(),
                      "activations are f32 or int8, not \"")
          << activations << "\"";
      return signalPassFailure();
    }
    if (failed(runChecks(getOperation(), names, options)))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
