//===- LinalgProducts.cpp - Products that linalg ops are ------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A contraction or a convolution with a matrix weight, as it is or expanded and
// transposed, is rows of inputs times the matrix.
//
//===----------------------------------------------------------------------===//

#include "Interpreter.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include <numeric>

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::compress::reference;

/// A weight's use behind reshapes and transposes, and the element of the weight
/// that stands at each place of the value.
static std::optional<std::pair<UseOp, std::vector<int64_t>>>
traceWeight(Value value) {
  if (auto use = value.getDefiningOp<UseOp>()) {
    std::vector<int64_t> places(
        cast<RankedTensorType>(value.getType()).getNumElements());
    std::iota(places.begin(), places.end(), 0);
    return std::pair(use, std::move(places));
  }
  if (auto expand = value.getDefiningOp<tensor::ExpandShapeOp>())
    return traceWeight(expand.getSrc());
  if (auto collapse = value.getDefiningOp<tensor::CollapseShapeOp>())
    return traceWeight(collapse.getSrc());
  auto transpose = value.getDefiningOp<linalg::TransposeOp>();
  if (!transpose)
    return std::nullopt;
  auto traced = traceWeight(transpose.getInput());
  if (!traced)
    return std::nullopt;
  ArrayRef<int64_t> from =
      cast<RankedTensorType>(transpose.getInput().getType()).getShape();
  ArrayRef<int64_t> order = transpose.getPermutation();
  SmallVector<int64_t> strides = computeStrides(from);
  SmallVector<int64_t> outer =
      computeStrides(cast<RankedTensorType>(value.getType()).getShape());
  std::vector<int64_t> places(traced->second.size());
  for (size_t i = 0; i < places.size(); ++i) {
    int64_t at = 0;
    for (auto [dim, index] : llvm::enumerate(delinearize(i, outer)))
      at += index * strides[order[dim]];
    places[i] = traced->second[at];
  }
  traced->second = std::move(places);
  return traced;
}

LogicalResult Interpreter::runLinalgProduct(linalg::LinalgOp op, bool &known) {
  known = false;
  bool convolution = linalg::isaConvolutionOpInterface(op);
  if ((!convolution && !linalg::isaContractionOpInterface(op)) ||
      op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      llvm::is_contained(op.getStaticLoopRanges(), ShapedType::kDynamic))
    return success();
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  for (unsigned side : {1, 0}) {
    OpOperand *matrix = op.getDpsInputOperand(side);
    OpOperand *other = op.getDpsInputOperand(1 - side);
    auto traced = traceWeight(matrix->get());
    if (!traced)
      continue;
    auto type = cast<RankedTensorType>(traced->first.getType());
    if (type.getRank() != 2)
      return success();
    int64_t outputs = type.getDimSize(0), inputs = type.getDimSize(1);
    AffineMap w = op.getMatchingIndexingMap(matrix),
              x = op.getMatchingIndexingMap(other),
              y = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    // Rows of the input: loops that the weight does not know. Its own must be
    // either summed over or of the result alone.
    SmallVector<unsigned> rows, own;
    int64_t tokens = 1;
    for (unsigned loop = 0; loop < sizes.size(); ++loop) {
      bool inWeight = w.isFunctionOfDim(loop);
      if (inWeight && x.isFunctionOfDim(loop) == y.isFunctionOfDim(loop))
        return success();
      (inWeight ? own : rows).push_back(loop);
      tokens *= inWeight ? 1 : sizes[loop];
    }
    TensorPtr input = get(other->get()), start = get(op.getDpsInits()[0]);
    if (!input || !start)
      return failure();
    if (input->isInteger || start->isInteger)
      return success();
    auto shape = cast<RankedTensorType>(matrix->get().getType()).getShape();
    auto forEach = [&](ArrayRef<unsigned> loops, auto &&body) {
      SmallVector<int64_t> point(sizes.size(), 0);
      int64_t number = 0;
      while (true) {
        body(number++, point);
        int64_t d = int64_t(loops.size()) - 1;
        for (; d >= 0 && ++point[loops[d]] == sizes[loops[d]]; --d)
          point[loops[d]] = 0;
        if (d < 0)
          return;
      }
    };
    // Where each element of the weight meets the input and the result.
    SmallVector<SmallVector<int64_t>> ofInput(inputs), ofOutput(outputs);
    forEach(own, [&](int64_t, ArrayRef<int64_t> point) {
      int64_t place = traced->second[offsetOf(shape, w.compose(point))];
      ofInput[place % inputs] = SmallVector<int64_t>(point);
      ofOutput[place / inputs] = SmallVector<int64_t>(point);
    });
    std::vector<float> values(tokens * inputs);
    bool inside = true;
    forEach(rows, [&](int64_t token, ArrayRef<int64_t> point) {
      for (int64_t i = 0; i < inputs; ++i) {
        SmallVector<int64_t> at(point);
        for (unsigned loop : own)
          at[loop] = ofInput[i][loop];
        int64_t offset = offsetOf(input->shape, x.compose(at));
        inside &= offset >= 0;
        if (offset >= 0)
          values[token * inputs + i] = input->floats[offset];
      }
    });
    if (!inside)
      return op->emitOpError("reads outside its input");
    FailureOr<std::vector<float>> product =
        products.multiply(values, tokens, getWeight(traced->first));
    if (failed(product))
      return failure();
    ReferenceTensor result = *start;
    forEach(rows, [&](int64_t token, ArrayRef<int64_t> point) {
      for (int64_t o = 0; o < outputs; ++o) {
        SmallVector<int64_t> at(point);
        for (unsigned loop : own)
          at[loop] = ofOutput[o][loop];
        result.floats[offsetOf(result.shape, y.compose(at))] +=
            (*product)[token * outputs + o];
      }
    });
    set(op->getResult(0), std::move(result));
    known = true;
    return success();
  }
  return success();
}
