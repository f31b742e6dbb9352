//===- Outliers.cpp - The weights of largest magnitude, apart -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/WeightPass.h"
#include "compress/Algorithms/Magnitude.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::compress {
#define GEN_PASS_DEF_COMPRESSOUTLIERSPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;
namespace algo = compresslib::algo;

namespace {
struct OutliersPass
    : WeightPass<compress::impl::CompressOutliersPassBase<OutliersPass>> {
  using WeightPass::WeightPass;

  LogicalResult
  checkOptions(llvm::function_ref<InFlightDiagnostic()> error) override {
    if (!(percent >= 0 && percent <= 100))
      return error() << "has percent=" << percent.getValue()
                     << ", but a share is 0 to 100 percent";
    return success();
  }

  FailureOr<bool> rewrite(WeightOp weight, WeightContext &context) override {
    SmallVector<Leaf> leaves = collectLeaves(weight, LeafTarget::Values);
    if (leaves.empty())
      return context.emitError()
             << "has no float values left, only codes; set outliers apart "
                "before";
    bool changed = false;
    for (Leaf &leaf : leaves) {
      if (leaf.getType().getRank() != 2)
        return context.emitError()
               << "has a leaf " << leaf.getType()
               << ", but outliers are those of a matrix; set them apart before "
                  "pruning";
      FailureOr<Value> sum = separate(weight, leaf, context);
      if (failed(sum))
        return failure();
      if (!*sum)
        continue;
      for (OpOperand *use : leaf.uses)
        use->set(*sum);
      changed = true;
    }
    return changed;
  }

  /// Null where nothing is set apart.
  FailureOr<Value> separate(WeightOp weight, const Leaf &leaf,
                            WeightContext &context) {
    RankedTensorType type = leaf.getType();
    int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
    FailureOr<std::vector<float>> rest =
        readLeaf(leaf.value, context.getEvaluator());
    if (failed(rest))
      return failure();
    auto apart =
        algo::keepLargest(algo::MatrixRef(*rest, rows, columns), 100 - percent);
    if (!apart) {
      context.emitError(apart.error());
      return failure();
    }
    std::vector<float> values, places, counts(rows);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < columns; ++c) {
        int64_t index = r * columns + c;
        if (!(*apart)[index])
          continue;
        values.push_back(std::exchange((*rest)[index], 0.0f));
        places.push_back(c);
        ++counts[r];
      }
    if (values.empty())
      return Value();

    LeafBuilder builder(weight, leaf.value);
    // Wide enough for any outliers, so that sizes hang on shapes alone.
    auto bitsFor = [&](int64_t most) {
      return IntegerType::get(&getContext(), llvm::Log2_64_Ceil(most + 1),
                              IntegerType::Unsigned);
    };
    auto vector = [&](StringRef part, ArrayRef<float> elements, Type element) {
      return builder.fromValues(
          part, RankedTensorType::get({int64_t(elements.size())}, element),
          elements);
    };
    FailureOr<Value> restLeaf = builder.fromValues("rest", type, *rest);
    FailureOr<Value> valuesLeaf =
        vector("outliers", values, getStorageType(&getContext(), valueType));
    FailureOr<Value> columnsLeaf =
        vector("columns", places, bitsFor(std::max<int64_t>(1, columns - 1)));
    FailureOr<Value> countsLeaf = vector("counts", counts, bitsFor(columns));
    if (failed(restLeaf) || failed(valuesLeaf) || failed(columnsLeaf) ||
        failed(countsLeaf))
      return failure();
    auto result = type.clone(Float32Type::get(&getContext()));
    Value outliers = OutliersOp::create(builder.builder, builder.loc, result,
                                        *valuesLeaf, *columnsLeaf, *countsLeaf);
    return SumOp::create(builder.builder, builder.loc, result,
                         ValueRange{*restLeaf, outliers})
        .getResult();
  }
};
} // namespace
