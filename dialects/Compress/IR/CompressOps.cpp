//===- CompressOps.cpp - Verifiers, folding, reference values -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "Shapes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace mlir::compress;

#define GET_OP_CLASSES
#include "Compress/IR/CompressOps.cpp.inc"

bool mlir::compress::isFloatElement(Type type) {
  return type.isF32() || type.isF16() || type.isBF16();
}

bool mlir::compress::isCodeElement(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  return integer && !integer.isSignless() && integer.getWidth() >= 2 &&
         integer.getWidth() <= 8;
}

bool mlir::compress::isAddressable(RankedTensorType type) {
  if (llvm::is_contained(type.getShape(), 0))
    return true;
  int64_t elements = 1;
  for (int64_t size : type.getShape())
    if (llvm::MulOverflow(elements, size, elements) || elements > kMaxElements)
      return false;
  return true;
}

LogicalResult mlir::compress::verifyAddressable(Operation *op) {
  for (Type result : op->getResultTypes())
    if (auto type = dyn_cast<RankedTensorType>(result);
        type && type.hasStaticShape() && !isAddressable(type))
      return op->emitOpError("gives a tensor of more than 2^45 elements, which "
                             "no memory holds");
  return success();
}

//===----------------------------------------------------------------------===//
// Store, weight, use
//===----------------------------------------------------------------------===//

LogicalResult StoreOp::verify() {
  if (getFile().empty() || getFile().contains('/') || getFile() == "..")
    return emitOpError("names file \"")
           << getFile()
           << "\", but a side-car lies in the module's own folder and is named "
              "without one";
  if (getHash().size() != 16 ||
      getHash().find_first_not_of("0123456789abcdef") != StringRef::npos)
    return emitOpError("has hash \"")
           << getHash() << "\", but a hash is 16 hexadecimal digits";
  if (auto module = dyn_cast_or_null<ModuleOp>((*this)->getParentOp()))
    for (StoreOp other : module.getOps<StoreOp>()) {
      if (other == *this)
        break;
      return emitOpError("is the module's second; a module names one side-car");
    }
  return success();
}

void WeightOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                     RankedTensorType type, OriginAttr origin) {
  build(builder, state, builder.getStringAttr(name), TypeAttr::get(type),
        builder.getStringAttr("private"), origin);
  state.regions.front()->emplaceBlock();
}

YieldOp WeightOp::getYield() {
  return cast<YieldOp>(getBody().front().getTerminator());
}

Value WeightOp::getResultValue() { return getYield().getValue(); }

int64_t WeightOp::getStoredBits() {
  int64_t bits = 0;
  llvm::StringSet<> seen;
  getBody().walk([&](DecompressionOpInterface op) {
    if (namesNewKey(op, seen))
      bits += op.getStoredBits();
  });
  return bits;
}

void WeightOp::addReport(ReportAttr report) {
  SmallVector<Attribute> reports;
  if (auto old = (*this)->getAttrOfType<ArrayAttr>("compress.reports"))
    reports.append(old.begin(), old.end());
  reports.push_back(report);
  (*this)->setAttr("compress.reports", ArrayAttr::get(getContext(), reports));
}

LogicalResult WeightOp::verify() {
  if (!isAddressable(getWeightType()))
    return emitOpError("has more than 2^45 elements, which no memory holds");
  if (getBody().empty() || getBody().front().getNumArguments())
    return emitOpError("has a body with arguments, but a weight's expression "
                       "takes nothing from outside");
  return success();
}

static LogicalResult verifyExpression(Block &block) {
  for (Operation &op : block)
    if (!isa<YieldOp>(op) && !isa<DecompressionOpInterface>(op))
      return op.emitOpError("stands in a weight's expression, but is no "
                            "decompression op");
  return success();
}

LogicalResult WeightOp::verifyRegions() {
  if (failed(verifyExpression(getBody().front())))
    return failure();
  auto type = cast<RankedTensorType>(getResultValue().getType());
  if (type.getShape() != getWeightType().getShape())
    return emitOpError("is declared with shape ")
           << str(getWeightType().getShape()) << ", but its body yields "
           << str(type.getShape());
  return success();
}

