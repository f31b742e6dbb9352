//===- AVX2.cpp - AVX2, FMA and F16C --------------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "X86.h"

using namespace mlir;
using namespace mlir::kernel;

static InstructionSet make() {
  InstructionSet set = x86::avx2();
  set.name = "avx2";
  set.rank = 10;
  set.blocking.tokens = 4;
  set.keepsOrder = true;
  return set;
}
static RegisterInstructionSet set(make());
