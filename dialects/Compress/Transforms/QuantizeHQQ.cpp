//===- QuantizeHQQ.cpp - Codes with fractional zero points ---------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/QuantizeLeaf.h"
#include "compress/Algorithms/HQQ.h"

namespace mlir::compress {
#define GEN_PASS_DEF_COMPRESSQUANTIZEHQQPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;
namespace algo = compresslib::algo;

namespace {
struct QuantizeHQQPass
    : WeightPass<compress::impl::CompressQuantizeHQQPassBase<QuantizeHQQPass>> {
  using WeightPass::WeightPass;

  algo::QuantizeOptions getShared() { return {bits, groupSize, scaleType}; }

  LogicalResult
  checkOptions(llvm::function_ref<InFlightDiagnostic()> error) override {
    if (LogicalResult known = checkQuantizeOptions(getShared(), error);
        failed(known))
      return known;
    if (iterations < 1 || iterations > 1000)
      return error() << "has iterations=" << iterations.getValue()
                     << ", but they are 1 to 1000";
    return success();
  }

  FailureOr<bool> rewrite(WeightOp weight, WeightContext &context) override {
    algo::HQQOptions options;
    static_cast<algo::QuantizeOptions &>(options) = getShared();
    options.zeroType = zeroType;
    options.iterations = iterations;
    return quantizeLeaves(weight, context,
                          {getShared(), /*zeroIsZero=*/false, strictGroups,
                           LeafTarget::Values,
                           getStorageType(&getContext(), zeroType)},
                          [&](algo::MatrixRef rows) {
                            return algo::quantizeHalfQuadratic(rows, options);
                          });
  }
};
} // namespace
