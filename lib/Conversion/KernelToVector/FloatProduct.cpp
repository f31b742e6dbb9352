//===- FloatProduct.cpp - Products of f32 activations with tiles ----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matmul.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::kernel;

namespace {
/// Values are wider than codes, so that as many registers lie further ahead.
constexpr int64_t kFloatPrefetchDistance = 8192;

/// Row tiles times tokens: weights become f32 in registers, one input of
/// sixteen rows at a time, or come from a panel where they are that already.
struct FloatProduct {
  Emitter &e;
  MatmulOp op;
  const TileFormat &format;
  SmallVector<Value> tiles;               ///< byte addresses of the row tiles
  SmallVector<SmallVector<Value>> shared; ///< what emitTile made of them
  Value panel; ///< f32 [inputs, row tiles, 16], or null
  SmallVector<Value> tokens = {};

  int64_t rowTiles() const { return int64_t(tiles.size()); }
  bool isStream() const { return tokens.size() == 1 && !panel; }
  Value panelPlace(Value input, int64_t more, int64_t tile) const {
    return e.add(e.mul(input, e.index(rowTiles() * kLanes)),
                 e.index((more * rowTiles() + tile) * kLanes));
  }

  /// Adds `count` inputs; weights[r][k] is input k of row tile r.
  void multiply(ArrayRef<SmallVector<Value>> weights, Value first,
                int64_t count, MutableArrayRef<Value> sums) {
    for (int64_t k = 0; k < count; ++k) {
      Value input = e.add(first, e.index(k));
      for (auto [t, row] : llvm::enumerate(tokens)) {
        Value x = e.splat(
            e.f32s(), memref::LoadOp::create(e.builder, e.loc, op.getInput(),
                                             ValueRange{row, input}));
        for (int64_t r = 0; r < rowTiles(); ++r) {
          Value &sum = sums[r * tokens.size() + t];
          sum = e.fma(weights[r][k], x, sum);
        }
      }
    }
  }

  /// Calls `body` with every quad: weights as above, its first input, its
  /// inputs. Streams are fetched ahead, evenly.
  SmallVector<Value> forEachQuad(
      ValueRange carried,
      const std::function<void(ArrayRef<SmallVector<Value>>, Value, int64_t,
                               MutableArrayRef<Value>)> &body) {
    auto group = [&](const GroupPlace &place, ValueRange carried) {
      SmallVector<GroupValues> values;
      for (Value tile : tiles) {
        if (int64_t header = format.getHeaderBytes(place.groups);
            header && isStream())
          e.prefetch(e.add(tile, place.segment), header,
                     kFloatPrefetchDistance);
        values.push_back(emitGroup(e, format, place, tile));
      }
      return walkBlocks(
          e, format, place, values.front(), carried,
          [&](Value address, Value block, int64_t inputs, ValueRange carried) {
            SmallVector<Value> sums(carried);
            Value first = e.mul(block, e.index(kBlockInputs));
            int64_t bytes = format.codes.blockBytes, fetched = 0;
            // What varies in size is fetched evenly over the blocks.
            int64_t blocks = llvm::divideCeil(format.columns, kBlockInputs) *
                             format.getRowTiles();
            int64_t share = llvm::divideCeil(format.codes.valueBytes, blocks);
            int64_t fetchedValues = 0;
            for (int64_t k = 0; k < inputs; k += 4) {
              SmallVector<SmallVector<Value>> weights;
              for (int64_t r = 0; r < rowTiles(); ++r) {
                Value record =
                    e.add(address, e.index(r * format.getRowTileBytes()));
                weights.push_back(emitFloats(
                    e, format, {record, shared[r], values[r].of(k / 4).absent},
                    values[r], k / 4));
              }
              for (; isStream() && fetched * 8 < bytes * (k / 4 + 1);
                   fetched += 64)
                for (int64_t r = 0; r < rowTiles(); ++r)
                  e.prefetch(
                      e.add(address,
                            e.index(r * format.getRowTileBytes() + fetched)),
                      64, kFloatPrefetchDistance);
              for (; isStream() && fetchedValues * 8 < share * (k / 4 + 1);
                   fetchedValues += 64)
                e.prefetch(e.add(e.add(shared[0].front(),
                                       e.mul(block, e.index(share))),
                                 e.index(fetchedValues)),
                           64, kFloatPrefetchDistance);
              body(weights, e.add(first, e.index(k)),
                   std::min<int64_t>(4, inputs - k), sums);
            }
            return sums;
          });
    };
    return walkGroups(e, format, /*byInputs=*/true, tiles.front(),
                      shared.front(), carried, group);
  }

  void fillPanel() {
    forEachQuad({}, [&](ArrayRef<SmallVector<Value>> weights, Value first,
                        int64_t count, MutableArrayRef<Value>) {
      for (int64_t k = 0; k < count; ++k)
        for (int64_t r = 0; r < rowTiles(); ++r)
          vector::StoreOp::create(e.builder, e.loc, weights[r][k], panel,
                                  panelPlace(first, k, r));
    });
  }

