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

  algo::QuantizeOptions getShared() { return {bits, groupSize, scaleType}; }

  LogicalResult
  checkOptions(llvm::function_ref<InFlightDiagnostic()> error) override {
    if (LogicalResult known = checkQuantizeOptions(getShared(), error);
        failed(known))
      return known;
    if (search == QuantizationSearch::Scale &&
        scheme != algo::Scheme::Symmetric && scheme.hasValue())
      return error() << "has search=scale and a scheme that is not symmetric, "
                        "but the search finds symmetric codes; leave scheme "
                        "out";
    return success();
  }

  FailureOr<bool> rewrite(WeightOp weight, WeightContext &context) override {
    QuantizeLeafOptions leaf{
        getShared(),
        scheme == algo::Scheme::Symmetric || scheme == algo::Scheme::Unsigned ||
            search == QuantizationSearch::Scale,
        strictGroups, target,
        zeroType == ZeroPointType::F16 ? Float16Type::get(&getContext())
                                       : Type()};
    if (search == QuantizationSearch::Scale) {
      algo::ScaleSearchOptions options;
      static_cast<algo::QuantizeOptions &>(options) = getShared();
      return quantizeLeaves(weight, context, leaf, [&](algo::MatrixRef rows) {
        return algo::searchScales(rows, options);
      });
    }
    algo::RoundToNearestOptions options;
    static_cast<algo::QuantizeOptions &>(options) = getShared();
    options.scheme = scheme;
    return quantizeLeaves(weight, context, leaf, [&](algo::MatrixRef rows) {
      return algo::roundToNearest(rows, options);
    });
  }
};
} // namespace
