//===- Matmul.h - Lowering of one kernel op ---------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef LIB_CONVERSION_KERNELTOVECTOR_MATMUL_H
#define LIB_CONVERSION_KERNELTOVECTOR_MATMUL_H

#include "compress/Conversion/Expander.h"
#include "compress/InstructionSets/InstructionSet.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::kernel {

/// Bytes ahead of the stream that a product with one token prefetches.
constexpr int64_t kPrefetchDistance = 4096;

/// Vector short forms on top of the Expander's.
struct Emitter : Expander {
  using Expander::Expander;

  void prefetch(Value address, int64_t count,
                int64_t distance = kPrefetchDistance) {
    for (int64_t b = 0; b < count; b += 64)
      memref::PrefetchOp::create(builder, loc, getWeights(),
                                 add(address, index(distance + b)),
                                 /*isWrite=*/false, /*localityHint=*/3,
                                 /*isDataCache=*/true);
  }
  /// Iterations that are worth another thread's while: with one token, as many
  /// as stream so many bytes.
  static int64_t grainOf(Value output, int64_t bytes) {
    bool one = cast<MemRefType>(output.getType()).getDimSize(0) == 1;
    return one ? std::max<int64_t>(1, 32768 / std::max<int64_t>(bytes, 1)) : 1;
  }
  /// output[token, row … row+15], zeros for the rows ≥ rows.
  Value loadRows(Value output, Value token, Value row, int64_t rows) {
    return rows % kLanes
               ? Value(vector::MaskedLoadOp::create(
                     builder, loc, f32s(), output, ValueRange{token, row},
                     rowMask(row, rows), zeros()))
               : vector::LoadOp::create(builder, loc, f32s(), output,
                                        ValueRange{token, row});
  }
  /// output[token, row … row+15] (+)= values, without the rows ≥ rows.
  void storeRows(Value values, Value output, Value token, Value row,
                 int64_t rows, bool accumulate) {
    if (accumulate)
      values = addf(loadRows(output, token, row, rows), values);
    SmallVector<Value> at = {token, row};
    if (rows % kLanes)
      vector::MaskedStoreOp::create(builder, loc, output, at,
                                    rowMask(row, rows), values);
    else
      vector::StoreOp::create(builder, loc, values, output, at);
  }
  /// Tokens 0 … count-1: `block` at a time, then one by one. With a buffer of
  /// one token there is no loop.
  void tokens(Value output, Value count, int64_t block,
              const std::function<void(Value, int64_t)> &body) {
    if (cast<MemRefType>(output.getType()).getDimSize(0) == 1)
      return body(index(0), 1);
    if (block == 1)
      return loop(index(0), count, 1, [&](Value t) { body(t, 1); });
    Value whole = mul(div(count, index(block)), index(block));
    loop(index(0), whole, block, [&](Value t) { body(t, block); });
    loop(whole, count, 1, [&](Value t) { body(t, 1); });
  }

private:
  Value rowMask(Value row, int64_t rows) {
    return vector::CreateMaskOp::create(
        builder, loc, VectorType::get({kLanes}, builder.getI1Type()),
        sub(index(rows), row));
  }
};

/// A product of f32 activations with a node in tiles.
LogicalResult lowerFloatProduct(Emitter &e, MatmulOp op,
                                const PackedLayout::Node &node,
                                const InstructionSet &set);

/// A product of f32 activations with rows that list a few values.
void lowerListProduct(Emitter &e, MatmulOp op, ListSource list);

/// Each emits before the op what replaces it; the caller erases the op.
LogicalResult lowerMatmul(MatmulOp op, const PackedLayout &layout,
                          const InstructionSet &set, ScratchPool &scratch);
LogicalResult lowerMatmulInt8(MatmulInt8Op op, const PackedLayout &layout,
                              const InstructionSet &set, ScratchPool &scratch);
LogicalResult lowerGatherRows(GatherRowsOp op, const PackedLayout &layout,
                              ScratchPool &scratch);
void lowerAttend(AttendOp op, const InstructionSet &set);
void lowerQuantizeActivations(QuantizeActivationsOp op);
void lowerRoundActivations(RoundActivationsOp op);

} // namespace mlir::kernel

#endif // LIB_CONVERSION_KERNELTOVECTOR_MATMUL_H