  SmallVector<Value> walkPanel(ValueRange carried) {
    auto quad = [&](Value first, int64_t count, ValueRange carried) {
      SmallVector<SmallVector<Value>> weights(rowTiles());
      for (int64_t r = 0; r < rowTiles(); ++r)
        for (int64_t k = 0; k < count; ++k)
          weights[r].push_back(vector::LoadOp::create(
              e.builder, e.loc, e.f32s(), panel, panelPlace(first, k, r)));
      SmallVector<Value> sums(carried);
      multiply(weights, first, count, sums);
      return sums;
    };
    int64_t whole = format.columns / 4 * 4;
    SmallVector<Value> sums(carried);
    if (whole)
      sums = e.loop(
          e.index(0), e.index(whole), 4, sums,
          [&](Value first, ValueRange inner) { return quad(first, 4, inner); });
    if (whole != format.columns)
      sums = quad(e.index(whole), format.columns - whole, sums);
    return sums;
  }

  void run(Value firstTile) {
    SmallVector<Value> sums(tiles.size() * tokens.size(), e.zeros());
    if (panel)
      sums = walkPanel(sums);
    else
      sums = forEachQuad(sums,
                         [&](ArrayRef<SmallVector<Value>> weights, Value first,
                             int64_t count, MutableArrayRef<Value> sums) {
                           multiply(weights, first, count, sums);
                         });
    // A token may be there several times, so all are read before.
    SmallVector<Value> rows, results;
    for (int64_t r = 0; r < rowTiles(); ++r) {
      rows.push_back(e.mul(e.add(firstTile, e.index(r)), e.index(kTileRows)));
      for (size_t t = 0; t < tokens.size(); ++t) {
        Value sum = sums[r * tokens.size() + t];
        results.push_back(op.getAccumulate()
                              ? e.addf(e.loadRows(op.getOutput(), tokens[t],
                                                  rows[r], format.rows),
                                       sum)
                              : sum);
      }
    }
    for (auto [i, result] : llvm::enumerate(results))
      e.storeRows(result, op.getOutput(), tokens[i % tokens.size()],
                  rows[i / tokens.size()], format.rows, /*accumulate=*/false);
  }
};
} // namespace

LogicalResult mlir::kernel::lowerFloatProduct(Emitter &e, MatmulOp op,
                                              const PackedLayout::Node &node,
                                              const InstructionSet &set) {
  const TileFormat &format = *node.tile;
  if (failed(emitTables(e, format)))
    return failure();
  int64_t capacity = cast<MemRefType>(op.getOutput().getType()).getDimSize(0);
  bool one = capacity == 1;
  int64_t tokens = set.blocking.floatTokens;
  if (format.codes.kept)
    tokens *= set.blocking.rowTiles;
  if (!ShapedType::isDynamic(capacity))
    tokens = std::min(tokens, capacity);
  Value panel;
  auto unit = [&](Value firstTile, int64_t rowTiles) {
    FloatProduct product{e, op, format, {}, {}, panel};
    for (int64_t r = 0; r < rowTiles; ++r) {
      product.tiles.push_back(e.add(e.at(node.tileOffset),
                                    e.mul(e.add(firstTile, e.index(r)),
                                          e.index(format.getRowTileBytes()))));
      product.shared.push_back(
          emitTile(e, format, node.tileOffset, product.tiles.back()));
    }
    if (one) {
      product.tokens = {e.index(0)};
      return product.run(firstTile);
    }
    if (panel)
      product.fillPanel();
    // What is left of the tokens is the last one, again and again.
    Value last = e.sub(op.getTokens(), e.index(1));
    e.loop(e.index(0), op.getTokens(), tokens, [&](Value first) {
      product.tokens.clear();
      for (int64_t t = 0; t < tokens; ++t)
        product.tokens.push_back(arith::MinUIOp::create(
            e.builder, e.loc, e.add(first, e.index(t)), last));
      product.run(firstTile);
    });
  };
  // A sum's order is that of its inputs however many tokens there are. Of one
  // token, row tiles side by side keep a sum from waiting for itself, as many
  // as registers hold with what makes their weights. Row tiles with lists of
  // their own go alone.
  bool isCostly = format.floats && format.floats->isCostly;
  int64_t width = set.blocking.rowTiles;
  if (one)
    width = isCostly && set.blocking.sums < 24 ? 1 : 2;
  width = format.codes.kept ? 1 : std::min(width, format.getRowTiles());
  if (!one && isCostly)
    panel = e.buffer(width * kLanes * format.columns);
  int64_t whole = format.getRowTiles() / width;
  e.forall(
      {e.index(whole)},
      [&](ArrayRef<Value> u) { unit(e.mul(u.front(), e.index(width)), width); },
      e.grainOf(op.getOutput(),
                width * format.getBytes() / format.getRowTiles()));
  if (int64_t rest = format.getRowTiles() % width)
    e.forall({e.index(1)},
             [&](ArrayRef<Value>) { unit(e.index(whole * width), rest); });
  return success();
}
