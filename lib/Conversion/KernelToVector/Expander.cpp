//===- Expander.cpp - Code that expands packed expressions ----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Conversion/Expander.h"
#include "Compress/IR/Compress.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::kernel;

//===----------------------------------------------------------------------===//
// Scratch
//===----------------------------------------------------------------------===//

static MemRefType bytesType(MLIRContext *context, int64_t bytes) {
  return MemRefType::get({bytes}, IntegerType::get(context, 8));
}

/// What --kernel-plan-buffers has given a function of each thread's scratch.
static int64_t getPlanned(Operation *function) {
  auto bytes = function->getAttrOfType<IntegerAttr>("kernel.scratch_bytes");
  return bytes ? bytes.getInt() : 0;
}

Value ScratchPool::get(OpBuilder &builder, Location loc, int64_t elements,
                       Type element) {
  if (!base) {
    OpBuilder::InsertionGuard guard(builder);
    Block &entry = cast<FunctionOpInterface>(function).front();
    builder.setInsertionPointToStart(&entry);
    Location at = function->getLoc();
    if (isSingleProgram(function)) {
      Value context = entry.getArgument(0);
      base = BufferOp::create(
          builder, at, bytesType(builder.getContext(), ShapedType::kDynamic),
          context, ContextField::scratch);
      offset = arith::MulIOp::create(
          builder, at, entry.getArgument(1),
          FieldOp::create(builder, at, context, ContextField::scratch_stride));
      // Behind the buffers that are planned.
      if (int64_t planned = getPlanned(function))
        offset = arith::AddIOp::create(
            builder, at, offset,
            arith::ConstantIndexOp::create(builder, at, planned));
    } else {
      base = memref::AllocaOp::create(builder, at,
                                      bytesType(builder.getContext(), 64),
                                      builder.getI64IntegerAttr(64));
    }
  }
  Value at = arith::ConstantIndexOp::create(builder, loc, used);
  if (offset)
    at = arith::AddIOp::create(builder, loc, offset, at);
  used += llvm::alignTo(elements * element.getIntOrFloatBitWidth() / 8, 64);
  most = std::max(most, used);
  return memref::ViewOp::create(builder, loc,
                                MemRefType::get({elements}, element), base, at,
                                ValueRange());
}

int64_t ScratchPool::finish() {
  if (base && !offset)
    base.setType(bytesType(base.getContext(), std::max<int64_t>(most, 64)));
  return most + getPlanned(function);
}

Value Expander::packed(Operation *op, int64_t count, Type element) {
  Value begin = place(op);
  return memref::ViewOp::create(builder, loc, MemRefType::get({count}, element),
                                weights, begin, ValueRange());
}

//===----------------------------------------------------------------------===//
// Expansion
//===----------------------------------------------------------------------===//

LogicalResult Expander::prepare(Value value) {
  llvm::SaveAndRestore<const PackedLayout::Node *> saved(part);
  if (const PackedLayout::Node *own = layout.find(value))
    part = own;
  for (Value operand : value.getDefiningOp()->getOperands())
    if (failed(prepare(operand)))
      return failure();
  // One codebook for the whole weight is expanded once.
  auto lookup = value.getDefiningOp<LookupOp>();
  if (!lookup || prepared(lookup.getCodebook()))
    return success();
  auto type = cast<RankedTensorType>(lookup.getCodebook().getType());
  if (type.getDimSize(0) != 1)
    return success();
  Value book = buffer(type.getNumElements());
  if (failed(expand(lookup.getCodebook(), index(0),
                    index(type.getNumElements()), book)))
    return failure();
  setPrepared(lookup.getCodebook(), book);
  return success();
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

Value Expander::splatByte(int64_t value) {
  return arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(bytes(), builder.getI8IntegerAttr(int8_t(value))));
}

Value Expander::toFloats(Value ints) {
  return arith::SIToFPOp::create(builder, loc, f32s(), ints);
}

