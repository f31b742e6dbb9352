//===- FloatLanes.cpp - Lowering of lane ops of floats --------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FloatLanes.h"
#include "compress/InstructionSets/Lanes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::kernel;

namespace {

Value index(OpBuilder &b, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}
Value toIndex(OpBuilder &b, Location loc, Value value) {
  return arith::IndexCastUIOp::create(b, loc, b.getIndexType(), value);
}

/// Sixteen f32 of the function's own.
Value makeBuffer(OpBuilder &b, Operation *op) {
  OpBuilder::InsertionGuard guard(b);
  auto function = op->getParentOfType<FunctionOpInterface>();
  b.setInsertionPointToStart(&function.getFunctionBody().front());
  return memref::AllocaOp::create(b, op->getLoc(),
                                  MemRefType::get({16}, b.getF32Type()),
                                  b.getI64IntegerAttr(64));
}

/// What puts the first elements of sixteen bytes at the positions of a mask, of
/// each mask: their bytes' indices, 128 where there is none.
memref::GlobalOp getControls(OpBuilder &b, ModuleOp module, int64_t size) {
  std::string name = "kernel_expand_" + std::to_string(8 * size);
  if (auto global = module.lookupSymbol<memref::GlobalOp>(name))
    return global;
  std::vector<int8_t> controls;
  for (int64_t mask = 0; mask < int64_t(1) << 16 / size; ++mask)
    for (int64_t bit = 0, next = 0; bit < 16 / size; ++bit) {
      bool isSet = mask >> bit & 1;
      for (int64_t i = 0; i < size; ++i)
        controls.push_back(isSet ? int8_t(next * size + i) : int8_t(-128));
      next += isSet;
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

struct ExpandFloats {
  LaneExpandFloatsOp op;
  OpBuilder &b;
  const InstructionSet &set;
  Location loc = op.getLoc();
  int64_t size = op.getElement().getIntOrFloatBitWidth() / 8;

  Value loadBytes(Value memory, Value at, int64_t count) {
    return vector::LoadOp::create(b, loc, ints(b, count, 8), memory, at);
  }
  Value widen(Value bytes) {
    int64_t count = lanesOf(bytes) / size;
    Value values = vector::BitCastOp::create(
        b, loc, VectorType::get({count}, op.getElement()), bytes);
    if (op.getElement().isF32())
      return values;
    return arith::ExtFOp::create(
        b, loc, VectorType::get({count}, b.getF32Type()), values);
  }
  Value load(Value at, int64_t count) {
    return widen(loadBytes(op.getWeights(), at, count * size));
  }
  Value constant(int64_t value) {
    return arith::ConstantOp::create(b, loc,
                                     b.getIntegerAttr(b.getI16Type(), value));
  }

  /// Sixteen bytes of the run, and their controls, for each part of the mask.
  Value shuffled() {
    int64_t lanes = 16 / size;
    memref::GlobalOp global =
        getControls(b, op->getParentOfType<ModuleOp>(), size);
    Value table = memref::GetGlobalOp::create(b, loc, global.getType(),
                                              global.getSymName());
    Value all = arith::ConstantOp::create(b, loc, b.getZeroAttr(op.getType()));
    for (int64_t i = 0; i < size; ++i) {
      Value at = op.getAddress();
      if (i) {
        Value before = arith::AndIOp::create(
            b, loc, op.getMask(), constant((int64_t(1) << i * lanes) - 1));
        Value ones = toIndex(b, loc, math::CtPopOp::create(b, loc, before));
        at = arith::AddIOp::create(
            b, loc, at,
            arith::MulIOp::create(b, loc, ones, index(b, loc, size)));
      }
      Value part = arith::AndIOp::create(
          b, loc,
          arith::ShRUIOp::create(b, loc, op.getMask(), constant(i * lanes)),
          constant((int64_t(1) << lanes) - 1));
      Value entry = arith::MulIOp::create(b, loc, toIndex(b, loc, part),
                                          index(b, loc, 16));
      // Sixteen bytes are shuffled at a time: they widen to a vector of their
      // own.
      Value some = set.shuffle(b, loc, loadBytes(op.getWeights(), at, 16),
                               loadBytes(table, entry, 16));
      all = vector::InsertStridedSliceOp::create(b, loc, widen(some), all,
                                                 i * lanes, 1);
    }
    return all;
  }

  /// A loop over the positions.
  Value plain() {
    Value memory = makeBuffer(b, op);
    Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
    scf::ForOp::create(
        b, loc, index(b, loc, 0), index(b, loc, 16), index(b, loc, 1),
        ValueRange{op.getAddress()},
        [&](OpBuilder &, Location, Value i, ValueRange at) {
          Value bit = arith::TruncIOp::create(
              b, loc, b.getI1Type(),
              arith::ShRUIOp::create(
                  b, loc, op.getMask(),
                  arith::IndexCastOp::create(b, loc, b.getI16Type(), i)));
          auto branch = scf::IfOp::create(
              b, loc, bit,
              [&](OpBuilder &, Location) {
                Value value =
                    vector::ExtractOp::create(b, loc, load(at.front(), 1), 0);
                Value next = arith::AddIOp::create(b, loc, at.front(),
                                                   index(b, loc, size));
                scf::YieldOp::create(b, loc, ValueRange{value, next});
              },
              [&](OpBuilder &, Location) {
                scf::YieldOp::create(b, loc, ValueRange{zero, at.front()});
              });
          memref::StoreOp::create(b, loc, branch.getResult(0), memory, i);
          scf::YieldOp::create(b, loc, branch.getResult(1));
        });
    return vector::LoadOp::create(b, loc, op.getType(), memory,
                                  index(b, loc, 0));
  }
};
} // namespace

Value mlir::kernel::lowerLaneExpandFloats(LaneExpandFloatsOp op,
                                          PatternRewriter &b,
                                          const InstructionSet &set) {
  ExpandFloats lowering{op, b, set};
  if (set.expandFloats)
    return set.expandFloats(b, op.getLoc(), lowering.load(op.getAddress(), 16),
                            op.getMask());
  return set.shuffle ? lowering.shuffled() : lowering.plain();
}

/// The four bytes of an entry are looked up each by itself. Sixteen bytes that
/// are turned before, input by input of four rows, are then zipped to the f32
/// of these inputs, four rows each.
static SmallVector<Value> permuteBytes(LanePermuteOp op, OpBuilder &b,
                                       const InstructionSet &set) {
  Location loc = op.getLoc();
  int64_t native = set.vectorBytes;
  /// `order` of the 32 bytes of `x` and `y` that are sixteen of a vector each,
  /// for each such sixteen.
  auto shuffle = [&](Value x, Value y, function_ref<int64_t(int64_t)> order) {
    SmallVector<int64_t> all;
    for (int64_t i = 0; i < native; ++i) {
      int64_t from = order(i % 16);
      all.push_back(from / 16 * native + i / 16 * 16 + from % 16);
    }
    return Value(vector::ShuffleOp::create(b, loc, x, y, all));
  };
  /// Pieces of `size` bytes of `x` and `y` in turn, from their upper halves or
  /// their lower ones.
  auto zip = [&](Value x, Value y, int64_t size, bool upper) {
    return shuffle(x, y, [&](int64_t i) {
      return i / size % 2 * 16 + upper * 8 + i / size / 2 * size + i % size;
    });
  };
  Value bytes =
      vector::BitCastOp::create(b, loc, ints(b, 64, 8), op.getTable());
  Value tables[4];
  for (int64_t k = 0; k < 4; ++k) {
    SmallVector<int64_t> every;
    for (int64_t i = 0; i < native; ++i)
      every.push_back(i % 16 * 4 + k);
    tables[k] = vector::ShuffleOp::create(b, loc, bytes, bytes, every);
  }
  SmallVector<Value> results(4, op.getTable());
  for (int64_t first = 0; first < 64; first += native) {
    Value some = slice(b, loc, op.getIndices(), first, native);
    some = shuffle(some, some, [](int64_t i) { return i % 4 * 4 + i / 4; });
    Value part[4];
    for (int64_t k = 0; k < 4; ++k)
      part[k] = set.shuffle(b, loc, tables[k], some);
    for (int64_t k = 0; k < 4; ++k) {
      Value value = vector::BitCastOp::create(
          b, loc, VectorType::get({native / 4}, b.getF32Type()),
          zip(zip(part[0], part[1], 1, k / 2), zip(part[2], part[3], 1, k / 2),
              2, k % 2));
      results[k] = native == 64 ? value
                                : Value(vector::InsertStridedSliceOp::create(
                                      b, loc, value, results[k], first / 4, 1));
    }
  }
  return results;
}

SmallVector<Value> mlir::kernel::lowerLanePermute(LanePermuteOp op,
                                                  PatternRewriter &b,
                                                  const InstructionSet &set) {
  Location loc = op.getLoc();
  if (!set.permute && set.shuffle)
    return permuteBytes(op, b, set);
  Value memory;
  if (!set.permute) {
    memory = makeBuffer(b, op);
    vector::StoreOp::create(b, loc, op.getTable(), memory, index(b, loc, 0));
  }
  VectorType words = ints(b, 16, 32);
  Value indices = vector::BitCastOp::create(b, loc, words, op.getIndices());
  SmallVector<Value> results(4, op.getTable());
  for (int64_t k = 0; k < 4; ++k) {
    Value own = indices;
    if (k)
      own = arith::ShRUIOp::create(b, loc, own, splat(b, loc, words, 8 * k));
    if (set.permute) {
      results[k] = set.permute(b, loc, op.getTable(), own);
      continue;
    }
    own = arith::AndIOp::create(b, loc, own, splat(b, loc, words, 15));
    for (int64_t i = 0; i < 16; ++i) {
      Value at = toIndex(b, loc, vector::ExtractOp::create(b, loc, own, i));
      results[k] = vector::InsertOp::create(
          b, loc, memref::LoadOp::create(b, loc, memory, at), results[k], i);
    }
  }
  return results;
}
