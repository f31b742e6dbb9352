//===- Matmul.cpp - Products with packed weights as vector code -----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matmul.h"
#include "Compress/IR/Compress.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::kernel;

namespace {

/// Bytes ahead of the stream that a product with one token prefetches.
constexpr int64_t kPrefetchDistance = 4096;

/// Vector short forms on top of the Expander's.
struct Emitter : Expander {
  using Expander::Expander;

  VectorType bytes() {
    return VectorType::get({4 * kLanes}, builder.getI8Type());
  }
  Value splatByte(int64_t value) {
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(bytes(),
                               builder.getI8IntegerAttr(int8_t(value))));
  }
  Value toFloats(Value ints) {
    return arith::SIToFPOp::create(builder, loc, f32s(), ints);
  }
  /// `count` bytes of the weights at a byte address.
  Value loadBytes(Value address, int64_t count) {
    return vector::LoadOp::create(builder, loc,
                                  VectorType::get({count}, builder.getI8Type()),
                                  getWeights(), address);
  }
  /// Sixteen values of `type` at a byte address, widened to f32.
  Value loadRowValues(Value address, Type type) {
    int64_t size = type.getIntOrFloatBitWidth() / 8;
    Value raw = loadBytes(address, kLanes * size);
    if (isa<IntegerType>(type)) {
      Value wide = arith::ExtUIOp::create(builder, loc, i32s(), raw);
      return arith::UIToFPOp::create(builder, loc, f32s(), wide);
    }
    Value values = vector::BitCastOp::create(
        builder, loc, VectorType::get({kLanes}, type), raw);
    if (type.isF32())
      return values;
    return arith::ExtFOp::create(builder, loc, f32s(), values);
  }
  /// Codes of quad `s` of the block at `block`, a byte each.
  Value loadQuad(const TileFormat &format, Value block, unsigned s) {
    Value code;
    int64_t planeOffset = 0;
    unsigned low = 0;
    for (unsigned plane : format.getPlanes()) {
      unsigned perRegister = 8 / plane;
      Value reg = loadBytes(
          add(block, index(planeOffset + 64 * (s / perRegister))), 64);
      unsigned shift = plane * (s % perRegister);
      if (shift)
        reg = arith::ShRUIOp::create(builder, loc, reg, splatByte(shift));
      if (plane != 8 && shift + plane != 8)
        reg = arith::AndIOp::create(builder, loc, reg,
                                    splatByte((1 << plane) - 1));
      if (low)
        reg = arith::ShLIOp::create(builder, loc, reg, splatByte(low));
      code = code ? arith::OrIOp::create(builder, loc, code, reg) : reg;
      planeOffset += 64 * plane;
      low += plane;
    }
    return code;
  }
  void prefetch(Value address, int64_t count) {
    for (int64_t b = 0; b < count; b += 64)
      memref::PrefetchOp::create(builder, loc, getWeights(),
                                 add(address, index(kPrefetchDistance + b)),
                                 /*isWrite=*/false, /*localityHint=*/3,
                                 /*isDataCache=*/true);
  }
  /// output[token, row … row+15] (+)= values, without the rows ≥ rows.
  void storeRows(Value values, Value output, Value token, Value row,
                 int64_t rows, bool accumulate) {
    SmallVector<Value> at = {token, row};
    if (rows % kLanes == 0) {
      if (accumulate)
        values = addf(vector::LoadOp::create(builder, loc, f32s(), output, at),
                      values);
      vector::StoreOp::create(builder, loc, values, output, at);
      return;
    }
    Value mask = vector::CreateMaskOp::create(
        builder, loc, VectorType::get({kLanes}, builder.getI1Type()),
        sub(index(rows), row));
    if (accumulate)
      values = addf(vector::MaskedLoadOp::create(builder, loc, f32s(), output,
                                                 at, mask, zeros()),
                    values);
    vector::MaskedStoreOp::create(builder, loc, output, at, mask, values);
  }
  /// Tokens 0 … count-1: `block` at a time, then one by one. With a buffer of
  /// one token there is no loop.
  void tokens(Value output, Value count, int64_t block,
              const std::function<void(Value, int64_t)> &body) {
    if (cast<MemRefType>(output.getType()).getDimSize(0) == 1)
      return body(index(0), 1);
    if (block == 1)
      return loop(index(0), count, 1, [&](Value t) { body(t, 1); });
    Value whole = mul(div(count, index(block)), index(block));
    loop(index(0), whole, block, [&](Value t) { body(t, block); });
    loop(whole, count, 1, [&](Value t) { body(t, 1); });
  }
};

