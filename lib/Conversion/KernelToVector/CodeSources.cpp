//===- CodeSources.cpp - Codes that lie in tiles --------------------------===//
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
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::kernel;

namespace {

//===----------------------------------------------------------------------===//
// Stored codes: planes
//===----------------------------------------------------------------------===//

template <typename Op>
struct LeafCodes : CodeSource::ExternalModel<LeafCodes<Op>, Op> {
  std::optional<CodeForm> getCodeForm(Operation *op) const {
    RankedTensorType type = typeOf(op->getResult(0));
    if (type.getRank() != 2 || !isCodeElement(type.getElementType()))
      return std::nullopt;
    unsigned bits = type.getElementTypeBitWidth();
    bool isSigned = type.getElementType().isSignedInteger();
    return CodeForm{bits, isSigned ? int64_t(1) << (bits - 1) : 0, 64 * bits};
  }

  LogicalResult packTile(Operation *op, ExpressionEvaluator &evaluator,
                         const TileSpace &space) const {
    CodeForm form = *getCodeForm(op);
    int64_t columns = typeOf(op->getResult(0)).getDimSize(1);
    int64_t padded = int64_t(space.blocks.size()) * kBlockInputs;
    std::vector<float> values(space.rows * columns);
    if (failed(evaluator.evaluateRows(op->getResult(0), space.firstRow,
                                      space.firstRow + space.rows, values)))
      return failure();
    std::vector<uint8_t> codes(kTileRows * padded, uint8_t(form.bias));
    for (int64_t r = 0; r < space.rows; ++r)
      for (int64_t c = 0; c < columns; ++c)
        codes[r * padded + c] =
            uint8_t(int(values[r * columns + c]) + int(form.bias));
    SmallVector<unsigned> planes = getCodePlanes(form.bits);
    for (auto [b, record] : llvm::enumerate(space.blocks)) {
      uint8_t *at = record;
      unsigned low = 0;
      for (unsigned plane : planes) {
        unsigned perRegister = 8 / plane;
        uint8_t mask = uint8_t((1u << plane) - 1);
        for (unsigned s = 0; s < 8; ++s) {
          uint8_t *reg = at + 64 * (s / perRegister);
          unsigned shift = plane * (s % perRegister);
          for (int64_t r = 0; r < kTileRows; ++r) {
            const uint8_t *code =
                &codes[r * padded + int64_t(b) * kBlockInputs + 4 * s];
            for (unsigned k = 0; k < 4; ++k)
              reg[4 * r + k] |= uint8_t(((code[k] >> low) & mask) << shift);
          }
        }
        at += 64 * plane;
        low += plane;
      }
    }
    return success();
  }

