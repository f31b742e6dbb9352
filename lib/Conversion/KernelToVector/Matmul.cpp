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
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::kernel;

namespace {

//===----------------------------------------------------------------------===//
// Integer tiles with int8 activations
//===----------------------------------------------------------------------===//

/// Bytes of a block whose codes are bytes.
constexpr int64_t kPanelBlockBytes = kTileRows * kBlockInputs;

/// Where quad `s` of a block lies in a panel: row tiles of byte codes.
Value panelPlace(Emitter &e, const TileFormat &format, int64_t rowTile,
                 Value block, unsigned s) {
  int64_t blocks = llvm::divideCeil(format.columns, kBlockInputs);
  return e.add(e.mul(block, e.index(kPanelBlockBytes)),
               e.index(rowTile * blocks * kPanelBlockBytes + 64 * s));
}

/// A quad of a block as products take it: biased codes, or signed ones.
Value emitCodes(Emitter &e, const TileFormat &format, bool isSigned,
                const BlockPlace &place, unsigned s) {
  Value codes = format.getCodes().emitQuad(e, place, s);
  return isSigned ? Value(arith::XOrIOp::create(e.builder, e.loc, codes,
                                                e.splatByte(format.codes.bias)))
                  : codes;
}

/// Expands a row tile's codes into a panel, for many tokens.
void emitPanel(Emitter &e, const TileFormat &format, bool isSigned, Value tile,
               ArrayRef<Value> shared, Value panel, int64_t rowTile) {
  walkGroups(
      e, format, /*byInputs=*/false, tile, shared, {},
      [&](const GroupPlace &place, ValueRange) -> SmallVector<Value> {
        GroupValues values = emitGroup(e, format, place, tile);
        e.loop(e.index(0), e.index(place.blocks), 1, [&](Value i) {
          Value address =
              e.add(values.codes, e.mul(i, e.index(format.codes.blockBytes)));
          for (unsigned s = 0; s < 8; ++s)
            vector::StoreOp::create(
                e.builder, e.loc,
                emitCodes(e, format, isSigned,
                          {address, shared, values.of(s).absent}, s),
                panel,
                panelPlace(e, format, rowTile, e.add(place.firstBlock, i), s));
        });
        return {};
      });
}

/// One token's codes as turned quads meet them: each 16 as 4 x 4, transposed.
Value turn(Emitter &e, Value codes) {
  int64_t count = cast<MemRefType>(codes.getType()).getDimSize(1);
  Value result = e.byteBuffer(count);
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < 16; ++i)
    order.push_back(i % 4 * 4 + i / 4);
  e.loop(e.index(0), e.index(count), 16, [&](Value i) {
    Value some = vector::LoadOp::create(
        e.builder, e.loc, VectorType::get({16}, e.builder.getI8Type()), codes,
        ValueRange{e.index(0), i});
    vector::StoreOp::create(
        e.builder, e.loc,
        vector::ShuffleOp::create(e.builder, e.loc, some, some, order), result,
        i);
  });
  return result;
}

struct Int8Product {
  Emitter &e;
  MatmulInt8Op op;
  const TileFormat &format;
  bool isSigned; ///< whether codes are made signed, not biased
  int64_t rowTiles, tokens;
  Value token;
  SmallVector<Value> tiles;               ///< byte addresses of the row tiles
  SmallVector<SmallVector<Value>> shared; ///< what emitTile made of them
  Value panel;  ///< bytes of the row tiles' quads, or null
  Value turned; ///< the activations as turned quads meet them, or null
  Value tile;   ///< i32 of a tile's sums, or null

  /// Whether a panel meets sixteen tokens at once.
  bool isTiled() const { return tile && tokens == kTileRows; }
  int64_t at(int64_t tile, int64_t t) const { return tile * tokens + t; }
  /// Whether weights come straight from memory, once.
  bool isStream() const { return tokens == 1 && !panel; }
  /// Whether sums of inputs are wanted: for a bias, zero points or offsets.
  bool isShifted() const { return bias() || format.moved; }
  int64_t bias() const { return isSigned ? 0 : format.codes.bias; }

