//===- WeightPass.h - What the passes over weights share --------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A lossy pass replaces leaves of a weight's expression by expressions with
// smaller leaves. What every such pass needs is here: which leaves it may
// rewrite, their values a few rows at a time (so that memory follows neither
// the model nor, where rows are independent, the weight), new leaves, and the
// report of what was lost.
//
// A pass over weights is scheduled either on `compress.weight`, where it sees
// that weight, or on a module, where it runs itself on all matrices in
// parallel.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TRANSFORMS_WEIGHTPASS_H
#define COMPRESS_TRANSFORMS_WEIGHTPASS_H

#include "Compress/IR/Compress.h"
#include "Compress/IR/ErrorKind.h"
#include "Compress/IR/Store.h"
#include "Compress/IR/WeightConsumer.h"
#include "Compress/Transforms/Passes.h"
#include "compress/Algorithms/LowRank.h"
#include "compress/Algorithms/MatrixRef.h"
#include "compress/Algorithms/Quantized.h"
#include "mlir/IR/Builders.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/Twine.h"

namespace mlir::compress {

//===----------------------------------------------------------------------===//
// Leaves
//===----------------------------------------------------------------------===//

/// A leaf that a pass may rewrite.
struct Leaf {
  Value value;
  /// The operands through which the expression reaches it.
  SmallVector<OpOperand *> uses;
  /// The ops between it and the weight.
  llvm::SmallSetVector<Operation *, 4> above;

  RankedTensorType getType() const {
    return cast<RankedTensorType>(value.getType());
  }
  bool isUnder(llvm::function_ref<bool(Operation *)> predicate) const {
    return llvm::any_of(above, predicate);
  }
};

/// The leaves of `weight` that `target` names, in the order in which its value
/// reaches them; floats, but for Codes and Elements.
SmallVector<Leaf> collectLeaves(WeightOp weight, LeafTarget target);

/// The name of what is made from a leaf: the leaf's own without its hash, or
/// the weight's where the leaf is written in the IR.
std::string getStem(WeightOp weight, Value leaf);

/// A leaf as a matrix: the last dimension is the columns, a vector one row.
struct LeafShape {
  int64_t rows = 1, columns = 1;
};
LeafShape getMatrixShape(RankedTensorType type);

/// Calls `body` with consecutive rows of `leaf` as a matrix: as many at once as
/// hold about a million elements, always a multiple of 8 but for the last, so
/// that codes of any width begin on a byte.
LogicalResult forEachRowBlock(
    Value leaf, ExpressionEvaluator &evaluator,
    llvm::function_ref<LogicalResult(compresslib::algo::MatrixRef block,
                                     int64_t firstRow)>
        body);

/// All values of a leaf.
FailureOr<std::vector<float>> readLeaf(Value leaf,
                                       ExpressionEvaluator &evaluator);

/// Makes the leaves that replace one leaf: stored ones for a stored leaf,
/// written ones for a written leaf.
class LeafBuilder {
public:
  LeafBuilder(WeightOp weight, Value leaf);
  /// Behind `value`, named "<weight>/<part>"; written ones where all of the
  /// weight's leaves are.
  static LeafBuilder forWeight(WeightOp weight, Value value);

  /// A leaf named "<stem>/<part>" from packed bytes or from values. A value
  /// that its type does not hold is an error.
  FailureOr<Value> fromBytes(StringRef part, RankedTensorType type,
                             ArrayRef<uint8_t> bytes);
  FailureOr<Value> fromValues(StringRef part, RankedTensorType type,
                              ArrayRef<float> values);

  OpBuilder builder;
  Location loc;

private:
  LeafBuilder(WeightOp weight, Operation *after, std::string stem,
              bool isWritten);
  WeightOp weight;
  std::string stem;
  bool isWritten;
};

/// An error where one of `values`, which are those from element `first` on of
/// what becomes tensor `name` of `weight`, would not be finite in `type`.
LogicalResult checkRange(WeightOp weight, const Twine &name,
                         RankedTensorType type, int64_t first,
                         ArrayRef<float> values);

/// `compress.product` of two new leaves, "<prefix>left" and "<prefix>right".
FailureOr<Value> buildProduct(LeafBuilder &builder,
                              const compresslib::algo::LowRankFactors &factors,
                              LeafShape shape, Type factorType,
                              StringRef prefix = "");

/// A dense attribute of `type` with these values, rounded or truncated to it.
DenseElementsAttr getElements(RankedTensorType type, ArrayRef<float> values);

Type getStorageType(MLIRContext *context, compresslib::algo::StorageType type);

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// What a pass sees beside the weight that it rewrites.
class WeightContext {
public:
  /// `consumers` may be null.
  WeightContext(WeightOp weight, StringRef passName,
                const WeightConsumers *consumers);

