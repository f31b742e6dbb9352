//===- Kernel.h - The kernel dialect ----------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How a machine multiplies: products with packed weights, and lane ops.
//
//===----------------------------------------------------------------------===//
#ifndef KERNEL_IR_KERNEL_H
#define KERNEL_IR_KERNEL_H

#include "Compress/IR/Expression.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/SCF/IR/DeviceMappingInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <optional>

namespace mlir::kernel {
class Expander;

/// What a CodeSource emits: bytes of at most `bits` bits, that have `bias`
/// added to their codes, from a record of `blockBytes` a block.
struct CodeForm {
  unsigned bits;
  int64_t bias;
  int64_t blockBytes;
};

/// What a ScaleSource reads: a header of `headerBytes` for `groups` groups of a
/// row tile; 1 where each group has its own.
struct ScaleForm {
  int64_t groups;
  int64_t headerBytes;
};
} // namespace mlir::kernel

#include "Kernel/IR/KernelDialect.h.inc"

#include "Kernel/IR/KernelEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "Kernel/IR/KernelAttributes.h.inc"

#define GET_TYPEDEF_CLASSES
#include "Kernel/IR/KernelTypes.h.inc"

#include "Kernel/IR/TileSource.h.inc"

#define GET_OP_CLASSES
#include "Kernel/IR/KernelOps.h.inc"

#endif // KERNEL_IR_KERNEL_H
