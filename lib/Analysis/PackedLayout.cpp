//===- PackedLayout.cpp - How a weight lies in a program ------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Analysis/PackedLayout.h"
#include "Compress/IR/Store.h"
#include "Kernel/IR/Kernel.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::kernel;

//===----------------------------------------------------------------------===//
// Tile format
//===----------------------------------------------------------------------===//

int64_t TileFormat::getRowTiles() const {
  return llvm::divideCeil(rows, kTileRows);
}
int64_t TileFormat::getGroups() const {
  return llvm::divideCeil(columns, group);
}
int64_t TileFormat::getBlocks(int64_t g) const {
  int64_t inputs = std::min(group, columns - g * group);
  return llvm::divideCeil(inputs, kBlockInputs);
}
int64_t TileFormat::getSegments() const {
  return llvm::divideCeil(getGroups(), segmentGroups);
}
int64_t TileFormat::getGroupsOf(int64_t segment) const {
  return std::min(segmentGroups, getGroups() - segment * segmentGroups);
}
int64_t TileFormat::getHeaderBytes(const ScaleForm &form,
                                   int64_t groups) const {
  return form.headerBytes * (form.groups == 1 ? groups * halves : 1);
}
int64_t TileFormat::getHeaderBytes(int64_t groups) const {
  return getHeaderBytes(scales, groups) +
         (moved ? getHeaderBytes(*moved, groups) : 0);
}
int64_t TileFormat::getSegmentBytes(int64_t segment) const {
  int64_t groups = getGroupsOf(segment), first = segment * segmentGroups;
  int64_t blocks =
      (groups - 1) * getBlocks(first) + getBlocks(first + groups - 1);
  bool isShorter = floats && segment + 1 == getSegments();
  return getHeaderBytes(groups) + blocks * codes.blockBytes -
         (isShorter ? floats->blockBytes - floats->lastBytes : 0);
}
int64_t TileFormat::getRowTileBytes() const {
  if (codes.kept)
    return 8;
  int64_t segments = getSegments();
  return codes.tileBytes + (segments - 1) * getSegmentBytes(0) +
         getSegmentBytes(segments - 1);
}

int64_t TileFormat::getValueOffset() const {
  int64_t tiles = getRowTiles() * getRowTileBytes();
  return codes.kept ? llvm::alignTo(tiles, 64) : tiles;
}
int64_t TileFormat::getValueBytes() const {
  return codes.kept ? *codes.kept * getRecordBytes() : codes.valueBytes;
}

FloatSource TileFormat::getFloats() const {
  return floats ? cast<FloatSource>(op) : FloatSource();
}
CodeSource TileFormat::getCodes() const {
  return cast<CodeSource>(cast<DequantizeOp>(op).getCodes().getDefiningOp());
}
ScaleSource TileFormat::getScales() const {
  return cast<ScaleSource>(cast<DequantizeOp>(op).getScales().getDefiningOp());
}
SmallVector<Value> TileFormat::getTables() const {
  return floats ? getFloats().getTables() : getCodes().getTables();
}
static Value getMovedOperand(DequantizeOp op) {
  return op.getZeros() ? op.getZeros() : op.getOffsets();
}
ScaleSource TileFormat::getMoved() const {
  Value operand = floats ? Value() : getMovedOperand(cast<DequantizeOp>(op));
  return operand ? cast<ScaleSource>(operand.getDefiningOp()) : ScaleSource();
}
bool TileFormat::isPlain() const {
  auto dequantize = dyn_cast<DequantizeOp>(op);
  return dequantize && halves == 1 && isLeaf(dequantize.getCodes()) &&
         isLeaf(dequantize.getScales()) && !dequantize.getOffsets() &&
         (!dequantize.getZeros() || isLeaf(dequantize.getZeros()));
}

SmallVector<unsigned> mlir::kernel::getCodePlanes(unsigned bits) {
  if (bits == 8)
    return {8};
  SmallVector<unsigned> planes;
  for (unsigned plane : {4u, 2u, 1u})
    if (bits & plane)
      planes.push_back(plane);
  return planes;
}