//===----------------------------------------------------------------------===//
// Integer tiles with int8 activations
//===----------------------------------------------------------------------===//

struct Int8Product {
  Emitter &e;
  MatmulInt8Op op;
  const TileFormat &format;
  int64_t rowTiles, tokens;
  Value token;
  SmallVector<Value> tiles; ///< byte addresses of the row tiles

  int64_t at(int64_t tile, int64_t t) const { return tile * tokens + t; }

  /// Σ over one block, times the activations' scales: [rowTiles * tokens] f32.
  SmallVector<Value> block(ArrayRef<Value> blocks, Value blockIndex,
                           ArrayRef<Value> zeros) {
    OpBuilder &b = e.builder;
    Location loc = e.loc;
    bool integerZeros = format.zeroType && isa<IntegerType>(format.zeroType);
    SmallVector<Value> sums(tokens), scales(tokens), acc(rowTiles * tokens);
    for (int64_t t = 0; t < tokens; ++t) {
      Value row = t ? e.add(token, e.index(t)) : token;
      sums[t] = memref::LoadOp::create(b, loc, op.getSums(),
                                       ValueRange{row, blockIndex});
      scales[t] = e.splat(e.f32s(),
                          memref::LoadOp::create(b, loc, op.getScales(),
                                                 ValueRange{row, blockIndex}));
      // The zero point enters as the accumulator's initial value.
      Value start;
      if (integerZeros || format.getBias()) {
        Value minus = arith::SubIOp::create(
            b, loc, arith::ConstantIntOp::create(b, loc, b.getI32Type(), 0),
            sums[t]);
        if (!integerZeros)
          minus = arith::MulIOp::create(
              b, loc, minus,
              arith::ConstantIntOp::create(b, loc, b.getI32Type(),
                                           format.getBias()));
        start = e.splat(e.i32s(), minus);
      } else {
        start = arith::ConstantOp::create(
            b, loc, DenseElementsAttr::get(e.i32s(), b.getI32IntegerAttr(0)));
      }
      for (int64_t r = 0; r < rowTiles; ++r)
        acc[at(r, t)] =
            integerZeros ? Value(arith::MulIOp::create(b, loc, start, zeros[r]))
                         : start;
    }
    Value input = e.mul(blockIndex, e.index(kBlockInputs));
    for (unsigned s = 0; s < 8; ++s) {
      SmallVector<Value> codes(rowTiles);
      for (int64_t r = 0; r < rowTiles; ++r)
        codes[r] = e.loadQuad(format, blocks[r], s);
      for (int64_t t = 0; t < tokens; ++t) {
        Value row = t ? e.add(token, e.index(t)) : token;
        Value four = vector::LoadOp::create(
            b, loc, VectorType::get({4}, b.getI8Type()), op.getCodes(),
            ValueRange{row, e.add(input, e.index(4 * s))});
        Value word = vector::BitCastOp::create(
            b, loc, VectorType::get({1}, b.getI32Type()), four);
        Value lanes =
            e.splat(e.i32s(), vector::ExtractOp::create(b, loc, word, 0));
        Value x = vector::BitCastOp::create(b, loc, e.bytes(), lanes);
        for (int64_t r = 0; r < rowTiles; ++r)
          acc[at(r, t)] = LaneDotOp::create(b, loc, e.i32s(), acc[at(r, t)],
                                            codes[r], x, format.bits);
      }
    }
    SmallVector<Value> result(rowTiles * tokens);
    for (int64_t t = 0; t < tokens; ++t)
      for (int64_t r = 0; r < rowTiles; ++r) {
        Value value = e.toFloats(acc[at(r, t)]);
        if (format.zeroType && !integerZeros) {
          Value sum = arith::SIToFPOp::create(b, loc, b.getF32Type(), sums[t]);
          value = e.subf(value, e.mulf(zeros[r], e.splat(e.f32s(), sum)));
        }
        result[at(r, t)] = e.mulf(value, scales[t]);
      }
    return result;
  }

