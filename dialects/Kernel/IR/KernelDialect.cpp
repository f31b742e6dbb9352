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
