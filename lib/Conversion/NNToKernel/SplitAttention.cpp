//===- SplitAttention.cpp - Attention over a paged key-value cache --------===//
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

#include "Kernel/Transforms/Passes.h"
#include "compress/Conversion/AttentionLayout.h"
#include <numeric>

namespace mlir::kernel {
#define GEN_PASS_DEF_SPLITATTENTIONPASS
#include "Kernel/Transforms/Passes.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;

namespace {
/// One query head of a token.
struct Query {
  Value token, column; ///< of its first channel in the buffer of queries
  Value last;          ///< the last position that it sees
  Value state;         ///< where its state is
};

struct Attention : CodeBuilder, AttentionCode {
  Attention(OpBuilder &builder, AttentionOp op)
      : CodeBuilder(builder, op.getLoc()),
        AttentionCode(*this,
                      {cast<MemRefType>(op.getQuery().getType()).getDimSize(1) /
                           int64_t(op.getHeads()),
                       op.getCache()}),
        op(op) {}

  AttentionOp op;
  /// One token: the cache comes from memory.
  bool stream = cast<MemRefType>(op.getQuery().getType()).getDimSize(0) == 1;
  int64_t heads = op.getHeads(), kvHeads = op.getKvHeads(),
          perKv = heads / kvHeads, pageRecords = kPagePositions / kLanes;
  // How a query's products are summed depends on the heads alone.
  int64_t chains = std::gcd(perKv == 1 ? 4 : perKv == 2 ? 2 : 1, size);
  // Queries that a chunk of positions is taken for together, of one token and
  // of several.
  int64_t batch = getBatch(),
          together = std::max<int64_t>(1, 12 / (perKv * chains));

  Value count, cache, scales, layer, pageElements;

  int64_t getBatch() const {
    int64_t batch = std::min<int64_t>(perKv, 12);
    while (perKv % batch)
      --batch;
    return batch;
  }
  Value pointer(ContextField field, Type element) {
    return BufferOp::create(builder, loc,
                            MemRefType::get({ShapedType::kDynamic}, element),
                            op.getContext(), field);
  }
  Value field(ContextField field) {
    return FieldOp::create(builder, loc, op.getContext(), field);
  }
  Value number(ContextField field, Value at) {
    return arith::IndexCastOp::create(
        builder, loc, builder.getIndexType(),
        load(pointer(field, builder.getI32Type()), at));
  }
  /// The pages of a slot, and one of them.
  Value slotPages;
  Value pageOf(Value slot, Value page) {
    return number(ContextField::pages, add(mul(slot, slotPages), page));
  }

  Value part(Value state, int64_t i) {
    return i ? add(state, index(i * lanes())) : state;
  }
  /// The first of sixteen equal lanes, in as many as a part has.
  Value narrow(Value sixteen) {
    return splat(f32s(lanes()),
                 vector::ExtractOp::create(builder, loc, sixteen, 0));
  }
  /// Where a head's records of a page begin.
  Value head(Value page, Value g) {
    return add(add(mul(page, pageElements), layer),
               mul(g, index(pageRecords * record())));
  }
  Value stateAt(Value base, Value query) {
    return add(base, mul(query, index(stateFloats())));
  }

  void begin(Value states, Value state) {
    for (int64_t i = 0; i < parts(); ++i)
      write(zeros(lanes()), states, {part(state, i)}, lanes());
    write(zeros(), states, {sumAt(state)});
    write(splatF32(kMaskedScore), states, {bestAt(state)});
  }
  /// into = into and then from.
  void merge(Value intoStates, Value into, Value fromStates, Value from) {
    Value old = read(intoStates, {bestAt(into)}),
          more = read(fromStates, {bestAt(from)}), best = maxf(old, more);
    Value fade = exp(subf(old, best)), gain = exp(subf(more, best));
    write(best, intoStates, {bestAt(into)});
    write(fma(read(fromStates, {sumAt(from)}), gain,
              mulf(read(intoStates, {sumAt(into)}), fade)),
          intoStates, {sumAt(into)});
    fade = narrow(fade), gain = narrow(gain);
    for (int64_t i = 0; i < parts(); ++i)
      write(
          fma(read(fromStates, {part(from, i)}, lanes(), lanes()), gain,
              mulf(read(intoStates, {part(into, i)}, lanes(), lanes()), fade)),
          intoStates, {part(into, i)}, lanes());
  }
  void finish(Value states, Value state, Value out, Value token, Value column) {
    Value inverse =
        splat(f32s(lanes()), divf(f32(1), sumOf(read(states, {sumAt(state)}))));
    for (int64_t i = 0; i < parts(); ++i)
      write(mulf(read(states, {part(state, i)}, lanes(), lanes()), inverse),
            out, {token, add(column, index(i * lanes()))}, lanes());
  }

