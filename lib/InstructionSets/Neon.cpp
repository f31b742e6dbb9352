//===- Neon.cpp - Any aarch64 processor -----------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AArch64.h"

using namespace mlir;
using namespace mlir::kernel;

static InstructionSet make() {
  InstructionSet set = aarch64::neon();
  set.name = "neon";
  return set;
}
static RegisterInstructionSet set(make());
