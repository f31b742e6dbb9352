//===- Quantize.cpp - Integer codes by rounding to the nearest ------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/QuantizeLeaf.h"
#include "compress/Algorithms/RoundToNearest.h"
#include "compress/Algorithms/ScaleSearch.h"

namespace mlir::compress {
#define GEN_PASS_DEF_COMPRESSQUANTIZEPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;
namespace algo = compresslib::algo;

namespace {
struct QuantizePass
    : WeightPass<compress::impl::CompressQuantizePassBase<QuantizePass>> {
  using WeightPass::WeightPass;

  LogicalResult
  checkOptions(llvm::function_ref<InFlightDiagnostic()> error) override {
    if (bits < 2 || bits > 8)
      return error() << "has bits=" << bits.getValue()
                     << ", but codes have 2 to 8 bits";
    if (groupSize < 0)
      return error()
             << "has group-size=" << groupSize.getValue()
             << ", but it is a number of inputs, or 0 for the whole row";
    if (search == QuantizationSearch::Scale &&
        scheme != algo::Scheme::Symmetric && scheme.hasValue())
      return error() << "has search=scale and a scheme that is not symmetric, "
                        "but the search finds symmetric codes; leave scheme "
                        "out";
    return success();
  }

  FailureOr<bool> rewrite(WeightOp weight) override {
    QuantizeLeafOptions leaf{
        getArgument(),
        bits,
        groupSize,
        scheme == algo::Scheme::Symmetric || scheme == algo::Scheme::Unsigned ||
            search == QuantizationSearch::Scale,
        strictGroups,
        target,
        getStorageType(&getContext(), scaleType),
        zeroType == ZeroPointType::F16 ? Float16Type::get(&getContext())
                                       : Type()};
    if (search == QuantizationSearch::Scale) {
      algo::ScaleSearchOptions options;
      options.bits = bits;
      options.groupSize = groupSize;
      options.scaleType = scaleType;
      return quantizeLeaves(weight, leaf, [&](algo::MatrixRef rows) {
        return algo::searchScales(rows, options);
      });
    }
    algo::RoundToNearestOptions options;
    options.bits = bits;
    options.groupSize = groupSize;
    options.scheme = scheme;
    options.scaleType = scaleType;
    return quantizeLeaves(weight, leaf, [&](algo::MatrixRef rows) {
      return algo::roundToNearest(rows, options);
    });
  }
};
} // namespace