  /// Adds group `g`, whose header lies at `groups`, to `carried`.
  SmallVector<Value> group(ArrayRef<Value> groups, Value firstBlock,
                           int64_t blocks, ValueRange carried) {
    int64_t scaleBytes = format.scaleType.getIntOrFloatBitWidth() / 8;
    SmallVector<Value> scales(rowTiles), zeros(rowTiles), first(rowTiles);
    for (int64_t r = 0; r < rowTiles; ++r) {
      if (tokens == 1)
        e.prefetch(groups[r], format.getGroupHeaderBytes() +
                                  (blocks == 1 ? format.getBlockBytes() : 0));
      scales[r] = e.loadRowValues(groups[r], format.scaleType);
      if (format.zeroType) {
        Value address = e.add(groups[r], e.index(kTileRows * scaleBytes));
        if (isa<IntegerType>(format.zeroType))
          zeros[r] = arith::ExtUIOp::create(e.builder, e.loc, e.i32s(),
                                            e.loadBytes(address, kLanes));
        else
          zeros[r] = e.loadRowValues(address, format.zeroType);
      }
      first[r] = e.add(groups[r], e.index(format.getGroupHeaderBytes()));
    }
    SmallVector<Value> partial;
    if (blocks == 1) {
      partial = block(first, firstBlock, zeros);
    } else {
      SmallVector<Value> start(rowTiles * tokens, e.zeros());
      partial = e.loop(
          e.index(0), e.index(blocks), 1, start, [&](Value i, ValueRange sums) {
            SmallVector<Value> here;
            Value offset = e.mul(i, e.index(format.getBlockBytes()));
            for (int64_t r = 0; r < rowTiles; ++r) {
              here.push_back(e.add(first[r], offset));
              if (tokens == 1)
                e.prefetch(here.back(), format.getBlockBytes());
            }
            SmallVector<Value> more = block(here, e.add(firstBlock, i), zeros);
            for (auto [value, sum] : llvm::zip(more, sums))
              value = e.addf(sum, value);
            return more;
          });
    }
    SmallVector<Value> result(carried);
    for (int64_t r = 0; r < rowTiles; ++r)
      for (int64_t t = 0; t < tokens; ++t)
        result[at(r, t)] =
            e.fma(partial[at(r, t)], scales[r], result[at(r, t)]);
    return result;
  }

  void run(Value firstTile) {
    int64_t groups = format.getGroups();
    int64_t blocks = format.getBlocks(0), last = format.getBlocks(groups - 1);
    int64_t uniform = blocks == last ? groups : groups - 1;
    SmallVector<Value> sums(rowTiles * tokens, e.zeros());
    auto headers = [&](Value g) {
      SmallVector<Value> result;
      for (Value tile : tiles)
        result.push_back(
            e.add(tile, e.mul(g, e.index(format.getGroupBytes(0)))));
      return result;
    };
    if (uniform == 1)
      sums = group(headers(e.index(0)), e.index(0), blocks, sums);
    else if (uniform > 1)
      sums = e.loop(e.index(0), e.index(uniform), 1, sums,
                    [&](Value g, ValueRange carried) {
                      return group(headers(g), e.mul(g, e.index(blocks)),
                                   blocks, carried);
                    });
    if (uniform != groups)
      sums = group(headers(e.index(uniform)), e.index(uniform * blocks), last,
                   sums);
    for (int64_t r = 0; r < rowTiles; ++r)
      for (int64_t t = 0; t < tokens; ++t)
        e.storeRows(sums[at(r, t)], op.getOutput(),
                    t ? e.add(token, e.index(t)) : token,
                    e.mul(r ? e.add(firstTile, e.index(r)) : firstTile,
                          e.index(kTileRows)),
                    format.rows, op.getAccumulate());
  }
};

//===----------------------------------------------------------------------===//
// Integer tiles with f32 activations
//===----------------------------------------------------------------------===//

