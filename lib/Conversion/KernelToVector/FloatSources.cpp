//===- FloatSources.cpp - Values that lie in tiles ------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "Sources.h"
#include "compress/Conversion/Expander.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "llvm/Support/Endian.h"

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::kernel;

namespace {

Value splatInt(Expander &e, int64_t value, int64_t lanes = kLanes,
               unsigned width = 32) {
  auto type = VectorType::get({lanes}, e.builder.getIntegerType(width));
  return arith::ConstantOp::create(
      e.builder, e.loc,
      DenseElementsAttr::get(
          type, e.builder.getIntegerAttr(type.getElementType(), value)));
}

/// The form of `quadBytes` for every four inputs.
FloatForm getQuadForm(RankedTensorType type, int64_t quadBytes) {
  int64_t last = (type.getDimSize(1) - 1) % kBlockInputs + 1;
  return {quadBytes * kBlockInputs / 4,
          quadBytes * int64_t(llvm::divideCeil(last, 4))};
}

/// The values of a row tile, an input after another, sixteen rows each; inputs
/// up to a multiple of four.
FailureOr<std::vector<float>> evaluateTile(Value value,
                                           ExpressionEvaluator &evaluator,
                                           const TileSpace &space) {
  int64_t columns = typeOf(value).getDimSize(1);
  std::vector<float> rows(space.rows * columns);
  if (failed(evaluator.evaluateRows(value, space.firstRow,
                                    space.firstRow + space.rows, rows)))
    return failure();
  std::vector<float> tile(llvm::alignTo(columns, 4) * kTileRows);
  for (int64_t r = 0; r < space.rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      tile[c * kTileRows + r] = rows[r * columns + c];
  return tile;
}

/// Cuts what getQuadForm gives records into these.
void copyRecords(ArrayRef<uint8_t> bytes, int64_t blockBytes,
                 const TileSpace &space) {
  for (auto [b, record] : llvm::enumerate(space.blocks))
    if (record)
      llvm::copy(
          bytes.drop_front(int64_t(b) * blockBytes).take_front(blockBytes),
          record);
}

} // namespace

std::optional<int64_t> mlir::kernel::countKeptBlocks(Operation *operation) {
  auto op = dyn_cast<DensifyBlocksOp>(operation);
  if (!op || !isLeaf(op.getValues()) || op.getBlockRows() % kTileRows ||
      op.getBlockColumns() % kBlockInputs ||
      typeOf(op).getDimSize(1) / kBlockInputs >= 1 << 16)
    return std::nullopt;
  return typeOf(op.getValues()).getNumElements() / (kTileRows * kBlockInputs);
}

FailureOr<SmallVector<int64_t>>
mlir::kernel::getKeptBlocks(Operation *operation,
                            ExpressionEvaluator &evaluator, int64_t firstRow) {
  auto op = dyn_cast<DensifyBlocksOp>(operation);
  SmallVector<int64_t> blocks;
  if (!op)
    return blocks;
  FailureOr<ArrayRef<float>> mask = evaluator.evaluateWhole(op.getMask());
  if (failed(mask))
    return failure();
  int64_t across = typeOf(op.getMask()).getDimSize(1);
  int64_t width = int64_t(op.getBlockColumns()) / kBlockInputs;
  ArrayRef<float> row =
      mask->slice(firstRow / int64_t(op.getBlockRows()) * across, across);
  for (int64_t i = 0; i < across * width; ++i)
    if (row[i / width] != 0)
      blocks.push_back(i);
  return blocks;
}

namespace {

//===----------------------------------------------------------------------===//
// Stored values, all or whole blocks of them
//===----------------------------------------------------------------------===//

/// Of each input the sixteen rows; brain floats in pairs of inputs, a 32-bit
/// word a row, so that a shift or a mask widens sixteen of them.
template <typename Op>
struct LeafFloats : FloatSource::ExternalModel<LeafFloats<Op>, Op> {
  static Type elementOf(Operation *op) {
    return typeOf(isLeaf(op->getResult(0)) ? op->getResult(0)
                                           : op->getOperand(0))
        .getElementType();
  }
  static int64_t quadBytes(Operation *op) {
    return 4 * kTileRows * elementOf(op).getIntOrFloatBitWidth() / 8;
  }
  std::optional<FloatForm> getFloatForm(Operation *op) const {
    RankedTensorType type = typeOf(op->getResult(0));
    if (type.getRank() != 2 || !isFloatElement(type.getElementType()) ||
        type.getNumElements() == 0)
      return std::nullopt;
    FloatForm form = getQuadForm(type, quadBytes(op));
    form.kept = countKeptBlocks(op);
    if (!isLeaf(op->getResult(0)) && !form.kept)
      return std::nullopt;
    return form;
  }
  FailureOr<SmallVector<int64_t>> getKeptBlocks(Operation *op,
                                                ExpressionEvaluator &evaluator,
                                                int64_t firstRow) const {
    return kernel::getKeptBlocks(op, evaluator, firstRow);
  }
  LogicalResult packTile(Operation *op, ExpressionEvaluator &evaluator,
                         const TileSpace &space) const {
    FailureOr<std::vector<float>> tile =
        evaluateTile(op->getResult(0), evaluator, space);
    if (failed(tile))
      return failure();
    if (elementOf(op).isBF16()) {
      std::vector<float> pairs(tile->size());
      for (size_t i = 0; i < pairs.size(); ++i)
        pairs[i] = (*tile)[i / 32 * 32 + i % 2 * kTileRows + i % 32 / 2];
      tile = std::move(pairs);
    }
    copyRecords(packElements(*tile, elementOf(op)),
                getFloatForm(op)->blockBytes, space);
    return success();
  }
  SmallVector<Value> emitQuad(Operation *op, Expander &e,
                              const BlockPlace &place, unsigned quad) const {
    Value at = e.add(place.address, e.index(quad * quadBytes(op)));
    SmallVector<Value> inputs;
    if (!elementOf(op).isBF16()) {
      for (int64_t k = 0; k < 4; ++k)
        inputs.push_back(e.loadRowValues(
            e.add(at, e.index(k * quadBytes(op) / 4)), elementOf(op)));
      return inputs;
    }
    OpBuilder &b = e.builder;
    for (int64_t pair = 0; pair < 2; ++pair) {
      Value words = vector::BitCastOp::create(
          b, e.loc, e.i32s(), e.loadBytes(e.add(at, e.index(64 * pair)), 64));
      Value even = arith::ShLIOp::create(b, e.loc, words, splatInt(e, 16));
      Value odd = arith::AndIOp::create(b, e.loc, words, splatInt(e, ~0xffff));
      for (Value bits : {even, odd})
        inputs.push_back(arith::BitcastOp::create(b, e.loc, e.f32s(), bits));
    }
    return inputs;
  }
};

//===----------------------------------------------------------------------===//
// Entries of a float codebook
//===----------------------------------------------------------------------===//

/// fp8 is told by its bits. Of a quad, 16-bit word i = 16 j + r has input j of
/// row r below and input j + 2 above, so that words become halves in place.
struct Float8 {
  Value codes;
  NamedCodebook book;

