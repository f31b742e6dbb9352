//===- AVX2.cpp - AVX2, FMA and F16C --------------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "X86.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::kernel;

static Value dotPairs(OpBuilder &b, Location loc, Value a, Value x) {
  return intrinsic(b, loc, "llvm.x86.avx2.pmadd.ub.sw", ints(b, 16, 16),
                   {a, x});
}

static Value addPairs(OpBuilder &b, Location loc, Value acc, Value pairs) {
  return arith::AddIOp::create(
      b, loc, acc,
      intrinsic(b, loc, "llvm.x86.avx2.pmadd.wd", acc.getType(),
                {pairs, splat(b, loc, ints(b, 16, 16), 1)}));
}

/// Even and odd bytes as 16-bit words.
static Value dot(OpBuilder &b, Location loc, Value acc, Value a, Value x,
                 int64_t bits) {
  Type type = acc.getType();
  if (lanesOf(acc) != 8)
    return {};
  VectorType words = ints(b, 16, 16);
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

/// Magnitudes times the others with the codes' signs: two products of at most
/// 128 * 127 fit 16 bits.
static Value dotSigned(OpBuilder &b, Location loc, Value acc, Value a,
                       Value x) {
  if (lanesOf(acc) != 8)
    return {};
  Value magnitudes = math::AbsIOp::create(b, loc, a);
  Value turned = intrinsic(b, loc, "llvm.x86.avx2.psign.b",
                           cast<VectorType>(x.getType()), {x, a});
  return addPairs(b, loc, acc, dotPairs(b, loc, magnitudes, turned));
}

static InstructionSet make() {
  InstructionSet set = x86::avx2();
  set.name = "avx2";
  set.rank = 10;
  set.blocking.tokens = 4;
  set.keepsOrder = true;
  set.dotPairs = dotPairs;
  set.addPairs = addPairs;
  set.dot = dot;
  set.dotSigned = dotSigned;
  return set;
}
static RegisterInstructionSet set(make());
