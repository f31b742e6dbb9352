//===- Matmul.h - Lowering of one kernel op ---------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef LIB_CONVERSION_KERNELTOVECTOR_MATMUL_H
#define LIB_CONVERSION_KERNELTOVECTOR_MATMUL_H

#include "compress/Conversion/Expander.h"
#include "compress/Conversion/KernelToVector.h"

namespace mlir::kernel {

/// Each emits before the op what replaces it; the caller erases the op.
LogicalResult lowerMatmul(MatmulOp op, const PackedLayout &layout,
                          const Blocking &blocking, ScratchPool &scratch);
LogicalResult lowerMatmulInt8(MatmulInt8Op op, const PackedLayout &layout,
                              const Blocking &blocking, ScratchPool &scratch);
LogicalResult lowerGatherRows(GatherRowsOp op, const PackedLayout &layout,
                              ScratchPool &scratch);
void lowerQuantizeActivations(QuantizeActivationsOp op);
void lowerRoundActivations(RoundActivationsOp op);

} // namespace mlir::kernel

#endif // LIB_CONVERSION_KERNELTOVECTOR_MATMUL_H
