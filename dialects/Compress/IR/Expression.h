//===- Expression.h - Reference values of weight expressions ----*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_IR_EXPRESSION_H
#define COMPRESS_IR_EXPRESSION_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/LogicalResult.h"
#include <vector>

namespace mlir::compress {
class WeightOp;
class WeightStore;

/// How an op distributes over x·Wᵀ.
enum class ProductRule {
  Opaque,      ///< it does not: expand tiles of it
  Elementwise, ///< each element of its own: expand tiles of it
  Sum,         ///< x·(A+B)ᵀ = x·Aᵀ + x·Bᵀ
  Chain,       ///< x·(U·V)ᵀ = (x·Vᵀ)·Uᵀ
  Permute,     ///< a gather of x or of the result
};

/// Whether a value of an expression is stored or written, rather than made.
bool isLeaf(Value value);

/// Whether it is a leaf that has elements of its own, as a codebook that is
/// known by its name has not.
bool holdsElements(Value value);

/// What an operand is to a decompression op.
enum class OperandRole {
  Values, ///< floats that the result is made of
  Codes,  ///< integers that it is made of
  Scales,
  Zeros,
  Offsets,
  Codebook,
  Outliers,  ///< floats that were set apart to be kept
  Positions, ///< masks, indices, counts
};

/// Whether the product of this expression with activations quantises them to
/// int8, where a program is made with int8 activations. It asks about one
/// factor: sums, chains and permutations are split before by their rule. True
/// for a compress.dequantize of rank-2 codes, however they and their scales are
/// made, in groups whose size is 16, a multiple of 32 or the whole row. The
/// activations of a token are then quantised in blocks of 32 consecutive inputs
/// (the last may be shorter):
/// amax = max|x|, q = round_half_even(x * (127 / amax)), q = 0 where amax = 0,
/// and the product uses q * (amax / 127).
bool takesInteger8Activations(Value expression);

/// Elements of dimension 0 and of the dimensions behind it. A tensor of rank 0
/// or 1 has one element a row.
int64_t getRowCount(RankedTensorType type);
int64_t getRowSize(RankedTensorType type);

/// Evaluates expressions by their ops' reference semantics, and keeps what had
/// to be evaluated whole (a codebook, a right factor). Not thread-safe; use one
/// a thread. Errors are emitted at the op at fault.
class ExpressionEvaluator {
public:
  explicit ExpressionEvaluator(const WeightStore &store) : store(store) {}

  /// Rows [begin, end) of `value`, f32, row-major; integers as their value, and
  /// absent codes as NaN.
  LogicalResult evaluateRows(Value value, int64_t begin, int64_t end,
                             MutableArrayRef<float> out);
  FailureOr<std::vector<float>> evaluateRows(Value value, int64_t begin,
                                             int64_t end);
  /// All of `value`, computed once.
  FailureOr<ArrayRef<float>> evaluateWhole(Value value);

  /// For each row of counts (or of a mask) their sum in the rows before it, and
  /// last the sum of all; added up once.
  FailureOr<ArrayRef<int64_t>> sumCounts(Value counts);

  const WeightStore &getStore() const { return store; }

private:
  const WeightStore &store;
  llvm::DenseMap<Value, std::vector<float>> kept;
  llvm::DenseMap<Value, std::vector<int64_t>> sums;
};

/// All of a weight, by the reference semantics.
FailureOr<std::vector<float>> evaluateWeight(WeightOp weight,
                                             const WeightStore &store);

} // namespace mlir::compress

#endif // COMPRESS_IR_EXPRESSION_H