  Value emitQuad(Operation *op, Expander &e, const BlockPlace &place,
                 unsigned s) const {
    OpBuilder &b = e.builder;
    Value code;
    int64_t planeOffset = 0;
    unsigned low = 0;
    for (unsigned plane : getCodePlanes(getCodeForm(op)->bits)) {
      unsigned perRegister = 8 / plane;
      Value reg = e.loadBytes(
          e.add(place.address, e.index(planeOffset + 64 * (s / perRegister))),
          64);
      unsigned shift = plane * (s % perRegister);
      if (shift)
        reg = arith::ShRUIOp::create(b, e.loc, reg, e.splatByte(shift));
      if (plane != 8 && shift + plane != 8)
        reg =
            arith::AndIOp::create(b, e.loc, reg, e.splatByte((1 << plane) - 1));
      if (low)
        reg = arith::ShLIOp::create(b, e.loc, reg, e.splatByte(low));
      code = code ? arith::OrIOp::create(b, e.loc, code, reg) : reg;
      planeOffset += 64 * plane;
      low += plane;
    }
    return code;
  }
};

//===----------------------------------------------------------------------===//
// Entries of an integer codebook: a table of bytes
//===----------------------------------------------------------------------===//

struct LookupCodes : CodeSource::ExternalModel<LookupCodes, LookupOp> {
  static CodeSource inner(LookupOp op) {
    return dyn_cast<CodeSource>(op.getCodes().getDefiningOp());
  }
  static int64_t bias(LookupOp op) {
    return typeOf(op.getCodebook()).getElementType().isSignedInteger(8) ? 128
                                                                        : 0;
  }
  std::optional<CodeForm> getCodeForm(Operation *operation) const {
    auto op = cast<LookupOp>(operation);
    auto codes = inner(op);
    std::optional<CodeForm> form;
    auto book =
        dyn_cast<IntegerType>(typeOf(op.getCodebook()).getElementType());
    if (op.getCell() != 1 || op.getGroupSize() || !isLeaf(op.getCodebook()) ||
        !book || book.getWidth() != 8 || !codes ||
        !(form = codes.getCodeForm()) || form->bias || form->absent)
      return std::nullopt;
    return CodeForm{8, bias(op), form->blockBytes};
  }
  SmallVector<Value> getTables(Operation *operation) const {
    auto op = cast<LookupOp>(operation);
    SmallVector<Value> tables = inner(op).getTables();
    tables.push_back(op.getCodebook());
    return tables;
  }
  LogicalResult packTile(Operation *op, ExpressionEvaluator &evaluator,
                         const TileSpace &space) const {
    return inner(cast<LookupOp>(op)).packTile(evaluator, space);
  }
  LogicalResult emitTables(Operation *operation, Expander &e) const {
    auto op = cast<LookupOp>(operation);
    if (failed(inner(op).emitTables(e)))
      return failure();
    // As many entries as an index may name, the last ones whatever.
    unsigned bits = inner(op).getCodeForm()->bits;
    int64_t entries = bits <= 4 ? 16 : bits <= 6 ? 64 : 256;
    int64_t stored = typeOf(op.getCodebook()).getNumElements();
    Value zeros = arith::ConstantOp::create(
        e.builder, e.loc,
        DenseElementsAttr::get(
            VectorType::get({entries}, e.builder.getI8Type()),
            e.builder.getI8IntegerAttr(0)));
    Value table = zeros;
    Value place = e.place(op.getCodebook().getDefiningOp());
    // Whole pieces, then bytes: what lies behind the table is not read.
    int64_t at = 0;
    for (int64_t piece : {64, 16, 4, 1})
      for (; at + piece <= std::min(stored, entries); at += piece)
        table = vector::InsertStridedSliceOp::create(
            e.builder, e.loc, e.loadBytes(e.add(place, e.index(at)), piece),
            table, ArrayRef<int64_t>{at}, ArrayRef<int64_t>{1});
    if (bias(op)) {
      Value flip = arith::ConstantOp::create(
          e.builder, e.loc,
          DenseElementsAttr::get(cast<VectorType>(table.getType()),
                                 e.builder.getI8IntegerAttr(-128)));
      table = arith::XOrIOp::create(e.builder, e.loc, table, flip);
    }
    e.setTable(operation, table);
    return success();
  }
  Value emitQuad(Operation *operation, Expander &e, const BlockPlace &place,
                 unsigned s) const {
    Value index = inner(cast<LookupOp>(operation)).emitQuad(e, place, s);
    return LaneLookupOp::create(e.builder, e.loc, index.getType(), index,
                                e.table(operation));
  }
};

//===----------------------------------------------------------------------===//
// Codes at some positions: a bit a position, and the codes that are there
//===----------------------------------------------------------------------===//

/// A block's record is the 64 bits of each of its eight quads, in front of them
/// the number of codes in the row tile's blocks before (u32). The row tile's
/// codes lie behind all row tiles: of each plane of p bits a run of bytes, in
/// which the codes, in the order of their positions, are cut into 8/p parts of
/// nearly the same number at whole quads; part i is in the bits from p * i up.
/// The row tile's header is where its runs begin (u64), and of each plane where
/// it begins in them and the codes before its second, third … part (u32).
///
/// Where every quad has as many codes (N of 4), a record is self-contained: the
/// eight masks, then each plane's codes, p quads a part, 16 N bytes a quad.
template <typename Op>
struct MaskedCodes : CodeSource::ExternalModel<MaskedCodes<Op>, Op> {
  static constexpr int64_t kQuads = 8, kMaskBytes = 8 * kQuads;

  static IntegerType elementOf(Operation *op) {
    return dyn_cast<IntegerType>(typeOf(op->getResult(0)).getElementType());
  }
  /// Codes of a quad, where all have as many.
  static std::optional<int64_t> quadCodes(Operation *op) {
    auto regular = dyn_cast<DensifyNMOp>(op);
    if (!regular || regular.getM() != 4)
      return std::nullopt;
    return kTileRows * int64_t(regular.getN());
  }
  static unsigned parts(unsigned plane) { return 8 / plane; }
  static int64_t headerBytes(unsigned bits) {
    int64_t bytes = 8;
    for (unsigned plane : getCodePlanes(bits))
      bytes += 4 * parts(plane);
    return bytes;
  }