  WeightStore &getStore() { return store; }
  /// Whether only sizes are asked for: values read as zeros, and new leaves
  /// have types and no bytes.
  bool isPlanning() const { return store.isPlanning(); }
  /// Evaluates this weight's expressions.
  ExpressionEvaluator &getEvaluator() { return evaluator; }
  /// What takes the weight. Known under a pass that looked at the whole module:
  /// one over all its weights, or compress-for-each.
  std::optional<ArrayRef<WeightConsumer>> getConsumers() const;
  StringRef getPassName() const { return passName; }

  /// Begins an error about what the pass finds: "weight @w, pass: ".
  InFlightDiagnostic emitError();
  /// The same, with the core's message and kind.
  InFlightDiagnostic emitError(const compresslib::Error &error);

private:
  WeightOp weight;
  StringRef passName;
  WeightStore &store;
  ExpressionEvaluator evaluator;
  const WeightConsumers *consumers;
};

/// Rewrites one weight by `rewrite`, which replaces uses of leaves and returns
/// whether it changed anything; then erases what is dead, measures, and leaves
/// the report named `passText` on the weight and as a remark of the pass.
LogicalResult rewriteLossy(WeightOp weight, WeightContext &context,
                           StringRef passText,
                           llvm::function_ref<FailureOr<bool>()> rewrite);

/// Whether a pass over weights may be scheduled there.
bool isWeightOrModule(RegisteredOperationName name);

/// Erases what the weight's yield no longer reaches.
void eraseDeadOps(WeightOp weight);

/// Whether the weight is passed through untouched: empty, of rank 0, or of one
/// element.
bool isTrivial(WeightOp weight);

/// The rank-2 weights of a module, without those that have consumers of which
/// none is a product or an embedding.
SmallVector<WeightOp> getMatrices(ModuleOp module,
                                  const WeightConsumers &consumers);

/// Runs on every weight of `weights`, in parallel, a pipeline of its thread
/// made by `build`. `run` is the pass's own runPipeline.
LogicalResult runOnWeights(
    ArrayRef<WeightOp> weights, AnalysisManager analyses,
    llvm::function_ref<LogicalResult(OpPassManager &)> build,
    llvm::function_ref<LogicalResult(OpPassManager &, Operation *)> run);

/// The same with one pass that `clone` makes, on every weight of the module.
LogicalResult runOnAllWeights(
    llvm::function_ref<std::unique_ptr<Pass>()> clone, ModuleOp module,
    AnalysisManager analyses,
    llvm::function_ref<LogicalResult(OpPassManager &, Operation *)> run);

/// A remark of category "compress" about a weight; thread-safe.
void remarkOn(WeightOp weight, StringRef name, const Twine &text);

/// The pass's textual form without the options that have their default values.
std::string getPassText(const Pass &pass, const Pass &withDefaults);

/// Base of a pass over weights; `Base` is the generated one.
template <typename Base> struct WeightPass : Base, CompressionPass {
  using Base::Base;

  bool canScheduleOn(RegisteredOperationName name) const override {
    return isWeightOrModule(name);
  }

  LogicalResult initialize(MLIRContext *context) override {
    return checkOptions([&] {
      return withKind(emitError(UnknownLoc::get(context)),
                      compresslib::ErrorKind::Usage)
             << this->getArgument() << " ";
    });
  }

  void runOnOperation() final {
    Operation *op = this->getOperation();
    if (auto weight = dyn_cast<WeightOp>(op)) {
      if (isTrivial(weight))
        return;
      Operation *parent = weight->getParentOp();
      auto consumers =
          this->template getCachedParentAnalysis<WeightConsumers>(parent);
      WeightContext context(weight, this->getArgument(),
                            consumers ? &consumers->get() : nullptr);
      if (failed(rewriteLossy(weight, context,
                              getPassText(*this, *this->clonePass()),
                              [&] { return rewrite(weight, context); })))
        this->signalPassFailure();
      return;
    }
    auto module = cast<ModuleOp>(op);
    SmallVector<WeightOp> matrices =
        getMatrices(module, this->template getAnalysis<WeightConsumers>());
    if (matrices.empty() && !module.template getOps<WeightOp>().empty())
      emitWarning(module.getLoc())
          << this->getArgument()
          << " changes nothing: no weight is a matrix that a product or an "
             "embedding takes; --compress-for-each chooses others";
    if (failed(runOnWeights(
            matrices, this->getAnalysisManager(),
            [&](OpPassManager &pipeline) {
              pipeline.addPass(this->clone());
              return success();
            },
            [&](OpPassManager &pipeline, Operation *weight) {
              return this->runPipeline(pipeline, weight);
            })))
      this->signalPassFailure();
  }

  /// Says what is wrong with the options: `error()` begins a sentence whose
  /// subject is the pass.
  virtual LogicalResult
  checkOptions(llvm::function_ref<InFlightDiagnostic()> error) {
    return success();
  }

  /// Replaces leaves; returns whether it changed anything.
  virtual FailureOr<bool> rewrite(WeightOp weight, WeightContext &context) = 0;
};

} // namespace mlir::compress

#endif // COMPRESS_TRANSFORMS_WEIGHTPASS_H