  /// Σ over one block or half of it, times the activations' scales:
  /// [rowTiles * tokens] f32; where codes are shifted, behind them the sums of
  /// the inputs.
  SmallVector<Value> block(ArrayRef<Value> blocks, Value blockIndex,
                           ArrayRef<GroupValues> values, int64_t half) {
    OpBuilder &b = e.builder;
    Location loc = e.loc;
    SmallVector<Value> scales(tokens), acc(rowTiles * tokens);
    SmallVector<Value> result(rowTiles * tokens + (isShifted() ? tokens : 0));
    for (int64_t t = 0; t < tokens; ++t) {
      Value row = t ? e.add(token, e.index(t)) : token;
      Value scale = memref::LoadOp::create(b, loc, op.getScales(),
                                           ValueRange{row, blockIndex});
      scales[t] = e.splat(e.f32s(), scale);
      Value start = arith::ConstantOp::create(
          b, loc, DenseElementsAttr::get(e.i32s(), b.getI32IntegerAttr(0)));
      auto sum = [&](int64_t i) -> Value {
        Value at = e.add(e.mul(blockIndex, e.index(2)), e.index(i));
        return memref::LoadOp::create(b, loc, op.getSums(),
                                      ValueRange{row, at});
      };
      if (isShifted())
        result[rowTiles * tokens + t] = half ? sum(1)
                                        : format.halves == 2
                                            ? e.subf(sum(0), sum(1))
                                            : sum(0);
      for (int64_t r = 0; r < rowTiles; ++r)
        acc[at(r, t)] = start;
    }
    Value input = e.mul(blockIndex, e.index(kBlockInputs));
    if (isStream() && format.codes.valueBytes && !half)
      for (int64_t r = 0; r < rowTiles; ++r)
        prefetchValues(shared[r].front(), blockIndex);
    int64_t quads = 8 / format.halves;
    if (isTiled()) {
      for (int64_t r = 0; r < rowTiles; ++r) {
        TileDotOp::create(b, loc, op.getCodes(), token,
                          e.add(input, e.index(4 * half * quads)), panel,
                          panelPlace(e, format, r, blockIndex, half * quads),
                          tile, e.index(r * kTileRows * kTileRows),
                          /*accumulate=*/false, quads, format.codes.bits);
        for (int64_t t = 0; t < tokens; ++t)
          acc[at(r, t)] = vector::LoadOp::create(
              b, loc, e.i32s(), tile, e.index((r * kTileRows + t) * kTileRows));
      }
    }
    for (int64_t s = half * quads; !isTiled() && s < (half + 1) * quads; ++s) {
      SmallVector<Value> codes(rowTiles);
      for (int64_t r = 0; r < rowTiles; ++r)
        codes[r] =
            panel
                ? Value(vector::LoadOp::create(
                      b, loc, e.bytes(), panel,
                      panelPlace(e, format, r, blockIndex, s)))
                : emitCodes(e, format, isSigned,
                            {blocks[r], shared[r], values[r].of(s).absent}, s);
      for (int64_t t = 0; t < tokens; ++t) {
        Value row = t ? e.add(token, e.index(t)) : token;
        Value four = vector::LoadOp::create(
            b, loc, VectorType::get({4}, b.getI8Type()),
            turned ? turned : op.getCodes(),
            turned ? ValueRange{e.add(input, e.index(4 * s))}
                   : ValueRange{row, e.add(input, e.index(4 * s))});
        Value word = vector::BitCastOp::create(
            b, loc, VectorType::get({1}, b.getI32Type()), four);
        Value lanes =
            e.splat(e.i32s(), vector::ExtractOp::create(b, loc, word, 0));
        Value x = vector::BitCastOp::create(b, loc, e.bytes(), lanes);
        for (int64_t r = 0; r < rowTiles; ++r)
          acc[at(r, t)] =
              LaneDotOp::create(b, loc, e.i32s(), acc[at(r, t)], codes[r], x,
                                format.codes.bits, isSigned);
      }
    }
    for (int64_t t = 0; t < tokens; ++t)
      for (int64_t r = 0; r < rowTiles; ++r)
        result[at(r, t)] = e.mulf(e.toFloats(acc[at(r, t)]), scales[t]);
    return result;
  }

