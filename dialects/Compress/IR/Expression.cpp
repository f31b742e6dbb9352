//===- Expression.cpp - Reference values of weight expressions ------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Expression.h"
#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"

using namespace mlir;
using namespace mlir::compress;

bool mlir::compress::isLeaf(Value value) {
  Operation *op = value.getDefiningOp();
  return isa_and_present<DecompressionOpInterface>(op) &&
         op->getNumOperands() == 0;
}

bool mlir::compress::holdsElements(Value value) {
  if (!isLeaf(value))
    return false;
  return cast<DecompressionOpInterface>(value.getDefiningOp())
             .getStoredBits() ||
         cast<RankedTensorType>(value.getType()).getNumElements() == 0;
}

bool mlir::compress::takesInteger8Activations(Value expression) {
  auto op = expression.getDefiningOp<DequantizeOp>();
  if (!op)
    return false;
  auto codes = cast<RankedTensorType>(op.getCodes().getType());
  if (codes.getRank() != 2 || codes.getNumElements() == 0)
    return false;
  int64_t group = op.getEffectiveGroupSize();
  return group % 32 == 0 || group == 16 || group == codes.getDimSize(1);
}

int64_t mlir::compress::getRowCount(RankedTensorType type) {
  return type.getRank() ? type.getDimSize(0) : 1;
}

int64_t mlir::compress::getRowSize(RankedTensorType type) {
  int64_t size = 1;
  for (int64_t d : type.getShape().drop_front(type.getRank() ? 1 : 0))
    size *= d;
  return size;
}

LogicalResult ExpressionEvaluator::evaluateRows(Value value, int64_t begin,
                                                int64_t end,
                                                MutableArrayRef<float> out) {
  auto type = cast<RankedTensorType>(value.getType());
  assert(begin >= 0 && begin <= end && end <= getRowCount(type) &&
         int64_t(out.size()) == (end - begin) * getRowSize(type));
  if (auto it = kept.find(value); it != kept.end()) {
    std::copy_n(it->second.begin() + begin * getRowSize(type), out.size(),
                out.begin());
    return success();
  }
  if (store.isPlanning()) {
    llvm::fill(out, 0.0f);
    return success();
  }
  return cast<DecompressionOpInterface>(value.getDefiningOp())
      .evaluateRows(begin, end, *this, out);
}

FailureOr<std::vector<float>>
ExpressionEvaluator::evaluateRows(Value value, int64_t begin, int64_t end) {
  auto type = cast<RankedTensorType>(value.getType());
  std::vector<float> out((end - begin) * getRowSize(type));
  if (failed(evaluateRows(value, begin, end, out)))
    return failure();
  return out;
}

FailureOr<ArrayRef<float>> ExpressionEvaluator::evaluateWhole(Value value) {
  if (auto it = kept.find(value); it != kept.end())
    return ArrayRef<float>(it->second);
  FailureOr<std::vector<float>> values = evaluateRows(
      value, 0, getRowCount(cast<RankedTensorType>(value.getType())));
  if (failed(values))
    return failure();
  // Moving a vector keeps its buffer, so references stay good as the map grows.
  return ArrayRef<float>(kept[value] = std::move(*values));
}

FailureOr<ArrayRef<int64_t>> ExpressionEvaluator::sumCounts(Value counts) {
  if (auto it = sums.find(counts); it != sums.end())
    return ArrayRef<int64_t>(it->second);
  auto type = cast<RankedTensorType>(counts.getType());
  int64_t rows = getRowCount(type), size = getRowSize(type);
  int64_t step = std::max<int64_t>(1, (1 << 16) / std::max<int64_t>(size, 1));
  std::vector<int64_t> before = {0};
  before.reserve(rows + 1);
  std::vector<float> block;
  for (int64_t begin = 0; begin < rows; begin += step) {
    int64_t end = std::min(rows, begin + step);
    block.resize((end - begin) * size);
    if (failed(evaluateRows(counts, begin, end, block)))
      return failure();
    for (int64_t row = 0; row < end - begin; ++row) {
      int64_t sum = 0;
      for (float count : ArrayRef(block).slice(row * size, size))
        sum += int64_t(count);
      before.push_back(before.back() + sum);
    }
  }
  return ArrayRef<int64_t>(sums[counts] = std::move(before));
}

FailureOr<std::vector<float>>
mlir::compress::evaluateWeight(WeightOp weight, const WeightStore &store) {
  ExpressionEvaluator evaluator(store);
  return evaluator.evaluateRows(weight.getResultValue(), 0,
                                getRowCount(weight.getWeightType()));
}
