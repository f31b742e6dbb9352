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
/// Whether a product's buffers have the widths of the value that it names; what
/// verifiers, which see no symbols, leave open.
LogicalResult checkShapes(Operation *op) {
  auto weight = SymbolTable::lookupNearestSymbolFrom<compress::WeightOp>(
      op, op->getAttrOfType<FlatSymbolRefAttr>("weight"));
  Value value = weight.getResultValue();
  if (auto node = op->getAttrOfType<IntegerAttr>("node"))
    value = node.getInt() < 0 ? Value() : getNode(weight, node.getInt());
  if (!value)
    return op->emitOpError("names node ")
           << op->getAttrOfType<IntegerAttr>("node").getInt() << " of @"
           << weight.getSymName() << ", which has no such value";
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() != 2)
    return op->emitOpError("names a value of @")
           << weight.getSymName() << " of type " << type
           << ", which is no matrix";
  auto width = [](Value buffer) {
    return cast<MemRefType>(buffer.getType()).getDimSize(1);
  };
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  auto fail = [&](int64_t in, int64_t out) {
    return op->emitOpError("has ")
           << in << " inputs and " << out << " outputs, but @"
           << weight.getSymName() << "'s value is " << type;
  };
  if (auto matmul = dyn_cast<MatmulOp>(op)) {
    int64_t in = width(matmul.getInput()), out = width(matmul.getOutput());
    return in == columns && out == rows ? success()
                                        : LogicalResult(fail(in, out));
  }
  if (auto integer = dyn_cast<MatmulInt8Op>(op)) {
    int64_t in = width(integer.getCodes()), out = width(integer.getOutput());
    return in == llvm::divideCeil(columns, kBlockInputs) * kBlockInputs &&
                   out == rows
               ? success()
               : LogicalResult(fail(in, out));
  }
  int64_t out = width(cast<GatherRowsOp>(op).getOutput());
  if (out != columns)
    return op->emitOpError("writes rows of ")
           << out << ", but @" << weight.getSymName() << "'s value is " << type;
  return success();
}

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
    auto layoutOf = [&](Operation *op,
                        FlatSymbolRefAttr name) -> const PackedLayout * {
      auto it = layouts.find(name.getValue());
      if (it != layouts.end())
        return &it->second;
      auto weight =
          SymbolTable::lookupNearestSymbolFrom<compress::WeightOp>(op, name);
      if (!weight) {
        op->emitOpError("names @")
            << name.getValue()
            << ", but no compress.weight of that name is there";
        return nullptr;
      }
      FailureOr<PackedLayout> layout = PackedLayout::get(weight);
      if (failed(layout))
        return nullptr;
      return &layouts.try_emplace(name.getValue(), std::move(*layout))
                  .first->second;
    };
    int64_t scratchBytes = 0;
    for (auto function : getOperation().getOps<FunctionOpInterface>()) {
      if (function.isExternal())
        continue;
      ScratchPool scratch(function);
      SmallVector<Operation *> ops;
      function.walk([&](Operation *op) {
        if (isa<MatmulOp, MatmulInt8Op, GatherRowsOp, QuantizeActivationsOp,
                RoundActivationsOp>(op))
          ops.push_back(op);
      });
      for (Operation *op : ops) {
        LogicalResult result = success();
        if (auto quantize = dyn_cast<QuantizeActivationsOp>(op)) {
          lowerQuantizeActivations(quantize);
        } else if (auto round = dyn_cast<RoundActivationsOp>(op)) {
          lowerRoundActivations(round);
        } else {
          const PackedLayout *layout =
              layoutOf(op, op->getAttrOfType<FlatSymbolRefAttr>("weight"));
          if (!layout || failed(checkShapes(op)))
            return signalPassFailure();
          if (auto matmul = dyn_cast<MatmulOp>(op))
            result = lowerMatmul(matmul, *layout, *set, scratch);
          else if (auto integer = dyn_cast<MatmulInt8Op>(op))
            result = lowerMatmulInt8(integer, *layout, *set, scratch);
          else
            result = lowerGatherRows(cast<GatherRowsOp>(op), *layout, scratch);
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
