//===- Attend.cpp - Lowering of kernel.attend -----------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matmul.h"
#include "compress/Conversion/AttentionLayout.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::kernel;

namespace {
/// Bytes that a cache is fetched ahead.
constexpr int64_t kAheadBytes = 16384;

/// How many sums are in registers at a time: `wide` for each of `rows`.
struct Blocks {
  int64_t wide, rows;
};

/// Of at most `wide` sums, halved as often as it takes, for at most `rows`, the
/// most for what they load: each sum's own operand and each row's.
Blocks chooseBlocks(int64_t sums, int64_t wide, int64_t rows) {
  Blocks best{1, 1};
  for (; wide >= 1; wide /= 2) {
    Blocks some{wide, std::clamp<int64_t>(sums / wide, 1, rows)};
    if (some.wide * some.rows <= std::max<int64_t>(sums, 1) &&
        some.wide * some.rows * (best.wide + best.rows) >
            best.wide * best.rows * (some.wide + some.rows))
      best = some;
  }
  return best;
}

struct AttendLowering : AttentionCode {
  AttendLowering(AttendOp op, CodeBuilder &b, const InstructionSet &set)
      : AttentionCode(
            b, {int64_t(op.getHeadSize()),
                cast<MemRefType>(op.getCache().getType()).getElementType()}),
        op(op), sumsInRegisters(set.blocking.sums),
        native(std::clamp<int64_t>(set.vectorBytes / 4, 4, kLanes)),
        piece(std::min(native, lanes())) {}

  AttendOp op;
  int64_t sumsInRegisters, native; ///< lanes of a register
  int64_t piece;                   ///< channels of a value in one
  OpBuilder &builder = b.builder;
  Location loc = b.loc;
  int64_t queries = op.getTokens().size(), chains = op.getChains();
  Value states = op.getStates();