  std::optional<CodeForm> getCodeForm(Operation *op) const {
    RankedTensorType type = typeOf(op->getResult(0));
    if (type.getRank() != 2 || !isCodeElement(type.getElementType()))
      return std::nullopt;
    unsigned bits = elementOf(op).getWidth();
    int64_t bias =
        elementOf(op).isSignedInteger() ? int64_t(1) << (bits - 1) : 0;
    if (std::optional<int64_t> codes = quadCodes(op))
      return CodeForm{bits, bias, kMaskBytes + *codes * bits, true};
    int64_t codes = typeOf(op->getOperand(0)).getNumElements();
    // Counts are of 32 bits.
    if (codes >= int64_t(1) << 32)
      return std::nullopt;
    // A cut at whole quads is at most half a quad from where it should be.
    int64_t tiles = llvm::divideCeil(type.getDimSize(0), kTileRows), bytes = 0;
    for (unsigned plane : getCodePlanes(bits))
      bytes += plane == 8 ? codes
                          : int64_t(llvm::divideCeil(codes, parts(plane))) +
                                tiles * (plane == 4 ? 33 : 65);
    // Vectors are read whole.
    return CodeForm{bits,      bias, 4 + kMaskBytes, true, headerBytes(bits),
                    bytes + 64};
  }

  LogicalResult packTile(Operation *op, ExpressionEvaluator &evaluator,
                         const TileSpace &space) const {
    CodeForm form = *getCodeForm(op);
    std::optional<int64_t> regular = quadCodes(op);
    int64_t columns = typeOf(op->getResult(0)).getDimSize(1);
    std::vector<float> codes(space.rows * columns);
    if (failed(evaluator.evaluateRows(op->getResult(0), space.firstRow,
                                      space.firstRow + space.rows, codes)))
      return failure();
    std::vector<uint8_t> kept;   // in the order of positions
    std::vector<int64_t> before; // of each quad, and all
    for (auto [b, record] : llvm::enumerate(space.blocks)) {
      if (!regular)
        llvm::support::endian::write32le(record, uint32_t(kept.size()));
      uint8_t *masks = record + (regular ? 0 : 4);
      for (int64_t s = 0; s < kQuads; ++s) {
        before.push_back(int64_t(kept.size()));
        for (int64_t i = 0; i < 4 * kTileRows; ++i) {
          int64_t column = int64_t(b) * kBlockInputs + 4 * s + i % 4;
          if (i / 4 >= space.rows || column >= columns)
            continue;
          float code = codes[i / 4 * columns + column];
          if (std::isnan(code))
            continue;
          masks[8 * s + i / 8] |= uint8_t(1u << (i % 8));
          kept.push_back(uint8_t(int(code) + int(form.bias)));
        }
      }
    }
    before.push_back(int64_t(kept.size()));
    auto put = [&](uint8_t *to, size_t quad, unsigned low, unsigned plane,
                   unsigned shift) {
      for (int64_t i = before[quad]; i < before[quad + 1]; ++i)
        *to++ |= uint8_t((kept[i] >> low & ((1u << plane) - 1)) << shift);
    };
    size_t quads = before.size() - 1;
    if (regular) {
      for (size_t q = 0; q < quads; ++q) {
        uint8_t *to = space.blocks[q / kQuads] + kMaskBytes;
        unsigned low = 0, s = q % kQuads;
        for (unsigned plane : getCodePlanes(form.bits)) {
          put(to + s % plane * *regular, q, low, plane, plane * (s / plane));
          to += plane * *regular;
          low += plane;
        }
      }
      return success();
    }
    uint8_t *header = space.header;
    llvm::support::endian::write64le(header, uint64_t(space.used));
    header += 8;
    int64_t start = space.used;
    unsigned low = 0;
    for (unsigned plane : getCodePlanes(form.bits)) {
      SmallVector<int64_t> cuts = {0};
      for (unsigned part = 1; part < parts(plane); ++part) {
        int64_t ideal = before.back() * part / parts(plane);
        cuts.push_back(*std::min_element(
            before.begin(), before.end(), [&](int64_t a, int64_t b) {
              return std::abs(a - ideal) < std::abs(b - ideal);
            }));
      }
      llvm::support::endian::write32le(header, uint32_t(space.used - start));
      for (unsigned part = 1; part < parts(plane); ++part)
        llvm::support::endian::write32le(header + 4 * part,
                                         uint32_t(cuts[part]));
      header += 4 * parts(plane);
      int64_t most = 0;
      for (size_t q = 0; q < quads; ++q) {
        unsigned part = 0;
        while (part + 1 < parts(plane) && before[q] >= cuts[part + 1])
          ++part;
        int64_t at = before[q] - cuts[part];
        most = std::max(most, before[q + 1] - cuts[part]);
        put(space.values.data() + space.used + at, q, low, plane, plane * part);
      }
      space.used += most;
      low += plane;
    }
    assert(space.used + 64 <= int64_t(space.values.size()));
    return success();
  }

