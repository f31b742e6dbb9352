//===- X86.h - What x86-64's instruction sets share -------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef LIB_INSTRUCTIONSETS_X86_H
#define LIB_INSTRUCTIONSETS_X86_H

#include "compress/InstructionSets/Lanes.h"

namespace mlir::kernel::x86 {

/// A set of any x86-64 processor, to build others on.
InstructionSet baseline();
/// A set of AVX2, FMA and F16C, to build others on; it has no dots.
InstructionSet avx2();
/// A set of AVX-512 with VNNI.
InstructionSet avx512vnni();
/// A set of AVX-512 with VNNI, VBMI, VBMI2 and BF16.
InstructionSet avx512vbmi();

/// vpdpbusd of eight or sixteen lanes.
Value vnniDot(OpBuilder &b, Location loc, Value acc, Value a, Value x,
              int64_t bits);

} // namespace mlir::kernel::x86

#endif // LIB_INSTRUCTIONSETS_X86_H
