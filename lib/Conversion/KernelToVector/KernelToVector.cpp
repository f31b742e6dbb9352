//===- KernelToVector.cpp - Passes from kernel ops to vector code ---------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Kernel/Transforms/Passes.h"
#include "Matmul.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_CONVERTKERNELTOVECTORPASS
#include "Kernel/Transforms/Passes.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;

namespace {
struct ConvertKernelToVector
    : kernel::impl::ConvertKernelToVectorPassBase<ConvertKernelToVector> {
  using ConvertKernelToVectorPassBase::ConvertKernelToVectorPassBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    ConvertKernelToVectorPassBase::getDependentDialects(registry);
    registerTileSources(registry);
  }

  void runOnOperation() override {
    const InstructionSet *set = findInstructionSet(target);
    if (!set) {
      getOperation().emitError(unknownInstructionSet("target", target));
      return signalPassFailure();
    }
    llvm::StringMap<PackedLayout> layouts;
    for (auto format : getOperation().getOps<compress::FormatOp>()) {
      FailureOr<PackedLayout> layout = PackedLayout::get(format);
      if (failed(layout))
        return signalPassFailure();
      layouts[format.getSymName()] = std::move(*layout);
    }
    int64_t scratchBytes = 0;
    if (auto before =
            getOperation()->getAttrOfType<IntegerAttr>("kernel.scratch_bytes"))
      scratchBytes = before.getInt();
    for (auto function : getOperation().getOps<FunctionOpInterface>()) {
      if (function.isExternal())
        continue;
      ScratchPool scratch(function);
      SmallVector<Operation *> ops;
      function.walk([&](Operation *op) {
        if (isa<MatmulOp, MatmulInt8Op, GatherRowsOp, QuantizeActivationsOp,
                RoundActivationsOp, AttendOp>(op))
          ops.push_back(op);
      });
      for (Operation *op : ops) {
        LogicalResult result = success();
        if (auto quantize = dyn_cast<QuantizeActivationsOp>(op)) {
          lowerQuantizeActivations(quantize);
        } else if (auto round = dyn_cast<RoundActivationsOp>(op)) {
          lowerRoundActivations(round);
        } else if (auto attend = dyn_cast<AttendOp>(op)) {
          lowerAttend(attend, *set);
        } else {
          const PackedLayout &layout =
              layouts[op->getAttrOfType<FlatSymbolRefAttr>("format")
                          .getValue()];
          if (layout.nodes.size() != 1 && !isa<GatherRowsOp>(op)) {
            op->emitOpError("has a format that distributes over a product; it "
                            "takes one part");
            return signalPassFailure();
          }
          if (auto matmul = dyn_cast<MatmulOp>(op))
            result = lowerMatmul(matmul, layout, *set, scratch);
          else if (auto integer = dyn_cast<MatmulInt8Op>(op))
            result = lowerMatmulInt8(integer, layout, *set, scratch);
          else
            result = lowerGatherRows(cast<GatherRowsOp>(op), layout, scratch);
        }
        if (failed(result))
          return signalPassFailure();
        op->erase();
      }
      scratchBytes = std::max(scratchBytes, scratch.finish());
    }
    if (scratchBytes)
      getOperation()->setAttr(
          "kernel.scratch_bytes",
          Builder(&getContext()).getI64IntegerAttr(scratchBytes));
  }
};

} // namespace
