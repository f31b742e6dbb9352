//===- Attention.cpp - Attention over a paged key-value cache -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A page of the cache holds 256 positions of a slot, of all layers: of each
// layer and key-value head sixteen records of 16 positions.
//
// Softmax is taken online: kernel.attend adds positions to a query's state.
// Each page begins a state of its own, and states are merged in the order of
// pages, so bits depend neither on who computes a page nor on the tokens that
// are computed together.
//
//===----------------------------------------------------------------------===//

#include "RegionLowering.h"
#include "compress/Conversion/AttentionLayout.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <numeric>

using namespace mlir;
using namespace mlir::kernel;

namespace {
/// One query head of a token.
struct Query {
  Value token, column; ///< of its first channel in the buffer of queries
  Value last;          ///< the last position that it sees
  Value state;         ///< where its state is
};

struct Attention : AttentionCode {
  Attention(RegionLowering &b, nn::AttentionOp op, CacheType type, bool stream)
      : AttentionCode(b, {int64_t(op.getHeadSize()),
                          getCacheElement(b.builder.getContext(), type)}),
        op(op), type(type), stream(stream) {}

  nn::AttentionOp op;
  CacheType type;
  bool stream; ///< one token: the cache comes from memory
  OpBuilder &builder = b.builder;
  Location loc = b.loc;

  int64_t kvHeads = op.getKvHeads(), perKv = int64_t(op.getHeads()) / kvHeads,
          pageRecords = kPagePositions / kLanes;
  // How a query's products are summed depends on the heads alone.
  int64_t chains = std::gcd(perKv == 1 ? 4 : perKv == 2 ? 2 : 1, size);

  Value cache, scales, queries, states, weights, layer, pageElements;

  Value part(Value state, int64_t i) {
    return i ? b.add(state, b.index(i * lanes())) : state;
  }
  /// The first of sixteen equal lanes, in as many as a part has.
  Value narrow(Value sixteen) {
    return b.splat(b.f32s(lanes()),
                   vector::ExtractOp::create(builder, loc, sixteen, 0));
  }
  /// Where a head's records of a page begin.
  Value head(Value page, Value g) {
    return b.add(b.add(b.mul(page, pageElements), layer),
                 b.mul(g, b.index(pageRecords * record())));
  }
  Value stateAt(Value base, Value query) {
    return b.add(base, b.mul(query, b.index(stateFloats())));
  }

  void begin(Value states, Value state) {
    for (int64_t i = 0; i < parts(); ++i)
      b.write(b.zeros(lanes()), states, {part(state, i)}, lanes());
    b.write(b.zeros(), states, {sumAt(state)});
    b.write(b.splatF32(kMaskedScore), states, {bestAt(state)});
  }
  /// into = into and then from.
  void merge(Value intoStates, Value into, Value fromStates, Value from) {
    Value old = b.read(intoStates, {bestAt(into)}),
          more = b.read(fromStates, {bestAt(from)}), best = b.maxf(old, more);
    Value fade = b.exp(b.subf(old, best)), gain = b.exp(b.subf(more, best));
    b.write(best, intoStates, {bestAt(into)});
    b.write(b.fma(b.read(fromStates, {sumAt(from)}), gain,
                  b.mulf(b.read(intoStates, {sumAt(into)}), fade)),
            intoStates, {sumAt(into)});
    fade = narrow(fade), gain = narrow(gain);
    for (int64_t i = 0; i < parts(); ++i)
      b.write(
          b.fma(b.read(fromStates, {part(from, i)}, lanes(), lanes()), gain,
                b.mulf(b.read(intoStates, {part(into, i)}, lanes(), lanes()),
                       fade)),
          intoStates, {part(into, i)}, lanes());
  }
  void finish(Value states, Value state, Value out, Value token, Value column) {
    Value inverse =
        b.splat(b.f32s(lanes()),
                b.divf(b.f32(1), b.sumOf(b.read(states, {sumAt(state)}))));
    for (int64_t i = 0; i < parts(); ++i)
      b.write(
          b.mulf(b.read(states, {part(state, i)}, lanes(), lanes()), inverse),
          out, {token, b.add(column, b.index(i * lanes()))}, lanes());
  }