  /// The address of the row tile's runs; of each plane that of its run, then
  /// the codes before its parts.
  SmallVector<Value> emitTile(Operation *op, Expander &e, Value tile,
                              Value values) const {
    if (quadCodes(op))
      return {};
    auto word = [&](int64_t at, Type type) {
      return e.loadIndex(e.add(tile, e.index(at)), type);
    };
    Type i32 = e.builder.getI32Type();
    SmallVector<Value> result = {
        e.add(values, word(0, e.builder.getI64Type()))};
    int64_t at = 8;
    for (unsigned plane : getCodePlanes(elementOf(op).getWidth())) {
      result.push_back(e.add(result.front(), word(at, i32)));
      for (unsigned part = 1; part < parts(plane); ++part)
        result.push_back(word(at + 4 * part, i32));
      at += 4 * parts(plane);
    }
    return result;
  }

  Value emitQuad(Operation *op, Expander &e, const BlockPlace &place,
                 unsigned s) const {
    OpBuilder &b = e.builder;
    Location loc = e.loc;
    std::optional<int64_t> regular = quadCodes(op);
    Value masks = e.add(place.address, e.index(regular ? 0 : 4));
    auto mask = [&](unsigned quad) {
      return e.loadInteger(e.add(masks, e.index(8 * quad)), b.getI64Type());
    };
    Value before;
    if (!regular) {
      before = e.loadIndex(place.address, b.getI32Type());
      for (unsigned i = 0; i < s; ++i)
        before = e.add(before, arith::IndexCastUIOp::create(
                                   b, loc, b.getIndexType(),
                                   math::CtPopOp::create(b, loc, mask(i))));
    }
    Value result;
    unsigned low = 0;
    int64_t begin = kMaskBytes;
    const Value *shared = place.tile.begin() + 1;
    for (unsigned plane : getCodePlanes(elementOf(op).getWidth())) {
      Value address, shift;
      if (regular) {
        address = e.add(place.address, e.index(begin + s % plane * *regular));
        shift = e.index(plane * (s / plane));
        begin += plane * *regular;
      } else {
        Value cut = e.index(0);
        shift = e.index(0);
        for (unsigned part = 1; part < parts(plane); ++part) {
          Value beyond = arith::CmpIOp::create(
              b, loc, arith::CmpIPredicate::uge, before, shared[part]);
          cut = arith::SelectOp::create(b, loc, beyond, shared[part], cut);
          shift = arith::SelectOp::create(b, loc, beyond, e.index(plane * part),
                                          shift);
        }
        address = e.add(shared[0], e.sub(before, cut));
        shared += parts(plane);
      }
      Value absent = place.absent;
      if (low)
        absent = arith::ShRUIOp::create(b, loc, absent, e.splatByte(low));
      if (plane != 8)
        absent = arith::AndIOp::create(b, loc, absent,
                                       e.splatByte((1 << plane) - 1));
      Value codes =
          LaneExpandOp::create(b, loc, e.bytes(), e.getWeights(), address,
                               mask(s), absent, shift, plane);
      if (low)
        codes = arith::ShLIOp::create(b, loc, codes, e.splatByte(low));
      result =
          result ? Value(arith::OrIOp::create(b, loc, result, codes)) : codes;
      low += plane;
    }
    return result;
  }
};

} // namespace

void mlir::kernel::registerCodeSources(MLIRContext *context) {
  StoredOp::attachInterface<LeafCodes<StoredOp>>(*context);
  compress::ConstantOp::attachInterface<LeafCodes<compress::ConstantOp>>(
      *context);
  LookupOp::attachInterface<LookupCodes>(*context);
  DensifyOp::attachInterface<MaskedCodes<DensifyOp>>(*context);
  DensifyNMOp::attachInterface<MaskedCodes<DensifyNMOp>>(*context);
}
