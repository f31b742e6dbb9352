//===- Neon.cpp - Any aarch64 processor -----------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AArch64.h"

using namespace mlir;
using namespace mlir::kernel;

static Value product(OpBuilder &b, Location loc, Value a, Value x,
                     int64_t half) {
  return intrinsic(
      b, loc, "llvm.aarch64.neon.smull.v8i16", ints(b, 8, 16),
      {slice(b, loc, a, 8 * half, 8), slice(b, loc, x, 8 * half, 8)});
}

static Value dotPairs(OpBuilder &b, Location loc, Value a, Value x) {
  return intrinsic(b, loc, "llvm.aarch64.neon.addp.v8i16", ints(b, 8, 16),
                   {product(b, loc, a, x, 0), product(b, loc, a, x, 1)});
}

static Value sumPairs(OpBuilder &b, Location loc, Value pairs) {
  return intrinsic(b, loc, "llvm.aarch64.neon.saddlp.v4i32.v8i16",
                   ints(b, 4, 32), {pairs});
}

static Value addPairs(OpBuilder &b, Location loc, Value acc, Value pairs) {
  return arith::AddIOp::create(b, loc, acc, sumPairs(b, loc, pairs));
}

static Value dotSigned(OpBuilder &b, Location loc, Value acc, Value a,
                       Value x) {
  if (lanesOf(acc) != 4)
    return {};
  Value half[2];
  for (int64_t i : {0, 1})
    half[i] = sumPairs(b, loc, product(b, loc, a, x, i));
  return arith::AddIOp::create(b, loc, acc,
                               intrinsic(b, loc, "llvm.aarch64.neon.addp.v4i32",
                                         acc.getType(), {half[0], half[1]}));
}

static Value dot(OpBuilder &b, Location loc, Value acc, Value a, Value x,
                 int64_t bits) {
  if (lanesOf(acc) != 4)
    return {};
  Value x16 = intrinsic(b, loc, "llvm.aarch64.neon.saddlp.v8i16.v16i8",
                        ints(b, 8, 16), {x});
  Value rest = arith::ShLIOp::create(b, loc, sumPairs(b, loc, x16),
                                     splat(b, loc, ints(b, 4, 32), 7));
  return dotSigned(b, loc, arith::AddIOp::create(b, loc, acc, rest),
                   aarch64::biased(b, loc, a), x);
}

static InstructionSet make() {
  InstructionSet set = aarch64::neon();
  set.name = "neon";
  set.dotPairs = dotPairs;
  set.addPairs = addPairs;
  set.dot = dot;
  set.dotSigned = dotSigned;
  return set;
}
static RegisterInstructionSet set(make());