LogicalResult UseOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto weight =
      symbols.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr());
  if (!weight)
    return emitOpError("names @")
           << getWeight() << ", but no compress.weight of that name is there";
  if (weight.getWeightType() != getType())
    return emitOpError("has type ")
           << getType() << ", but weight @" << getWeight() << " is "
           << weight.getWeightType();
  return success();
}

//===----------------------------------------------------------------------===//
// Formats
//===----------------------------------------------------------------------===//

void FormatOp::build(OpBuilder &builder, OperationState &state,
                     StringRef name) {
  state.addAttribute(getSymNameAttrName(state.name),
                     builder.getStringAttr(name));
  state.addAttribute(getSymVisibilityAttrName(state.name),
                     builder.getStringAttr("private"));
  state.addRegion()->emplaceBlock();
}

Value FormatOp::getResultValue() {
  return cast<YieldOp>(getBody().front().getTerminator()).getValue();
}

LogicalResult FormatOp::verifyRegions() {
  if (getBody().front().getNumArguments())
    return emitOpError("has a body with arguments, but a format takes nothing "
                       "from outside");
  return verifyExpression(getBody().front());
}

LogicalResult StreamOp::evaluateRows(int64_t, int64_t, ExpressionEvaluator &,
                                     MutableArrayRef<float>) {
  return emitOpError("has no values; a format is a weight without its data");
}

//===----------------------------------------------------------------------===//
// Leaves
//===----------------------------------------------------------------------===//

LogicalResult StoredOp::verify() {
  if (getKey().empty())
    return emitOpError("has an empty key");
  return success();
}

void StoredOp::visitKeys(
    function_ref<void(StringRef, RankedTensorType)> visit) {
  visit(getKey(), cast<RankedTensorType>(getType()));
}

int64_t StoredOp::getStoredBits() {
  return getTensorBits(cast<RankedTensorType>(getType()));
}

LogicalResult StoredOp::evaluateRows(int64_t begin, int64_t end,
                                     ExpressionEvaluator &evaluator,
                                     MutableArrayRef<float> out) {
  auto type = cast<RankedTensorType>(getType());
  std::optional<WeightStore::Blob> blob = evaluator.getStore().lookup(getKey());
  if (!blob)
    return emitOpError("names tensor \"")
           << getKey()
           << "\", which is not in the weight store; is the "
              "side-car beside the module, and named by compress.store?";
  if (int64_t(blob->bytes.size()) != getTensorBytes(type))
    return emitOpError("has type ")
           << type << ", which takes " << getTensorBytes(type)
           << " bytes, but tensor \"" << getKey()
           << "\" of the weight store has " << blob->bytes.size();
  unpackElements(blob->bytes, type.getElementType(), begin * getRowSize(type),
                 out);
  return success();
}

LogicalResult ConstantOp::verify() {
  auto elements = dyn_cast<ElementsAttr>(getValue());
  if (!elements)
    return emitOpError("takes the elements of a tensor, such as "
                       "dense<[[1.0, 2.0]]>");
  Type element = elements.getElementType();
  if (!isFloatElement(element) && !isa<IntegerType>(element))
    return emitOpError("has element type ")
           << element << "; a leaf holds floats or integers";
  return success();
}

int64_t ConstantOp::getStoredBits() {
  return getTensorBits(cast<RankedTensorType>(getType()));
}

