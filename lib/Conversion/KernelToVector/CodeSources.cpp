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
#include <array>
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::kernel;

namespace {

//===----------------------------------------------------------------------===//
// Stored codes, all or whole blocks of them: planes
//===----------------------------------------------------------------------===//

template <typename Op>
struct LeafCodes : CodeSource::ExternalModel<LeafCodes<Op>, Op> {
  std::optional<CodeForm> getCodeForm(Operation *op) const {
    // Single bits, which are no codes by themselves, lie as codes do.
    RankedTensorType type = typeOf(op->getResult(0));
    auto integer = dyn_cast<IntegerType>(type.getElementType());
    if (type.getRank() != 2 || !integer || integer.getWidth() > 8)
      return std::nullopt;
    unsigned bits = integer.getWidth();
    bool isSigned = integer.isSigned();
    std::optional<int64_t> kept = countKeptBlocks(op);
    if (!isLeaf(op->getResult(0)) && !kept)
      return std::nullopt;
    return CodeForm{
        bits, isSigned ? int64_t(1) << (bits - 1) : 0, 64 * bits, false, 0, 0,
        kept};
  }
  FailureOr<SmallVector<int64_t>> getKeptBlocks(Operation *op,
                                                ExpressionEvaluator &evaluator,
                                                int64_t firstRow) const {
    return kernel::getKeptBlocks(op, evaluator, firstRow);
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
        if (float code = values[r * columns + c]; !std::isnan(code))
          codes[r * padded + c] = uint8_t(int(code) + int(form.bias));
    SmallVector<unsigned> planes = getCodePlanes(form.bits);
    for (auto [b, record] : llvm::enumerate(space.blocks)) {
      if (!record)
        continue;
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
// Codes at some positions: a bit a position, and the codes that are there
//===----------------------------------------------------------------------===//

/// A block's record is the 64 bits of each of its eight quads, in front of them
/// where the block's codes begin in the row tile's (u32). These lie behind all
/// row tiles, in the order of their positions, bit by bit from the low one up;
/// each quad begins with a byte. The row tile's header is where its codes begin
/// and how many bytes they are (u64 each).
///
/// Where every quad has as many codes (N of 4), they follow the masks.
///
/// Signed codes are stored as they are: 0 is what a lane_expand leaves where
/// there is none, and turning the top bit makes both of them biased.
template <typename Op>
struct MaskedCodes : CodeSource::ExternalModel<MaskedCodes<Op>, Op> {
  static constexpr int64_t kQuads = 8, kMaskBytes = 8 * kQuads;
  static constexpr int64_t kHeaderBytes = 16;

  static IntegerType elementOf(Operation *op) {
    return dyn_cast<IntegerType>(typeOf(op->getResult(0)).getElementType());
  }
  /// Codes of four positions, where all have as many.
  static std::optional<int64_t> codesOfFour(Operation *op) {
    auto regular = dyn_cast<DensifyNMOp>(op);
    if (!regular || regular.getM() != 4)
      return std::nullopt;
    return int64_t(regular.getN());
  }
  /// Bytes of a quad's codes, where all have as many.
  static std::optional<int64_t> quadBytes(Operation *op) {
    if (std::optional<int64_t> codes = codesOfFour(op))
      return kTileRows * *codes * elementOf(op).getWidth() / 8;
    return std::nullopt;
  }

  std::optional<CodeForm> getCodeForm(Operation *op) const {
    RankedTensorType type = typeOf(op->getResult(0));
    if (type.getRank() != 2 || !isCodeElement(type.getElementType()))
      return std::nullopt;
    unsigned bits = elementOf(op).getWidth();
    int64_t bias =
        elementOf(op).isSignedInteger() ? int64_t(1) << (bits - 1) : 0;
    if (std::optional<int64_t> bytes = quadBytes(op))
      return CodeForm{bits,         bias, kMaskBytes + kQuads * *bytes,
                      true,         0,    0,
                      std::nullopt, true};
    int64_t codes = typeOf(op->getOperand(0)).getNumElements();
    int64_t tiles = llvm::divideCeil(type.getDimSize(0), kTileRows);
    int64_t blocks = llvm::divideCeil(type.getDimSize(1), kBlockInputs);
    // Begins are of 32 bits.
    if (blocks * kBlockInputs * kTileRows >= int64_t(1) << 32)
      return std::nullopt;
    // Of each quad's last byte all bits but those of a code may be unused.
    int64_t unused = 8 - std::gcd(8, int64_t(bits));
    int64_t bytes =
        llvm::divideCeil(codes * bits + tiles * blocks * kQuads * unused, 8);
    // Vectors are read whole.
    return CodeForm{bits,         bias,       4 + kMaskBytes, true,
                    kHeaderBytes, bytes + 64, std::nullopt,   true};
  }

  LogicalResult packTile(Operation *op, ExpressionEvaluator &evaluator,
                         const TileSpace &space) const {
    using namespace llvm::support::endian;
    CodeForm form = *getCodeForm(op);
    std::optional<int64_t> regular = quadBytes(op);
    int64_t columns = typeOf(op->getResult(0)).getDimSize(1);
    std::vector<float> codes(space.rows * columns);
    if (failed(evaluator.evaluateRows(op->getResult(0), space.firstRow,
                                      space.firstRow + space.rows, codes)))
      return failure();
    int64_t begin = space.used;
    const uint64_t low = (uint64_t(1) << form.bits) - 1;
    std::array<float, kTileRows * kBlockInputs> block;
    if (!regular)
      write64le(space.header, uint64_t(begin));
    for (auto [b, record] : llvm::enumerate(space.blocks)) {
      if (!regular)
        write32le(record, uint32_t(space.used - begin));
      uint8_t *masks = record + (regular ? 0 : 4);
      // Rows lie far apart, in the same lines of a cache.
      llvm::fill(block, std::nanf(""));
      int64_t first = int64_t(b) * kBlockInputs;
      for (int64_t r = 0; r < space.rows; ++r)
        std::copy_n(&codes[r * columns + first],
                    std::min(kBlockInputs, columns - first),
                    &block[r * kBlockInputs]);
      for (int64_t s = 0; s < kQuads; ++s) {
        uint8_t *to = regular ? masks + kMaskBytes + s * *regular
                              : space.values.data() + space.used;
        uint8_t *start = to;
        // Which codes are there is random, so nothing branches on it.
        uint64_t mask = 0, pending = 0;
        unsigned bits = 0;
        for (int64_t r = 0; r < kTileRows; ++r) {
          for (int64_t c = 0; c < 4; ++c) {
            float code = block[r * kBlockInputs + 4 * s + c];
            bool there = !std::isnan(code);
            uint64_t value = uint64_t(int(there ? code : 0.0f)) & low;
            mask |= uint64_t(there) << (4 * r + c);
            pending |= value << bits;
            bits += there ? form.bits : 0;
          }
          for (; bits >= 8; bits -= 8, pending >>= 8)
            *to++ |= uint8_t(pending);
        }
        if (bits)
          *to++ |= uint8_t(pending);
        write64le(masks + 8 * s, mask);
        if (!regular)
          space.used += to - start;
      }
    }
    if (!regular)
      write64le(space.header + 8, uint64_t(space.used - begin));
    assert(regular || space.used + 64 <= int64_t(space.values.size()));
    return success();
  }

  /// The address of the row tile's codes. Where they are unpacked, that behind
  /// them, and the buffer of bytes: the n-th byte of codes is unpacked to the
  /// buffer's from n times a byte's codes on.
  SmallVector<Value> emitTile(Operation *op, Expander &e, Value tile,
                              Value values) const {
    if (quadBytes(op))
      return {};
    Type i64 = e.builder.getI64Type();
    Value first = e.add(values, e.loadIndex(tile, i64));
    unsigned bits = getCodeForm(op)->bits;
    if (!e.isUnpacking() || bits == 8 || 8 % bits)
      return {first};
    int64_t blocks =
        llvm::divideCeil(typeOf(op->getResult(0)).getDimSize(1), kBlockInputs);
    // Vectors are written, and read again, whole.
    Value buffer = e.byteBuffer((blocks * kQuads + 1) * 64);
    Value bytes = e.loadIndex(e.add(tile, e.index(8)), i64);
    Value all = arith::ConstantOp::create(e.builder, e.loc,
                                          e.builder.getI64IntegerAttr(-1));
    int64_t run = 64 * bits / 8;
    e.loop(e.index(0), bytes, run, [&](Value i) {
      Value codes = LaneExpandOp::create(
          e.builder, e.loc, e.bytes(), e.getWeights(), e.add(first, i), all,
          IntegerAttr(), e.builder.getI64IntegerAttr(bits));
      vector::StoreOp::create(e.builder, e.loc, codes, buffer,
                              e.mul(i, e.index(8 / bits)));
    });
    return {e.add(first, bytes), buffer};
  }

  Value emitQuad(Operation *op, Expander &e, const BlockPlace &place,
                 unsigned s) const {
    OpBuilder &b = e.builder;
    Location loc = e.loc;
    CodeForm form = *getCodeForm(op);
    std::optional<int64_t> regular = quadBytes(op);
    Value masks = e.add(place.address, e.index(regular ? 0 : 4));
    auto mask = [&](unsigned quad) {
      return e.loadInteger(e.add(masks, e.index(8 * quad)), b.getI64Type());
    };
    Value weights = e.getWeights(), address;
    unsigned bits = form.bits;
    if (regular) {
      address = e.add(masks, e.index(kMaskBytes + s * *regular));
    } else {
      address = e.loadIndex(place.address, b.getI32Type());
      bool unpacked = place.tile.size() == 2;
      if (unpacked) {
        weights = place.tile.back();
        address = e.mul(address, e.index(8 / bits));
      } else {
        address = e.add(place.tile.front(), address);
      }
      // A quad's codes go to the end of a byte.
      for (unsigned quad = 0; quad < s; ++quad) {
        Value ones = arith::IndexCastUIOp::create(
            b, loc, b.getIndexType(),
            math::CtPopOp::create(b, loc, mask(quad)));
        Value bytes =
            e.div(e.add(e.mul(ones, e.index(bits)), e.index(7)), e.index(8));
        address =
            e.add(address, unpacked ? e.mul(bytes, e.index(8 / bits)) : bytes);
      }
      if (unpacked)
        bits = 8;
    }
    IntegerAttr ofFour;
    if (std::optional<int64_t> codes = codesOfFour(op))
      ofFour = b.getI64IntegerAttr(*codes);
    Value codes =
        LaneExpandOp::create(b, loc, e.bytes(), weights, address, mask(s),
                             ofFour, b.getI64IntegerAttr(bits));
    if (form.bias)
      codes = arith::XOrIOp::create(b, loc, codes, e.splatByte(form.bias));
    if (!place.absent)
      return codes;
    Value there = vector::BitCastOp::create(
        b, loc, VectorType::get({4 * kLanes}, b.getI1Type()),
        vector::BroadcastOp::create(
            b, loc, VectorType::get({1}, b.getI64Type()), mask(s)));
    return arith::SelectOp::create(b, loc, there, codes, place.absent);
  }
};

} // namespace

void mlir::kernel::registerCodeSources(MLIRContext *context) {
  StoredOp::attachInterface<LeafCodes<StoredOp>>(*context);
  StreamOp::attachInterface<LeafCodes<StreamOp>>(*context);
  compress::ConstantOp::attachInterface<LeafCodes<compress::ConstantOp>>(
      *context);
  DensifyBlocksOp::attachInterface<LeafCodes<DensifyBlocksOp>>(*context);
  DensifyOp::attachInterface<MaskedCodes<DensifyOp>>(*context);
  DensifyNMOp::attachInterface<MaskedCodes<DensifyNMOp>>(*context);
}