  /// Positions `first` … first+63 of a page that begins at `position`, for
  /// some queries of one head.
  void chunk(Value head, Value position, Value first, ArrayRef<Query> rows) {
    auto each = [&](Value Query::*member) {
      return llvm::map_to_vector(rows,
                                 [&](const Query &q) { return q.*member; });
    };
    AttendOp::create(
        builder, loc, cache,
        b.add(head, b.mul(b.div(first, b.index(kLanes)), b.index(record()))),
        b.add(position, first), queries, states, weights, each(&Query::token),
        each(&Query::column), each(&Query::last), each(&Query::state), size,
        chains, llvm::APFloat(op.getEffectiveScale()), stream);
  }

  /// As f16 bits, to nearest even, without the machine's conversions. The
  /// formula is of M. Dukhan's FP16 library.
  Value toF16(Value x) {
    int64_t n = cast<VectorType>(x.getType()).getNumElements();
    auto c = [&](uint32_t v) -> Value {
      return arith::ConstantOp::create(
          builder, loc,
          DenseElementsAttr::get(b.i32s(n),
                                 builder.getI32IntegerAttr(int32_t(v))));
    };
    auto bits = [&](Value v) -> Value {
      return arith::BitcastOp::create(builder, loc, b.i32s(n), v);
    };
    auto floats = [&](Value v) -> Value {
      return arith::BitcastOp::create(builder, loc, b.f32s(n), v);
    };
    auto both = [&](Value a, Value v) -> Value {
      return arith::AndIOp::create(builder, loc, a, v);
    };
    auto right = [&](Value v, uint32_t by) -> Value {
      return arith::ShRUIOp::create(builder, loc, v, c(by));
    };
    Value w = bits(x), magnitude = both(w, c(0x7fffffff));
    Value base = b.mulf(b.mulf(floats(magnitude), b.splatF32(0x1p112f, n)),
                        b.splatF32(0x1p-110f, n));
    Value bias = arith::MaxUIOp::create(
        builder, loc,
        both(arith::AddIOp::create(builder, loc, w, w), c(0xff000000)),
        c(0x71000000));
    Value sum = bits(b.addf(floats(arith::AddIOp::create(
                                builder, loc, right(bias, 1), c(0x07800000))),
                            base));
    Value rounded = arith::AddIOp::create(
        builder, loc, both(right(sum, 13), c(0x7c00)), both(sum, c(0xfff)));
    Value nan = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ugt,
                                      magnitude, c(0x7f800000));
    rounded = arith::SelectOp::create(builder, loc, nan, c(0x7e00), rounded);
    rounded = arith::OrIOp::create(builder, loc, rounded,
                                   right(both(w, c(0x80000000)), 16));
    Value half = arith::TruncIOp::create(
        builder, loc, VectorType::get({n}, builder.getI16Type()), rounded);
    return arith::BitcastOp::create(
        builder, loc, VectorType::get({n}, builder.getF16Type()), half);
  }

  /// Calls `put` with every part of a head's channels as the cache stores them.
  /// Returns the scale, with int8.
  Value store(Value from, Value token, Value column,
              const std::function<void(int64_t, Value)> &put) {
    SmallVector<Value> values;
    for (int64_t i = 0; i < parts(); ++i)
      values.push_back(b.read(from,
                              {token, b.add(column, b.index(i * lanes()))},
                              lanes(), lanes()));
    Value scale, inverse;
    if (type == CacheType::int8) {
      Value top;
      for (Value v : values) {
        Value positive = b.maxf(v, b.subf(b.zeros(lanes()), v));
        top = top ? b.maxf(top, positive) : positive;
      }
      Value largest = b.maxOf(top);
      Value some = arith::CmpFOp::create(
          builder, loc, arith::CmpFPredicate::OGT, largest, b.f32(0));
      inverse = b.splat(b.f32s(lanes()),
                        arith::SelectOp::create(builder, loc, some,
                                                b.divf(b.f32(127), largest),
                                                b.f32(0)));
      scale = b.divf(largest, b.f32(127));
    }
    for (auto [i, v] : llvm::enumerate(values)) {
      if (type == CacheType::f16)
        v = toF16(v);
      if (type == CacheType::int8) {
        // Adding and subtracting 1.5 * 2^23 rounds half to even.
        Value magic = b.splatF32(12582912.0f, lanes());
        v = b.subf(b.addf(b.mulf(v, inverse), magic), magic);
        v = arith::TruncIOp::create(
            builder, loc, VectorType::get({lanes()}, builder.getI8Type()),
            arith::FPToSIOp::create(builder, loc, b.i32s(lanes()), v));
      }
      put(i, v);
    }
    return scale;
  }
};
} // namespace

