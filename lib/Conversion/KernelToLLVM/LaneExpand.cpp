//===- LaneExpand.cpp - Lowering of kernel.lane_expand --------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LaneExpand.h"
#include "compress/InstructionSets/Lanes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::kernel;

namespace {
/// What puts up to sixteen bytes at the positions of a mask, from 16 bytes of
/// each of its bytes: those of the lower byte, and their number where the upper
/// one's are; behind these, what the upper byte adds. They are indices, and 128
/// or more where there is none.
memref::GlobalOp getExpandControls(OpBuilder &b, ModuleOp module) {
  constexpr StringLiteral name = "kernel_expand_controls";
  if (auto global = module.lookupSymbol<memref::GlobalOp>(name))
    return global;
  std::vector<int8_t> controls;
  for (unsigned mask = 0; mask < 256; ++mask) {
    SmallVector<int8_t> own;
    int8_t next = 0;
    for (unsigned bit = 0; bit < 8; ++bit)
      own.push_back(mask >> bit & 1 ? next++ : int8_t(-128));
    llvm::append_range(controls, own);
    controls.insert(controls.end(), 8, next);
    controls.insert(controls.end(), 8, 0);
    llvm::append_range(controls, own);
  }
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(module.getBody());
  auto type = MemRefType::get({int64_t(controls.size())}, b.getI8Type());
  return memref::GlobalOp::create(
      b, module.getLoc(), name, b.getStringAttr("private"), type,
      DenseElementsAttr::get(
          RankedTensorType::get(type.getShape(), b.getI8Type()),
          llvm::ArrayRef(controls)),
      /*constant=*/true, b.getI64IntegerAttr(64));
}

struct ExpandLowering {
  LaneExpandOp op;
  PatternRewriter &b;
  const InstructionSet &set;
  Location loc = op.getLoc();
  int64_t bits = op.getBits();

  VectorType bytes(int64_t count) { return ints(b, count, 8); }
  Value i64(int64_t value) {
    return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
  }
  Value toIndex(Value value) {
    return arith::IndexCastUIOp::create(b, loc, b.getIndexType(), value);
  }
  Value shiftRight(Value value, Value by) {
    return arith::ShRUIOp::create(b, loc, value, by);
  }
  Value maskWith(Value value, Value bits) {
    return arith::AndIOp::create(b, loc, value, bits);
  }
  Value cast(VectorType type, Value vector) {
    return vector::BitCastOp::create(b, loc, type, vector);
  }

  /// Codes of `bits` bits from bit 0 of 64-bit lanes up, as their bytes.
  Value spread(Value words) {
    if (bits == 8)
      return words;
    auto type = ::cast<VectorType>(words.getType());
    int64_t half = 32;
    // While a half's codes fill whole bytes, these are moved: one shuffle for
    // all such steps.
    SmallVector<int64_t> order{0, 1, 2, 3, 4, 5, 6, 7};
    for (; half * bits / 8 % 8 == 0; half /= 2)
      for (int64_t at = 0; at < 8; at += half / 4) {
        int64_t size = half / 8, packed = size * bits / 8;
        SmallVector<int64_t> own(ArrayRef(order).slice(at, 2 * size));
        for (int64_t i = 0; i < size; ++i) {
          order[at + i] = i < packed ? own[i] : -1;
          order[at + size + i] = i < packed ? own[packed + i] : -1;
        }
      }
    bool clean = half < 32;
    if (clean) {
      SmallVector<int64_t> everywhere;
      for (int64_t lane = 0; lane < 8 * type.getNumElements(); lane += 8)
        for (int64_t byte : order)
          everywhere.push_back(byte < 0 ? 8 * type.getNumElements()
                                        : lane + byte);
      VectorType raw = bytes(8 * type.getNumElements());
      words = cast(type, vector::ShuffleOp::create(b, loc, cast(raw, words),
                                                   splat(b, loc, raw, 0),
                                                   everywhere));
    }
    for (; half >= 8; half /= 2, clean = true) {
      int64_t packed = half * bits / 8;
      uint64_t low = 0;
      for (int64_t at = 0; at < 64; at += 2 * half)
        low |= ((uint64_t(1) << packed) - 1) << at;
      auto keep = [&](Value value, uint64_t kept) {
        return maskWith(value, splat(b, loc, type, int64_t(kept)));
      };
      Value upper = arith::ShLIOp::create(b, loc, words,
                                          splat(b, loc, type, half - packed));
      // Codes that move past all others need no mask of their own, where
      // nothing but codes is left in a lane.
      if (clean && 2 * packed <= half)
        words =
            keep(arith::OrIOp::create(b, loc, words, upper), low | low << half);
      else
        words = arith::OrIOp::create(b, loc, keep(words, low),
                                     keep(upper, low << half));
    }
    return words;
  }

