//===- AVX512VNNI.cpp - AVX-512 with VNNI ---------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "X86.h"

using namespace mlir;
using namespace mlir::kernel;

static InstructionSet make() {
  InstructionSet set = x86::avx512vnni();
  set.name = "avx512vnni";
  set.rank = 30;
  return set;
}
static RegisterInstructionSet set(make());