/// A row tile times `tokens` tokens; weights are expanded in registers, one
/// input of sixteen rows at a time.
void emitFloatTile(Emitter &e, MatmulOp op, const TileFormat &format,
                   Value tile, Value tileIndex, Value token, int64_t tokens) {
  OpBuilder &b = e.builder;
  Location loc = e.loc;
  int64_t scaleBytes = format.scaleType.getIntOrFloatBitWidth() / 8;
  // One token alone has four chains of sums, many have one each.
  int64_t chains = tokens == 1 ? 4 : 1;
  SmallVector<Value> rows(tokens);
  for (int64_t t = 0; t < tokens; ++t)
    rows[t] = t ? e.add(token, e.index(t)) : token;

  auto block = [&](Value address, Value firstInput, int64_t inputs, Value scale,
                   Value zero, SmallVector<Value> &sums) {
    for (unsigned s = 0; s < 8 && 4 * int64_t(s) < inputs; ++s) {
      Value quad = vector::BitCastOp::create(b, loc, e.i32s(),
                                             e.loadQuad(format, address, s));
      for (unsigned k = 0; k < 4 && int64_t(4 * s + k) < inputs; ++k) {
        Value code = quad;
        auto constant = [&](int32_t v) -> Value {
          return arith::ConstantOp::create(
              b, loc, DenseElementsAttr::get(e.i32s(), b.getI32IntegerAttr(v)));
        };
        if (k)
          code = arith::ShRUIOp::create(b, loc, code, constant(8 * k));
        if (k < 3)
          code = arith::AndIOp::create(b, loc, code, constant(255));
        Value weight = e.mulf(e.subf(e.toFloats(code), zero), scale);
        Value input = e.add(firstInput, e.index(4 * s + k));
        for (int64_t t = 0; t < tokens; ++t) {
          Value x = e.splat(e.f32s(),
                            memref::LoadOp::create(b, loc, op.getInput(),
                                                   ValueRange{rows[t], input}));
          Value &sum = sums[t * chains + k % chains];
          sum = e.fma(weight, x, sum);
        }
      }
    }
  };
  auto group = [&](Value g, int64_t inputs, ValueRange carried) {
    Value header = e.add(tile, e.mul(g, e.index(format.getGroupBytes(0))));
    Value scale = e.loadRowValues(header, format.scaleType);
    Value zero = e.splatF32(float(format.getBias()));
    if (format.zeroType)
      zero = e.loadRowValues(e.add(header, e.index(kTileRows * scaleBytes)),
                             format.zeroType);
    Value codes = e.add(header, e.index(format.getGroupHeaderBytes()));
    Value first = e.mul(g, e.index(format.group));
    int64_t whole = inputs / kBlockInputs, rest = inputs % kBlockInputs;
    SmallVector<Value> sums(carried);
    if (whole)
      sums = e.loop(
          e.index(0), e.index(whole), 1, sums, [&](Value i, ValueRange inner) {
            SmallVector<Value> next(inner);
            block(e.add(codes, e.mul(i, e.index(format.getBlockBytes()))),
                  e.add(first, e.mul(i, e.index(kBlockInputs))), kBlockInputs,
                  scale, zero, next);
            return next;
          });
    if (rest)
      block(e.add(codes, e.index(whole * format.getBlockBytes())),
            e.add(first, e.index(whole * kBlockInputs)), rest, scale, zero,
            sums);
    return sums;
  };

  SmallVector<Value> sums(tokens * chains, e.zeros());
  int64_t groups = format.getGroups();
  int64_t lastInputs = format.columns - (groups - 1) * format.group;
  int64_t uniform = lastInputs == format.group ? groups : groups - 1;
  if (uniform > 0)
    sums = e.loop(e.index(0), e.index(uniform), 1, sums,
                  [&](Value g, ValueRange carried) {
                    return group(g, format.group, carried);
                  });
  if (uniform != groups)
    sums = group(e.index(uniform), lastInputs, sums);
  for (int64_t t = 0; t < tokens; ++t) {
    Value sum = sums[t * chains];
    if (chains == 4)
      sum = e.addf(e.addf(sums[0], sums[1]), e.addf(sums[2], sums[3]));
    e.storeRows(sum, op.getOutput(), rows[t],
                e.mul(tileIndex, e.index(kTileRows)), format.rows,
                op.getAccumulate());
  }
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// Dot products of `sources` (buffer, first element) with tokens.
void emitRowDots(Emitter &e, MatmulOp op,
                 ArrayRef<std::pair<Value, Value>> sources, Type element,
                 int64_t columns, Value firstRow, int64_t rows, Value token,
                 int64_t tokens) {
  OpBuilder &b = e.builder;
  Location loc = e.loc;
  int64_t count = sources.size();
  SmallVector<Value> tokenRows(tokens);
  for (int64_t t = 0; t < tokens; ++t)
    tokenRows[t] = t ? e.add(token, e.index(t)) : token;
  auto step = [&](Value k, Value mask, ValueRange carried) {
    SmallVector<Value> sums(carried), weights(count);
    auto read = [&](Value buffer, ValueRange at, Type type) -> Value {
      auto vector = VectorType::get({kLanes}, type);
      Value values;
      if (mask) {
        Value pad = arith::ConstantOp::create(
            b, loc, vector, cast<TypedAttr>(b.getZeroAttr(vector)));
        values =
            vector::MaskedLoadOp::create(b, loc, vector, buffer, at, mask, pad);
      } else {
        values = vector::LoadOp::create(b, loc, vector, buffer, at);
      }
      if (!type.isF32())
        values = arith::ExtFOp::create(b, loc, e.f32s(), values);
      return values;
    };
    for (int64_t r = 0; r < count; ++r)
      weights[r] = read(sources[r].first, e.add(sources[r].second, k), element);
    for (int64_t t = 0; t < tokens; ++t) {
      Value x = read(op.getInput(), {tokenRows[t], k}, b.getF32Type());
      for (int64_t r = 0; r < count; ++r)
        sums[r * tokens + t] = e.fma(weights[r], x, sums[r * tokens + t]);
    }
    return sums;
  };
  SmallVector<Value> sums(count * tokens, e.zeros());
  int64_t whole = columns / kLanes * kLanes;
  if (whole)
    sums = e.loop(
        e.index(0), e.index(whole), kLanes, sums,
        [&](Value k, ValueRange carried) { return step(k, Value(), carried); });
  if (whole != columns) {
    Value mask = vector::CreateMaskOp::create(
        b, loc, VectorType::get({kLanes}, b.getI1Type()),
        e.index(columns - whole));
    sums = step(e.index(whole), mask, sums);
  }
  for (int64_t r = 0; r < count; ++r) {
    Value row = r ? e.add(firstRow, e.index(r)) : firstRow;
    auto write = [&] {
      for (int64_t t = 0; t < tokens; ++t) {
        Value sum = e.sumOf(sums[r * tokens + t]);
        SmallVector<Value> at = {tokenRows[t], row};
        if (op.getAccumulate())
          sum = e.addf(memref::LoadOp::create(b, loc, op.getOutput(), at), sum);
        memref::StoreOp::create(b, loc, sum, op.getOutput(), at);
      }
    };
    if (rows % count == 0) {
      write();
      continue;
    }
    // The last unit may have fewer rows; the others were clamped to the last.
    Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, row,
                                         e.index(rows));
    auto branch = scf::IfOp::create(b, loc, inside, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    write();
  }
}

} // namespace

