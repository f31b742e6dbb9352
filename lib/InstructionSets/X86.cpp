//===- X86.cpp - What x86-64's instruction sets share ---------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "X86.h"

using namespace mlir;
using namespace mlir::kernel;

static Value shuffle(OpBuilder &b, Location loc, Value table, Value control) {
  return intrinsic(b, loc,
                   lanesOf(control) == 64 ? "llvm.x86.avx512.pshuf.b.512"
                                          : "llvm.x86.avx2.pshuf.b",
                   control.getType(), {table, control});
}

/// A shuffle of each sixteen entries.
static Value lookup(OpBuilder &b, Location loc, Value table, Value indices) {
  auto type = cast<VectorType>(indices.getType());
  int64_t count = type.getNumElements();
  Value result;
  for (int64_t i = 0; i < lanesOf(table); i += 16) {
    SmallVector<int64_t> repeat;
    for (int64_t j = 0; j < count; ++j)
      repeat.push_back(i + j % 16);
    Value part = vector::ShuffleOp::create(b, loc, table, table, repeat);
    // A shuffle gives 0 where an index has its top bit; adding 0x70 with
    // saturation gives one to all but those of the part.
    Value index = indices;
    if (i)
      index =
          arith::XOrIOp::create(b, loc, index, splat(b, loc, type, int8_t(i)));
    index = intrinsic(b, loc, "llvm.uadd.sat.v" + Twine(count) + "i8", type,
                      {index, splat(b, loc, type, 0x70)});
    Value some = shuffle(b, loc, part, index);
    result = result ? Value(arith::OrIOp::create(b, loc, result, some)) : some;
  }
  return result;
}

static Value avx2Dot(OpBuilder &b, Location loc, Value acc, Value a, Value x,
                     int64_t bits) {
  Type type = acc.getType();
  if (lanesOf(acc) != 8)
    return {};
  VectorType words = ints(b, 16, 16);
  if (bits <= 7) {
    // 2 * 127 * 127 fits 16 bits, so pmaddubsw does not saturate.
    Value pairs = intrinsic(b, loc, "llvm.x86.avx2.pmadd.ub.sw", words, {a, x});
    Value sums = intrinsic(b, loc, "llvm.x86.avx2.pmadd.wd", type,
                           {pairs, splat(b, loc, words, 1)});
    return arith::AddIOp::create(b, loc, acc, sums);
  }
  // Even and odd bytes as 16-bit words.
  Value aw = vector::BitCastOp::create(b, loc, words, a);
  Value xw = vector::BitCastOp::create(b, loc, words, x);
  Value eight = splat(b, loc, words, 8);
  Value aEven = arith::AndIOp::create(b, loc, aw, splat(b, loc, words, 255));
  Value aOdd = arith::ShRUIOp::create(b, loc, aw, eight);
  Value xEven = arith::ShRSIOp::create(
      b, loc, arith::ShLIOp::create(b, loc, xw, eight), eight);
  Value xOdd = arith::ShRSIOp::create(b, loc, xw, eight);
  for (auto [p, q] : {std::pair(aEven, xEven), std::pair(aOdd, xOdd)})
    acc = arith::AddIOp::create(
        b, loc, acc, intrinsic(b, loc, "llvm.x86.avx2.pmadd.wd", type, {p, q}));
  return acc;
}

/// vpermps of eight entries each, and a choice by bit 3, moved to the sign.
static Value avx2Permute(OpBuilder &b, Location loc, Value table,
                         Value indices) {
  auto type = VectorType::get({8}, b.getF32Type());
  auto half = [&](int64_t first) {
    return intrinsic(b, loc, "llvm.x86.avx2.permps", type,
                     {slice(b, loc, table, first, 8), indices});
  };
  VectorType words = ints(b, 8, 32);
  Value sign = arith::ShLIOp::create(b, loc, indices, splat(b, loc, words, 28));
  Value upper = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, sign,
                                      splat(b, loc, words, 0));
  return arith::SelectOp::create(b, loc, upper, half(8), half(0));
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
  set.dot = avx2Dot;
  set.shuffle = shuffle;
  set.lookup = lookup;
  set.permute = avx2Permute;
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
