//===- Generic.cpp - Any x86-64 processor ---------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "X86.h"

using namespace mlir;
using namespace mlir::kernel;

static InstructionSet make() {
  InstructionSet set = x86::baseline();
  set.name = "generic";
  set.convertsHalf = false;
  return set;
}
static RegisterInstructionSet set(make());