  static std::optional<Float8> get(LookupOp op) {
    auto book = op.getCodebook().getDefiningOp<CodebookOp>();
    if (!book || !isLeaf(op.getCodes()) ||
        typeOf(op.getCodes()).getElementTypeBitWidth() != 8 ||
        (book.getName() != NamedCodebook::f8_e4m3 &&
         book.getName() != NamedCodebook::f8_e5m2))
      return std::nullopt;
    return Float8{op.getCodes(), book.getName()};
  }
  FloatForm getForm() const {
    FloatForm form = getQuadForm(typeOf(codes), 64);
    form.isCostly = true;
    return form;
  }

  LogicalResult packTile(ExpressionEvaluator &evaluator,
                         const TileSpace &space) const {
    FailureOr<std::vector<float>> tile = evaluateTile(codes, evaluator, space);
    if (failed(tile))
      return failure();
    std::vector<uint8_t> bytes(tile->size());
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i / 64 * 64 + i % 32 * 2 + i / 32 % 2] = uint8_t((*tile)[i]);
    copyRecords(bytes, getForm().blockBytes, space);
    return success();
  }
  SmallVector<Value> emitQuad(Expander &e, Value address) const {
    OpBuilder &b = e.builder;
    Location loc = e.loc;
    auto constant = [&](int64_t value) { return splatInt(e, value, 32, 16); };
    Value words =
        vector::BitCastOp::create(b, loc, VectorType::get({32}, b.getI16Type()),
                                  e.loadBytes(address, 64));
    SmallVector<Value> inputs;
    for (bool upper : {false, true}) {
      Value top = upper ? Value(arith::AndIOp::create(
                              b, loc, words, constant(int16_t(0xff00))))
                        : arith::ShLIOp::create(b, loc, words, constant(8));
      bool isE4M3 = book == NamedCodebook::f8_e4m3;
      if (isE4M3) {
        // The exponent has a bit less, and a bias that is 8 less. Infinities
        // are none; all ones is no number.
        Value magnitude = arith::AndIOp::create(
            b, loc, arith::ShRUIOp::create(b, loc, top, constant(1)),
            constant(0x3f80));
        Value none = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                           magnitude, constant(0x3f80));
        magnitude =
            arith::SelectOp::create(b, loc, none, constant(0x7f80), magnitude);
        top = arith::OrIOp::create(
            b, loc,
            arith::AndIOp::create(b, loc, top, constant(int16_t(0x8000))),
            magnitude);
      }
      Value halves = vector::BitCastOp::create(
          b, loc, VectorType::get({32}, b.getF16Type()), top);
      for (int64_t i = 0; i < 32; i += kTileRows) {
        Value sixteen = vector::ExtractStridedSliceOp::create(
            b, loc, halves, ArrayRef<int64_t>{i}, ArrayRef<int64_t>{kTileRows},
            ArrayRef<int64_t>{1});
        Value value = arith::ExtFOp::create(b, loc, e.f32s(), sixteen);
        inputs.push_back(isE4M3 ? e.mulf(value, e.splatF32(256)) : value);
      }
    }
    return inputs;
  }
};