  Value stateOf(int64_t r) { return op.getPlaces()[r]; }
  Value weightAt(int64_t r, int64_t i) {
    return b.add(op.getWeights(), b.index(r * kAttendPositions + i));
  }
  Value recordAt(int64_t i) {
    return i ? b.add(op.getRecord(), b.index(i * record())) : op.getRecord();
  }
  Value load(Value at, int64_t n) {
    if (element.isF32())
      return b.read(op.getCache(), {at}, n, n);
    Value v = vector::LoadOp::create(
        builder, loc, VectorType::get({n}, element), op.getCache(), at);
    if (element.isF16())
      return arith::ExtFOp::create(builder, loc, b.f32s(n), v);
    return arith::SIToFPOp::create(
        builder, loc, b.f32s(n),
        arith::ExtSIOp::create(builder, loc, b.i32s(n), v));
  }
  /// Scales of a record's keys or values, 0 and 1, from a position's on.
  Value scales(Value record, int64_t which, int64_t first) {
    Value at = b.add(record, b.index(4 * (which * kLanes + first)));
    return vector::BitCastOp::create(
        builder, loc, b.f32s(native),
        vector::LoadOp::create(builder, loc,
                               VectorType::get({4 * native}, element),
                               op.getCache(), at));
  }
  void prefetch(Value at, int64_t elements) {
    for (int64_t e = 0; op.getStreamed() && e < elements;
         e += 64 / elementBytes())
      memref::PrefetchOp::create(
          builder, loc, op.getCache(),
          b.add(at, b.index(kAheadBytes / elementBytes() + e)),
          /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
  }

  /// Multiplies each of `count` scalars with each of `wide` vectors onto
  /// sum(r, i). What is fewer is in registers together, and of the others one
  /// at a time.
  void multiply(int64_t count, int64_t wide, VectorType type,
                const std::function<Value(int64_t)> &scalar,
                const std::function<Value(int64_t)> &vector,
                const std::function<Value &(int64_t, int64_t)> &sum) {
    SmallVector<Value> scalars(count), vectors(wide);
    auto get = [&](int64_t r) {
      if (!scalars[r])
        scalars[r] = b.splat(type, scalar(r));
    };
    auto getVector = [&](int64_t i) {
      if (!vectors[i])
        vectors[i] = vector(i);
    };
    auto add = [&](int64_t r, int64_t i) {
      get(r);
      getVector(i);
      sum(r, i) = b.fma(scalars[r], vectors[i], sum(r, i));
    };
    if (count <= wide) {
      for (int64_t r = 0; r < count; ++r)
        get(r);
      for (int64_t i = 0; i < wide; ++i)
        for (int64_t r = 0; r < count; ++r)
          add(r, i);
      return;
    }
    for (int64_t i = 0; i < wide; ++i)
      getVector(i);
    for (int64_t r = 0; r < count; ++r)
      for (int64_t i = 0; i < wide; ++i)
        add(r, i);
  }

  /// Scores of the queries from `begin` on with some registers of positions
  /// from the first one on, where their weights will be.
  void scores(int64_t first, int64_t wide, int64_t begin, int64_t count) {
    int64_t perRecord = kLanes / native;
    SmallVector<Value> records, places;
    for (int64_t i = first; i < first + wide; ++i) {
      Value record = recordAt(i / perRecord);
      if (i % perRecord == 0 && !begin)
        prefetch(record, header());
      records.push_back(record);
      places.push_back(
          b.add(record, b.index(header() + i % perRecord * native)));
    }
    VectorType type = b.f32s(native);
    int64_t step = size % 4 ? chains : std::max<int64_t>(chains, 4);
    SmallVector<Value> sums(count * wide * chains, b.zeros(native));
    sums = b.loop(
        b.index(0), b.index(size), step, sums,
        [&](Value d, ValueRange carried) {
          SmallVector<Value> next(carried);
          for (int64_t j = 0; j < step; ++j) {
            Value channel = j ? b.add(d, b.index(j)) : d;
            Value row = b.mul(channel, b.index(kLanes));
            multiply(
                count, wide, type,
                [&](int64_t r) {
                  Value at = b.add(op.getColumns()[begin + r], channel);
                  return memref::LoadOp::create(
                      builder, loc, op.getQueries(),
                      ValueRange{op.getTokens()[begin + r], at});
                },
                [&](int64_t i) { return load(b.add(places[i], row), native); },
                [&](int64_t r, int64_t i) -> Value & {
                  return next[(r * wide + i) * chains + j % chains];
                });
          }
          for (int64_t i = 0; i < wide && !begin; ++i)
            if ((first + i) % perRecord == 0)
              prefetch(b.add(places[i], b.mul(d, b.index(kLanes))),
                       step * kLanes);
          return next;
        });
    Value factor = b.splatF32(op.getScale().convertToFloat(), native);
    for (int64_t i = 0; i < wide; ++i)
      for (int64_t r = 0; r < count; ++r) {
        Value *sum = &sums[(r * wide + i) * chains];
        for (int64_t half = chains / 2; half; half /= 2)
          for (int64_t c = 0; c < half; ++c)
            sum[c] = b.addf(sum[c], sum[c + half]);
        Value score = b.mulf(*sum, factor);
        if (hasScales())
          score = b.mulf(
              score, scales(records[i], 0, (first + i) % perRecord * native));
        int64_t place = (first + i) * native;
        Value seen = b.sub(b.add(op.getLast()[begin + r], b.index(1)),
                           b.add(op.getPosition(), b.index(place)));
        Value mask = vector::CreateMaskOp::create(
            builder, loc, VectorType::get({native}, builder.getI1Type()), seen);
        score = arith::SelectOp::create(builder, loc, mask, score,
                                        b.splatF32(kMaskedScore, native));
        b.write(score, states, {weightAt(begin + r, place)}, native);
      }
  }

  /// A query's scores become weights, and its state forgets as much. Returns
  /// the factor of its values.
  Value weigh(int64_t r) {
    Value state = stateOf(r), scores[kAttendPositions / kLanes], top;
    for (auto [i, score] : llvm::enumerate(scores)) {
      score = b.read(states, {weightAt(r, i * kLanes)});
      top = top ? b.maxf(top, score) : score;
    }
    Value old = b.read(states, {bestAt(state)});
    Value best = b.maxf(old, b.splat(b.f32s(), b.maxOf(top)));
    Value fade = b.exp(b.subf(old, best));
    Value sum = b.mulf(b.read(states, {sumAt(state)}), fade);
    for (auto [i, score] : llvm::enumerate(scores)) {
      Value masked =
          arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ, score,
                                b.splatF32(kMaskedScore));
      Value p = arith::SelectOp::create(builder, loc, masked, b.zeros(),
                                        b.exp(b.subf(score, best)));
      sum = b.addf(sum, p);
      b.write(p, states, {weightAt(r, i * kLanes)});
      for (int64_t j = 0; hasScales() && j < kLanes; j += native) {
        Value at = weightAt(r, i * kLanes + j);
        b.write(b.mulf(b.read(states, {at}, native, native),
                       scales(recordAt(i), 1, j)),
                states, {at}, native);
      }
    }
    b.write(sum, states, {sumAt(state)});
    b.write(best, states, {bestAt(state)});
    return b.splat(b.f32s(piece),
                   vector::ExtractOp::create(builder, loc, fade, 0));
  }