std::optional<TileFormat> TileFormat::get(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (auto floats = dyn_cast<FloatSource>(value.getDefiningOp()))
    if (std::optional<FloatForm> form = floats.getFloatForm())
      return TileFormat{floats,
                        type.getDimSize(0),
                        type.getDimSize(1),
                        type.getDimSize(1),
                        CodeForm{0, 0, form->blockBytes, false, form->tileBytes,
                                 form->valueBytes, form->kept},
                        ScaleForm{1, 0},
                        std::nullopt,
                        1,
                        1,
                        form};
  if (!takesInteger8Activations(value))
    return std::nullopt;
  auto op = value.getDefiningOp<DequantizeOp>();
  auto codes = dyn_cast<CodeSource>(op.getCodes().getDefiningOp());
  auto scales = dyn_cast<ScaleSource>(op.getScales().getDefiningOp());
  std::optional<CodeForm> codeForm;
  std::optional<ScaleForm> scaleForm, movedForm;
  if (!codes || !scales || !(codeForm = codes.getCodeForm()) ||
      !(scaleForm = scales.getScaleForm()))
    return std::nullopt;
  if (Value operand = getMovedOperand(op)) {
    auto moved = dyn_cast<ScaleSource>(operand.getDefiningOp());
    if (!moved || !(movedForm = moved.getScaleForm()))
      return std::nullopt;
    // A code that is absent stands for 0 only if some code does.
    if (codeForm->absent &&
        (op.getOffsets() ||
         !isa<IntegerType>(
             cast<RankedTensorType>(operand.getType()).getElementType())))
      return std::nullopt;
  }
  int64_t group = op.getEffectiveGroupSize();
  int64_t halves = group < kBlockInputs && group < type.getDimSize(1) ? 2 : 1;
  if (codeForm->kept && halves != 1)
    return std::nullopt;
  int64_t shared =
      std::max(scaleForm->groups, movedForm ? movedForm->groups : 1);
  // Headers that serve different numbers of groups would need a segment each,
  // and those of an odd number half a block.
  for (const std::optional<ScaleForm> &form : {scaleForm, movedForm})
    if (form && form->groups != 1 &&
        (form->groups != shared || form->groups % halves || codeForm->kept))
      return std::nullopt;
  return TileFormat{op,
                    type.getDimSize(0),
                    type.getDimSize(1),
                    group * halves,
                    *codeForm,
                    *scaleForm,
                    movedForm,
                    std::max<int64_t>(1, shared / halves),
                    halves,
                    std::nullopt};
}

std::string mlir::kernel::whyRows(Value value) {
  auto named = [](Value some) {
    return some.getDefiningOp()->getName().getStringRef().str();
  };
  auto op = value.getDefiningOp<DequantizeOp>();
  if (!op)
    return named(value) + " has no form in tiles as it is here";
  if (!takesInteger8Activations(value))
    return "groups of " + std::to_string(op.getEffectiveGroupSize()) +
           " inputs are neither of 16 nor of a multiple of 32";
  auto codes = dyn_cast<CodeSource>(op.getCodes().getDefiningOp());
  if (!codes || !codes.getCodeForm())
    return "codes of " + named(op.getCodes()) + " have no form in tiles";
  for (Value operand : {Value(op.getScales()), getMovedOperand(op)}) {
    auto scales =
        operand ? dyn_cast<ScaleSource>(operand.getDefiningOp()) : nullptr;
    if (operand && (!scales || !scales.getScaleForm()))
      return "scales, zeros or offsets of " + named(operand) +
             " have no form in headers";
  }
  return "its headers do not serve one number of groups, or codes that are "
         "absent have no integer zero point";
}

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

const PackedLayout::Node *PackedLayout::find(Value value) const {
  for (const Node &node : nodes)
    if (node.value == value)
      return &node;
  return nullptr;
}

namespace {
struct LayoutBuilder {
  PackedLayout layout;

  int64_t place(int64_t bytes) {
    int64_t offset = llvm::alignTo(layout.bytes, 64);
    layout.bytes = offset + bytes;
    return offset;
  }

  /// Of `op`, a part's, and all below it.
  LogicalResult placeOp(PackedLayout::Node &node, Operation *op) {
    if (node.offsets.count(op))
      return success();
    auto source = dyn_cast<TileSource>(op);
    if (!source || !source.packsOperands())
      for (Value operand : op->getOperands())
        if (failed(placeOp(node, operand.getDefiningOp())))
          return failure();
    if (!source)
      return op->emitOpError("has no packed form, so a program cannot hold it; "
                             "its dialect attaches none of TileSource");
    int64_t bytes = source.getPackedBytes();
    node.offsets[op] = bytes ? place(bytes) : llvm::alignTo(layout.bytes, 64);
    return success();
  }

  PackedLayout::Node begin(Value value) {
    return {value, int64_t(llvm::alignTo(layout.bytes, 64))};
  }

