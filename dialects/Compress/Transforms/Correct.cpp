//===- Correct.cpp - Add a low-rank correction ---------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/Reference.h"
#include "Compress/Transforms/WeightPass.h"
#include "compress/Algorithms/LowRank.h"

namespace mlir::compress {
#define GEN_PASS_DEF_COMPRESSCORRECTPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;
namespace algo = compresslib::algo;

namespace {
struct CorrectPass
    : WeightPass<compress::impl::CompressCorrectPassBase<CorrectPass>> {
  using WeightPass::WeightPass;

  LogicalResult
  checkOptions(llvm::function_ref<InFlightDiagnostic()> error) override {
    if (rank < 1)
      return error() << "has rank=" << rank.getValue()
                     << ", but a rank is at least 1";
    return success();
  }

  FailureOr<bool> rewrite(WeightOp weight, WeightContext &context) override {
    RankedTensorType type = weight.getWeightType();
    if (type.getRank() != 2)
      return context.emitError()
             << "is " << type << ", but a matrix is corrected";
    LeafShape shape = getMatrixShape(type);
    if (rank > std::min(shape.rows, shape.columns))
      return context.emitError()
             << "would have rank " << rank.getValue() << ", but a matrix of "
             << shape.rows << " by " << shape.columns << " has ranks 1 to "
             << std::min(shape.rows, shape.columns);
    // Where an expression lost nothing the correction is nothing, too, and is
    // there all the same: sizes do not hang on values.
    if (isAtOrigin(weight))
      return false;
    Value value = weight.getResultValue();
    auto correct = [&](const algo::LowRankFactors &factors) -> FailureOr<bool> {
      LeafBuilder builder = LeafBuilder::forWeight(weight, value);
      FailureOr<Value> product = buildProduct(
          builder, factors, shape, getStorageType(&getContext(), factorType),
          "correction/");
      if (failed(product))
        return failure();
      weight.getYield().getValueMutable().assign(
          SumOp::create(builder.builder, builder.loc, type,
                        ValueRange{value, *product})
              .getResult());
      return true;
    };
    if (context.isPlanning()) {
      algo::LowRankFactors planned;
      planned.rank = rank;
      return correct(planned);
    }
    RowReader origin = openOrigin(weight, context.getStore());
    if (!origin)
      return context.emitError()
             << "has no origin at hand to be corrected against; correct in the "
                "run that compresses, or put the file that its origin names "
                "where it was";

    std::vector<float> lost(type.getNumElements());
    if (failed(origin(0, shape.rows, lost)))
      return failure();
    std::vector<float> block;
    int64_t step = std::max<int64_t>(1, (int64_t(1) << 20) / shape.columns);
    for (int64_t begin = 0; begin < shape.rows; begin += step) {
      int64_t end = std::min(shape.rows, begin + step);
      block.resize((end - begin) * shape.columns);
      if (failed(context.getEvaluator().evaluateRows(value, begin, end, block)))
        return failure();
      for (auto [was, is] : llvm::zip(
               MutableArrayRef(lost).slice(begin * shape.columns, block.size()),
               block))
        was -= is;
    }
    auto factors = algo::truncatedSVD(
        algo::MatrixRef(lost, shape.rows, shape.columns), rank);
    if (!factors)
      return context.emitError(factors.error());
    return correct(*factors);
  }
};
} // namespace
