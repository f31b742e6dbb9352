//===- Tie.cpp - Equal weights become one --------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/WeightPass.h"
#include "compress/Algorithms/Similarity.h"
#include <map>

namespace mlir::compress {
#define GEN_PASS_DEF_COMPRESSTIEPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;
namespace algo = compresslib::algo;

namespace {
struct TiePass : compress::impl::CompressTiePassBase<TiePass>, CompressionPass {
  using CompressTiePassBase::CompressTiePassBase;

  LogicalResult initialize(MLIRContext *context) override {
    if (!(threshold >= 0 && threshold < 1))
      return emitError(UnknownLoc::get(context))
             << getArgument() << " has threshold=" << threshold.getValue()
             << ", but a relative distance is at least 0 and below 1";
    return success();
  }

  void runOnOperation() override {
    if (getStore().isPlanning()) {
      emitError(UnknownLoc::get(&getContext()))
          << getArgument()
          << " compares values, so that what it saves is known only when it "
             "runs";
      return signalPassFailure();
    }
    if (failed(tieEqual()) || (threshold > 0 && failed(tieNear())))
      signalPassFailure();
  }

  WeightStore &getStore() {
    return getContext().getLoadedDialect<CompressDialect>()->getStore();
  }

  /// What two equal weights have in common: form, types, attributes and the
  /// leaves' contents, but not the leaves' names.
  FailureOr<std::vector<uint64_t>> getFingerprint(WeightOp weight) {
    std::vector<uint64_t> print;
    auto add = [&](const void *unique) {
      print.push_back(reinterpret_cast<uintptr_t>(unique));
    };
    llvm::DenseMap<Value, uint64_t> numbers;
    add(weight.getType().getAsOpaquePointer());
    for (Operation &op : weight.getBody().front()) {
      add(op.getName().getAsOpaquePointer());
      for (Value operand : op.getOperands())
        print.push_back(numbers.lookup(operand));
      for (Value result : op.getResults()) {
        numbers[result] = print.size();
        add(result.getType().getAsOpaquePointer());
      }
      auto stored = dyn_cast<StoredOp>(op);
      if (!stored) {
        add(op.getAttrDictionary().getAsOpaquePointer());
        continue;
      }
      std::optional<WeightStore::Blob> blob =
          getStore().lookup(stored.getKey());
      if (!blob)
        return stored.emitOpError("names tensor \"")
               << stored.getKey() << "\", which is not in the weight store";
      algo::ContentHash hash =
          algo::contentHash(compresslib::Span<const uint8_t>(
              blob->bytes.data(), blob->bytes.size()));
      print.push_back(hash.high);
      print.push_back(hash.low);
    }
    return print;
  }

  /// Equal fingerprints are confirmed by the bytes.
  bool haveSameBytes(WeightOp a, WeightOp b) {
    for (auto [left, right] : llvm::zip(a.getBody().front().getOps<StoredOp>(),
                                        b.getBody().front().getOps<StoredOp>()))
      if (left.getKey() != right.getKey() &&
          getStore().lookup(left.getKey())->bytes !=
              getStore().lookup(right.getKey())->bytes)
        return false;
    return true;
  }

  LogicalResult tieEqual() {
    std::map<std::vector<uint64_t>, WeightOp> first;
    llvm::StringMap<StringRef> tied;
    SmallVector<WeightOp> duplicates;
    for (WeightOp weight : getOperation().getOps<WeightOp>()) {
      FailureOr<std::vector<uint64_t>> print = getFingerprint(weight);
      if (failed(print))
        return failure();
      auto [it, isFirst] = first.try_emplace(std::move(*print), weight);
      if (isFirst || !haveSameBytes(it->second, weight))
        continue;
      tied[weight.getSymName()] = it->second.getSymName();
      duplicates.push_back(weight);
      remarkOn(weight, getArgument(),
               "is equal to @" + it->second.getSymName() +
                   " and is tied to it");
    }
    getOperation().walk([&](UseOp use) {
      if (auto it = tied.find(use.getWeight()); it != tied.end())
        use.setWeight(it->second);
    });
    for (WeightOp duplicate : duplicates)
      duplicate.erase();
    return success();
  }

  LogicalResult tieNear() {
    std::string text = getPassText(*this, *clonePass());
    ExpressionEvaluator evaluator(getStore());
    // Two matrices are in memory at a time.
    SmallVector<WeightOp> bases;
    for (WeightOp weight : getOperation().getOps<WeightOp>()) {
      if (weight.getWeightType().getRank() != 2 || isTrivial(weight) ||
          !isSingleLeaf(weight))
        continue;
      FailureOr<std::vector<float>> values =
          readLeaf(weight.getResultValue(), evaluator);
      if (failed(values))
        return failure();
      WeightOp nearest;
      double least = threshold;
      for (WeightOp base : bases) {
        if (base.getWeightType() != weight.getWeightType())
          continue;
        FailureOr<std::vector<float>> baseValues =
            readLeaf(base.getResultValue(), evaluator);
        if (failed(baseValues))
          return failure();
        double distance = algo::relativeDistance(*baseValues, *values);
        if (distance < least || (!nearest && distance == least)) {
          least = distance;
          nearest = base;
        }
      }
      if (!nearest) {
        bases.push_back(weight);
        continue;
      }
      WeightContext context(weight, getArgument(), /*consumers=*/nullptr);
      if (failed(rewriteLossy(weight, context, text, [&] {
            return toDelta(weight, nearest, std::move(*values), evaluator);
          })))
        return failure();
    }
    return success();
  }

  static bool isSingleLeaf(WeightOp weight) {
    return isLeaf(weight.getResultValue());
  }

  FailureOr<bool> toDelta(WeightOp weight, WeightOp base,
                          std::vector<float> values,
                          ExpressionEvaluator &evaluator) {
    FailureOr<std::vector<float>> baseValues =
        readLeaf(base.getResultValue(), evaluator);
    if (failed(baseValues))
      return failure();
    for (auto [value, other] : llvm::zip(values, *baseValues))
      value -= other;
    RankedTensorType type = weight.getWeightType();
    LeafBuilder builder(weight, weight.getResultValue());
    Value shared =
        builder.builder.clone(*base.getResultValue().getDefiningOp())
            ->getResult(0);
    FailureOr<Value> delta = builder.fromValues(
        "delta", type.clone(getStorageType(&getContext(), deltaType)), values);
    if (failed(delta))
      return failure();
    weight.getYield().getValueMutable().assign(
        SumOp::create(builder.builder, builder.loc, type,
                      ValueRange{shared, *delta})
            .getResult());
    return true;
  }
};
} // namespace