LogicalResult RegionLowering::lowerAttention(nn::AttentionOp op) {
  Value q = bufferOf(op.getQuery()), k = bufferOf(op.getKey()),
        v = bufferOf(op.getValue()), y = allocate(op.getResult());
  Attention a{*this, op, options.cacheType, options.tokens == 1};
  int64_t size = a.size, kvHeads = a.kvHeads, perKv = a.perKv;
  a.cache = pointer(ContextField::cache, a.element);
  if (a.hasScales())
    a.scales = pointer(ContextField::cache, builder.getF32Type());
  a.queries = q;
  a.pageElements =
      index(kPagePositions * options.cacheBytes / a.elementBytes());
  a.layer = mul(div(cacheBase(op.getCache()), index(a.elementBytes())),
                index(kPagePositions));
  auto number = [&](ContextField field, Value at) -> Value {
    return arith::IndexCastOp::create(
        builder, loc, builder.getIndexType(),
        load(pointer(field, builder.getI32Type()), at));
  };
  Value slotPages =
      div(add(field(ContextField::context), index(kPagePositions - 1)),
          index(kPagePositions));
  auto pageOf = [&](Value slot, Value page) {
    return number(ContextField::pages, add(mul(slot, slotPages), page));
  };
  forall({count}, [&](ArrayRef<Value> indices) {
    Value t = indices.front(), p = number(ContextField::positions, t);
    Value page =
        pageOf(number(ContextField::slots, t), div(p, index(kPagePositions)));
    Value inPage = rem(p, index(kPagePositions));
    Value lane = rem(inPage, index(kLanes));
    loop(index(0), index(kvHeads), 1, [&](Value g) {
      Value record = add(a.head(page, g),
                         mul(div(inPage, index(kLanes)), index(a.record())));
      Value keys = add(record, index(a.header()));
      Value values =
          add(add(keys, index(kLanes * size)), mul(lane, index(size)));
      Value column = mul(g, index(size));
      Value keyScale = a.store(k, t, column, [&](int64_t i, Value part) {
        for (int64_t j = 0; j < a.lanes(); ++j)
          store(vector::ExtractOp::create(builder, loc, part, j), a.cache,
                add(add(keys, lane), index((i * a.lanes() + j) * kLanes)));
      });
      Value valueScale = a.store(v, t, column, [&](int64_t i, Value part) {
        vector::StoreOp::create(builder, loc, part, a.cache,
                                ValueRange{a.part(values, i)});
      });
      if (!a.scales)
        return;
      Value scales = add(div(record, index(4)), lane);
      store(keyScale, a.scales, scales);
      store(valueScale, a.scales, add(scales, index(kLanes)));
    });
  });

  // Scratch: a chunk's weights, then the states of a page and of all before.
  int64_t batch = std::min<int64_t>(perKv, 12);
  while (perKv % batch)
    --batch;
  int64_t together = std::max<int64_t>(1, 12 / (perKv * a.chains));
  int64_t rows = a.stream ? 0 : kRunTokens * perKv;
  scratchBytes = std::max<int64_t>(
      scratchBytes,
      4 * (12 * kAttendPositions + (2 * rows + perKv + 1) * a.stateFloats()));
  a.states = pointer(ContextField::scratch, builder.getF32Type());
  a.weights = div(mul(thread, field(ContextField::scratch_stride)), index(4));
  Value own = add(a.weights, index(12 * kAttendPositions));
  partialBytes = std::max<int64_t>(partialBytes, 4 * int64_t(op.getHeads()) *
                                                     a.stateFloats());
  auto forEachChunk = [&](Value page, Value last,
                          const std::function<void(Value)> &body) {
    Value end = arith::MinUIOp::create(
        builder, loc, index(kPagePositions),
        sub(add(last, index(1)), mul(page, index(kPagePositions))));
    loop(index(0), end, kAttendPositions, body);
  };

  if (a.stream) {
    Value t = index(0), last = number(ContextField::positions, t);
    Value slot = number(ContextField::slots, t);
    Value pages = add(div(last, index(kPagePositions)), index(1));
    Value partials = pointer(ContextField::partials, builder.getF32Type());
    forall(
        {pages, index(kvHeads)},
        [&](ArrayRef<Value> unit) {
          Value head = a.head(pageOf(slot, unit[0]), unit[1]);
          Value start = mul(unit[0], index(kPagePositions));
          Value first = mul(unit[1], index(perKv));
          loop(index(0), index(perKv), 1,
               [&](Value h) { a.begin(a.states, a.stateAt(own, h)); });
          forEachChunk(unit[0], last, [&](Value c) {
            loop(index(0), index(perKv), batch, [&](Value h) {
              SmallVector<Query> queries;
              for (int64_t i = 0; i < batch; ++i) {
                Value at = add(h, index(i));
                queries.push_back({t, mul(add(first, at), index(size)), last,
                                   a.stateAt(own, at)});
              }
              a.chunk(head, start, c, queries);
            });
          });
          Value to = a.stateAt(index(0),
                               add(mul(unit[0], index(op.getHeads())), first));
          loop(index(0), index(perKv * a.stateFloats()), a.lanes(),
               [&](Value i) {
                 write(read(a.states, {add(own, i)}, a.lanes(), a.lanes()),
                       partials, {add(to, i)}, a.lanes());
               });
        },
        /*grain=*/1);
    forall({index(op.getHeads())}, [&](ArrayRef<Value> unit) {
      a.begin(a.states, own);
      loop(index(0), pages, 1, [&](Value page) {
        a.merge(
            a.states, own, partials,
            a.stateAt(index(0), add(mul(page, index(op.getHeads())), unit[0])));
      });
      a.finish(a.states, own, y, t, mul(unit[0], index(size)));
    });
    return success();
  }

  Value pageStates = add(own, index(rows * a.stateFloats()));
  forall(
      {field(ContextField::run_count), index(kvHeads)},
      [&](ArrayRef<Value> unit) {
        // A run: tokens of one slot at positions that follow each other.
        Value at = mul(unit[0], index(2)), g = unit[1];
        Value begin = number(ContextField::runs, at);
        Value tokens = number(ContextField::runs, add(at, index(1)));
        Value position = number(ContextField::positions, begin);
        Value slot = number(ContextField::slots, begin);
        Value last = sub(add(position, tokens), index(1));
        auto forEachQuery = [&](const std::function<void(Value)> &body) {
          loop(index(0), mul(tokens, index(perKv)), 1, body);
        };
        forEachQuery([&](Value i) { a.begin(a.states, a.stateAt(own, i)); });
        Value pages = add(div(last, index(kPagePositions)), index(1));
        loop(index(0), pages, 1, [&](Value page) {
          Value head = a.head(pageOf(slot, page), g);
          Value start = mul(page, index(kPagePositions));
          forEachQuery(
              [&](Value i) { a.begin(a.states, a.stateAt(pageStates, i)); });
          auto some = [&](Value c, Value t, int64_t n) {
            loop(index(0), index(perKv), batch, [&](Value h) {
              SmallVector<Query> queries;
              for (int64_t j = 0; j < n; ++j)
                for (int64_t i = 0; i < batch; ++i) {
                  Value token = add(t, index(j)), at = add(h, index(i));
                  Value head = add(mul(g, index(perKv)), at);
                  queries.push_back(
                      {add(begin, token), mul(head, index(size)),
                       add(position, token),
                       a.stateAt(pageStates,
                                 add(mul(token, index(perKv)), at))});
                }
              a.chunk(head, start, c, queries);
            });
          };
          forEachChunk(page, last, [&](Value c) {
            Value whole = mul(div(tokens, index(together)), index(together));
            if (together > 1)
              loop(index(0), whole, together,
                   [&](Value t) { some(c, t, together); });
            loop(together > 1 ? whole : index(0), tokens, 1,
                 [&](Value t) { some(c, t, 1); });
          });
          forEachQuery([&](Value i) {
            a.merge(a.states, a.stateAt(own, i), a.states,
                    a.stateAt(pageStates, i));
          });
        });
        forEachQuery([&](Value i) {
          Value head = add(mul(g, index(perKv)), rem(i, index(perKv)));
          a.finish(a.states, a.stateAt(own, i), y,
                   add(begin, div(i, index(perKv))), mul(head, index(size)));
        });
      },
      /*grain=*/1);
  return success();
}