LogicalResult ConstantOp::evaluateRows(int64_t begin, int64_t end,
                                       ExpressionEvaluator &,
                                       MutableArrayRef<float> out) {
  auto elements = cast<ElementsAttr>(getValue());
  int64_t first = begin * getRowSize(cast<RankedTensorType>(getType()));
  if (isa<FloatType>(elements.getElementType())) {
    auto it = elements.value_begin<APFloat>() + first;
    for (float &value : out) {
      APFloat wide = *it++;
      bool lossless;
      wide.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven,
                   &lossless);
      value = wide.convertToFloat();
    }
    return success();
  }
  bool isSigned = !elements.getElementType().isUnsignedInteger();
  auto it = elements.value_begin<APInt>() + first;
  for (float &value : out) {
    APInt integer = *it++;
    value = isSigned ? float(integer.getSExtValue())
                     : float(integer.getZExtValue());
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Dequantize
//===----------------------------------------------------------------------===//

int64_t DequantizeOp::getEffectiveGroupSize() {
  int64_t columns = columnsOf(cast<RankedTensorType>(getCodes().getType()));
  if (std::optional<uint64_t> size = getGroupSize())
    return std::min<int64_t>(*size, std::max<int64_t>(columns, 1));
  return std::max<int64_t>(columns, 1);
}

LogicalResult DequantizeOp::verify() {
  auto codes = cast<RankedTensorType>(getCodes().getType());
  if (getGroupSize() && int64_t(*getGroupSize()) < 1)
    return emitOpError("has group_size ")
           << int64_t(*getGroupSize())
           << ", but a group has at least 1 position";
  if (codes.getRank() == 0)
    return emitOpError(
        "has codes of rank 0; quantise a tensor of rank 1 or more");
  if (codes.getShape() != cast<RankedTensorType>(getType()).getShape())
    return emitOpError("has codes of shape ")
           << str(codes.getShape()) << " and a result of shape "
           << str(cast<RankedTensorType>(getType()).getShape());
  if (getZeros() && getOffsets())
    return emitOpError("has zeros and offsets, but a group is moved once");
  SmallVector<int64_t> shape = withLast(
      codes, llvm::divideCeil(columnsOf(codes), getEffectiveGroupSize()));
  auto scales = cast<RankedTensorType>(getScales().getType());
  if (scales.getShape() != ArrayRef(shape))
    return emitOpError("has scales of shape ")
           << str(scales.getShape()) << ", but codes of shape "
           << str(codes.getShape()) << " in groups of "
           << getEffectiveGroupSize() << " need " << str(shape);
  if (getZeros()) {
    auto zeros = cast<RankedTensorType>(getZeros().getType());
    if (zeros.getShape() != ArrayRef(shape))
      return emitOpError("has zeros of shape ")
             << str(zeros.getShape()) << ", but scales of shape " << str(shape);
    if (zeros.getElementType().isSignedInteger())
      return emitOpError("has zeros of type ")
             << zeros.getElementType()
             << ", but zero points are unsigned integers or floats";
  }
  if (getOffsets()) {
    auto offsets = cast<RankedTensorType>(getOffsets().getType());
    if (offsets.getShape() != ArrayRef(shape))
      return emitOpError("has offsets of shape ")
             << str(offsets.getShape()) << ", but scales of shape "
             << str(shape);
  }
  return success();
}

ProductRule DequantizeOp::getProductRule() { return ProductRule::Elementwise; }
OperandRole DequantizeOp::getOperandRole(unsigned index) {
  if (index == 0)
    return OperandRole::Codes;
  if (index == 1)
    return OperandRole::Scales;
  return getZeros() ? OperandRole::Zeros : OperandRole::Offsets;
}

LogicalResult DequantizeOp::evaluateRows(int64_t begin, int64_t end,
                                         ExpressionEvaluator &evaluator,
                                         MutableArrayRef<float> out) {
  auto codes = cast<RankedTensorType>(getCodes().getType());
  int64_t group = getEffectiveGroupSize(), columns = columnsOf(codes);
  if (failed(evaluator.evaluateRows(getCodes(), begin, end, out)))
    return failure();
  auto scale = [&](Value operand) -> FailureOr<std::vector<float>> {
    // In rank 1 a row is one element; its groups run along the rows.
    if (codes.getRank() == 1)
      return evaluator.evaluateRows(
          operand, 0, getRowCount(cast<RankedTensorType>(operand.getType())));
    return evaluator.evaluateRows(operand, begin, end);
  };
  FailureOr<std::vector<float>> scales = scale(getScales());
  if (failed(scales))
    return failure();
  std::vector<float> moved;
  bool hasOffsets = bool(getOffsets());
  if (Value operand = hasOffsets ? getOffsets() : getZeros()) {
    FailureOr<std::vector<float>> values = scale(operand);
    if (failed(values))
      return failure();
    moved = std::move(*values);
  }
  int64_t groups = llvm::divideCeil(columns, group);
  // Runs of elements that share a scale.
  for (int64_t e = 0, n = out.size(); e < n;) {
    int64_t column, g;
    if (codes.getRank() == 1) {
      column = begin + e;
      g = column / group;
    } else {
      column = e % columns;
      g = e / columns * groups + column / group;
    }
    int64_t run = std::min({n - e, columns - column, group - column % group});
    float scale = (*scales)[g];
    for (float &value : out.slice(e, run)) {
      if (std::isnan(value)) // absent
        value = 0.0f;
      else if (moved.empty())
        value *= scale;
      else if (hasOffsets)
        value = float(value * scale) + moved[g];
      else
        value = (value - moved[g]) * scale;
    }
    e += run;
  }
  return success();
}

namespace {
/// A group that is the whole dimension is written without its size.
struct DropWholeGroupSize : OpRewritePattern<DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DequantizeOp op,
                                PatternRewriter &rewriter) const override {
    auto codes = cast<RankedTensorType>(op.getCodes().getType());
    if (!op.getGroupSize() || int64_t(*op.getGroupSize()) < columnsOf(codes))
      return rewriter.notifyMatchFailure(op, "groups are parts of a row");
    rewriter.modifyOpInPlace(op, [&] { op.removeGroupSizeAttr(); });
    return success();
  }
};

