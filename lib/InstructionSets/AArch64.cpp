//===- AArch64.cpp - What aarch64's instruction sets share ----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AArch64.h"

using namespace mlir;
using namespace mlir::kernel;

Value aarch64::biased(OpBuilder &b, Location loc, Value a) {
  return arith::XOrIOp::create(b, loc, a, splat(b, loc, ints(b, 16, 8), -128));
}

static Value sdot(OpBuilder &b, Location loc, Value acc, Value a, Value x,
                  int64_t bits) {
  if (lanesOf(acc) != 4)
    return {};
  auto dot = [&](Value sum, Value p) {
    return intrinsic(b, loc, "llvm.aarch64.neon.sdot.v4i32.v16i8",
                     acc.getType(), {sum, p, x});
  };
  if (bits <= 7)
    return dot(acc, a);
  Value half = splat(b, loc, ints(b, 16, 8), 64);
  return dot(dot(dot(acc, aarch64::biased(b, loc, a)), half), half);
}

static Value sdotSigned(OpBuilder &b, Location loc, Value acc, Value a,
                        Value x) {
  return sdot(b, loc, acc, a, x, /*bits=*/7);
}

static Value shuffle(OpBuilder &b, Location loc, Value table, Value control) {
  return intrinsic(b, loc, "llvm.aarch64.neon.tbl1.v16i8", control.getType(),
                   {table, control});
}

/// tbl4 of the first 64 entries, tbx4 of each 64 further ones: it leaves the
/// bytes whose index lies beyond.
static Value lookup(OpBuilder &b, Location loc, Value table, Value indices) {
  auto type = cast<VectorType>(indices.getType());
  Value result;
  for (int64_t first = 0; first < lanesOf(table); first += 64) {
    SmallVector<Value> arguments;
    if (result)
      arguments.push_back(result);
    for (int64_t i = 0; i < 64; i += 16)
      arguments.push_back(slice(b, loc, table, first + i, 16));
    arguments.push_back(
        result ? Value(arith::SubIOp::create(
                     b, loc, indices, splat(b, loc, type, int8_t(first))))
               : indices);
    result = intrinsic(b, loc,
                       result ? "llvm.aarch64.neon.tbx4.v16i8"
                              : "llvm.aarch64.neon.tbl4.v16i8",
                       type, arguments);
  }
  return result;
}

InstructionSet aarch64::neon() {
  InstructionSet set;
  set.triple = "aarch64-unknown-linux-gnu";
  set.processor = "generic";
  set.features = "+neon,+fp-armv8";
  set.blocking = {1, 4, 4, 2, 2, 16};
  set.vectorBytes = 16;
  set.shuffle = shuffle;
  set.lookup = lookup;
  return set;
}

InstructionSet aarch64::dotprod() {
  InstructionSet set = neon();
  set.features += ",+dotprod";
  set.needs = {{"asimddp", COMPRESS_HWCAP, 0, 0, 1u << 20, 0}};
  set.dot = sdot;
  set.dotSigned = sdotSigned;
  return set;
}
