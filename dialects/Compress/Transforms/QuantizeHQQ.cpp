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

  LogicalResult
  checkOptions(llvm::function_ref<InFlightDiagnostic()> error) override {
    if (bits < 2 || bits > 8)
      return error() << "has bits=" << bits.getValue()
                     << ", but codes have 2 to 8 bits";
    if (groupSize < 0)
      return error()
             << "has group-size=" << groupSize.getValue()
             << ", but it is a number of inputs, or 0 for the whole row";
    if (iterations < 1 || iterations > 1000)
      return error() << "has iterations=" << iterations.getValue()
                     << ", but they are 1 to 1000";
    return success();
  }

  FailureOr<bool> rewrite(WeightOp weight) override {
    algo::HQQOptions options;
    options.bits = bits;
    options.groupSize = groupSize;
    options.scaleType = scaleType;
    options.zeroType = zeroType;
    options.iterations = iterations;
    return quantizeLeaves(weight,
                          {getArgument(), bits, groupSize,
                           /*zeroIsZero=*/false, strictGroups,
                           LeafTarget::Values,
                           getStorageType(&getContext(), scaleType),
                           getStorageType(&getContext(), zeroType)},
                          [&](algo::MatrixRef rows) {
                            return algo::quantizeHalfQuadratic(rows, options);
                          });
  }
};
} // namespace
