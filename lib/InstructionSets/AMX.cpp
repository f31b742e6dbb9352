//===- AMX.cpp - Tiles of AMX, and AVX-512 with VBMI and BF16 -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "X86.h"
#include "mlir/Dialect/AMX/AMXDialect.h"

using namespace mlir;
using namespace mlir::kernel;

/// tdpbsud. The code generator configures tiles by their types.
static void tileDot(OpBuilder &b, Location loc, const TileDot &dot) {
  Type i8 = b.getI8Type();
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  auto sums = amx::TileType::get({16, 16}, b.getI32Type());
  Value acc = dot.accumulate ? Value(amx::TileLoadOp::create(
                                   b, loc, sums, dot.acc, dot.first, index(16)))
                             : amx::TileZeroOp::create(b, loc, sums);
  Value rows = amx::TileLoadOp::create(
      b, loc, amx::TileType::get({16, 4 * dot.quads}, i8), dot.a,
      ValueRange{dot.row, dot.input}, /*stride=*/Value());
  Value codes =
      amx::TileLoadOp::create(b, loc, amx::TileType::get({dot.quads, 64}, i8),
                              dot.b, dot.place, index(64));
  Value result =
      amx::TileMulIOp::create(b, loc, sums, rows, codes, acc,
                              /*isZextLhs=*/false, /*isZextRhs=*/true);
  amx::TileStoreOp::create(b, loc, dot.acc, dot.first, result, index(16));
}

// Of XCR0, the state of AVX-512 and of tiles, for which a process asks.
constexpr uint64_t tiles = 0x600e6;

static InstructionSet make() {
  InstructionSet set = x86::avx512vbmi();
  set.name = "amx";
  set.rank = 50;
  // No machine has timed it yet: asked for by name, or "native".
  set.inFamily = false;
  set.features += ",+amx-tile,+amx-int8";
  set.needs.insert(set.needs.end(),
                   {{"amx_tile", 7, 0, COMPRESS_EDX, 1u << 24, tiles},
                    {"amx_int8", 7, 0, COMPRESS_EDX, 1u << 25, tiles}});
  set.usesTiles = true;
  set.tileDot = tileDot;
  return set;
}
static RegisterInstructionSet set(make());
