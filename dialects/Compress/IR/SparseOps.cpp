//===- SparseOps.cpp - Values and codes at some positions -----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Shapes.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::compress;

//===----------------------------------------------------------------------===//
// Densify
//===----------------------------------------------------------------------===//

static OperandRole getSparseRole(Operation *op, unsigned index) {
  if (index)
    return OperandRole::Positions;
  auto type = cast<RankedTensorType>(op->getOperand(0).getType());
  return isFloatElement(type.getElementType()) ? OperandRole::Values
                                               : OperandRole::Codes;
}

/// Whether the result is codes where the elements are, and f32 where they are
/// values.
static LogicalResult verifySparse(Operation *op) {
  Type from =
      cast<RankedTensorType>(op->getOperand(0).getType()).getElementType();
  Type to = cast<RankedTensorType>(op->getResult(0).getType()).getElementType();
  Type wanted =
      isFloatElement(from) ? Type(Float32Type::get(op->getContext())) : from;
  if (to != wanted)
    return op->emitOpError("has a result of ")
           << to << ", but " << from << " at some positions make " << wanted;
  return success();
}

/// The elements of the first operand where the pattern puts them.
static LogicalResult evaluateSparse(SparseOpInterface op, int64_t begin,
                                    int64_t end, ExpressionEvaluator &evaluator,
                                    MutableArrayRef<float> out) {
  std::vector<int64_t> pattern(out.size());
  if (failed(op.getPattern(begin, end, evaluator, pattern)))
    return failure();
  // Which are there is random, so nothing branches on it: of unsigned numbers
  // an absent one is the largest.
  uint64_t least = INT64_MAX;
  int64_t last = -1;
  for (int64_t index : pattern) {
    least = std::min(least, uint64_t(index));
    last = std::max(last, index);
  }
  int64_t first = int64_t(least);
  Value elements = op->getOperand(0);
  std::vector<float> window;
  if (last >= 0) {
    int64_t size = getRowSize(cast<RankedTensorType>(elements.getType()));
    FailureOr<std::vector<float>> rows =
        evaluator.evaluateRows(elements, first / size, last / size + 1);
    if (failed(rows))
      return failure();
    window = std::move(*rows);
    first = first / size * size;
  }
  int64_t nowhere = int64_t(window.size());
  window.push_back(absentValue(op->getResult(0).getType()));
  for (auto [value, index] : llvm::zip(out, pattern))
    value = window[index < 0 ? nowhere : index - first];
  return success();
}

namespace {
/// Entries of one codebook, put at some positions, are codes put there and
/// looked up: pruned and then given a palette is given a palette and then
/// pruned.
template <typename Op> struct SinkBelowLookup : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    auto lookup = op->getOperand(0).template getDefiningOp<LookupOp>();
    if (!lookup || lookup.getCell() != 1 || lookup.getGroupSize())
      return rewriter.notifyMatchFailure(op, "no entries of one codebook");
    if (!lookup->hasOneUse())
      return rewriter.notifyMatchFailure(op, "the entries have other uses");
    auto type = cast<RankedTensorType>(op.getType());
    auto codes = cast<RankedTensorType>(lookup.getCodes().getType());
    Operation *sparse = rewriter.clone(*op.getOperation());
    sparse->setOperand(0, lookup.getCodes());
    sparse->getResult(0).setType(type.clone(codes.getElementType()));
    rewriter.replaceOpWithNewOp<LookupOp>(
        op, type, sparse->getResult(0), lookup.getCodebook(),
        lookup.getCellAttr(), lookup.getGroupSizeAttr());
    return success();
  }
};
} // namespace

void DensifyOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *context) {
  patterns.add<SinkBelowLookup<DensifyOp>>(context);
}
void DensifyNMOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<SinkBelowLookup<DensifyNMOp>>(context);
}
void DensifyBlocksOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                  MLIRContext *context) {
  patterns.add<SinkBelowLookup<DensifyBlocksOp>>(context);
}