  LogicalResult visit(Value value) {
    if (layout.find(value))
      return success();
    auto op = cast<DecompressionOpInterface>(value.getDefiningOp());
    switch (op.getProductRule()) {
    case ProductRule::Sum:
    case ProductRule::Chain:
      for (Value operand : op->getOperands())
        if (failed(visit(operand)))
          return failure();
      return success();
    case ProductRule::Permute: {
      Value indices = op->getOperand(1);
      if (failed(visit(op->getOperand(0))))
        return failure();
      if (layout.find(indices))
        return success();
      PackedLayout::Node part = begin(indices);
      if (failed(placeOp(part, indices.getDefiningOp())))
        return failure();
      layout.nodes.push_back(std::move(part));
      return success();
    }
    case ProductRule::Opaque:
    case ProductRule::Elementwise:
      break;
    }
    PackedLayout::Node node = begin(value);
    node.tile = TileFormat::get(value);
    if (node.tile) {
      for (Value table : node.tile->getTables())
        if (failed(placeOp(node, table.getDefiningOp())))
          return failure();
      node.tileOffset = place(node.tile->getBytes());
    } else if (failed(placeOp(node, op))) {
      return failure();
    }
    layout.nodes.push_back(std::move(node));
    return success();
  }
};
} // namespace

FailureOr<PackedLayout> PackedLayout::get(Value root) {
  LayoutBuilder builder;
  auto type = cast<RankedTensorType>(root.getType());
  if (type.getRank() < 2) {
    int64_t offset = builder.place(type.getNumElements() * 4);
    builder.layout.nodes.emplace_back(root, offset);
    return builder.layout;
  }
  if (failed(builder.visit(root)))
    return failure();
  builder.layout.bytes = llvm::alignTo(builder.layout.bytes, 64);
  return builder.layout;
}

FailureOr<PackedLayout> PackedLayout::get(WeightOp weight) {
  return get(weight.getResultValue());
}

ArrayRef<Attribute> kernel::getParts(WeightOp weight) {
  auto parts = weight->getAttrOfType<ArrayAttr>("kernel.parts");
  return parts ? parts.getValue() : ArrayRef<Attribute>();
}

FailureOr<PlannedWeight> PlannedWeight::get(WeightOp weight) {
  auto place = weight->getAttrOfType<PlaceAttr>("kernel.place");
  ArrayRef<Attribute> parts = getParts(weight);
  if (!place || parts.empty())
    return weight.emitOpError("has no place; run --kernel-plan-weights before"),
           failure();
  FailureOr<PackedLayout> layout = PackedLayout::get(weight);
  if (failed(layout))
    return failure();
  bool same =
      layout->bytes == place.getBytes() && layout->nodes.size() == parts.size();
  for (size_t i = 0; same && i < parts.size(); ++i)
    same = cast<PartAttr>(parts[i]).getOffset() ==
           place.getOffset() + layout->nodes[i].offset;
  if (!same)
    return weight.emitOpError("has been rewritten since --kernel-plan-weights "
                              "gave it its place; run it again"),
           failure();
  return PlannedWeight{std::move(*layout), place, parts};
}

