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
int64_t TileFormat::getGroups() const { return llvm::divideCeil(columns, group); }
int64_t TileFormat::getBlocks(int64_t g) const {
  int64_t inputs = std::min(group, columns - g * group);
  return llvm::divideCeil(inputs, kBlockInputs);
}
int64_t TileFormat::getGroupHeaderBytes() const {
  int64_t bytes = kTileRows * (scaleType.getIntOrFloatBitWidth() / 8);
  if (zeroType)
    bytes += kTileRows * (zeroType.getIntOrFloatBitWidth() / 8);
  return bytes;
}
int64_t TileFormat::getGroupBytes(int64_t g) const {
  return getGroupHeaderBytes() + getBlocks(g) * getBlockBytes();
}
int64_t TileFormat::getRowTileBytes() const {
  int64_t groups = getGroups();
  return (groups - 1) * getGroupBytes(0) + getGroupBytes(groups - 1);
}

SmallVector<unsigned> TileFormat::getPlanes() const {
  if (bits == 8)
    return {8};
  SmallVector<unsigned> planes;
  for (unsigned plane : {4u, 2u, 1u})
    if (bits & plane)
      planes.push_back(plane);
  return planes;
}

std::optional<TileFormat> TileFormat::get(Value value) {
  if (!takesInteger8Activations(value))
    return std::nullopt;
  auto op = value.getDefiningOp<DequantizeOp>();
  auto codes = cast<RankedTensorType>(op.getCodes().getType());
  TileFormat format;
  format.rows = codes.getDimSize(0);
  format.columns = codes.getDimSize(1);
  format.group = op.getEffectiveGroupSize();
  format.bits = codes.getElementTypeBitWidth();
  format.isSigned = codes.getElementType().isSignedInteger();
  format.scaleType =
      cast<RankedTensorType>(op.getScales().getType()).getElementType();
  if (op.getZeros()) {
    format.zeroType =
        cast<RankedTensorType>(op.getZeros().getType()).getElementType();
    if (isa<IntegerType>(format.zeroType))
      format.zeroType = IntegerType::get(value.getContext(), 8);
  }
  return format;
}

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

int64_t mlir::kernel::getNodeIndex(Value value) {
  int64_t index = 0;
  for (Operation &op : *value.getDefiningOp()->getBlock()) {
    if (&op == value.getDefiningOp())
      return index;
    ++index;
  }
  llvm_unreachable("an op is in its own block");
}

Value mlir::kernel::getNode(WeightOp weight, int64_t index) {
  for (Operation &op : weight.getBody().front())
    if (index-- == 0)
      return op.getNumResults() == 1 ? op.getResult(0) : Value();
  return {};
}

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

  LogicalResult placeOp(Operation *op) {
    if (layout.offsets.count(op))
      return success();
    for (Value operand : op->getOperands())
      if (failed(placeOp(operand.getDefiningOp())))
        return failure();
    auto source = dyn_cast<TileSource>(op);
    if (!source)
      return op->emitOpError("has no packed form, so a program cannot hold it; "
                             "its dialect attaches none of TileSource");
    int64_t bytes = source.getPackedBytes();
    layout.offsets[op] = bytes ? place(bytes) : llvm::alignTo(layout.bytes, 64);
    return success();
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
    case ProductRule::Permute:
      if (failed(visit(op->getOperand(0))))
        return failure();
      return placeOp(op->getOperand(1).getDefiningOp());
    case ProductRule::Opaque:
    case ProductRule::Elementwise:
      break;
    }
    if (std::optional<TileFormat> tile = TileFormat::get(value)) {
      int64_t offset = place(tile->getBytes());
      layout.nodes.push_back({value, offset, tile});
      return success();
    }
    int64_t offset = llvm::alignTo(layout.bytes, 64);
    if (failed(placeOp(op)))
      return failure();
    layout.nodes.push_back({value, offset, std::nullopt});
    return success();
  }
};
} // namespace