/// Zero points that are all zero are none.
struct DropZeroZeros : OpRewritePattern<DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DequantizeOp op,
                                PatternRewriter &rewriter) const override {
    auto constant = op.getZeros() ? op.getZeros().getDefiningOp<ConstantOp>()
                                  : ConstantOp();
    if (!constant)
      return rewriter.notifyMatchFailure(op, "zeros are not written");
    auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
    if (!elements || !elements.isSplat())
      return rewriter.notifyMatchFailure(op, "zeros differ");
    // Codes are integers, so that subtracting +0 changes none.
    bool isZero = isa<FloatType>(elements.getElementType())
                      ? elements.getSplatValue<APFloat>().isPosZero()
                      : elements.getSplatValue<APInt>().isZero();
    if (!isZero)
      return rewriter.notifyMatchFailure(op, "zeros are not 0");
    rewriter.modifyOpInPlace(op, [&] { op.getZerosMutable().clear(); });
    return success();
  }
};
} // namespace

void DequantizeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                               MLIRContext *context) {
  patterns.add<DropWholeGroupSize, DropZeroZeros>(context);
}

//===----------------------------------------------------------------------===//
// Lookup
//===----------------------------------------------------------------------===//

LogicalResult LookupOp::verify() {
  auto codes = cast<RankedTensorType>(getCodes().getType());
  auto codebook = cast<RankedTensorType>(getCodebook().getType());
  int64_t cell = getCell();
  if (!codes.getElementType().isUnsignedInteger())
    return emitOpError("has codes of type ")
           << codes.getElementType()
           << ", but codes of a codebook are unsigned";
  if (codes.getRank() != 1 && codes.getRank() != 2)
    return emitOpError("has codes of rank ")
           << codes.getRank() << ", but codes of a codebook are of rank 1 or 2";
  if (cell != 1 && cell != 2 && cell != 4 && cell != 8)
    return emitOpError("has cell ") << cell << ", but a cell is 1, 2, 4 or 8";
  if (getGroupSize() && int64_t(*getGroupSize()) < 1)
    return emitOpError("has group_size ")
           << int64_t(*getGroupSize()) << ", but a group has at least 1 code";
  if (codebook.getRank() != 2)
    return emitOpError("has a codebook of shape ")
           << str(codebook.getShape())
           << ", but a codebook is [rows, cell * entries]";
  int64_t columns = columnsOf(codes);
  int64_t codeRows = codes.getRank() == 2 ? codes.getDimSize(0) : 1;
  int64_t rows = getGroupSize()
                     ? codeRows * llvm::divideCeil(columns, *getGroupSize())
                     : 1;
  if (codebook.getDimSize(0) != rows)
    return emitOpError("has ")
           << codebook.getDimSize(0) << " codebooks, but needs " << rows
           << (getGroupSize() ? ", one a group" : ", as it has no group_size");
  if (codebook.getDimSize(1) % cell || codebook.getDimSize(1) == 0)
    return emitOpError("has a codebook of ")
           << codebook.getDimSize(1) << " columns, which cells of " << cell
           << " do not divide";
  int64_t entries = codebook.getDimSize(1) / cell;
  unsigned bits = codes.getElementTypeBitWidth();
  if (entries > (int64_t(1) << bits))
    return emitOpError("has a codebook of ")
           << entries << " entries, but codes of " << bits << " bits reach "
           << (int64_t(1) << bits);
  Type element = cast<RankedTensorType>(getType()).getElementType();
  Type wanted = isFloatElement(codebook.getElementType())
                    ? Type(Float32Type::get(getContext()))
                    : codebook.getElementType();
  if (element != wanted)
    return emitOpError("has a result of ")
           << element << ", but a codebook of " << codebook.getElementType()
           << " makes " << wanted;
  SmallVector<int64_t> shape = withLast(codes, columns * cell);
  if (cast<RankedTensorType>(getType()).getShape() != ArrayRef(shape))
    return emitOpError("has a result of shape ")
           << str(cast<RankedTensorType>(getType()).getShape())
           << ", but codes of shape " << str(codes.getShape())
           << " and cells of " << cell << " make " << str(shape);
  return success();
}