  /// 64 codes of the run.
  Value unpacked() {
    Value result = splat(b, loc, bytes(64), 0);
    for (int64_t lane = 0; lane < 8; ++lane) {
      Value at = arith::AddIOp::create(
          b, loc, op.getAddress(),
          arith::ConstantIndexOp::create(b, loc, lane * bits));
      result = vector::InsertStridedSliceOp::create(
          b, loc, vector::LoadOp::create(b, loc, bytes(8), op.getWeights(), at),
          result, 8 * lane, 1);
    }
    return cast(bytes(64), spread(cast(ints(b, 8, 64), result)));
  }

  /// The bits of the run in front of a position.
  Value passedBefore(int64_t bit) {
    if (std::optional<uint64_t> ones = op.getOnesOfFour())
      return i64(bit / 4 * int64_t(*ones) * bits);
    // Counted from the mask itself, so that no address waits for another.
    Value before = maskWith(op.getMask(), i64((int64_t(1) << bit) - 1));
    return arith::MulIOp::create(b, loc, math::CtPopOp::create(b, loc, before),
                                 i64(bits));
  }

  /// Sixteen codes of the run, and their controls, for each 16 bits of the
  /// mask.
  Value shuffled() {
    int64_t native = set.vectorBytes;
    memref::GlobalOp global =
        getExpandControls(b, op->getParentOfType<ModuleOp>());
    Value table = memref::GetGlobalOp::create(b, loc, global.getType(),
                                              global.getSymName());
    auto load = [&](VectorType type, Value memory, Value at) -> Value {
      return vector::LoadOp::create(b, loc, type, memory, at);
    };
    auto insert = [&](Value part, Value whole, int64_t at) -> Value {
      if (part.getType() == whole.getType())
        return part;
      return vector::InsertStridedSliceOp::create(b, loc, part, whole, at, 1);
    };
    auto plus = [&](Value at, int64_t bytes) -> Value {
      return arith::AddIOp::create(
          b, loc, at, arith::ConstantIndexOp::create(b, loc, bytes));
    };
    /// Where a byte of the mask has its controls.
    auto entry = [&](int64_t bit) {
      Value byte = maskWith(shiftRight(op.getMask(), i64(bit)), i64(255));
      return toIndex(arith::ShLIOp::create(b, loc, byte, i64(5)));
    };
    VectorType type = bytes(native), words = ints(b, native / 8, 64);
    Value result = splat(b, loc, bytes(64), 0);
    for (int64_t first = 0; first < 64; first += native) {
      Value codes = splat(b, loc, type, 0), controls = codes;
      Value shifts = splat(b, loc, words, 0);
      for (int64_t i = 0; i < native; i += 16) {
        int64_t bit = first + i;
        Value at = op.getAddress();
        Value passed = bit ? passedBefore(bit) : i64(0);
        at = arith::AddIOp::create(b, loc, at,
                                   toIndex(shiftRight(passed, i64(3))));
        Value run;
        if (bits == 8) {
          run = load(bytes(16), op.getWeights(), at);
        } else {
          run = insert(load(bytes(8), op.getWeights(), at),
                       splat(b, loc, bytes(16), 0), 0);
          run = insert(load(bytes(8), op.getWeights(), plus(at, bits)), run, 8);
          Value shift = vector::BroadcastOp::create(b, loc, ints(b, 2, 64),
                                                    maskWith(passed, i64(7)));
          shifts = insert(shift, shifts, i / 8);
        }
        codes = insert(run, codes, i);
        Value control = arith::AddIOp::create(
            b, loc, load(bytes(16), table, entry(bit)),
            load(bytes(16), table, plus(entry(bit + 8), 16)));
        controls = insert(control, controls, i);
      }
      if (bits != 8)
        codes = cast(type, spread(arith::ShRUIOp::create(
                               b, loc, cast(words, codes), shifts)));
      result = insert(set.shuffle(b, loc, codes, controls), result, first);
    }
    return result;
  }

