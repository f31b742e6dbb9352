//===- LinalgToKernel.h - Functions of plain linalg over packed weights -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_CONVERSION_LINALGTOKERNEL_H
#define COMPRESS_CONVERSION_LINALGTOKERNEL_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/StringRef.h"

namespace mlir {
class DialectRegistry;
}

namespace mlir::kernel {

/// The global that holds a module's packed weights.
constexpr llvm::StringLiteral kPackedWeights = "packed_weights";

/// Lets kernel.multiply be bufferized.
void registerBufferization(DialectRegistry &registry);

} // namespace mlir::kernel

#endif // COMPRESS_CONVERSION_LINALGTOKERNEL_H