LogicalResult mlir::kernel::lowerMatmul(MatmulOp op, const PackedLayout &layout,
                                        const Blocking &blocking,
                                        ScratchPool &scratch) {
  OpBuilder builder(op);
  auto weight = SymbolTable::lookupNearestSymbolFrom<compress::WeightOp>(
      op, op.getWeightAttr());
  Value value = getNode(weight, op.getNode());
  Emitter e(builder, op.getLoc(), scratch, layout, op.getWeights(),
            op.getOffset());
  scratch.reset();
  const PackedLayout::Node *node = layout.find(value);
  if (node && node->tile) {
    const TileFormat &format = *node->tile;
    e.forall({e.index(format.getRowTiles())}, [&](ArrayRef<Value> unit) {
      Value tile = unit.front();
      Value address = e.add(e.at(node->offset),
                            e.mul(tile, e.index(format.getRowTileBytes())));
      e.tokens(op.getOutput(), op.getTokens(), blocking.floatTokens,
               [&](Value token, int64_t tokens) {
                 emitFloatTile(e, op, format, address, tile, token, tokens);
               });
    });
    return success();
  }
  auto type = cast<RankedTensorType>(value.getType());
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  int64_t unit = std::min(blocking.dotRows, rows);
  Operation *leaf = value.getDefiningOp();
  bool direct = compress::isLeaf(value);
  // What an expansion needs beforehand, each thread makes for itself.
  if (!direct && failed(e.prepare(value)))
    return failure();
  LogicalResult result = success();
  e.forall({e.index(llvm::divideCeil(rows, unit))}, [&](ArrayRef<Value> units) {
    Value u = units.front();
    Value first = e.mul(u, e.index(unit));
    SmallVector<std::pair<Value, Value>> sources;
    Type element = direct ? type.getElementType() : builder.getF32Type();
    Value matrix;
    if (direct)
      matrix = e.packed(leaf, rows * columns, element);
    for (int64_t r = 0; r < unit; ++r) {
      Value row = r ? e.add(first, e.index(r)) : first;
      if (rows % unit)
        row = arith::MinUIOp::create(builder, op.getLoc(), row,
                                     e.index(rows - 1));
      if (direct) {
        sources.push_back({matrix, e.mul(row, e.index(columns))});
        continue;
      }
      Value buffer = e.buffer(columns);
      if (failed(e.expandRow(value, row, buffer)))
        result = failure();
      sources.push_back({buffer, e.index(0)});
    }
    e.tokens(op.getOutput(), op.getTokens(), blocking.dotTokens,
             [&](Value token, int64_t tokens) {
               emitRowDots(e, op, sources, element, columns, first, rows, token,
                           tokens);
             });
  });
  return result;
}

