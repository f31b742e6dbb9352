//===- EmbedWeights.cpp - Packed weights as constant data -----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "Kernel/Transforms/Passes.h"
#include "compress/Analysis/PackedLayout.h"
#include "compress/Conversion/Expander.h"
#include "compress/Conversion/LinalgToKernel.h"
#include "mlir/IR/Threading.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_EMBEDWEIGHTSPASS
#include "Kernel/Transforms/Passes.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;
using compress::WeightOp;

namespace {
struct EmbedWeights : kernel::impl::EmbedWeightsPassBase<EmbedWeights> {
  using EmbedWeightsPassBase::EmbedWeightsPassBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    EmbedWeightsPassBase::getDependentDialects(registry);
    registerTileSources(registry);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto global = module.lookupSymbol<memref::GlobalOp>(kPackedWeights);
    if (!global)
      return;
    int64_t size = cast<MemRefType>(global.getType()).getNumElements();
    if (size > limitMegabytes * 1000000) {
      module.emitError("has ")
          << size << " bytes of packed weights, but an object file takes "
          << int64_t(limitMegabytes) << " MB of them (limit-megabytes)";
      return signalPassFailure();
    }
    std::vector<char> bytes(size);
    const compress::WeightStore &store =
        getContext().getLoadedDialect<compress::CompressDialect>()->getStore();
    SmallVector<WeightOp> weights;
    for (WeightOp weight : module.getOps<WeightOp>())
      if (weight->hasAttr("kernel.place"))
        weights.push_back(weight);
    if (failed(failableParallelForEach(&getContext(), weights, [&](WeightOp w) {
          FailureOr<PlannedWeight> planned = PlannedWeight::get(w);
          if (failed(planned))
            return failure();
          PlaceAttr place = planned->place;
          if (place.getOffset() < 0 ||
              place.getOffset() + place.getBytes() > size)
            return LogicalResult(
                w.emitOpError("has a place outside of @packed_weights"));
          return packWeight(
              w, planned->layout, store,
              {reinterpret_cast<uint8_t *>(bytes.data()) + place.getOffset(),
               size_t(place.getBytes())});
        })))
      return signalPassFailure();
    auto type =
        RankedTensorType::get({size}, IntegerType::get(&getContext(), 8));
    global.setInitialValueAttr(
        DenseElementsAttr::getFromRawBuffer(type, bytes));
    global.setConstant(true);
  }
};
} // namespace