ProductRule LookupOp::getProductRule() { return ProductRule::Elementwise; }
OperandRole LookupOp::getOperandRole(unsigned index) {
  return index == 0 ? OperandRole::Codes : OperandRole::Codebook;
}

LogicalResult LookupOp::evaluateRows(int64_t begin, int64_t end,
                                     ExpressionEvaluator &evaluator,
                                     MutableArrayRef<float> out) {
  auto codesType = cast<RankedTensorType>(getCodes().getType());
  int64_t cell = getCell();
  // A row of rank-1 codes is one element, so a row of the result may lie
  // within a cell.
  int64_t first = begin * getRowSize(cast<RankedTensorType>(getType()));
  int64_t perRow = getRowSize(codesType);
  int64_t codeBegin = first / cell / perRow;
  int64_t codeEnd = llvm::divideCeil(
      llvm::divideCeil(first + int64_t(out.size()), cell), perRow);
  FailureOr<std::vector<float>> codes =
      evaluator.evaluateRows(getCodes(), codeBegin, codeEnd);
  FailureOr<ArrayRef<float>> codebook = evaluator.evaluateWhole(getCodebook());
  if (failed(codes) || failed(codebook))
    return failure();
  int64_t width = cast<RankedTensorType>(getCodebook().getType()).getDimSize(1);
  int64_t columns = columnsOf(codesType);
  for (int64_t e = 0, n = out.size(); e < n; ++e) {
    int64_t position = (first + e) / cell, within = (first + e) % cell;
    if (std::isnan((*codes)[position - codeBegin * perRow])) {
      out[e] = absentValue(getType());
      continue;
    }
    int64_t code = (*codes)[position - codeBegin * perRow];
    if ((code + 1) * cell > width)
      return emitOpError("has code ")
             << code << " at position " << position << ", but its codebook has "
             << width / cell << " entries";
    int64_t book = 0;
    if (getGroupSize())
      book = position / columns * llvm::divideCeil(columns, *getGroupSize()) +
             position % columns / *getGroupSize();
    out[e] = (*codebook)[book * width + code * cell + within];
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Product, sum, permute
//===----------------------------------------------------------------------===//

LogicalResult ProductOp::verify() {
  auto left = cast<RankedTensorType>(getLeft().getType());
  auto right = cast<RankedTensorType>(getRight().getType());
  auto result = cast<RankedTensorType>(getType());
  if (left.getRank() != 2 || right.getRank() != 2 || result.getRank() != 2 ||
      left.getDimSize(1) != right.getDimSize(0) ||
      result.getDimSize(0) != left.getDimSize(0) ||
      result.getDimSize(1) != right.getDimSize(1))
    return emitOpError("has factors of shape ")
           << str(left.getShape()) << " and " << str(right.getShape())
           << " and a result of shape " << str(result.getShape())
           << ", but needs [o, k] times [k, i] gives [o, i]";
  return success();
}

ProductRule ProductOp::getProductRule() { return ProductRule::Chain; }

LogicalResult ProductOp::evaluateRows(int64_t begin, int64_t end,
                                      ExpressionEvaluator &evaluator,
                                      MutableArrayRef<float> out) {
  FailureOr<std::vector<float>> left =
      evaluator.evaluateRows(getLeft(), begin, end);
  FailureOr<ArrayRef<float>> right = evaluator.evaluateWhole(getRight());
  if (failed(left) || failed(right))
    return failure();
  int64_t inner = cast<RankedTensorType>(getLeft().getType()).getDimSize(1);
  int64_t columns = cast<RankedTensorType>(getType()).getDimSize(1);
  std::vector<double> row(columns);
  for (int64_t r = 0; r < end - begin; ++r) {
    std::fill(row.begin(), row.end(), 0.0);
    for (int64_t k = 0; k < inner; ++k)
      for (int64_t c = 0; c < columns; ++c)
        row[c] +=
            double((*left)[r * inner + k]) * double((*right)[k * columns + c]);
    std::copy(row.begin(), row.end(), out.begin() + r * columns);
  }
  return success();
}

LogicalResult SumOp::verify() {
  if (getTerms().empty())
    return emitOpError("has no terms");
  for (Value term : getTerms())
    if (cast<RankedTensorType>(term.getType()).getShape() !=
        cast<RankedTensorType>(getType()).getShape())
      return emitOpError("has a term of shape ")
             << str(cast<RankedTensorType>(term.getType()).getShape())
             << " and a result of shape "
             << str(cast<RankedTensorType>(getType()).getShape());
  return success();
}

ProductRule SumOp::getProductRule() { return ProductRule::Sum; }

OpFoldResult SumOp::fold(FoldAdaptor) {
  // A sum of one f32 term is the term.
  if (getTerms().size() == 1 && getTerms().front().getType() == getType())
    return getTerms().front();
  return {};
}

namespace {
/// sum(sum(a, b), c) is sum(a, b, c): additions keep their order only where
/// the nested sum is the first term.
struct FlattenFirstTerm : OpRewritePattern<SumOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SumOp op,
                                PatternRewriter &rewriter) const override {
    auto nested = op.getTerms().front().getDefiningOp<SumOp>();
    if (!nested)
      return rewriter.notifyMatchFailure(op, "first term is no sum");
    SmallVector<Value> terms(nested.getTerms());
    llvm::append_range(terms, op.getTerms().drop_front());
    rewriter.modifyOpInPlace(op, [&] { op.getTermsMutable().assign(terms); });
    return success();
  }
};
} // namespace

void SumOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                        MLIRContext *context) {
  patterns.add<FlattenFirstTerm>(context);
}

LogicalResult SumOp::evaluateRows(int64_t begin, int64_t end,
                                  ExpressionEvaluator &evaluator,
                                  MutableArrayRef<float> out) {
  if (failed(evaluator.evaluateRows(getTerms().front(), begin, end, out)))
    return failure();
  for (Value term : getTerms().drop_front()) {
    FailureOr<std::vector<float>> values =
        evaluator.evaluateRows(term, begin, end);
    if (failed(values))
      return failure();
    for (auto [sum, value] : llvm::zip(out, *values))
      sum += value;
  }
  return success();
}

LogicalResult PermuteOp::verify() {
  auto source = cast<RankedTensorType>(getSource().getType());
  auto indices = cast<RankedTensorType>(getIndices().getType());
  int64_t dim = getDim();
  if (source.getShape() != cast<RankedTensorType>(getType()).getShape() ||
      source.getRank() != 2)
    return emitOpError("has a source of shape ")
           << str(source.getShape()) << " and a result of shape "
           << str(cast<RankedTensorType>(getType()).getShape())
           << ", but a permuted matrix keeps its shape";
  if (dim != 0 && dim != 1)
    return emitOpError("has dim ")
           << dim << ", but rows are 0 and columns are 1";
  if (indices.getRank() != 1 || indices.getDimSize(0) != source.getDimSize(dim))
    return emitOpError("has indices of shape ")
           << str(indices.getShape()) << ", but dimension " << dim << " has "
           << source.getDimSize(dim) << " positions";
  return success();
}