LogicalResult mlir::kernel::lowerMatmulInt8(MatmulInt8Op op,
                                            const PackedLayout &layout,
                                            const Blocking &blocking,
                                            ScratchPool &scratch) {
  OpBuilder builder(op);
  auto weight = SymbolTable::lookupNearestSymbolFrom<compress::WeightOp>(
      op, op.getWeightAttr());
  const PackedLayout::Node *node = layout.find(getNode(weight, op.getNode()));
  if (!node || !node->tile)
    return op.emitOpError("takes a weight of integer codes");
  const TileFormat &format = *node->tile;
  Emitter e(builder, op.getLoc(), scratch, layout, op.getWeights(),
            op.getOffset());
  bool one = cast<MemRefType>(op.getOutput().getType()).getDimSize(0) == 1;
  auto unit = [&](Value firstTile, int64_t rowTiles) {
    SmallVector<Value> tiles;
    for (int64_t r = 0; r < rowTiles; ++r)
      tiles.push_back(e.add(e.at(node->offset),
                            e.mul(r ? e.add(firstTile, e.index(r)) : firstTile,
                                  e.index(format.getRowTileBytes()))));
    e.tokens(op.getOutput(), op.getTokens(), blocking.tokens,
             [&](Value token, int64_t tokens) {
               Int8Product{e, op, format, rowTiles, tokens, token, tiles}.run(
                   firstTile);
             });
  };
  int64_t width = one ? 1 : blocking.rowTiles;
  int64_t whole = format.getRowTiles() / width;
  if (whole)
    e.forall({e.index(whole)}, [&](ArrayRef<Value> u) {
      unit(e.mul(u.front(), e.index(width)), width);
    });
  if (int64_t rest = format.getRowTiles() % width)
    e.forall({e.index(1)},
             [&](ArrayRef<Value>) { unit(e.index(whole * width), rest); });
  return success();
}

LogicalResult mlir::kernel::lowerGatherRows(GatherRowsOp op,
                                            const PackedLayout &layout,
                                            ScratchPool &scratch) {
  OpBuilder builder(op);
  auto weight = SymbolTable::lookupNearestSymbolFrom<compress::WeightOp>(
      op, op.getWeightAttr());
  Emitter e(builder, op.getLoc(), scratch, layout, op.getWeights(),
            op.getOffset());
  scratch.reset();
  LogicalResult result = success();
  int64_t columns = cast<MemRefType>(op.getOutput().getType()).getDimSize(1);
  e.forall({op.getTokens()}, [&](ArrayRef<Value> indices) {
    Value token = indices.front();
    Value row = arith::IndexCastUIOp::create(builder, op.getLoc(),
                                             builder.getIndexType(),
                                             e.load(op.getIndices(), token));
    Value buffer = e.buffer(columns);
    if (failed(e.expandRow(weight.getResultValue(), row, buffer)))
      result = failure();
    e.loop(e.index(0), e.index(columns), 1, [&](Value c) {
      memref::StoreOp::create(builder, op.getLoc(), e.load(buffer, c),
                              op.getOutput(), ValueRange{token, c});
    });
  });
  return result;
}

