//===- CompressToArith.cpp - Small weights as constants -------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Store.h"
#include "Compress/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace mlir::compress {
#define GEN_PASS_DEF_CONVERTCOMPRESSTOARITHPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;

namespace {
struct ConvertCompressToArith
    : compress::impl::ConvertCompressToArithPassBase<ConvertCompressToArith> {
  using ConvertCompressToArithPassBase::ConvertCompressToArithPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    const WeightStore &store =
        getContext().getLoadedDialect<CompressDialect>()->getStore();
    SymbolTableCollection symbols;
    llvm::DenseMap<Operation *, DenseElementsAttr> values;
    bool failedOne = false;
    module.walk([&](UseOp use) {
      auto weight =
          symbols.lookupNearestSymbolFrom<WeightOp>(use, use.getWeightAttr());
      DenseElementsAttr &value = values[weight];
      if (!value) {
        RankedTensorType type = weight.getWeightType();
        if (type.getNumElements() > maxElements) {
          if (values.size() <= 20)
            weight.emitError("weight @")
                << weight.getSymName() << " has " << type.getNumElements()
                << " elements, but constants are for up to "
                << int64_t(maxElements)
                << "; raise max-elements to write it into the IR";
          failedOne = true;
          return;
        }
        FailureOr<std::vector<float>> floats = evaluateWeight(weight, store);
        if (failed(floats)) {
          failedOne = true;
          return;
        }
        value = DenseElementsAttr::get(type, ArrayRef<float>(*floats));
      }
      OpBuilder builder(use);
      Value constant = arith::ConstantOp::create(builder, use.getLoc(), value);
      use.replaceAllUsesWith(constant);
      use.erase();
    });
    if (failedOne)
      return signalPassFailure();
    for (WeightOp weight :
         llvm::make_early_inc_range(module.getOps<WeightOp>()))
      weight.erase();
    for (StoreOp op : llvm::make_early_inc_range(module.getOps<StoreOp>()))
      op.erase();
  }
};
} // namespace