  /// Positions `first` … first+63 of a page that begins at `position`, for
  /// some queries of one head.
  void chunk(Value states, Value weights, Value head, Value position,
             Value first, ArrayRef<Query> rows) {
    auto each = [&](Value Query::*member) {
      return llvm::map_to_vector(rows,
                                 [&](const Query &q) { return q.*member; });
    };
    AttendOp::create(builder, loc, cache,
                     add(head, mul(div(first, index(kLanes)), index(record()))),
                     add(position, first), op.getQuery(), states, weights,
                     each(&Query::token), each(&Query::column),
                     each(&Query::last), each(&Query::state), size, chains,
                     op.getScale(), stream);
  }

  /// As f16 bits, to nearest even, without the machine's conversions. The
  /// formula is of M. Dukhan's FP16 library.
  Value toF16(Value x) {
    int64_t n = cast<VectorType>(x.getType()).getNumElements();
    auto c = [&](uint32_t v) -> Value {
      return arith::ConstantOp::create(
          builder, loc,
          DenseElementsAttr::get(i32s(n),
                                 builder.getI32IntegerAttr(int32_t(v))));
    };
    auto bits = [&](Value v) -> Value {
      return arith::BitcastOp::create(builder, loc, i32s(n), v);
    };
    auto floats = [&](Value v) -> Value {
      return arith::BitcastOp::create(builder, loc, f32s(n), v);
    };
    auto both = [&](Value a, Value v) -> Value {
      return arith::AndIOp::create(builder, loc, a, v);
    };
    auto right = [&](Value v, uint32_t by) -> Value {
      return arith::ShRUIOp::create(builder, loc, v, c(by));
    };
    Value w = bits(x), magnitude = both(w, c(0x7fffffff));
    Value base = mulf(mulf(floats(magnitude), splatF32(0x1p112f, n)),
                      splatF32(0x1p-110f, n));
    Value bias = arith::MaxUIOp::create(
        builder, loc,
        both(arith::AddIOp::create(builder, loc, w, w), c(0xff000000)),
        c(0x71000000));
    Value sum = bits(addf(floats(arith::AddIOp::create(
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
  Value toCache(Value from, Value token, Value column,
                const std::function<void(int64_t, Value)> &put) {
    SmallVector<Value> values;
    for (int64_t i = 0; i < parts(); ++i)
      values.push_back(read(from, {token, add(column, index(i * lanes()))},
                            lanes(), lanes()));
    Value scale, inverse;
    if (hasScales()) {
      Value top;
      for (Value v : values) {
        Value positive = maxf(v, subf(zeros(lanes()), v));
        top = top ? maxf(top, positive) : positive;
      }
      Value largest = maxOf(top);
      Value some = arith::CmpFOp::create(
          builder, loc, arith::CmpFPredicate::OGT, largest, f32(0));
      inverse = splat(f32s(lanes()),
                      arith::SelectOp::create(builder, loc, some,
                                              divf(f32(127), largest), f32(0)));
      scale = divf(largest, f32(127));
    }
    for (auto [i, v] : llvm::enumerate(values)) {
      if (element.isF16())
        v = toF16(v);
      if (hasScales()) {
        // Adding and subtracting 1.5 * 2^23 rounds half to even.
        Value magic = splatF32(12582912.0f, lanes());
        v = subf(addf(mulf(v, inverse), magic), magic);
        v = arith::TruncIOp::create(
            builder, loc, VectorType::get({lanes()}, builder.getI8Type()),
            arith::FPToSIOp::create(builder, loc, i32s(lanes()), v));
      }
      put(i, v);
    }
    return scale;
  }

  /// A thread's own: a chunk's weights, then states.
  static constexpr int64_t kWeights = 12 * kAttendPositions;
  Value scratch(int64_t states) {
    auto type = MemRefType::get({kWeights + states * stateFloats()},
                                builder.getF32Type());
    return memref::AllocOp::create(builder, loc, type, ValueRange(),
                                   builder.getI64IntegerAttr(64));
  }
  /// Calls `body` with the first positions of a page's chunks up to `last`.
  void forEachChunk(Value page, Value last,
                    const std::function<void(Value)> &body) {
    Value end = arith::MinUIOp::create(
        builder, loc, index(kPagePositions),
        sub(add(last, index(1)), mul(page, index(kPagePositions))));
    loop(index(0), end, kAttendPositions, body);
  }

  void run();
  void storeTokens();
  void streamPages();
  void takeRuns();
};

/// The call's keys and values go into the cache.
void Attention::storeTokens() {
  forall({count}, [&](ArrayRef<Value> indices) {
    Value t = indices.front(), p = number(ContextField::positions, t);
    Value page =
        pageOf(number(ContextField::slots, t), div(p, index(kPagePositions)));
    Value inPage = rem(p, index(kPagePositions));
    Value lane = rem(inPage, index(kLanes));
    loop(index(0), index(kvHeads), 1, [&](Value g) {
      Value at =
          add(head(page, g), mul(div(inPage, index(kLanes)), index(record())));
      Value keys = add(at, index(header()));
      Value values =
          add(add(keys, index(kLanes * size)), mul(lane, index(size)));
      Value column = mul(g, index(size));
      Value keyScale =
          toCache(op.getKey(), t, column, [&](int64_t i, Value part) {
            for (int64_t j = 0; j < lanes(); ++j)
              store(vector::ExtractOp::create(builder, loc, part, j), cache,
                    add(add(keys, lane), index((i * lanes() + j) * kLanes)));
          });
      Value valueScale =
          toCache(op.getValue(), t, column, [&](int64_t i, Value stored) {
            vector::StoreOp::create(builder, loc, stored, cache,
                                    ValueRange{part(values, i)});
          });
      if (!scales)
        return;
      Value scale = add(div(at, index(4)), lane);
      store(keyScale, scales, scale);
      store(valueScale, scales, add(scale, index(kLanes)));
    });
  });
}

/// One token: threads take its pages, whose states are put together then.
void Attention::streamPages() {
  Value t = index(0), last = number(ContextField::positions, t);
  Value slot = number(ContextField::slots, t);
  Value pages = add(div(last, index(kPagePositions)), index(1));
  Value partials = pointer(ContextField::partials, builder.getF32Type());
  forall(
      {pages, index(kvHeads)},
      [&](ArrayRef<Value> unit) {
        Value states = scratch(perKv), own = index(kWeights);
        Value at = head(pageOf(slot, unit[0]), unit[1]);
        Value start = mul(unit[0], index(kPagePositions));
        Value first = mul(unit[1], index(perKv));
        loop(index(0), index(perKv), 1,
             [&](Value h) { begin(states, stateAt(own, h)); });
        forEachChunk(unit[0], last, [&](Value c) {
          loop(index(0), index(perKv), batch, [&](Value h) {
            SmallVector<Query> queries;
            for (int64_t i = 0; i < batch; ++i) {
              Value query = add(h, index(i));
              queries.push_back({t, mul(add(first, query), index(size)), last,
                                 stateAt(own, query)});
            }
            chunk(states, index(0), at, start, c, queries);
          });
        });
        Value to = stateAt(index(0), add(mul(unit[0], index(heads)), first));
        loop(index(0), index(perKv * stateFloats()), lanes(), [&](Value i) {
          write(read(states, {add(own, i)}, lanes(), lanes()), partials,
                {add(to, i)}, lanes());
        });
      },
      /*grain=*/1);
  forall({index(heads)}, [&](ArrayRef<Value> unit) {
    Value states = scratch(1), own = index(kWeights);
    begin(states, own);
    loop(index(0), pages, 1, [&](Value page) {
      merge(states, own, partials,
            stateAt(index(0), add(mul(page, index(heads)), unit[0])));
    });
    finish(states, own, op.getOutput(), t, mul(unit[0], index(size)));
  });
}

/// Several tokens: a run is tokens of one slot at positions that follow each
/// other, which see the same pages.
void Attention::takeRuns() {
  forall(
      {field(ContextField::run_count), index(kvHeads)},
      [&](ArrayRef<Value> unit) {
        constexpr int64_t run = kRunTokens;
        Value states = scratch(2 * run * perKv), own = index(kWeights);
        Value pageStates = index(kWeights + run * perKv * stateFloats());
        Value at = mul(unit[0], index(2)), g = unit[1];
        Value first = number(ContextField::runs, at);
        Value tokens = number(ContextField::runs, add(at, index(1)));
        Value position = number(ContextField::positions, first);
        Value slot = number(ContextField::slots, first);
        Value last = sub(add(position, tokens), index(1));
        auto forEachQuery = [&](const std::function<void(Value)> &body) {
          loop(index(0), mul(tokens, index(perKv)), 1, body);
        };
        forEachQuery([&](Value i) { begin(states, stateAt(own, i)); });
        Value pages = add(div(last, index(kPagePositions)), index(1));
        loop(index(0), pages, 1, [&](Value page) {
          Value records = head(pageOf(slot, page), g);
          Value start = mul(page, index(kPagePositions));
          forEachQuery([&](Value i) { begin(states, stateAt(pageStates, i)); });
          auto some = [&](Value c, Value t, int64_t n) {
            loop(index(0), index(perKv), batch, [&](Value h) {
              SmallVector<Query> queries;
              for (int64_t j = 0; j < n; ++j)
                for (int64_t i = 0; i < batch; ++i) {
                  Value token = add(t, index(j)), query = add(h, index(i));
                  queries.push_back(
                      {add(first, token),
                       mul(add(mul(g, index(perKv)), query), index(size)),
                       add(position, token),
                       stateAt(pageStates,
                               add(mul(token, index(perKv)), query))});
                }
              chunk(states, index(0), records, start, c, queries);
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
            merge(states, stateAt(own, i), states, stateAt(pageStates, i));
          });
        });
        forEachQuery([&](Value i) {
          Value query = add(mul(g, index(perKv)), rem(i, index(perKv)));
          finish(states, stateAt(own, i), op.getOutput(),
                 add(first, div(i, index(perKv))), mul(query, index(size)));
        });
      },
      /*grain=*/1);
}

void Attention::run() {
  count = memref::DimOp::create(builder, loc, op.getQuery(), 0);
  cache = pointer(ContextField::cache, element);
  if (hasScales())
    scales = pointer(ContextField::cache, builder.getF32Type());
  pageElements =
      index(kPagePositions * int64_t(op.getCacheBytes()) / elementBytes());
  layer =
      mul(div(op.getOffset(), index(elementBytes())), index(kPagePositions));
  slotPages = div(add(field(ContextField::context), index(kPagePositions - 1)),
                  index(kPagePositions));
  storeTokens();
  if (stream)
    streamPages();
  else
    takeRuns();
}

struct SplitAttention : kernel::impl::SplitAttentionPassBase<SplitAttention> {
  void runOnOperation() override {
    SmallVector<AttentionOp> ops;
    getOperation()->walk([&](AttentionOp op) { ops.push_back(op); });
    for (AttentionOp op : ops) {
      if (op.getNumResults()) {
        op.emitOpError("is on tensors; bufferize it before");
        return signalPassFailure();
      }
      OpBuilder b(op);
      Attention(b, op).run();
      op->erase();
    }
  }
};
} // namespace