Value Expander::loadBytes(Value address, int64_t count) {
  return vector::LoadOp::create(builder, loc,
                                VectorType::get({count}, builder.getI8Type()),
                                weights, address);
}

Value Expander::loadInteger(Value address, Type type) {
  Value bytes = loadBytes(address, type.getIntOrFloatBitWidth() / 8);
  Value one = vector::BitCastOp::create(builder, loc,
                                        VectorType::get({1}, type), bytes);
  return vector::ExtractOp::create(builder, loc, one, 0);
}

Value Expander::loadIndex(Value address, Type type) {
  return arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(),
                                      loadInteger(address, type));
}

Value Expander::loadRowValues(Value address, Type type) {
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

std::pair<Value, Value> GroupPlace::header(Expander &e, Value tile,
                                           const TileFormat &format,
                                           const ScaleForm &form, int64_t skip,
                                           int64_t half) const {
  Value first = e.add(e.add(tile, segment), e.index(skip));
  Value which = e.add(e.mul(group, e.index(format.halves)), e.index(half));
  if (form.groups != 1)
    return {first, which};
  return {e.add(first, e.mul(which, e.index(form.headerBytes))), e.index(0)};
}

SmallVector<Value> mlir::kernel::walkGroups(
    Expander &e, const TileFormat &format, bool byInputs, Value tile,
    ArrayRef<Value> shared, ValueRange carried,
    const std::function<SmallVector<Value>(const GroupPlace &, ValueRange)>
        &body) {
  if (format.codes.kept)
    return e.loop(e.index(0), shared[1], 1, carried,
                  [&](Value i, ValueRange carried) {
                    int64_t bytes = format.getRecordBytes();
                    Value record = e.add(shared[0], e.mul(i, e.index(bytes)));
                    Value block = e.loadIndex(e.add(record, e.index(bytes - 2)),
                                              e.builder.getI16Type());
                    return body({e.sub(record, tile), 1, e.index(0), block, 1,
                                 kBlockInputs},
                                carried);
                  });
  int64_t segments = format.getSegments(), all = format.getGroups();
  int64_t blocks = format.getBlocks(0), lastBlocks = format.getBlocks(all - 1);
  int64_t lastInputs = format.columns - (all - 1) * format.group;
  bool oddGroup = byInputs ? lastInputs != format.group : lastBlocks != blocks;
  bool oddSegment = oddGroup || all % format.segmentGroups;
  auto segment = [&](Value s, int64_t groups, bool isOdd, ValueRange carried) {
    Value offset = e.add(e.index(format.codes.tileBytes),
                         e.mul(s, e.index(format.getSegmentBytes(0))));
    Value firstGroup = e.mul(s, e.index(format.segmentGroups));
    auto one = [&](Value g, bool isLast, ValueRange carried) {
      return body(
          {offset, groups, g, e.mul(e.add(firstGroup, g), e.index(blocks)),
           isLast ? lastBlocks : blocks, isLast ? lastInputs : format.group},
          carried);
    };
    int64_t uniform = groups - (isOdd && oddGroup);
    SmallVector<Value> values(carried);
    if (uniform == 1)
      values = one(e.index(0), false, values);
    else if (uniform > 1)
      values = e.loop(
          e.index(0), e.index(uniform), 1, values,
          [&](Value g, ValueRange inner) { return one(g, false, inner); });
    if (uniform != groups)
      values = one(e.index(uniform), true, values);
    return values;
  };
  SmallVector<Value> values(carried);
  int64_t uniform = segments - oddSegment;
  if (uniform == 1)
    values = segment(e.index(0), format.segmentGroups, false, values);
  else if (uniform > 1)
    values = e.loop(e.index(0), e.index(uniform), 1, values,
                    [&](Value s, ValueRange inner) {
                      return segment(s, format.segmentGroups, false, inner);
                    });
  if (oddSegment)
    values = segment(e.index(uniform), format.getGroupsOf(segments - 1), true,
                     values);
  return values;
}

static ScaleValues emitScales(Expander &e, const TileFormat &format,
                              const GroupPlace &place, Value tile,
                              int64_t half) {
  ScaleValues values;
  auto [scaleHeader, scaleGroup] =
      place.header(e, tile, format, format.scales, 0, half);
  values.scales = format.getScales().emitValues(e, scaleHeader, scaleGroup);
  if (ScaleSource moved = format.getMoved()) {
    auto [header, group] =
        place.header(e, tile, format, *format.moved,
                     format.getHeaderBytes(format.scales, place.groups), half);
    values.moved = moved.emitValues(e, header, group);
  }
  if (!format.codes.absent || !values.moved)
    return values;
  // An absent code is what stands for 0.
  Value zeros = values.moved;
  if (format.codes.bias)
    zeros = e.addf(zeros, e.splatF32(float(format.codes.bias)));
  Value four = arith::MulIOp::create(
      e.builder, e.loc,
      arith::FPToUIOp::create(e.builder, e.loc, e.i32s(), zeros),
      arith::ConstantOp::create(
          e.builder, e.loc,
          DenseElementsAttr::get(e.i32s(),
                                 e.builder.getI32IntegerAttr(0x01010101))));
  values.absent = vector::BitCastOp::create(e.builder, e.loc, e.bytes(), four);
  return values;
}

GroupValues mlir::kernel::emitGroup(Expander &e, const TileFormat &format,
                                    const GroupPlace &place, Value tile) {
  GroupValues values;
  values.codes = e.add(e.add(e.add(tile, place.segment),
                             e.index(format.getHeaderBytes(place.groups))),
                       e.mul(place.group, e.index(format.getBlocks(0) *
                                                  format.codes.blockBytes)));
  for (int64_t half = 0; half < format.halves; ++half)
    values.halves.push_back(format.floats
                                ? ScaleValues()
                                : emitScales(e, format, place, tile, half));
  return values;
}

LogicalResult mlir::kernel::emitTables(Expander &e, const TileFormat &format) {
  return format.floats ? format.getFloats().emitTables(e)
                       : format.getCodes().emitTables(e);
}

SmallVector<Value> mlir::kernel::emitTile(Expander &e, const TileFormat &format,
                                          int64_t offset, Value tile) {
  Value behind = e.at(offset + format.getValueOffset());
  if (format.codes.kept) {
    int64_t record = format.getRecordBytes();
    Value first = e.loadIndex(tile, e.builder.getI32Type());
    return {e.add(behind, e.mul(first, e.index(record))),
            e.loadIndex(e.add(tile, e.index(4)), e.builder.getI32Type())};
  }
  return format.floats ? format.getFloats().emitTile(e, tile, behind)
                       : format.getCodes().emitTile(e, tile, behind);
}

SmallVector<Value> mlir::kernel::emitFloats(Expander &e,
                                            const TileFormat &format,
                                            const BlockPlace &place,
                                            const GroupValues &group,
                                            unsigned quad) {
  if (format.floats)
    return format.getFloats().emitQuad(e, place, quad);
  const ScaleValues &values = group.of(quad);
  OpBuilder &b = e.builder;
  auto constant = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(
        b, e.loc, DenseElementsAttr::get(e.i32s(), b.getI32IntegerAttr(value)));
  };
  Value codes = vector::BitCastOp::create(
      b, e.loc, e.i32s(), format.getCodes().emitQuad(e, place, quad));
  SmallVector<Value> result;
  for (unsigned k = 0; k < 4; ++k) {
    Value code = codes;
    if (k)
      code = arith::ShRUIOp::create(b, e.loc, code, constant(8 * k));
    if (k < 3)
      code = arith::AndIOp::create(b, e.loc, code, constant(255));
    Value value = e.toFloats(code);
    if (format.codes.bias)
      value = e.subf(value, e.splatF32(float(format.codes.bias)));
    if (values.moved && !format.hasOffsets())
      value = e.subf(value, values.moved);
    value = e.mulf(value, values.scales);
    if (format.hasOffsets())
      value = e.addf(value, values.moved);
    result.push_back(value);
  }
  return result;
}

