//===- AVXVNNI.cpp - AVX2 with AVX-VNNI -----------------------------------===//
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
  set.name = "avxvnni";
  set.rank = 20;
  set.features = "+avxvnni";
  set.needs.push_back({"avx_vnni", 7, 1, COMPRESS_EAX, 1u << 4, 0x6});
  set.dot = x86::vnniDot;
  return set;
}
static RegisterInstructionSet set(make());