  /// A loop over the positions.
  Value plain() {
    Value buffer;
    {
      OpBuilder::InsertionGuard guard(b);
      auto function = op->getParentOfType<FunctionOpInterface>();
      b.setInsertionPointToStart(&function.getFunctionBody().front());
      buffer =
          memref::AllocaOp::create(b, loc, MemRefType::get({64}, b.getI8Type()),
                                   b.getI64IntegerAttr(64));
    }
    auto index = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, loc, value);
    };
    auto byteAt = [&](Value at) -> Value {
      Value byte =
          vector::LoadOp::create(b, loc, bytes(1), op.getWeights(), at);
      return arith::ExtUIOp::create(b, loc, b.getI64Type(),
                                    vector::ExtractOp::create(b, loc, byte, 0));
    };
    vector::StoreOp::create(b, loc, splat(b, loc, bytes(64), 0), buffer,
                            index(0));
    // The bits of the run that are passed.
    scf::ForOp::create(
        b, loc, index(0), index(64), index(1), i64(0),
        [&](OpBuilder &, Location, Value i, ValueRange passed) {
          Value position =
              arith::IndexCastOp::create(b, loc, b.getI64Type(), i);
          Value bit = arith::TruncIOp::create(
              b, loc, b.getI1Type(), shiftRight(op.getMask(), position));
          auto branch = scf::IfOp::create(
              b, loc, bit,
              [&](OpBuilder &, Location) {
                Value at = arith::AddIOp::create(
                    b, loc, op.getAddress(),
                    toIndex(shiftRight(passed.front(), i64(3))));
                Value code = byteAt(at);
                // A code ends in the next byte.
                if (bits != 8) {
                  Value next =
                      byteAt(arith::AddIOp::create(b, loc, at, index(1)));
                  code = arith::OrIOp::create(
                      b, loc, code,
                      arith::ShLIOp::create(b, loc, next, i64(8)));
                  code = shiftRight(code, maskWith(passed.front(), i64(7)));
                  code = maskWith(code, i64((1 << bits) - 1));
                }
                memref::StoreOp::create(
                    b, loc,
                    arith::TruncIOp::create(b, loc, b.getI8Type(), code),
                    buffer, i);
                scf::YieldOp::create(b, loc,
                                     ValueRange{arith::AddIOp::create(
                                         b, loc, passed.front(), i64(bits))});
              },
              [&](OpBuilder &, Location) {
                scf::YieldOp::create(b, loc, passed);
              });
          scf::YieldOp::create(b, loc, branch.getResults());
        });
    return vector::LoadOp::create(b, loc, bytes(64), buffer, index(0));
  }
};
} // namespace

Value mlir::kernel::lowerLaneExpand(LaneExpandOp op, PatternRewriter &b,
                                    const InstructionSet &set) {
  if (set.expand) {
    Value run = vector::LoadOp::create(b, op.getLoc(), op.getType(),
                                       op.getWeights(), op.getAddress());
    return set.expand(b, op.getLoc(), run, op.getMask(), op.getBits());
  }
  ExpandLowering lowering{op, b, set};
  IntegerAttr mask;
  if (matchPattern(op.getMask(), m_Constant(&mask)) &&
      mask.getValue().isAllOnes())
    return lowering.unpacked();
  return set.shuffle ? lowering.shuffled() : lowering.plain();
}
