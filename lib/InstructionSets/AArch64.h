//===- AArch64.h - What aarch64's instruction sets share --------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef LIB_INSTRUCTIONSETS_AARCH64_H
#define LIB_INSTRUCTIONSETS_AARCH64_H

#include "compress/InstructionSets/Lanes.h"

namespace mlir::kernel::aarch64 {

/// a - 128 as signed bytes: Σ a x is that of these, and 128 Σ x.
Value biased(OpBuilder &b, Location loc, Value a);

/// A set of any aarch64 processor, to build others on; it has no dots.
InstructionSet neon();
/// A set with sdot and udot.
InstructionSet dotprod();

} // namespace mlir::kernel::aarch64

#endif // LIB_INSTRUCTIONSETS_AARCH64_H
