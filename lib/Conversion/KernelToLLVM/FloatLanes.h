//===- FloatLanes.h - Lowering of lane ops of floats ------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef LIB_CONVERSION_KERNELTOLLVM_FLOATLANES_H
#define LIB_CONVERSION_KERNELTOLLVM_FLOATLANES_H

#include "Kernel/IR/Kernel.h"
#include "compress/InstructionSets/InstructionSet.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::kernel {

/// What replaces the op.
SmallVector<Value> lowerLanePermute(LanePermuteOp op, PatternRewriter &b,
                                    const InstructionSet &set);
Value lowerLaneExpandFloats(LaneExpandFloatsOp op, PatternRewriter &b,
                            const InstructionSet &set);

} // namespace mlir::kernel

#endif // LIB_CONVERSION_KERNELTOLLVM_FLOATLANES_H