FailureOr<PackedLayout> PackedLayout::get(WeightOp weight) {
  LayoutBuilder builder;
  if (weight.getWeightType().getRank() < 2) {
    int64_t offset =
        builder.place(weight.getWeightType().getNumElements() * 4);
    builder.layout.nodes.push_back({weight.getResultValue(), offset, {}});
    return builder.layout;
  }
  if (failed(builder.visit(weight.getResultValue())))
    return failure();
  builder.layout.bytes = llvm::alignTo(builder.layout.bytes, 64);
  return builder.layout;
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

static LogicalResult packTile(DequantizeOp op, const TileFormat &format,
                              ExpressionEvaluator &evaluator,
                              MutableArrayRef<uint8_t> out) {
  const int64_t bias = format.getBias();
  const int64_t groups = format.getGroups();
  const SmallVector<unsigned> planes = format.getPlanes();
  const int64_t paddedColumns =
      llvm::alignTo(format.columns, kBlockInputs);
  // A code that stands for value 0, beyond the matrix.
  std::vector<uint8_t> codes(kTileRows * paddedColumns);
  std::vector<float> row(kTileRows * format.columns);
  std::vector<float> scales(kTileRows * groups), zeros;
  for (int64_t tile = 0; tile < format.getRowTiles(); ++tile) {
    int64_t begin = tile * kTileRows;
    int64_t end = std::min(begin + kTileRows, format.rows), count = end - begin;
    std::fill(codes.begin(), codes.end(), uint8_t(bias));
    std::fill(scales.begin(), scales.end(), 0.0f);
    if (failed(evaluator.evaluateRows(
            op.getCodes(), begin, end,
            MutableArrayRef(row).take_front(count * format.columns))) ||
        failed(evaluator.evaluateRows(
            op.getScales(), begin, end,
            MutableArrayRef(scales).take_front(count * groups))))
      return failure();
    if (op.getZeros()) {
      zeros.assign(kTileRows * groups, 0.0f);
      if (failed(evaluator.evaluateRows(
              op.getZeros(), begin, end,
              MutableArrayRef(zeros).take_front(count * groups))))
        return failure();
    }
    for (int64_t r = 0; r < count; ++r)
      for (int64_t c = 0; c < format.columns; ++c)
        codes[r * paddedColumns + c] =
            uint8_t(int(row[r * format.columns + c]) + int(bias));

    uint8_t *at = out.data() + tile * format.getRowTileBytes();
    for (int64_t g = 0; g < groups; ++g) {
      auto writeRows = [&](ArrayRef<float> values, Type type) {
        float lane[kTileRows];
        for (int64_t r = 0; r < kTileRows; ++r)
          lane[r] = values[r * groups + g];
        Type packed = type;
        if (isa<IntegerType>(type))
          packed = IntegerType::get(type.getContext(), 8, IntegerType::Unsigned);
        std::vector<uint8_t> bytes = packElements(lane, packed);
        std::copy(bytes.begin(), bytes.end(), at);
        at += bytes.size();
      };
      writeRows(scales, format.scaleType);
      if (format.zeroType)
        writeRows(zeros, format.zeroType);
      for (int64_t b = 0; b < format.getBlocks(g); ++b) {
        int64_t first = g * format.group + b * kBlockInputs;
        unsigned low = 0;
        for (unsigned plane : planes) {
          unsigned perRegister = 8 / plane;
          uint8_t mask = uint8_t((1u << plane) - 1);
          std::fill_n(at, 64 * plane, uint8_t(0));
          for (unsigned s = 0; s < 8; ++s) {
            uint8_t *reg = at + 64 * (s / perRegister);
            unsigned shift = plane * (s % perRegister);
            for (int64_t r = 0; r < kTileRows; ++r) {
              const uint8_t *code = &codes[r * paddedColumns + first + 4 * s];
              for (unsigned k = 0; k < 4; ++k)
                reg[4 * r + k] |= uint8_t(((code[k] >> low) & mask) << shift);
            }
          }
          at += 64 * plane;
          low += plane;
        }
      }
    }
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
  for (const PackedLayout::Node &node : layout.nodes)
    if (node.tile &&
        failed(packTile(cast<DequantizeOp>(node.value.getDefiningOp()),
                        *node.tile, evaluator,
                        out.slice(node.offset, node.tile->getBytes()))))
      return failure();
  for (auto [op, offset] : layout.offsets) {
    auto source = cast<TileSource>(op);
    if (int64_t bytes = source.getPackedBytes())
      if (failed(source.pack(evaluator, out.slice(offset, bytes))))
        return failure();
  }
  return success();
}
