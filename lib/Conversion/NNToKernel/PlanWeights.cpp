//===- PlanWeights.cpp - Places of packed weights -------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Kernel/Transforms/Passes.h"
#include "compress/Conversion/Expander.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_PLANWEIGHTSPASS
#include "Kernel/Transforms/Passes.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;

namespace {
struct PlanWeights : kernel::impl::PlanWeightsPassBase<PlanWeights> {
  void getDependentDialects(DialectRegistry &registry) const override {
    PlanWeightsPassBase::getDependentDialects(registry);
    registerTileSources(registry);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    // Places of an earlier plan mean nothing for this one.
    for (auto weight : module.getOps<compress::WeightOp>())
      weight->removeAttr("kernel.place");
    FailureOr<int64_t> end = planPlaces(
        module, [&](compress::WeightOp weight, int64_t offset,
                    const PackedLayout &layout) {
          weight->setAttr("kernel.place", PlaceAttr::get(&getContext(), offset,
                                                         layout.bytes));
        });
    if (failed(end))
      return signalPassFailure();
    module->setAttr("kernel.weights_bytes",
                    IntegerAttr::get(IntegerType::get(&getContext(), 64), *end));
  }
};
} // namespace
