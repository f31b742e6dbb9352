//===- Decompose.cpp - Two factors of low rank ---------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/WeightPass.h"
#include "compress/Algorithms/LowRank.h"

namespace mlir::compress {
#define GEN_PASS_DEF_COMPRESSDECOMPOSEPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;
namespace algo = compresslib::algo;

namespace {
struct DecomposePass
    : WeightPass<compress::impl::CompressDecomposePassBase<DecomposePass>> {
  using WeightPass::WeightPass;

  LogicalResult
  checkOptions(llvm::function_ref<InFlightDiagnostic()> error) override {
    if ((rank != 0) + (ratio != 0) + (energy != 0) != 1)
      return error() << "takes exactly one of rank, ratio and energy";
    if (rank < 0)
      return error() << "has rank=" << rank.getValue()
                     << ", but a rank is at least 1";
    if (!(ratio >= 0))
      return error() << "has ratio=" << ratio.getValue()
                     << ", but a kept share is above 0";
    if (!(energy >= 0 && energy <= 1))
      return error() << "has energy=" << energy.getValue()
                     << ", but a kept share is above 0 and at most 1";
    return success();
  }

  FailureOr<bool> rewrite(WeightOp weight, WeightContext &context) override {
    SmallVector<Leaf> leaves = collectLeaves(weight, LeafTarget::Values);
    if (leaves.empty())
      return context.emitError()
             << "has no float values left to decompose, only codes; decompose "
                "before quantising, and both factors are quantised";
    for (Leaf &leaf : leaves) {
      if (leaf.isUnder([](Operation *op) { return isa<ProductOp>(op); }))
        return context.emitError()
               << "is a product of factors already; decompose once, to the "
                  "smaller rank";
      if (leaf.isUnder([](Operation *op) {
            return isa<DensifyOp, DensifyNMOp, DensifyBlocksOp>(op);
          }))
        return context.emitError()
               << "is pruned, and the kept values are no matrix; decompose "
                  "before pruning, and both factors are pruned";
      if (leaf.getType().getRank() != 2)
        return context.emitError() << "has a leaf " << leaf.getType()
                                   << ", but a matrix is decomposed";
      if (failed(decompose(weight, leaf, context)))
        return failure();
    }
    return true;
  }

  LogicalResult decompose(WeightOp weight, Leaf &leaf, WeightContext &context) {
    LeafShape shape = getMatrixShape(leaf.getType());
    int64_t largest = std::min(shape.rows, shape.columns);
    int64_t kept = rank;
    if (ratio > 0)
      kept = algo::rankForKeptRatio(shape.rows, shape.columns, ratio);
    if (energy == 0 && (kept < 1 || kept > largest))
      return context.emitError()
             << "would have rank " << kept << ", but a matrix of " << shape.rows
             << " by " << shape.columns << " has ranks 1 to " << largest;
    LeafBuilder builder(weight, leaf.value);
    Type storedType = getStorageType(&getContext(), factorType);
    auto replace = [&](const algo::LowRankFactors &factors) {
      FailureOr<Value> product =
          buildProduct(builder, factors, shape, storedType);
      if (failed(product))
        return failure();
      for (OpOperand *use : leaf.uses)
        use->set(*product);
      return success();
    };
    if (context.isPlanning()) {
      if (energy > 0)
        return context.emitError()
               << "has energy=" << energy.getValue()
               << ", whose rank follows from the values; run it, or name a "
                  "rank "
                  "or ratio";
      algo::LowRankFactors planned;
      planned.rank = kept;
      return replace(planned);
    }
    FailureOr<std::vector<float>> values =
        readLeaf(leaf.value, context.getEvaluator());
    if (failed(values))
      return failure();
    algo::MatrixRef matrix(*values, shape.rows, shape.columns);
    auto factors = energy > 0 ? algo::truncatedSVDByEnergy(matrix, energy)
                              : algo::truncatedSVD(matrix, kept);
    if (!factors)
      return context.emitError(factors.error());
    return replace(*factors);
  }
};
} // namespace