/// Sixteen entries are a register. Of more, and of cells, each byte of each
/// component is a table of bytes, and a value is put together from its bytes.
///
/// The records are the codes'; of cells they are code c of a block's sixteen
/// rows at byte 16 c.
struct LookupFloats : FloatSource::ExternalModel<LookupFloats, LookupOp> {
  static CodeSource codes(LookupOp op) {
    return dyn_cast<CodeSource>(op.getCodes().getDefiningOp());
  }
  static int64_t cell(LookupOp op) { return int64_t(op.getCell()); }
  static int64_t entries(LookupOp op) {
    return typeOf(op.getCodebook()).getNumElements() / cell(op);
  }
  static bool isRegister(LookupOp op) {
    return cell(op) == 1 && entries(op) <= 16;
  }
  static Type elementOf(LookupOp op) {
    return typeOf(op.getCodebook()).getElementType();
  }
  static int64_t size(LookupOp op) {
    return elementOf(op).getIntOrFloatBitWidth() / 8;
  }

  std::optional<FloatForm> getFloatForm(Operation *operation) const {
    auto op = cast<LookupOp>(operation);
    if (typeOf(op).getRank() != 2 || typeOf(op).getNumElements() == 0 ||
        !isFloatElement(typeOf(op).getElementType()) || op.getGroupSize())
      return std::nullopt;
    if (std::optional<Float8> float8 = Float8::get(op))
      return float8->getForm();
    if (!isRegister(op) && (!isLeaf(op.getCodebook()) || entries(op) > 256))
      return std::nullopt;
    if (cell(op) > 1) {
      if (!isLeaf(op.getCodes()) ||
          typeOf(op.getCodes()).getElementTypeBitWidth() > 8)
        return std::nullopt;
      int64_t block = kTileRows * kBlockInputs / cell(op);
      return FloatForm{block, block, 0, 0, /*isCostly=*/true};
    }
    std::optional<CodeForm> form;
    if (!codes(op) || !(form = codes(op).getCodeForm()) || form->bias ||
        form->absent || form->kept)
      return std::nullopt;
    return FloatForm{form->blockBytes, form->blockBytes, form->tileBytes,
                     form->valueBytes, /*isCostly=*/true};
  }
  SmallVector<Value> getTables(Operation *operation) const {
    auto op = cast<LookupOp>(operation);
    if (Float8::get(op))
      return {};
    SmallVector<Value> tables;
    if (cell(op) == 1)
      tables = codes(op).getTables();
    tables.push_back(op.getCodebook());
    return tables;
  }
  LogicalResult packTile(Operation *operation, ExpressionEvaluator &evaluator,
                         const TileSpace &space) const {
    auto op = cast<LookupOp>(operation);
    if (std::optional<Float8> float8 = Float8::get(op))
      return float8->packTile(evaluator, space);
    if (cell(op) == 1)
      return codes(op).packTile(evaluator, space);
    FailureOr<std::vector<float>> tile =
        evaluateTile(op.getCodes(), evaluator, space);
    if (failed(tile))
      return failure();
    copyRecords(std::vector<uint8_t>(tile->begin(), tile->end()),
                getFloatForm(op)->blockBytes, space);
    return success();
  }
  LogicalResult emitTables(Operation *operation, Expander &e) const {
    auto op = cast<LookupOp>(operation);
    OpBuilder &b = e.builder;
    if (Float8::get(op))
      return success();
    if (cell(op) == 1 && failed(codes(op).emitTables(e)))
      return failure();
    if (isRegister(op)) {
      Value book = e.buffer(kLanes);
      if (failed(e.expand(op.getCodebook(), e.index(0), e.index(entries(op)),
                          book)))
        return failure();
      Value table =
          vector::LoadOp::create(b, e.loc, e.f32s(), book, e.index(0));
      e.setTables(operation, table);
      return success();
    }
    // Sixteen entries at a time; what lies behind the last is not read.
    int64_t each = cell(op) * size(op), count = entries(op);
    auto zeros = [&](int64_t n) { return splatInt(e, 0, n, 8); };
    SmallVector<Value> tables(each, zeros(count <= 16   ? 16
                                          : count <= 64 ? 64
                                                        : 256));
    Value place = e.place(op.getCodebook().getDefiningOp());
    for (int64_t first = 0; first < count; first += 16) {
      Value some = zeros(16 * each);
      int64_t stored = std::min<int64_t>(16, count - first) * each, at = 0;
      for (int64_t piece : {64, 16, 4, 1})
        for (; at + piece <= stored; at += piece)
          some = vector::InsertStridedSliceOp::create(
              b, e.loc,
              e.loadBytes(e.add(place, e.index(first * each + at)), piece),
              some, at, 1);
      for (int64_t i = 0; i < each; ++i) {
        SmallVector<int64_t> bytes;
        for (int64_t entry = 0; entry < 16; ++entry)
          bytes.push_back(entry * each + i);
        tables[i] = vector::InsertStridedSliceOp::create(
            b, e.loc, vector::ShuffleOp::create(b, e.loc, some, some, bytes),
            tables[i], first, 1);
      }
    }
    e.setTables(operation, tables);
    return success();
  }
  SmallVector<Value> emitTile(Operation *operation, Expander &e, Value tile,
                              Value values) const {
    auto op = cast<LookupOp>(operation);
    return Float8::get(op) || cell(op) > 1
               ? SmallVector<Value>()
               : codes(op).emitTile(e, tile, values);
  }
  SmallVector<Value> emitQuad(Operation *operation, Expander &e,
                              const BlockPlace &place, unsigned quad) const {
    auto op = cast<LookupOp>(operation);
    OpBuilder &b = e.builder;
    Location loc = e.loc;
    if (std::optional<Float8> float8 = Float8::get(op))
      return float8->emitQuad(e, e.add(place.address, e.index(64 * quad)));
    ArrayRef<Value> tables = e.tables(operation);
    Value four;
    if (cell(op) == 1)
      four = codes(op).emitQuad(e, place, quad);
    if (isRegister(op)) {
      Type type = e.f32s();
      return SmallVector<Value>(
          LanePermuteOp::create(b, loc, type, type, type, type, tables[0], four)
              .getResults());
    }
    SmallVector<Value> inputs;
    for (unsigned k = 0; k < 4; ++k) {
      // Where the rows' codes are, in which register.
      int64_t input = 4 * quad + k, code = input / cell(op);
      Value bytes = four;
      if (cell(op) > 1)
        bytes = e.loadBytes(e.add(place.address, e.index(64 * (code / 4))), 64);
      auto position = [&](int64_t row) {
        return cell(op) == 1 ? 4 * row + k : 16 * (code % 4) + row;
      };
      auto byteOf = [&](int64_t i) {
        return LaneLookupOp::create(b, loc, e.bytes(), bytes,
                                    tables[input % cell(op) * size(op) + i]);
      };
      auto pair = [&](int64_t i) {
        SmallVector<int64_t> both;
        for (int64_t row = 0; row < kTileRows; ++row)
          both.append({position(row), 64 + position(row)});
        Value low = byteOf(i), high = byteOf(i + 1);
        return vector::ShuffleOp::create(b, loc, low, high, both);
      };
      Value value = pair(0);
      if (size(op) == 4) {
        auto words = VectorType::get({kTileRows}, b.getI16Type());
        Value low = vector::BitCastOp::create(b, loc, words, value);
        Value high = vector::BitCastOp::create(b, loc, words, pair(2));
        value = vector::InterleaveOp::create(b, loc, low, high);
        inputs.push_back(vector::BitCastOp::create(b, loc, e.f32s(), value));
        continue;
      }
      value = vector::BitCastOp::create(
          b, loc, VectorType::get({kTileRows}, elementOf(op)), value);
      inputs.push_back(arith::ExtFOp::create(b, loc, e.f32s(), value));
    }
    return inputs;
  }
};

