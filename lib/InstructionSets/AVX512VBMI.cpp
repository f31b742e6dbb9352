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

/// vpexpandb of bytes, which codes of fewer bits become before: eight of them
/// are `bits` bytes, which come to a 64-bit lane that is cut at every `bits`
/// bits.
static Value expand(OpBuilder &b, Location loc, Value run, Value mask,
                    int64_t bits) {
  auto bytes = cast<VectorType>(run.getType());
  auto constants = [&](function_ref<int8_t(int64_t)> value) -> Value {
    SmallVector<int8_t> all;
    for (int64_t i = 0; i < 64; ++i)
      all.push_back(value(i));
    return arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(bytes, ArrayRef(all)));
  };
  auto as = [&](VectorType type, Value vector) -> Value {
    return vector::BitCastOp::create(b, loc, type, vector);
  };
  if (bits == 8) {
    // With its load folded vpexpandb is microcode: nobody sees the load here.
    run = LLVM::InlineAsmOp::create(
              b, loc, bytes, run, /*asm_string=*/"", /*constraints=*/"=v,0",
              /*has_side_effects=*/false, /*is_align_stack=*/false,
              LLVM::TailCallKind::None, /*asm_dialect=*/{},
              /*operand_attrs=*/{})
              .getRes();
  } else {
    Value lanes;
    if (llvm::isPowerOf2_64(bits))
      lanes = arith::ExtUIOp::create(
          b, loc, ints(b, 8, 64),
          as(ints(b, 8, 8 * bits), slice(b, loc, run, 0, 8 * bits)));
    else
      lanes = intrinsic(
          b, loc, "llvm.x86.avx512.permvar.qi.512", bytes,
          {run, constants([&](int64_t i) { return i / 8 * bits + i % 8; })});
    run = intrinsic(
        b, loc, "llvm.x86.avx512.pmultishift.qb.512", bytes,
        {constants([&](int64_t i) { return i % 8 * bits; }), as(bytes, lanes)});
    run = arith::AndIOp::create(b, loc, run,
                                splat(b, loc, bytes, (1 << bits) - 1));
  }
  Value ones = LLVM::BitcastOp::create(
      b, loc, VectorType::get({64}, b.getI1Type()), mask);
  return intrinsic(b, loc, "llvm.x86.avx512.mask.expand.v64i8", bytes,
                   {run, splat(b, loc, bytes, 0), ones});
}

static Value dotBF16(OpBuilder &b, Location loc, Value acc, Value a, Value x) {
  if (lanesOf(acc) != 8 && lanesOf(acc) != 16)
    return {};
  return intrinsic(b, loc,
                   "llvm.x86.avx512bf16.dpbf16ps." + Twine(32 * lanesOf(acc)),
                   acc.getType(), {acc, a, x});
}

InstructionSet x86::avx512vbmi() {
  InstructionSet set = x86::avx512vnni();
  set.name = "avx512vbmi";
  set.rank = 40;
  set.features += ",+avx512vbmi,+avx512vbmi2,+avx512bf16";
  set.needs.insert(set.needs.end(),
                   {{"avx512_vbmi", 7, 0, COMPRESS_ECX, 1u << 1, 0xe6},
                    {"avx512_vbmi2", 7, 0, COMPRESS_ECX, 1u << 6, 0xe6},
                    {"avx512_bf16", 7, 1, COMPRESS_EAX, 1u << 5, 0xe6}});
  set.looksUpBytes = true;
  set.lookup = lookup;
  set.expand = expand;
  set.dotBF16 = dotBF16;
  return set;
}
static RegisterInstructionSet set(x86::avx512vbmi());
