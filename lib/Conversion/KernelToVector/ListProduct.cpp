//===- ListProduct.cpp - Products with rows that list a few values --------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matmul.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::kernel;

namespace {

/// Row tiles that are worth another thread's while.
constexpr int64_t kListGrain = 16;

/// output[token, row] (+)= value
void put(Emitter &e, MatmulOp op, Value value, Value token, Value row) {
  SmallVector<Value> at = {token, row};
  if (op.getAccumulate())
    value = e.addf(memref::LoadOp::create(e.builder, e.loc, op.getOutput(), at),
                   value);
  memref::StoreOp::create(e.builder, e.loc, value, op.getOutput(), at);
}

Value minimum(Emitter &e, Value a, Value b) {
  return arith::MinUIOp::create(e.builder, e.loc, a, b);
}

/// One token: sixteen rows a unit, an entry after another, rounded once as those
/// of many tokens are.
void emitOneToken(Emitter &e, MatmulOp op, ListSource list, int64_t rows) {
  int64_t units = llvm::divideCeil(rows, kTileRows);
  e.forall(
      {e.index(units)},
      [&](ArrayRef<Value> unit) {
        Value first = e.mul(unit.front(), e.index(kTileRows));
        Value end = minimum(e, e.add(first, e.index(kTileRows)), e.index(rows));
        VectorType one = e.f32s(1);
        e.loop(first, end, 1, [&](Value row) {
          auto [begin, behind] = list.emitRow(e, row);
          SmallVector<Value> sum =
              e.loop(begin, behind, 1, {e.zeros(1)},
                     [&](Value i, ValueRange carried) -> SmallVector<Value> {
                       auto [column, value] = list.emitEntry(e, i);
                       Value x = memref::LoadOp::create(
                           e.builder, e.loc, op.getInput(),
                           ValueRange{e.index(0), column});
                       return {e.fma(e.splat(one, value), e.splat(one, x),
                                     carried.front())};
                     });
          put(e, op,
              vector::ExtractOp::create(e.builder, e.loc, sum.front(), 0),
              e.index(0), row);
        });
      },
      kListGrain);
}

/// Many: sixteen tokens a unit and in a vector, their activations transposed
/// before.
void emitManyTokens(Emitter &e, MatmulOp op, ListSource list, int64_t rows,
                    int64_t columns) {
  Value inputs = e.buffer(columns * kLanes);
  Value results = e.buffer(kTileRows * kLanes);
  Value units =
      e.div(e.add(op.getTokens(), e.index(kLanes - 1)), e.index(kLanes));
  e.forall({units}, [&](ArrayRef<Value> unit) {
    Value first = e.mul(unit.front(), e.index(kLanes));
    Value last = e.sub(op.getTokens(), e.index(1));
    SmallVector<Value> tokens;
    for (int64_t t = 0; t < kLanes; ++t)
      tokens.push_back(minimum(e, e.add(first, e.index(t)), last));
    e.loop(e.index(0), e.index(columns), 1, [&](Value c) {
      Value to = e.mul(c, e.index(kLanes));
      for (auto [t, token] : llvm::enumerate(tokens))
        e.store(memref::LoadOp::create(e.builder, e.loc, op.getInput(),
                                       ValueRange{token, c}),
                inputs, e.add(to, e.index(t)));
    });
    Value valid = minimum(e, e.sub(op.getTokens(), first), e.index(kLanes));
    e.loop(e.index(0), e.index(rows), kTileRows, [&](Value tile) {
      Value end = minimum(e, e.add(tile, e.index(kTileRows)), e.index(rows));
      auto place = [&](Value row) {
        return e.mul(e.sub(row, tile), e.index(kLanes));
      };
      e.loop(tile, end, 1, [&](Value row) {
        auto [begin, behind] = list.emitRow(e, row);
        SmallVector<Value> sum = e.loop(
            begin, behind, 1, {e.zeros()},
            [&](Value i, ValueRange carried) -> SmallVector<Value> {
              auto [column, value] = list.emitEntry(e, i);
              Value x = e.read(inputs, e.mul(column, e.index(kLanes)));
              return {e.fma(e.splat(e.f32s(), value), x, carried.front())};
            });
        e.write(sum.front(), results, place(row));
      });
      e.loop(e.index(0), valid, 1, [&](Value t) {
        Value token = e.add(first, t);
        e.loop(tile, end, 1, [&](Value row) {
          put(e, op, e.load(results, e.add(place(row), t)), token, row);
        });
      });
    });
  });
}
} // namespace

void mlir::kernel::lowerListProduct(Emitter &e, MatmulOp op, ListSource list) {
  auto output = cast<MemRefType>(op.getOutput().getType());
  int64_t rows = output.getDimSize(1);
  if (output.getDimSize(0) == 1)
    return emitOneToken(e, op, list, rows);
  int64_t columns = cast<MemRefType>(op.getInput().getType()).getDimSize(1);
  emitManyTokens(e, op, list, rows, columns);
}
