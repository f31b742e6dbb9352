//===- KernelDialect.cpp - The kernel dialect -----------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel/IR/Kernel.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::kernel;

#include "Kernel/IR/KernelDialect.cpp.inc"

#include "Kernel/IR/KernelEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "Kernel/IR/KernelAttributes.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "Kernel/IR/KernelTypes.cpp.inc"

#include "Kernel/IR/TileSource.cpp.inc"
#define GET_OP_CLASSES
#include "Kernel/IR/KernelOps.cpp.inc"

void KernelDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "Kernel/IR/KernelOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "Kernel/IR/KernelAttributes.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "Kernel/IR/KernelTypes.cpp.inc"
      >();
}

int64_t SplitAttr::getMappingId() const { return getDimension(); }
bool SplitAttr::isLinearMapping() const { return true; }
int64_t SplitAttr::getRelativeIndex() const { return getDimension(); }

LogicalResult LaneDotOp::verify() {
  int64_t lanes = cast<VectorType>(getAcc().getType()).getNumElements();
  int64_t bytes = cast<VectorType>(getA().getType()).getNumElements();
  if (bytes != 4 * lanes)
    return emitOpError("has ") << lanes << " lanes and " << bytes
                               << " bytes, but a lane takes four bytes";
  if (int64_t(getBits()) < 1 || int64_t(getBits()) > 8)
    return emitOpError("has codes of ")
           << int64_t(getBits()) << " bits, but a byte holds 1 to 8";
  return success();
}

LogicalResult MultiplyOp::verify() {
  auto input = cast<ShapedType>(getInput().getType());
  auto output = cast<ShapedType>(getOutput().getType());
  for (ShapedType type : {input, output})
    if (!type.hasRank() || type.getRank() != 2 ||
        !type.getElementType().isF32())
      return emitOpError("takes and makes f32 of [tokens, channels], but has ")
             << Type(type);
  if (isa<RankedTensorType>(input) != isa<RankedTensorType>(output))
    return emitOpError("has a tensor and a buffer; both are one or the other");
  if (isa<RankedTensorType>(output) != (getNumResults() == 1) ||
      getNumResults() > 1)
    return emitOpError("has ")
           << getNumResults()
           << " results, but there is one for a tensor and none for a buffer";
  return success();
}

void MultiplyOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  if (isa<RankedTensorType>(getOutput().getType()))
    return;
  effects.emplace_back(MemoryEffects::Read::get(), &getWeightsMutable());
  effects.emplace_back(MemoryEffects::Read::get(), &getInputMutable());
  effects.emplace_back(MemoryEffects::Write::get(), &getOutputMutable());
}
