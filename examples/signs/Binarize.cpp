//===- Binarize.cpp - Keep the signs of a weight and a scale a row --------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/WeightPass.h"
#include "Signs.h"

#include <cmath>

namespace signs {
#define GEN_PASS_DEF_SIGNSBINARIZEPASS
#include "SignsPasses.h.inc"
} // namespace signs

using namespace mlir;
using namespace mlir::compress;

namespace {
struct BinarizePass
    : WeightPass<signs::impl::SignsBinarizePassBase<BinarizePass>> {
  using WeightPass::WeightPass;

  FailureOr<bool> rewrite(WeightOp weight, WeightContext &context) override {
    bool changed = false;
    for (Leaf &leaf : collectLeaves(weight, LeafTarget::Values)) {
      RankedTensorType type = leaf.getType();
      if (type.getRank() != 2)
        continue;
      std::vector<uint8_t> bytes((type.getNumElements() + 7) / 8);
      std::vector<float> scales;
      auto read = [&](compresslib::algo::MatrixRef block,
                      int64_t firstRow) -> LogicalResult {
        for (int64_t r = 0; r < block.rows; ++r) {
          double sum = 0;
          for (int64_t c = 0; c < block.columns; ++c) {
            float value = block.row(r)[c];
            sum += std::fabs(value);
            int64_t element = (firstRow + r) * block.columns + c;
            bytes[element / 8] |= uint8_t(value >= 0) << element % 8;
          }
          scales.push_back(float(sum / double(block.columns)));
        }
        return success();
      };
      if (failed(forEachRowBlock(leaf.value, context.getEvaluator(), read)))
        return failure();
      LeafBuilder builder(weight, leaf.value);
      auto bit = IntegerType::get(&getContext(), 1, IntegerType::Unsigned);
      FailureOr<Value> signsLeaf =
          builder.fromBytes("signs", type.clone(bit), bytes);
      FailureOr<Value> scalesLeaf = builder.fromValues(
          "scales",
          RankedTensorType::get({type.getDimSize(0), 1},
                                Float16Type::get(&getContext())),
          scales);
      if (failed(signsLeaf) || failed(scalesLeaf))
        return failure();
      Value codes = signs::DecodeOp::create(
          builder.builder, builder.loc,
          type.clone(IntegerType::get(&getContext(), 2, IntegerType::Signed)),
          *signsLeaf);
      Value scaled = DequantizeOp::create(
          builder.builder, builder.loc,
          type.clone(Float32Type::get(&getContext())), codes, *scalesLeaf,
          /*zeros=*/Value());
      for (OpOperand *use : leaf.uses)
        use->set(scaled);
      changed = true;
    }
    return changed;
  }
};
} // namespace

void signs::registerBinarizePass() { PassRegistration<BinarizePass>(); }