LogicalResult DensifyOp::verify() {
  auto values = cast<RankedTensorType>(getValues().getType());
  auto mask = cast<RankedTensorType>(getMask().getType());
  if (mask.getElementTypeBitWidth() != 1)
    return emitOpError("has a mask of ")
           << mask.getElementType() << ", but a bitmask is of ui1";
  if (values.getRank() != 1)
    return emitOpError("has values of shape ")
           << str(values.getShape()) << ", but kept values are of rank 1";
  if (mask.getShape() != cast<RankedTensorType>(getType()).getShape())
    return emitOpError("has a mask of shape ")
           << str(mask.getShape()) << " and a result of shape "
           << str(cast<RankedTensorType>(getType()).getShape());
  if (mask.getRank() != 1 && mask.getRank() != 2)
    return emitOpError("has a mask of rank ")
           << mask.getRank() << ", but a bitmask is of rank 1 or 2";
  if (values.getNumElements() > mask.getNumElements())
    return emitOpError("has ")
           << values.getNumElements() << " values, but a mask of "
           << mask.getNumElements() << " positions";
  return verifySparse(*this);
}

ProductRule DensifyOp::getProductRule() { return ProductRule::Elementwise; }
OperandRole DensifyOp::getOperandRole(unsigned index) {
  return getSparseRole(*this, index);
}

int64_t DensifyOp::getMostElements(unsigned index) {
  return index ? 0 : cast<RankedTensorType>(getType()).getNumElements();
}

LogicalResult DensifyOp::evaluateRows(int64_t begin, int64_t end,
                                      ExpressionEvaluator &evaluator,
                                      MutableArrayRef<float> out) {
  return evaluateSparse(*this, begin, end, evaluator, out);
}

LogicalResult DensifyOp::getPattern(int64_t begin, int64_t end,
                                    ExpressionEvaluator &evaluator,
                                    MutableArrayRef<int64_t> indices) {
  // How many ones stand before each row, and in all.
  FailureOr<ArrayRef<int64_t>> ones = evaluator.sumCounts(getMask());
  if (failed(ones))
    return failure();
  int64_t total =
      cast<RankedTensorType>(getValues().getType()).getNumElements();
  if (ones->back() != total)
    return emitOpError("has ")
           << total << " values, but its mask has " << ones->back() << " ones";
  FailureOr<std::vector<float>> window =
      evaluator.evaluateRows(getMask(), begin, end);
  if (failed(window))
    return failure();
  int64_t next = (*ones)[begin];
  for (auto [index, bit] : llvm::zip(indices, *window)) {
    index = bit ? next : -1;
    next += bit != 0;
  }
  return success();
}

LogicalResult DensifyNMOp::verify() {
  auto values = cast<RankedTensorType>(getValues().getType());
  auto positions = cast<RankedTensorType>(getPositions().getType());
  auto result = cast<RankedTensorType>(getType());
  int64_t n = getN(), m = getM();
  if (n < 1 || n >= m)
    return emitOpError("keeps ") << n << " of " << m << ", but needs 0 < n < m";
  if (result.getRank() != 2 || result.getDimSize(1) % m)
    return emitOpError("has a result of shape ")
           << str(result.getShape())
           << ", but needs [rows, columns] with columns "
           << "divisible by " << m;
  SmallVector<int64_t> shape = {result.getDimSize(0),
                                result.getDimSize(1) / m * n};
  if (values.getShape() != ArrayRef(shape) ||
      positions.getShape() != ArrayRef(shape))
    return emitOpError("has values of shape ")
           << str(values.getShape()) << " and positions of shape "
           << str(positions.getShape()) << ", but " << n << " of " << m
           << " of a result of shape " << str(result.getShape()) << " are "
           << str(shape);
  if ((int64_t(1) << std::min(62u, positions.getElementTypeBitWidth())) < m)
    return emitOpError("has positions of ")
           << positions.getElementType() << ", which do not reach " << m - 1;
  return verifySparse(*this);
}