  /// Weighted values of some queries in some of a head's pieces.
  void values(ArrayRef<Value> fades, int64_t first, int64_t wide,
              int64_t begin) {
    auto at = [&](Value row, int64_t i) {
      return b.add(row, b.index((first + i) * piece));
    };
    SmallVector<Value> sums;
    for (auto [r, fade] : llvm::enumerate(fades))
      for (int64_t i = 0; i < wide; ++i)
        sums.push_back(b.mulf(
            b.read(states, {at(stateOf(begin + r), i)}, piece, piece), fade));
    sums = b.loop(
        b.index(0), b.index(kAttendPositions / kLanes), 1, sums,
        [&](Value tile, ValueRange carried) {
          Value rows =
              b.add(b.add(op.getRecord(), b.mul(tile, b.index(record()))),
                    b.index(header() + kLanes * size));
          return b.loop(
              b.index(0), b.index(kLanes), 1, carried,
              [&](Value j, ValueRange carried) {
                SmallVector<Value> next(carried);
                Value row = b.add(rows, b.mul(j, b.index(size)));
                Value place = b.add(b.mul(tile, b.index(kLanes)), j);
                multiply(
                    fades.size(), wide, b.f32s(piece),
                    [&](int64_t r) {
                      return b.load(states,
                                    b.add(weightAt(begin + r, 0), place));
                    },
                    [&](int64_t i) { return load(at(row, i), piece); },
                    [&](int64_t r, int64_t i) -> Value & {
                      return next[r * wide + i];
                    });
                if (!begin && !first)
                  prefetch(row, size);
                return next;
              });
        });
    for (size_t r = 0; r < fades.size(); ++r)
      for (int64_t i = 0; i < wide; ++i)
        b.write(sums[r * wide + i], states, {at(stateOf(begin + r), i)}, piece);
  }

  void run() {
    // Sixteen positions of two records at a time, at most.
    int64_t all = kAttendPositions / native;
    Blocks blocks =
        chooseBlocks(sumsInRegisters / chains, 2 * kLanes / native, queries);
    for (int64_t i = 0; i < all; i += blocks.wide)
      for (int64_t r = 0; r < queries; r += blocks.rows)
        scores(i, blocks.wide, r, std::min(blocks.rows, queries - r));
    SmallVector<Value> fades;
    for (int64_t r = 0; r < queries; ++r)
      fades.push_back(weigh(r));
    int64_t pieces = size / piece;
    blocks = chooseBlocks(sumsInRegisters, pieces, queries);
    for (int64_t i = 0; i < pieces; i += blocks.wide)
      for (int64_t r = 0; r < queries; r += blocks.rows)
        values(ArrayRef(fades).slice(r, std::min(blocks.rows, queries - r)), i,
               std::min(blocks.wide, pieces - i), r);
  }
};
} // namespace

void mlir::kernel::lowerAttend(AttendOp op, const InstructionSet &set) {
  OpBuilder builder(op);
  CodeBuilder b(builder, op.getLoc());
  AttendLowering(op, b, set).run();
}