FailureOr<int64_t> mlir::kernel::planPlaces(
    ModuleOp module,
    llvm::function_ref<void(WeightOp, int64_t, const PackedLayout &)> visit) {
  SymbolTable symbols(module);
  llvm::DenseSet<Operation *> seen;
  int64_t end = 0;
  WalkResult walk = module.walk<WalkOrder::PreOrder>([&](UseOp use) {
    auto weight = symbols.lookup<WeightOp>(use.getWeight());
    if (!seen.insert(weight).second)
      return WalkResult::advance();
    FailureOr<PackedLayout> layout = PackedLayout::get(weight);
    if (failed(layout))
      return WalkResult::interrupt();
    visit(weight, end, *layout);
    end = llvm::alignTo(end + layout->bytes, 64);
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  return end;
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

/// The records of blocks that are listed. Headers of all groups are made first.
static LogicalResult packListed(const TileFormat &format,
                                ExpressionEvaluator &evaluator,
                                MutableArrayRef<uint8_t> out) {
  using namespace llvm::support::endian;
  FloatSource floats = format.getFloats();
  CodeSource codes = floats ? CodeSource() : format.getCodes();
  int64_t header = format.getHeaderBytes(1), record = format.getRecordBytes();
  int64_t groups = format.getGroups(), group = format.getBlocks(0);
  uint8_t *values = out.data() + format.getValueOffset();
  int64_t first = 0;
  for (int64_t tile = 0; tile < format.getRowTiles(); ++tile) {
    int64_t firstRow = tile * kTileRows;
    FailureOr<SmallVector<int64_t>> kept =
        floats ? floats.getKeptBlocks(evaluator, firstRow)
               : codes.getKeptBlocks(evaluator, firstRow);
    if (failed(kept))
      return failure();
    assert(first + int64_t(kept->size()) <= *format.codes.kept);
    std::vector<uint8_t> headers(groups * header);
    SmallVector<uint8_t *> scaleHeaders, movedHeaders,
        blocks(format.columns / kBlockInputs);
    for (int64_t g = 0; g < groups; ++g) {
      scaleHeaders.push_back(headers.data() + g * header);
      movedHeaders.push_back(scaleHeaders.back() + format.scales.headerBytes);
    }
    if (!floats &&
        (failed(format.getScales().packHeaders(evaluator, firstRow, kTileRows,
                                               scaleHeaders)) ||
         (format.moved && failed(format.getMoved().packHeaders(
                              evaluator, firstRow, kTileRows, movedHeaders)))))
      return failure();
    uint8_t *own = out.data() + tile * format.getRowTileBytes();
    write32le(own, uint32_t(first));
    write32le(own + 4, uint32_t(kept->size()));
    for (int64_t block : *kept) {
      uint8_t *at = values + first++ * record;
      std::copy_n(headers.data() + block / group * header, header, at);
      blocks[block] = at + header;
      write16le(at + record - 2, uint16_t(block));
    }
    int64_t used = 0;
    TileSpace space{firstRow, kTileRows, nullptr, blocks, {}, used};
    if (failed(floats ? floats.packTile(evaluator, space)
                      : codes.packTile(evaluator, space)))
      return failure();
  }
  return success();
}

static LogicalResult packTile(const TileFormat &format,
                              ExpressionEvaluator &evaluator,
                              MutableArrayRef<uint8_t> out) {
  if (format.codes.kept)
    return packListed(format, evaluator, out);
  FloatSource floats = format.getFloats();
  CodeSource codes = floats ? CodeSource() : format.getCodes();
  ScaleSource scales = floats ? ScaleSource() : format.getScales(),
              moved = format.getMoved();
  SmallVector<uint8_t *> blocks, scaleHeaders, movedHeaders;
  int64_t used = 0;
  for (int64_t tile = 0; tile < format.getRowTiles(); ++tile) {
    blocks.clear();
    scaleHeaders.clear();
    movedHeaders.clear();
    uint8_t *header = out.data() + tile * format.getRowTileBytes();
    uint8_t *at = header + format.codes.tileBytes;
    for (int64_t s = 0; s < format.getSegments(); ++s) {
      int64_t groups = format.getGroupsOf(s);
      auto headers = [&](const ScaleForm &form, SmallVector<uint8_t *> &list) {
        for (int64_t g = 0; g < groups * format.halves; g += form.groups) {
          list.push_back(at);
          at += form.headerBytes;
        }
      };
      headers(format.scales, scaleHeaders);
      if (moved)
        headers(*format.moved, movedHeaders);
      for (int64_t g = 0; g < groups; ++g)
        for (int64_t b = format.getBlocks(s * format.segmentGroups + g); b;
             --b) {
          blocks.push_back(at);
          at += format.codes.blockBytes;
        }
    }
    // The last block's second half may be beyond the matrix.
    if (format.halves == 2 &&
        (format.columns - 1) % kBlockInputs < kBlockInputs / 2)
      for (auto [form, list] :
           {std::pair(&format.scales, &scaleHeaders),
            std::pair(moved ? &*format.moved : nullptr, &movedHeaders)})
        if (form && form->groups == 1)
          list->pop_back();
    int64_t first = tile * kTileRows;
    int64_t rows = std::min(kTileRows, format.rows - first);
    TileSpace space{
        first, rows, header, blocks, out.take_back(format.codes.valueBytes),
        used};
    if (floats) {
      if (failed(floats.packTile(evaluator, space)))
        return failure();
      continue;
    }
    if (failed(codes.packTile(evaluator, space)) ||
        failed(scales.packHeaders(evaluator, first, rows, scaleHeaders)) ||
        (moved &&
         failed(moved.packHeaders(evaluator, first, rows, movedHeaders))))
      return failure();
  }
  return success();
}

LogicalResult mlir::kernel::packWeight(WeightOp weight,
                                       const PackedLayout &layout,
                                       const WeightStore &store,
                                       MutableArrayRef<uint8_t> out) {
  assert(int64_t(out.size()) == layout.bytes);
  std::fill(out.begin(), out.end(), uint8_t(0));
  ExpressionEvaluator evaluator(store);
  if (weight.getWeightType().getRank() < 2) {
    FailureOr<std::vector<float>> values = evaluateWeight(weight, store);
    if (failed(values))
      return failure();
    std::memcpy(out.data(), values->data(), values->size() * 4);
    return success();
  }
  for (const PackedLayout::Node &node : layout.nodes) {
    if (node.tile &&
        failed(packTile(*node.tile, evaluator,
                        out.slice(node.tileOffset, node.tile->getBytes()))))
      return failure();
    for (auto [op, offset] : node.offsets) {
      auto source = cast<TileSource>(op);
      if (int64_t bytes = source.getPackedBytes())
        if (failed(source.pack(evaluator, out.slice(offset, bytes))))
          return failure();
    }
  }
  return success();
}