  /// What varies in size is fetched evenly over a row tile's blocks.
  void prefetchValues(Value values, Value blockIndex) {
    int64_t blocks = llvm::divideCeil(format.columns, kBlockInputs);
    int64_t share = llvm::divideCeil(format.codes.valueBytes,
                                     format.getRowTiles() * blocks);
    e.prefetch(e.add(values, e.mul(blockIndex, e.index(share))), share);
  }

  /// Adds a group to `carried`.
  SmallVector<Value> group(const GroupPlace &place, ValueRange carried) {
    int64_t header = format.getHeaderBytes(place.groups);
    // A lone block is fetched with its header.
    bool together = place.groups == 1 && place.blocks == 1;
    SmallVector<GroupValues> values(rowTiles);
    for (int64_t r = 0; r < rowTiles; ++r) {
      if (isStream()) {
        // Headers of many groups are fetched evenly over these.
        int64_t share = llvm::divideCeil(header, place.groups);
        Value segment = e.add(tiles[r], place.segment);
        e.prefetch(place.groups == 1
                       ? segment
                       : e.add(segment, e.mul(place.group, e.index(share))),
                   share + (together ? format.codes.blockBytes : 0));
      }
      values[r] = emitGroup(e, format, place, tiles[r]);
    }
    if (place.blocks == 1) {
      SmallVector<Value> first, result(carried);
      for (int64_t r = 0; r < rowTiles; ++r) {
        first.push_back(values[r].codes);
        if (isStream() && !together)
          e.prefetch(first.back(), format.codes.blockBytes);
      }
      for (int64_t half = 0; half < format.halves; ++half)
        scaled(block(first, place.firstBlock, values, half), values, half,
               result);
      return result;
    }
    SmallVector<Value> partial;
    {
      SmallVector<Value> start(rowTiles * tokens, e.zeros());
      if (isShifted())
        start.append(tokens, e.f32(0));
      partial = e.loop(e.index(0), e.index(place.blocks), 1, start,
                       [&](Value i, ValueRange sums) {
                         SmallVector<Value> here;
                         Value offset =
                             e.mul(i, e.index(format.codes.blockBytes));
                         for (int64_t r = 0; r < rowTiles; ++r) {
                           here.push_back(e.add(values[r].codes, offset));
                           if (isStream())
                             e.prefetch(here.back(), format.codes.blockBytes);
                         }
                         SmallVector<Value> more =
                             block(here, e.add(place.firstBlock, i), values, 0);
                         for (auto [value, sum] : llvm::zip(more, sums))
                           value = e.addf(sum, value);
                         return more;
                       });
    }
    SmallVector<Value> result(carried);
    scaled(partial, values, 0, result);
    return result;
  }

  /// Adds what block() made, times the weights' scales, to `result`.
  void scaled(ArrayRef<Value> partial, ArrayRef<GroupValues> groups,
              int64_t half, MutableArrayRef<Value> result) {
    SmallVector<ScaleValues> values;
    for (const GroupValues &group : groups)
      values.push_back(group.halves[half]);
    // The bias of codes, and zero points, times the sum of the inputs.
    SmallVector<Value> shifts(rowTiles);
    if (bias())
      shifts.assign(rowTiles, e.splatF32(-float(bias())));
    if (format.moved && !format.hasOffsets())
      for (int64_t r = 0; r < rowTiles; ++r) {
        Value minus = arith::NegFOp::create(e.builder, e.loc, values[r].moved);
        shifts[r] = shifts[r] ? e.addf(shifts[r], minus) : minus;
      }
    for (int64_t t = 0; t < tokens; ++t) {
      Value inputs;
      if (isShifted())
        inputs = e.splat(e.f32s(), partial[rowTiles * tokens + t]);
      for (int64_t r = 0; r < rowTiles; ++r) {
        Value value = partial[at(r, t)], &sum = result[at(r, t)];
        if (shifts[r])
          value = e.fma(shifts[r], inputs, value);
        sum = e.fma(value, values[r].scales, sum);
        if (format.hasOffsets())
          sum = e.fma(values[r].moved, inputs, sum);
      }
    }
  }