ProductRule DensifyNMOp::getProductRule() { return ProductRule::Elementwise; }
OperandRole DensifyNMOp::getOperandRole(unsigned index) {
  return getSparseRole(*this, index);
}

LogicalResult DensifyNMOp::evaluateRows(int64_t begin, int64_t end,
                                        ExpressionEvaluator &evaluator,
                                        MutableArrayRef<float> out) {
  return evaluateSparse(*this, begin, end, evaluator, out);
}

LogicalResult DensifyNMOp::getPattern(int64_t begin, int64_t end,
                                      ExpressionEvaluator &evaluator,
                                      MutableArrayRef<int64_t> indices) {
  FailureOr<std::vector<float>> positions =
      evaluator.evaluateRows(getPositions(), begin, end);
  if (failed(positions))
    return failure();
  int64_t n = getN(), m = getM();
  int64_t before =
      begin * cast<RankedTensorType>(getPositions().getType()).getDimSize(1);
  llvm::fill(indices, -1);
  for (int64_t i = 0, e = positions->size(); i < e; ++i) {
    // Rows are whole numbers of groups, so a flat index needs no row.
    int64_t position = (*positions)[i];
    if (position >= m || (i % n && position <= (*positions)[i - 1]))
      return emitOpError("has position ")
             << position << " at element " << before + i
             << ", but the positions of a group ascend strictly below " << m;
    indices[i / n * m + position] = before + i;
  }
  return success();
}

LogicalResult DensifyBlocksOp::verify() {
  auto values = cast<RankedTensorType>(getValues().getType());
  auto mask = cast<RankedTensorType>(getMask().getType());
  auto result = cast<RankedTensorType>(getType());
  int64_t rows = getBlockRows(), columns = getBlockColumns();
  if (rows < 1 || columns < 1 || result.getRank() != 2 ||
      result.getDimSize(0) % rows || result.getDimSize(1) % columns)
    return emitOpError("has blocks of ")
           << rows << " by " << columns
           << ", which do not tile a result of shape "
           << str(result.getShape());
  SmallVector<int64_t> shape = {result.getDimSize(0) / rows,
                                result.getDimSize(1) / columns};
  if (mask.getElementTypeBitWidth() != 1 || mask.getShape() != ArrayRef(shape))
    return emitOpError("has a mask ")
           << mask << ", but needs a bit a block, tensor<" << shape[0] << "x"
           << shape[1] << "xui1>";
  if (values.getRank() != 2 || values.getDimSize(1) != rows * columns ||
      values.getDimSize(0) > shape[0] * shape[1])
    return emitOpError("has values of shape ")
           << str(values.getShape()) << ", but kept blocks are [kept, "
           << rows * columns << "]";
  return verifySparse(*this);
}

ProductRule DensifyBlocksOp::getProductRule() {
  return ProductRule::Elementwise;
}
OperandRole DensifyBlocksOp::getOperandRole(unsigned index) {
  return getSparseRole(*this, index);
}

int64_t DensifyBlocksOp::getMostElements(unsigned index) {
  return index ? 0
               : cast<RankedTensorType>(getMask().getType()).getNumElements();
}

LogicalResult DensifyBlocksOp::evaluateRows(int64_t begin, int64_t end,
                                            ExpressionEvaluator &evaluator,
                                            MutableArrayRef<float> out) {
  return evaluateSparse(*this, begin, end, evaluator, out);
}