//===----------------------------------------------------------------------===//
// Values at some positions: a bit a position, and the values that are there
//===----------------------------------------------------------------------===//

/// A block's record is the 64 bits of each of its eight quads (bit 16 j + r for
/// input j of row r), in front of them the number of values in the row tile's
/// blocks before (u32). The values lie behind all row tiles, as stored, in the
/// order of those bits; where they begin (u64) is the row tile's header.
///
/// Where every quad has as many values at most (N of 4), they lie in the
/// record, behind the masks.
template <typename Op>
struct MaskedFloats : FloatSource::ExternalModel<MaskedFloats<Op>, Op> {
  static constexpr int64_t kQuads = 8, kMaskBytes = 8 * kQuads;

  static Type elementOf(Operation *op) {
    return typeOf(op->getOperand(0)).getElementType();
  }
  static int64_t size(Operation *op) {
    return elementOf(op).getIntOrFloatBitWidth() / 8;
  }
  /// Bytes of a quad's values, where they lie in the record.
  static std::optional<int64_t> quadBytes(Operation *op) {
    auto regular = dyn_cast<DensifyNMOp>(op);
    if (!regular || regular.getM() != 4)
      return std::nullopt;
    return kTileRows * int64_t(regular.getN()) * size(op);
  }

  std::optional<FloatForm> getFloatForm(Operation *op) const {
    RankedTensorType type = typeOf(op->getResult(0));
    int64_t values = typeOf(op->getOperand(0)).getNumElements();
    // Counts are of 32 bits.
    if (type.getRank() != 2 || !isFloatElement(type.getElementType()) ||
        type.getNumElements() == 0 || !isLeaf(op->getOperand(0)) ||
        values >= int64_t(1) << 32)
      return std::nullopt;
    int64_t block = kMaskBytes + 4, behind = values * size(op);
    if (std::optional<int64_t> bytes = quadBytes(op)) {
      block = kMaskBytes + *bytes * kQuads;
      return FloatForm{block, block, 0, 0, /*isCostly=*/true};
    }
    // Vectors are read whole.
    return FloatForm{block, block, 8, behind + kTileRows * size(op),
                     /*isCostly=*/true};
  }
  LogicalResult packTile(Operation *op, ExpressionEvaluator &evaluator,
                         const TileSpace &space) const {
    FailureOr<std::vector<float>> tile =
        evaluateTile(op->getResult(0), evaluator, space);
    if (failed(tile))
      return failure();
    std::optional<int64_t> inRecord = quadBytes(op);
    uint8_t *to = space.values.data() + space.used;
    if (!inRecord)
      llvm::support::endian::write64le(space.header, uint64_t(space.used));
    uint32_t before = 0;
    std::vector<float> kept;
    for (auto [b, record] : llvm::enumerate(space.blocks)) {
      uint8_t *masks = record + (inRecord ? 0 : 4);
      if (!inRecord)
        llvm::support::endian::write32le(record, before);
      for (size_t s = 0; s < kQuads; ++s) {
        kept.clear();
        for (size_t i = 0; i < 64; ++i) {
          size_t at = (size_t(b) * kQuads + s) * 64 + i;
          // What is 0 is as good as absent.
          if (at >= tile->size() || (*tile)[at] == 0)
            continue;
          masks[8 * s + i / 8] |= uint8_t(1u << (i % 8));
          kept.push_back((*tile)[at]);
        }
        if (inRecord)
          to = record + kMaskBytes + int64_t(s) * *inRecord;
        to = llvm::copy(packElements(kept, elementOf(op)), to);
        before += uint32_t(kept.size());
      }
    }
    if (!inRecord)
      space.used = to - space.values.data();
    return success();
  }
  SmallVector<Value> emitTile(Operation *op, Expander &e, Value tile,
                              Value values) const {
    if (quadBytes(op))
      return {};
    return {e.add(values, e.loadIndex(tile, e.builder.getI64Type()))};
  }
  SmallVector<Value> emitQuad(Operation *op, Expander &e,
                              const BlockPlace &place, unsigned quad) const {
    OpBuilder &b = e.builder;
    Location loc = e.loc;
    std::optional<int64_t> inRecord = quadBytes(op);
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
    };
    auto count = [&](Value mask) {
      Value ones = arith::IndexCastUIOp::create(
          b, loc, b.getIndexType(), math::CtPopOp::create(b, loc, mask));
      return e.mul(ones, e.index(size(op)));
    };
    auto maskOf = [&](unsigned s) {
      return e.loadInteger(
          e.add(place.address, e.index((inRecord ? 0 : 4) + 8 * s)),
          b.getI64Type());
    };
    Value at;
    if (inRecord) {
      at = e.add(place.address, e.index(kMaskBytes + quad * *inRecord));
    } else {
      at = e.add(
          place.tile.front(),
          e.mul(e.loadIndex(place.address, b.getI32Type()), e.index(size(op))));
      for (unsigned s = 0; s < quad; ++s)
        at = e.add(at, count(maskOf(s)));
    }
    Value mask = maskOf(quad);
    SmallVector<Value> inputs;
    for (unsigned k = 0; k < 4; ++k) {
      Value own = mask, address = at;
      if (k) {
        own = arith::ShRUIOp::create(b, loc, mask, constant(16 * k));
        Value before = arith::AndIOp::create(
            b, loc, mask, constant((int64_t(1) << 16 * k) - 1));
        address = e.add(at, count(before));
      }
      own = arith::TruncIOp::create(b, loc, b.getI16Type(), own);
      inputs.push_back(LaneExpandFloatsOp::create(
          b, loc, e.f32s(), e.getWeights(), address, elementOf(op), own));
    }
    return inputs;
  }
};

} // namespace

void mlir::kernel::registerFloatSources(MLIRContext *context) {
  StoredOp::attachInterface<LeafFloats<StoredOp>>(*context);
  StreamOp::attachInterface<LeafFloats<StreamOp>>(*context);
  compress::ConstantOp::attachInterface<LeafFloats<compress::ConstantOp>>(
      *context);
  LookupOp::attachInterface<LookupFloats>(*context);
  DensifyOp::attachInterface<MaskedFloats<DensifyOp>>(*context);
  DensifyNMOp::attachInterface<MaskedFloats<DensifyNMOp>>(*context);
  DensifyBlocksOp::attachInterface<LeafFloats<DensifyBlocksOp>>(*context);
}