  void run(Value firstTile) {
    SmallVector<Value> sums(rowTiles * tokens, e.zeros());
    sums =
        walkGroups(e, format, /*byInputs=*/false, tiles.front(), shared.front(),
                   sums, [&](const GroupPlace &place, ValueRange carried) {
                     return group(place, carried);
                   });
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
// Rows
//===----------------------------------------------------------------------===//

/// Dot products of expanded rows with tokens.
void emitRowDots(Emitter &e, MatmulOp op, ArrayRef<Value> sources,
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
    auto read = [&](Value buffer, ValueRange at) -> Value {
      if (mask)
        return vector::MaskedLoadOp::create(b, loc, e.f32s(), buffer, at, mask,
                                            e.zeros());
      return vector::LoadOp::create(b, loc, e.f32s(), buffer, at);
    };
    for (int64_t r = 0; r < count; ++r)
      weights[r] = read(sources[r], k);
    for (int64_t t = 0; t < tokens; ++t) {
      Value x = read(op.getInput(), {tokenRows[t], k});
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
                                        const InstructionSet &set,
                                        ScratchPool &scratch) {
  OpBuilder builder(op);
  const PackedLayout::Node *node = &layout.nodes.front();
  Value value = node->value;
  Emitter e(builder, op.getLoc(), scratch, layout, op.getWeights(),
            op.getOffset());
  scratch.reset();
  if (node->tile) {
    // Not below: a row alone would unpack all of its row tile.
    if (!set.expand)
      e.setUnpacking();
    return lowerFloatProduct(e, op, *node, set);
  }
  if (auto list = dyn_cast<ListSource>(value.getDefiningOp())) {
    lowerListProduct(e, op, list);
    return success();
  }
  auto type = cast<RankedTensorType>(value.getType());
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  int64_t unit = std::min(set.blocking.dotRows, rows);
  // What an expansion needs beforehand, each thread makes for itself.
  if (failed(e.prepare(value)))
    return failure();
  LogicalResult result = success();
  e.forall(
      {e.index(llvm::divideCeil(rows, unit))},
      [&](ArrayRef<Value> units) {
        Value u = units.front();
        Value first = e.mul(u, e.index(unit));
        SmallVector<Value> sources;
        for (int64_t r = 0; r < unit; ++r) {
          Value row = r ? e.add(first, e.index(r)) : first;
          if (rows % unit)
            row = arith::MinUIOp::create(builder, op.getLoc(), row,
                                         e.index(rows - 1));
          Value buffer = e.buffer(columns);
          if (failed(e.expandRow(value, row, buffer)))
            result = failure();
          sources.push_back(buffer);
        }
        e.tokens(op.getOutput(), op.getTokens(), set.blocking.dotTokens,
                 [&](Value token, int64_t tokens) {
                   emitRowDots(e, op, sources, columns, first, rows, token,
                               tokens);
                 });
      },
      e.grainOf(op.getOutput(), unit * columns));
  return result;
}

LogicalResult mlir::kernel::lowerMatmulInt8(MatmulInt8Op op,
                                            const PackedLayout &layout,
                                            const InstructionSet &set,
                                            ScratchPool &scratch) {
  OpBuilder builder(op);
  const PackedLayout::Node *node = &layout.nodes.front();
  if (!node->tile || node->tile->floats)
    return op.emitOpError("takes a format of codes in tiles");
  const TileFormat &format = *node->tile;
  Emitter e(builder, op.getLoc(), scratch, layout, op.getWeights(),
            op.getOffset());
  bool one = cast<MemRefType>(op.getOutput().getType()).getDimSize(0) == 1;
  scratch.reset();
  if (!set.expand)
    e.setUnpacking();
  Value turned;
  if (one && format.codes.canTurn && set.looksUpBytes) {
    turned = turn(e, op.getCodes());
    e.setTurned();
  }
  if (failed(format.getCodes().emitTables(e)))
    return failure();
  bool isSigned =
      set.dotSigned && format.codes.bits == 8 && format.codes.bias == 128;
  auto unit = [&](Value firstTile, int64_t rowTiles) {
    SmallVector<Value> tiles;
    for (int64_t r = 0; r < rowTiles; ++r)
      tiles.push_back(e.add(e.at(node->tileOffset),
                            e.mul(r ? e.add(firstTile, e.index(r)) : firstTile,
                                  e.index(format.getRowTileBytes()))));
    if (!turned)
      scratch.reset();
    SmallVector<SmallVector<Value>> shared;
    for (Value tile : tiles)
      shared.push_back(emitTile(e, format, node->tileOffset, tile));
    Value panel;
    bool tiled = !one && set.usesTiles;
    if (!one && (format.codes.isCostly || tiled)) {
      panel = e.byteBuffer(rowTiles * kPanelBlockBytes *
                           llvm::divideCeil(format.columns, kBlockInputs));
      for (int64_t r = 0; r < rowTiles; ++r)
        emitPanel(e, format, isSigned, tiles[r], shared[r], panel, r);
    }
    Value tile;
    if (tiled)
      tile = scratch.get(builder, op.getLoc(), rowTiles * kTileRows * kTileRows,
                         builder.getI32Type());
    e.tokens(op.getOutput(), op.getTokens(),
             tiled ? kTileRows
                   : set.blocking.tokens *
                         (format.codes.kept ? set.blocking.rowTiles : 1),
             [&](Value token, int64_t tokens) {
               Int8Product{e,     op,    format, isSigned, rowTiles, tokens,
                           token, tiles, shared, panel,    turned,   tile}
                   .run(firstTile);
             });
  };
  // Row tiles with lists of their own go alone, with the more tokens.
  bool alone = one || format.codes.kept;
  int64_t width = alone ? 1 : set.blocking.rowTiles;
  int64_t whole = format.getRowTiles() / width;
  if (whole)
    e.forall(
        {e.index(whole)},
        [&](ArrayRef<Value> u) {
          unit(e.mul(u.front(), e.index(width)), width);
        },
        e.grainOf(op.getOutput(), format.getBytes() / format.getRowTiles()));
  if (int64_t rest = format.getRowTiles() % width)
    e.forall({e.index(1)},
             [&](ArrayRef<Value>) { unit(e.index(whole * width), rest); });
  return success();
}

LogicalResult mlir::kernel::lowerGatherRows(GatherRowsOp op,
                                            const PackedLayout &layout,
                                            ScratchPool &scratch) {
  OpBuilder builder(op);
  Value root = SymbolTable::lookupNearestSymbolFrom<compress::FormatOp>(
                   op, op.getFormatAttr())
                   .getResultValue();
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
    if (failed(e.expandRow(root, row, buffer)))
      result = failure();
    e.loop(e.index(0), e.index(columns), 1, [&](Value c) {
      memref::StoreOp::create(builder, op.getLoc(), e.load(buffer, c),
                              op.getOutput(), ValueRange{token, c});
    });
  });
  return result;
}

namespace {
/// A block of 32 inputs as integers from -127 to 127, in f32, and its largest
/// magnitude; inputs beyond `inputs` are 0.
struct RoundedBlock {
  Value first;   ///< the block's first input
  Value half[2]; ///< sixteen each
  Value largest;
};

RoundedBlock emitRoundedBlock(Emitter &e, Value input, Value token, Value block,
                              int64_t inputs) {
  OpBuilder &b = e.builder;
  Location loc = e.loc;
  RoundedBlock result;
  result.first = e.mul(block, e.index(kBlockInputs));
  Value x[2];
  for (int64_t h = 0; h < 2; ++h) {
    int64_t here = std::clamp<int64_t>(inputs - kLanes * h, 0, kLanes);
    x[h] = here
               ? e.read(input,
                        {token, e.add(result.first, e.index(kLanes * h))}, here)
               : e.zeros();
  }
  // Magnitudes are ordered as their bits are, with NaN the largest: one that
  // is not finite leaves a scale that is not.
  auto bitsOf = [&](Value value) -> Value {
    return arith::BitcastOp::create(b, loc, e.i32s(),
                                    math::AbsFOp::create(b, loc, value));
  };
  result.largest = arith::BitcastOp::create(
      b, loc, b.getF32Type(),
      vector::ReductionOp::create(
          b, loc, vector::CombiningKind::MAXSI,
          arith::MaxSIOp::create(b, loc, bitsOf(x[0]), bitsOf(x[1]))));
  Value positive = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT,
                                         result.largest, e.f32(0));
  Value inverse = arith::SelectOp::create(
      b, loc, positive,
      arith::DivFOp::create(b, loc, e.f32(127), result.largest), e.f32(0));
  Value factor = e.splat(e.f32s(), inverse);
  // Adding and subtracting 1.5 * 2^23 rounds half to even.
  Value magic = e.splatF32(12582912.0f);
  for (int64_t h = 0; h < 2; ++h)
    result.half[h] = e.subf(e.addf(e.mulf(x[h], factor), magic), magic);
  return result;
}

/// Calls `body` with every block of every token, tokens shared out.
void forEachBlock(Emitter &e, Value input, Value tokens,
                  const std::function<void(Value, Value, int64_t)> &body) {
  int64_t columns = cast<MemRefType>(input.getType()).getDimSize(1);
  e.forall({tokens}, [&](ArrayRef<Value> indices) {
    Value token = indices.front();
    int64_t whole = columns / kBlockInputs;
    e.loop(e.index(0), e.index(whole), 1,
           [&](Value block) { body(token, block, kBlockInputs); });
    if (columns % kBlockInputs)
      body(token, e.index(whole), columns % kBlockInputs);
  });
}
} // namespace

