//===- AVX512VBMI.cpp - AVX-512 with VNNI, VBMI, VBMI2 and BF16 -----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "X86.h"

using namespace mlir;
using namespace mlir::kernel;

/// vpermb of 64 entries; of 256, two vpermi2b of 128 and a choice by the
/// index's top bit.
static Value lookup(OpBuilder &b, Location loc, Value table, Value indices) {
  auto type = cast<VectorType>(indices.getType());
  if (type.getNumElements() != 64)
    return {};
  if (lanesOf(table) == 64)
    return intrinsic(b, loc, "llvm.x86.avx512.permvar.qi.512", type,
                     {table, indices});
  auto half = [&](int64_t first) {
    return intrinsic(b, loc, "llvm.x86.avx512.vpermi2var.qi.512", type,
                     {slice(b, loc, table, first, 64), indices,
                      slice(b, loc, table, first + 64, 64)});
  };
  Value upper = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                      indices, splat(b, loc, type, 0));
  return arith::SelectOp::create(b, loc, upper, half(128), half(0));
}

/// vpexpandb in registers: with its load folded it is microcode.
static Value expand(OpBuilder &b, Location loc, Value bytes, Value mask,
                    Value absent) {
  Value bits = LLVM::BitcastOp::create(
      b, loc, VectorType::get({64}, b.getI1Type()), mask);
  return intrinsic(b, loc, "llvm.x86.avx512.mask.expand.v64i8", bytes.getType(),
                   {bytes, absent, bits});
}

static InstructionSet make() {
  InstructionSet set = x86::avx512vnni();
  set.name = "avx512vbmi";
  set.rank = 40;
  set.features += ",+avx512vbmi,+avx512vbmi2,+avx512bf16";
  set.needs.insert(set.needs.end(),
                   {{"avx512_vbmi", 7, 0, COMPRESS_ECX, 1u << 1, 0xe6},
                    {"avx512_vbmi2", 7, 0, COMPRESS_ECX, 1u << 6, 0xe6},
                    {"avx512_bf16", 7, 1, COMPRESS_EAX, 1u << 5, 0xe6}});
  set.lookup = lookup;
  set.expand = expand;
  return set;
}
static RegisterInstructionSet set(make());