LogicalResult DensifyBlocksOp::getPattern(int64_t begin, int64_t end,
                                          ExpressionEvaluator &evaluator,
                                          MutableArrayRef<int64_t> indices) {
  FailureOr<ArrayRef<int64_t>> ones = evaluator.sumCounts(getMask());
  if (failed(ones))
    return failure();
  if (int64_t blocks =
          cast<RankedTensorType>(getValues().getType()).getDimSize(0);
      ones->back() != blocks)
    return emitOpError("has ")
           << blocks << " blocks, but its mask has " << ones->back() << " ones";
  int64_t rows = getBlockRows(), columns = getBlockColumns();
  int64_t width = cast<RankedTensorType>(getType()).getDimSize(1);
  llvm::fill(indices, -1);
  for (int64_t y = begin / rows; y * rows < end; ++y) {
    FailureOr<std::vector<float>> mask =
        evaluator.evaluateRows(getMask(), y, y + 1);
    if (failed(mask))
      return failure();
    int64_t kept = (*ones)[y];
    for (auto [x, bit] : llvm::enumerate(*mask)) {
      if (!bit)
        continue;
      for (int64_t r = 0; r < rows; ++r)
        if (int64_t row = y * rows + r; row >= begin && row < end)
          for (int64_t c = 0; c < columns; ++c)
            indices[(row - begin) * width + int64_t(x) * columns + c] =
                (kept * rows + r) * columns + c;
      ++kept;
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Outliers
//===----------------------------------------------------------------------===//

LogicalResult OutliersOp::verify() {
  auto values = cast<RankedTensorType>(getValues().getType());
  auto columns = cast<RankedTensorType>(getColumns().getType());
  auto counts = cast<RankedTensorType>(getCounts().getType());
  auto result = cast<RankedTensorType>(getType());
  if (result.getRank() != 2)
    return emitOpError("has a result of shape ")
           << str(result.getShape()) << ", but outliers are those of a matrix";
  if (values.getRank() != 1 || columns.getShape() != values.getShape())
    return emitOpError("has values of shape ")
           << str(values.getShape()) << " and columns of shape "
           << str(columns.getShape()) << ", but needs a column a value";
  if (counts.getRank() != 1 || counts.getDimSize(0) != result.getDimSize(0))
    return emitOpError("has counts of shape ")
           << str(counts.getShape()) << ", but a result of "
           << result.getDimSize(0) << " rows";
  return success();
}

ProductRule OutliersOp::getProductRule() { return ProductRule::Elementwise; }
bool OutliersOp::takesCodes() { return false; }
int64_t OutliersOp::getMostElements(unsigned index) {
  return index < 2 ? cast<RankedTensorType>(getType()).getNumElements() : 0;
}
OperandRole OutliersOp::getOperandRole(unsigned index) {
  return index ? OperandRole::Positions : OperandRole::Outliers;
}

LogicalResult OutliersOp::evaluateRows(int64_t begin, int64_t end,
                                       ExpressionEvaluator &evaluator,
                                       MutableArrayRef<float> out) {
  return evaluateSparse(*this, begin, end, evaluator, out);
}

LogicalResult OutliersOp::getPattern(int64_t begin, int64_t end,
                                     ExpressionEvaluator &evaluator,
                                     MutableArrayRef<int64_t> indices) {
  FailureOr<ArrayRef<int64_t>> before = evaluator.sumCounts(getCounts());
  if (failed(before))
    return failure();
  int64_t total =
      cast<RankedTensorType>(getValues().getType()).getNumElements();
  if (before->back() != total)
    return emitOpError("has ")
           << total << " values, but its counts add up to " << before->back();
  int64_t width = cast<RankedTensorType>(getType()).getDimSize(1);
  FailureOr<std::vector<float>> columns =
      evaluator.evaluateRows(getColumns(), (*before)[begin], (*before)[end]);
  if (failed(columns))
    return failure();
  llvm::fill(indices, -1);
  auto column = columns->begin();
  for (int64_t row = begin; row < end; ++row) {
    int64_t last = -1;
    for (int64_t i = (*before)[row]; i < (*before)[row + 1]; ++i) {
      int64_t c = *column++;
      if (c <= last || c >= width)
        return emitOpError("has column ")
               << c << " at element " << i
               << ", but the columns of a row ascend strictly below " << width;
      indices[(row - begin) * width + c] = i;
      last = c;
    }
  }
  return success();
}
