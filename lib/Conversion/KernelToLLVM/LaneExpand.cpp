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
/// What puts up to eight bytes in the positions of a mask: of each mask the
/// eight indices, 128 where there is none.
memref::GlobalOp getExpandControls(OpBuilder &b, ModuleOp module) {
  constexpr StringLiteral name = "kernel_expand_controls";
  if (auto global = module.lookupSymbol<memref::GlobalOp>(name))
    return global;
  std::vector<int8_t> controls;
  for (unsigned mask = 0; mask < 256; ++mask)
    for (unsigned bit = 0, next = 0; bit < 8; ++bit)
      controls.push_back(mask >> bit & 1 ? int8_t(next++) : int8_t(-128));
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
    auto type = ::cast<VectorType>(words.getType());
    for (int64_t half : {32, 16, 8}) {
      int64_t packed = half * bits / 8;
      if (packed == half)
        return words;
      uint64_t low = 0;
      for (int64_t at = 0; at < 64; at += 2 * half)
        low |= ((uint64_t(1) << packed) - 1) << at;
      Value upper = arith::ShLIOp::create(b, loc, words,
                                          splat(b, loc, type, half - packed));
      words = arith::OrIOp::create(
          b, loc, maskWith(words, splat(b, loc, type, int64_t(low))),
          maskWith(upper, splat(b, loc, type, int64_t(low << half))));
    }
    return words;
  }

  /// Eight codes of the run, and their controls, for each byte of the mask.
  Value shuffled() {
    int64_t native = set.vectorBytes;
    memref::GlobalOp global =
        getExpandControls(b, op->getParentOfType<ModuleOp>());
    Value table = memref::GetGlobalOp::create(b, loc, global.getType(),
                                              global.getSymName());
    auto eight = [&](Value memory, Value at) -> Value {
      Value loaded = vector::LoadOp::create(b, loc, bytes(8), memory, at);
      return vector::ExtractOp::create(b, loc, cast(ints(b, 1, 64), loaded), 0);
    };
    Value result = splat(b, loc, bytes(64), 0);
    for (int64_t first = 0; first < 64; first += native) {
      VectorType words = ints(b, native / 8, 64), type = bytes(native);
      Value codes = splat(b, loc, words, 0), controls = codes;
      SmallVector<int64_t> where;
      for (int64_t i = 0; i < native / 8; ++i) {
        // Counted from the mask itself, so that no address waits for another.
        Value at = op.getAddress(), shift;
        int64_t bit = first + 8 * i;
        if (bit) {
          Value before = math::CtPopOp::create(
              b, loc,
              maskWith(op.getMask(), i64(int64_t((uint64_t(1) << bit) - 1))));
          Value passed = arith::MulIOp::create(b, loc, before, i64(bits));
          shift = maskWith(passed, i64(7));
          at = arith::AddIOp::create(b, loc, at,
                                     toIndex(shiftRight(passed, i64(3))));
        }
        Value run = eight(op.getWeights(), at);
        if (shift && bits != 8)
          run = shiftRight(run, shift);
        Value byte = maskWith(shiftRight(op.getMask(), i64(bit)), i64(255));
        Value entry = toIndex(arith::ShLIOp::create(b, loc, byte, i64(3)));
        codes = vector::InsertOp::create(b, loc, run, codes, i);
        controls =
            vector::InsertOp::create(b, loc, eight(table, entry), controls, i);
        // A shuffle stays in sixteen bytes: the second eight are from 8 up.
        where.push_back(i % 2 ? 0x0808080808080808 : 0);
      }
      controls = arith::OrIOp::create(
          b, loc, controls,
          arith::ConstantOp::create(
              b, loc, DenseElementsAttr::get(words, ArrayRef(where))));
      Value part =
          set.shuffle(b, loc, cast(type, spread(codes)), cast(type, controls));
      result = native == 64 ? part
                            : Value(vector::InsertStridedSliceOp::create(
                                  b, loc, part, result, first, 1));
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
  return set.shuffle ? lowering.shuffled() : lowering.plain();
}