SmallVector<Value> mlir::kernel::walkBlocks(
    Expander &e, const TileFormat &format, const GroupPlace &place,
    const GroupValues &values, ValueRange carried,
    const std::function<SmallVector<Value>(Value, Value, int64_t, ValueRange)>
        &body) {
  int64_t whole = place.inputs / kBlockInputs;
  auto block = [&](Value i, int64_t inputs, ValueRange carried) {
    Value address =
        e.add(values.codes, e.mul(i, e.index(format.codes.blockBytes)));
    return body(address, e.add(place.firstBlock, i), inputs, carried);
  };
  SmallVector<Value> result(carried);
  if (whole == 1)
    result = block(e.index(0), kBlockInputs, result);
  else if (whole)
    result = e.loop(e.index(0), e.index(whole), 1, result,
                    [&](Value i, ValueRange inner) {
                      return block(i, kBlockInputs, inner);
                    });
  if (place.inputs % kBlockInputs)
    result = block(e.index(whole), place.inputs % kBlockInputs, result);
  return result;
}

/// Row of a tile node: one lane of quads of sixteen rows.
static LogicalResult expandTileRow(Expander &e, const PackedLayout::Node &node,
                                   Value begin, Value destination) {
  const TileFormat &format = *node.tile;
  Value row = e.div(begin, e.index(format.columns));
  Value lane = e.rem(row, e.index(kTileRows));
  Value tile =
      e.add(e.at(node.tileOffset), e.mul(e.div(row, e.index(kTileRows)),
                                         e.index(format.getRowTileBytes())));
  if (failed(emitTables(e, format)))
    return failure();
  SmallVector<Value> shared = emitTile(e, format, node.tileOffset, tile);
  if (format.codes.kept)
    e.loop(e.index(0), e.index(format.columns), 1,
           [&](Value c) { e.store(e.f32(0), destination, c); });
  walkGroups(e, format, /*byInputs=*/true, tile, shared, {},
             [&](const GroupPlace &place, ValueRange) -> SmallVector<Value> {
               GroupValues group = emitGroup(e, format, place, tile);
               return walkBlocks(
                   e, format, place, group, {},
                   [&](Value address, Value block, int64_t inputs,
                       ValueRange) -> SmallVector<Value> {
                     Value to = e.mul(block, e.index(kBlockInputs));
                     SmallVector<Value> quad;
                     for (int64_t i = 0; i < inputs; ++i) {
                       if (i % 4 == 0)
                         quad = emitFloats(
                             e, format,
                             {address, shared, group.of(i / 4).absent}, group,
                             i / 4);
                       Value value = vector::ExtractOp::create(
                           e.builder, e.loc, quad[i % 4], OpFoldResult(lane));
                       e.store(value, destination, e.add(to, e.index(i)));
                     }
                     return {};
                   });
             });
  return success();
}

LogicalResult Expander::expand(Value value, Value begin, Value count,
                               Value destination) {
  // What a part of rows holds lies there as stored.
  llvm::SaveAndRestore<const PackedLayout::Node *> saved(part);
  const PackedLayout::Node *own = layout.find(value);
  if (own && !part->offsets.count(value.getDefiningOp()))
    part = own;
  if (part->value == value && part->tile)
    return expandTileRow(*this, *part, begin, destination);
  auto source = dyn_cast<TileSource>(value.getDefiningOp());
  if (!source)
    return value.getDefiningOp()->emitOpError("cannot be expanded");
  return source.expand(*this, begin, count, destination);
}

LogicalResult Expander::expandRow(Value value, Value row, Value destination) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t columns = getRowSize(type);
  if (type.getRank() == 1)
    return expand(value, index(0), index(type.getNumElements()), destination);
  return expand(value, mul(row, index(columns)), index(columns), destination);
}