/// The indices of a permutation that is written in the IR.
static std::optional<SmallVector<int64_t>> getWrittenIndices(PermuteOp op) {
  auto constant = op.getIndices().getDefiningOp<ConstantOp>();
  auto elements = constant ? dyn_cast<DenseElementsAttr>(constant.getValue())
                           : DenseElementsAttr();
  if (!elements)
    return std::nullopt;
  SmallVector<int64_t> indices;
  for (const APInt &index : elements.getValues<APInt>()) {
    indices.push_back(index.getLimitedValue(INT64_MAX));
    if (indices.back() >= elements.getNumElements())
      return std::nullopt;
  }
  return indices;
}

OpFoldResult PermuteOp::fold(FoldAdaptor) {
  // The identity changes nothing.
  std::optional<SmallVector<int64_t>> indices = getWrittenIndices(*this);
  if (indices && getSource().getType() == getType() &&
      llvm::all_of(llvm::enumerate(*indices), [](auto pair) {
        return int64_t(pair.index()) == pair.value();
      }))
    return getSource();
  return {};
}

namespace {
/// permute(permute(a, inner), outer) along one dimension is one permutation:
/// result[i] = a[inner[outer[i]]].
struct ComposePermutations : OpRewritePattern<PermuteOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PermuteOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getSource().getDefiningOp<PermuteOp>();
    if (!inner || inner.getDim() != op.getDim())
      return rewriter.notifyMatchFailure(op, "source is no such permutation");
    // Else both would stay, and the composed one is more to store.
    if (!inner->hasOneUse() || !op.getIndices().hasOneUse())
      return rewriter.notifyMatchFailure(op, "indices have other uses");
    auto innerIndices = getWrittenIndices(inner);
    auto outerIndices = getWrittenIndices(op);
    if (!innerIndices || !outerIndices)
      return rewriter.notifyMatchFailure(op, "indices are not written");
    auto type = cast<RankedTensorType>(op.getIndices().getType());
    SmallVector<APInt> composed;
    for (int64_t index : *outerIndices)
      composed.emplace_back(type.getElementTypeBitWidth(),
                            uint64_t((*innerIndices)[index]));
    Value indices = ConstantOp::create(rewriter, op.getLoc(), type,
                                       DenseElementsAttr::get(type, composed));
    rewriter.modifyOpInPlace(op, [&] {
      op.getSourceMutable().assign(inner.getSource());
      op.getIndicesMutable().assign(indices);
    });
    return success();
  }
};
} // namespace

void PermuteOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *context) {
  patterns.add<ComposePermutations>(context);
}

ProductRule PermuteOp::getProductRule() { return ProductRule::Permute; }
OperandRole PermuteOp::getOperandRole(unsigned index) {
  return index == 0 ? OperandRole::Values : OperandRole::Positions;
}

LogicalResult PermuteOp::evaluateRows(int64_t begin, int64_t end,
                                      ExpressionEvaluator &evaluator,
                                      MutableArrayRef<float> out) {
  FailureOr<ArrayRef<float>> indices = evaluator.evaluateWhole(getIndices());
  if (failed(indices))
    return failure();
  int64_t columns = cast<RankedTensorType>(getType()).getDimSize(1);
  llvm::BitVector seen(indices->size());
  for (auto [i, index] : llvm::enumerate(*indices)) {
    if (index >= float(indices->size()) || seen.test(unsigned(index)))
      return emitOpError("has index ")
             << int64_t(index) << " at position " << i
             << ", but its indices are no permutation of 0 … "
             << indices->size() - 1;
    seen.set(unsigned(index));
  }
  if (getDim() == 0) {
    for (int64_t r = begin; r < end; ++r)
      if (int64_t from = (*indices)[r]; failed(evaluator.evaluateRows(
              getSource(), from, from + 1,
              out.slice((r - begin) * columns, columns))))
        return failure();
    return success();
  }
  FailureOr<std::vector<float>> source =
      evaluator.evaluateRows(getSource(), begin, end);
  if (failed(source))
    return failure();
  for (int64_t r = 0; r < end - begin; ++r)
    for (int64_t c = 0; c < columns; ++c)
      out[r * columns + c] = (*source)[r * columns + int64_t((*indices)[c])];
  return success();
}
