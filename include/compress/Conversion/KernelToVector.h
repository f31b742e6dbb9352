//===- KernelToVector.h - Blocking of products in registers -------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_CONVERSION_KERNELTOVECTOR_H
#define COMPRESS_CONVERSION_KERNELTOVECTOR_H

#include "mlir/Support/LLVM.h"
#include <cstdint>
#include <optional>

namespace mlir::kernel {

/// How products are blocked in registers.
struct Blocking {
  int64_t rowTiles; ///< row tiles of an integer product with many tokens
  int64_t tokens;   ///< tokens of an integer product
  int64_t floatTokens; ///< tokens of a float product with expanded tiles
  int64_t dotRows, dotTokens; ///< of a product of rows
};

/// Blocking of an instruction set, or nothing for an unknown name.
std::optional<Blocking> getBlocking(llvm::StringRef instructionSet);

} // namespace mlir::kernel

#endif // COMPRESS_CONVERSION_KERNELTOVECTOR_H
