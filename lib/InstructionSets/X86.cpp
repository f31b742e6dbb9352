//===- X86.cpp - What x86-64's instruction sets share ---------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "X86.h"
#include "llvm/Support/MathExtras.h"
#include <functional>

using namespace mlir;
using namespace mlir::kernel;

static Value shuffle(OpBuilder &b, Location loc, Value table, Value control) {
  StringRef name = lanesOf(control) == 64   ? "llvm.x86.avx512.pshuf.b.512"
                   : lanesOf(control) == 32 ? "llvm.x86.avx2.pshuf.b"
                                            : "llvm.x86.ssse3.pshuf.b.128";
  return intrinsic(b, loc, name, control.getType(), {table, control});
}

/// A shuffle of each sixteen entries, and by each further bit of an index a
/// choice between two of them.
static Value lookup(OpBuilder &b, Location loc, Value table, Value indices) {
  auto type = cast<VectorType>(indices.getType());
  int64_t count = type.getNumElements();
  // A shuffle goes by four bits, and gives 0 where the top one is set.
  Value low = lanesOf(table) <= 128
                  ? indices
                  : Value(arith::AndIOp::create(b, loc, indices,
                                                splat(b, loc, type, 127)));
  Value choices[8];
  std::function<Value(int64_t, int64_t)> find = [&](int64_t first,
                                                    int64_t bits) -> Value {
    if (bits == 4) {
      SmallVector<int64_t> repeat;
      for (int64_t j = 0; j < count; ++j)
        repeat.push_back(first + j % 16);
      return shuffle(
          b, loc, vector::ShuffleOp::create(b, loc, table, table, repeat), low);
    }
    Value &upper = choices[--bits];
    if (!upper)
      upper = arith::CmpIOp::create(
          b, loc, arith::CmpIPredicate::slt,
          arith::ShLIOp::create(b, loc, indices, splat(b, loc, type, 7 - bits)),
          splat(b, loc, type, 0));
    Value none = find(first, bits), one = find(first + (1 << bits), bits);
    return arith::SelectOp::create(b, loc, upper, one, none);
  };
  return find(0, llvm::Log2_64(lanesOf(table)));
}

static Value avx512Permute(OpBuilder &b, Location loc, Value table,
                           Value indices) {
  return intrinsic(b, loc, "llvm.x86.avx512.permvar.sf.512", table.getType(),
                   {table, indices});
}

static Value avx512ExpandFloats(OpBuilder &b, Location loc, Value run,
                                Value mask) {
  Value zeros = arith::ConstantOp::create(
      b, loc, cast<TypedAttr>(b.getZeroAttr(run.getType())));
  Value ones = LLVM::BitcastOp::create(
      b, loc, VectorType::get({16}, b.getI1Type()), mask);
  return intrinsic(b, loc, "llvm.x86.avx512.mask.expand.v16f32", run.getType(),
                   {run, zeros, ones});
}

Value x86::vnniDot(OpBuilder &b, Location loc, Value acc, Value a, Value x,
                   int64_t bits) {
  if (lanesOf(acc) != 8 && lanesOf(acc) != 16)
    return {};
  return intrinsic(b, loc,
                   "llvm.x86.avx512.vpdpbusd." + Twine(32 * lanesOf(acc)),
                   acc.getType(), {acc, a, x});
}

InstructionSet x86::baseline() {
  InstructionSet set;
  set.triple = "x86_64-unknown-linux-gnu";
  set.processor = "x86-64";
  set.blocking.sums = 8;
  return set;
}

constexpr uint64_t ymm = 0x6, zmm = 0xe6; // of XCR0

InstructionSet x86::avx2() {
  InstructionSet set = baseline();
  set.processor = "x86-64-v3";
  set.needs = {{"avx2", 7, 0, COMPRESS_EBX, 1u << 5, ymm},
               {"fma", 1, 0, COMPRESS_ECX, 1u << 12, ymm},
               {"f16c", 1, 0, COMPRESS_ECX, 1u << 29, ymm}};
  set.vectorBytes = 32;
  set.shuffle = shuffle;
  set.lookup = lookup;
  return set;
}

InstructionSet x86::avx512vnni() {
  InstructionSet set = avx2();
  set.processor = "x86-64-v4";
  set.features = "+avx512vnni,-prefer-256-bit";
  set.needs.insert(set.needs.end(),
                   {{"avx512f", 7, 0, COMPRESS_EBX, 1u << 16, zmm},
                    {"avx512bw", 7, 0, COMPRESS_EBX, 1u << 30, zmm},
                    {"avx512dq", 7, 0, COMPRESS_EBX, 1u << 17, zmm},
                    {"avx512vl", 7, 0, COMPRESS_EBX, 1u << 31, zmm},
                    {"avx512cd", 7, 0, COMPRESS_EBX, 1u << 28, zmm},
                    {"avx512_vnni", 7, 0, COMPRESS_ECX, 1u << 11, zmm}});
  // Thirty-two registers of a whole tile row.
  set.blocking = {2, 6, 8, 4, 4};
  set.vectorBytes = 64;
  set.dot = vnniDot;
  set.permute = avx512Permute;
  set.expandFloats = avx512ExpandFloats;
  return set;
}
