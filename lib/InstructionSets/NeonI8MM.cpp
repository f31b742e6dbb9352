//===- NeonI8MM.cpp - NEON with I8MM and BF16 -----------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AArch64.h"

using namespace mlir;
using namespace mlir::kernel;

static Value usdot(OpBuilder &b, Location loc, Value acc, Value a, Value x,
                   int64_t bits) {
  if (lanesOf(acc) != 4)
    return {};
  return intrinsic(b, loc, "llvm.aarch64.neon.usdot.v4i32.v16i8", acc.getType(),
                   {acc, a, x});
}

static InstructionSet make() {
  InstructionSet set = aarch64::dotprod();
  set.name = "neon_i8mm";
  set.rank = 20;
  set.features += ",+i8mm,+bf16";
  set.needs.insert(set.needs.end(),
                   {{"i8mm", COMPRESS_HWCAP2, 0, 0, 1u << 13, 0},
                    {"bf16", COMPRESS_HWCAP2, 0, 0, 1u << 14, 0}});
  set.dot = usdot;
  return set;
}
static RegisterInstructionSet set(make());
