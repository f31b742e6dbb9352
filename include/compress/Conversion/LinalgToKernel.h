//===- LinalgToKernel.h - Functions of plain linalg over packed weights -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_CONVERSION_LINALGTOKERNEL_H
#define COMPRESS_CONVERSION_LINALGTOKERNEL_H

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringRef.h"

namespace mlir {
class DialectRegistry;
}

namespace mlir::kernel {

/// The global that holds a module's packed weights.
constexpr llvm::StringLiteral kPackedWeights = "packed_weights";

/// Lets kernel ops with a destination be bufferized.
void registerBufferization(DialectRegistry &registry);

/// Lets those that take a weight's rows be tiled by their tokens, and fused.
void registerTiling(DialectRegistry &registry);

/// y[t, c] + bias[c], on tensors.
Value addBias(OpBuilder &b, Location loc, Value y, Value bias);

} // namespace mlir::kernel

#endif // COMPRESS_CONVERSION_LINALGTOKERNEL_H