void mlir::kernel::lowerQuantizeActivations(QuantizeActivationsOp op) {
  OpBuilder builder(op);
  ScratchPool scratch(op->getParentOp());
  PackedLayout layout;
  Emitter e(builder, op.getLoc(), scratch, layout, Value(), Value());
  OpBuilder &b = builder;
  Location loc = op.getLoc();
  int64_t columns = cast<MemRefType>(op.getInput().getType()).getDimSize(1);
  auto halves = [&](Value token, Value block, int64_t inputs) {
    Value first = e.mul(block, e.index(kBlockInputs));
    Value x[2];
    for (int64_t h = 0; h < 2; ++h) {
      SmallVector<Value> at = {token, e.add(first, e.index(kLanes * h))};
      int64_t here = std::clamp<int64_t>(inputs - kLanes * h, 0, kLanes);
      if (here == kLanes) {
        x[h] = vector::LoadOp::create(b, loc, e.f32s(), op.getInput(), at);
      } else if (here == 0) {
        x[h] = e.zeros();
      } else {
        Value mask = vector::CreateMaskOp::create(
            b, loc, VectorType::get({kLanes}, b.getI1Type()), e.index(here));
        x[h] = vector::MaskedLoadOp::create(b, loc, e.f32s(), op.getInput(), at,
                                            mask, e.zeros());
      }
    }
    // Magnitudes are ordered as their bits are, with NaN the largest: one that
    // is not finite leaves a scale that is not.
    auto bitsOf = [&](Value value) -> Value {
      return arith::BitcastOp::create(b, loc, e.i32s(),
                                      math::AbsFOp::create(b, loc, value));
    };
    Value amax = arith::BitcastOp::create(
        b, loc, b.getF32Type(),
        vector::ReductionOp::create(
            b, loc, vector::CombiningKind::MAXSI,
            arith::MaxSIOp::create(b, loc, bitsOf(x[0]), bitsOf(x[1]))));
    Value positive = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT,
                                           amax, e.f32(0));
    Value inverse = arith::SelectOp::create(
        b, loc, positive, arith::DivFOp::create(b, loc, e.f32(127), amax),
        e.f32(0));
    Value factor = e.splat(e.f32s(), inverse);
    // Adding and subtracting 1.5 * 2^23 rounds half to even.
    Value magic = e.splatF32(12582912.0f);
    Value total;
    for (int64_t h = 0; h < 2; ++h) {
      Value rounded = e.subf(e.addf(e.mulf(x[h], factor), magic), magic);
      Value ints = arith::FPToSIOp::create(b, loc, e.i32s(), rounded);
      Value codes = arith::TruncIOp::create(
          b, loc, VectorType::get({kLanes}, b.getI8Type()), ints);
      vector::StoreOp::create(
          b, loc, codes, op.getCodes(),
          ValueRange{token, e.add(first, e.index(kLanes * h))});
      total = total ? Value(arith::AddIOp::create(b, loc, total, ints)) : ints;
    }
    Value sum =
        vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, total);
    memref::StoreOp::create(b, loc, sum, op.getSums(),
                            ValueRange{token, block});
    memref::StoreOp::create(b, loc,
                            arith::DivFOp::create(b, loc, amax, e.f32(127)),
                            op.getScales(), ValueRange{token, block});
  };
  e.forall({op.getTokens()}, [&](ArrayRef<Value> indices) {
    Value token = indices.front();
    int64_t whole = columns / kBlockInputs;
    e.loop(e.index(0), e.index(whole), 1,
           [&](Value block) { halves(token, block, kBlockInputs); });
    if (columns % kBlockInputs)
      halves(token, e.index(whole), columns % kBlockInputs);
  });
}