void mlir::kernel::lowerQuantizeActivations(QuantizeActivationsOp op) {
  OpBuilder b(op);
  ScratchPool scratch(op->getParentOp());
  PackedLayout layout;
  Location loc = op.getLoc();
  Emitter e(b, loc, scratch, layout, Value(), Value());
  forEachBlock(
      e, op.getInput(), op.getTokens(),
      [&](Value token, Value block, int64_t inputs) {
        RoundedBlock rounded =
            emitRoundedBlock(e, op.getInput(), token, block, inputs);
        Value halves[2];
        for (int64_t h = 0; h < 2; ++h) {
          Value ints =
              arith::FPToSIOp::create(b, loc, e.i32s(), rounded.half[h]);
          Value codes = arith::TruncIOp::create(
              b, loc, VectorType::get({kLanes}, b.getI8Type()), ints);
          vector::StoreOp::create(
              b, loc, codes, op.getCodes(),
              ValueRange{token, e.add(rounded.first, e.index(kLanes * h))});
          halves[h] = ints;
        }
        Value scale =
            arith::DivFOp::create(b, loc, rounded.largest, e.f32(127));
        memref::StoreOp::create(b, loc, scale, op.getScales(),
                                ValueRange{token, block});
        auto sum = [&](Value ints, int64_t at) {
          Value total = vector::ReductionOp::create(
              b, loc, vector::CombiningKind::ADD, ints);
          Value scaled = arith::MulFOp::create(
              b, loc, arith::SIToFPOp::create(b, loc, b.getF32Type(), total),
              scale);
          memref::StoreOp::create(
              b, loc, scaled, op.getSums(),
              ValueRange{token, e.add(e.mul(block, e.index(2)), e.index(at))});
        };
        sum(arith::AddIOp::create(b, loc, halves[0], halves[1]), 0);
        sum(halves[1], 1);
      });
}

void mlir::kernel::lowerRoundActivations(RoundActivationsOp op) {
  OpBuilder b(op);
  ScratchPool scratch(op->getParentOp());
  PackedLayout layout;
  Location loc = op.getLoc();
  Emitter e(b, loc, scratch, layout, Value(), Value());
  forEachBlock(
      e, op.getInput(), op.getTokens(),
      [&](Value token, Value block, int64_t inputs) {
        RoundedBlock rounded =
            emitRoundedBlock(e, op.getInput(), token, block, inputs);
        Value scale =
            e.splat(e.f32s(),
                    arith::DivFOp::create(b, loc, rounded.largest, e.f32(127)));
        for (int64_t h = 0; h < 2; ++h)
          if (int64_t here =
                  std::clamp<int64_t>(inputs - kLanes * h, 0, kLanes))
            e.write(e.mulf(rounded.half[h], scale), op.getOutput(),
                    {token, e.add(rounded.first, e.index(kLanes * h))}, here);
      });
}
