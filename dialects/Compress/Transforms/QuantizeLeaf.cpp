//===- QuantizeLeaf.cpp - A leaf as integer codes -------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/QuantizeLeaf.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::compress;
namespace algo = compresslib::algo;

using QuantizeFn =
    llvm::function_ref<compresslib::Expected<algo::Quantized>(algo::MatrixRef)>;

static StringRef whyNothing(LeafTarget target) {
  switch (target) {
  case LeafTarget::Values:
  case LeafTarget::Codes:
  case LeafTarget::Elements:
    return "has no float values left to quantise, only codes; quantise before, "
           "or name target=scales or target=codebook";
  case LeafTarget::Scales:
    return "has no float scales; target=scales quantises the scales of codes, "
           "so quantise the values before";
  case LeafTarget::Offsets:
    return "has no float offsets; target=offsets quantises those that "
           "scheme=offset makes, so quantise the values by it before";
  case LeafTarget::Codebook:
    return "has no float codebook; target=codebook quantises palettes, so "
           "palettise the values before";
  }
  llvm_unreachable("unknown target");
}

/// The divisors of the columns that a group size may be, as a text.
static std::string legalGroupSizes(int64_t columns) {
  std::string text;
  for (int64_t size = 1; size <= columns; ++size)
    if (columns % size == 0)
      text += (text.empty() ? "" : ", ") + std::to_string(size);
  return text;
}

/// Replaces absent positions of `rows`, those of `pattern` that are -1, by a
/// value that moves neither the ends of a group's range nor its middle: 0 for
/// codes that have a 0, else the present one before it in the group.
static void fillAbsent(MutableArrayRef<float> rows, ArrayRef<int64_t> pattern,
                       int64_t columns, int64_t group, bool zeroIsZero) {
  if (zeroIsZero)
    return;
  for (int64_t row = 0; row < int64_t(rows.size()); row += columns)
    for (int64_t begin = 0; begin < columns; begin += group) {
      int64_t first = row + begin,
              last = row + std::min(begin + group, columns);
      auto present = [&](int64_t i) { return pattern[i] >= 0; };
      auto indices = llvm::seq(first, last);
      auto found = llvm::find_if(indices, present);
      if (found == indices.end())
        continue;
      float value = rows[*found];
      for (int64_t i = first; i < last; ++i)
        if (present(i))
          value = rows[i];
        else
          rows[i] = value;
    }
}

/// Calls `body` with blocks of rows of what the leaf stands for: itself, or the
/// dense value of `sparse`, with the pattern of what is present.
static LogicalResult forEachBlock(
    const Leaf &leaf, SparseOpInterface sparse,
    const QuantizeLeafOptions &options, int64_t group, WeightContext &context,
    llvm::function_ref<LogicalResult(algo::MatrixRef, ArrayRef<int64_t>)>
        body) {
  if (!sparse)
    return forEachRowBlock(
        leaf.value, context.getEvaluator(),
        [&](algo::MatrixRef block, int64_t) { return body(block, {}); });
  return forEachRowBlock(
      sparse->getResult(0), context.getEvaluator(),
      [&](algo::MatrixRef block, int64_t firstRow) -> LogicalResult {
        auto type = cast<RankedTensorType>(sparse->getResult(0).getType());
        std::vector<float> values(block.values.begin(), block.values.end());
        std::vector<int64_t> pattern(values.size(), -1);
        int64_t rows = type.getRank() == 1 ? getRowCount(type) : block.rows;
        if (!context.isPlanning() &&
            failed(sparse.getPattern(firstRow, firstRow + rows,
                                     context.getEvaluator(), pattern)))
          return failure();
        fillAbsent(values, pattern, block.columns, group, options.zeroIsZero);
        return body(algo::MatrixRef(values, block.rows, block.columns),
                    pattern);
      });
}

/// `sparse` with other elements of another type in place of its first operand.
static Value withElements(OpBuilder &builder, Operation *sparse, Value elements,
                          Type elementType) {
  Operation *copy = builder.clone(*sparse);
  copy->setOperand(0, elements);
  auto type = cast<RankedTensorType>(copy->getResult(0).getType());
  copy->getResult(0).setType(type.clone(elementType));
  return copy->getResult(0);
}

/// The leaf as codes and scales. Where `sparse` puts it at some positions,
/// groups count all positions of `sparse`, and what is returned replaces its
/// result.
static FailureOr<Value> quantizeLeaf(WeightOp weight, const Leaf &leaf,
                                     SparseOpInterface sparse,
                                     const QuantizeLeafOptions &options,
                                     WeightContext &context,
                                     QuantizeFn quantize) {
  RankedTensorType leafType = leaf.getType();
  auto type = sparse ? cast<RankedTensorType>(sparse->getResult(0).getType())
                     : leafType;
  LeafShape shape = getMatrixShape(type);
  int64_t group = options.groupSize ? options.groupSize : shape.columns;
  if (shape.columns % group) {
    if (options.strictGroups && group < shape.columns)
      return context.emitError()
             << "has " << shape.columns << " inputs, which groups of " << group
             << " do not divide; strict-groups allows "
             << legalGroupSizes(shape.columns);
    if (group < shape.columns)
      remarkOn(weight, "short-group",
               "the last group of each row has " +
                   Twine(shape.columns % group) + " inputs, the others " +
                   Twine(group));
  }
  group = std::min(group, shape.columns);

  Type scaleType = getStorageType(type.getContext(), options.scaleType);
  std::vector<uint8_t> codes, present;
  if (sparse && !context.isPlanning())
    present.resize(leafType.getNumElements());
  std::vector<float> scales, zeros, offsets;
  bool isSigned = false, hasZeros = false, hasOffsets = false;
  if (failed(forEachBlock(leaf, sparse, options, group, context,
                          [&](algo::MatrixRef block,
                              ArrayRef<int64_t> pattern) -> LogicalResult {
                            auto quantized = quantize(block);
                            if (!quantized)
                              return context.emitError(quantized.error());
                            if (!sparse)
                              appendCodes(codes, quantized->codes,
                                          options.bits);
                            for (auto [code, index] :
                                 llvm::zip(quantized->codes, pattern))
                              if (index >= 0)
                                present[index] = code;
                            llvm::append_range(scales, quantized->scales);
                            llvm::append_range(zeros, quantized->zeros);
                            llvm::append_range(offsets, quantized->offsets);
                            isSigned = quantized->isSigned;
                            hasZeros = !quantized->zeros.empty();
                            hasOffsets = !quantized->offsets.empty();
                            return success();
                          })))
    return failure();
  if (sparse)
    appendCodes(codes, present, options.bits);

  LeafBuilder builder(weight, leaf.value);
  auto codeType =
      IntegerType::get(type.getContext(), options.bits,
                       isSigned ? IntegerType::Signed : IntegerType::Unsigned);
  SmallVector<int64_t> groups(type.getShape());
  groups.back() = llvm::divideCeil(shape.columns, group);
  FailureOr<Value> codesLeaf =
      builder.fromBytes("codes", leafType.clone(codeType), codes);
  FailureOr<Value> scalesLeaf = builder.fromValues(
      "scales", RankedTensorType::get(groups, scaleType), scales);
  if (failed(codesLeaf) || failed(scalesLeaf))
    return failure();
  Value zerosLeaf, offsetsLeaf;
  if (hasOffsets) {
    FailureOr<Value> made = builder.fromValues(
        "offsets", RankedTensorType::get(groups, scaleType), offsets);
    if (failed(made))
      return failure();
    offsetsLeaf = *made;
  }
  if (hasZeros) {
    FailureOr<Value> made = builder.fromValues(
        "zeros",
        RankedTensorType::get(groups,
                              options.zeroType ? options.zeroType : codeType),
        zeros);
    if (failed(made))
      return failure();
    zerosLeaf = *made;
  }
  IntegerAttr groupSize;
  if (group < shape.columns)
    groupSize = builder.builder.getI64IntegerAttr(group);
  Value dense = *codesLeaf;
  if (sparse) {
    // Behind the mask or positions, which the leaf may precede.
    builder.builder.setInsertionPointAfter(sparse);
    dense = withElements(builder.builder, sparse, dense, codeType);
  }
  return DequantizeOp::create(builder.builder, builder.loc,
                              type.clone(Float32Type::get(type.getContext())),
                              dense, *scalesLeaf, zerosLeaf, offsetsLeaf,
                              groupSize)
      .getResult();
}

/// The ops that put a leaf of values, all of whose uses they are, at some
/// positions, where their codes can be put as well.
static SmallVector<SparseOpInterface> getSparseUsers(const Leaf &leaf) {
  SmallVector<SparseOpInterface> users;
  for (OpOperand *use : leaf.uses) {
    auto sparse = dyn_cast<SparseOpInterface>(use->getOwner());
    if (!sparse || !sparse.takesCodes() || use->getOperandNumber())
      return {};
    users.push_back(sparse);
  }
  return users;
}

LogicalResult mlir::compress::checkQuantizeOptions(
    const algo::QuantizeOptions &options,
    llvm::function_ref<InFlightDiagnostic()> error) {
  if (options.bits < 2 || options.bits > 8)
    return error() << "has bits=" << options.bits
                   << ", but codes have 2 to 8 bits";
  if (options.groupSize < 0)
    return error() << "has group-size=" << options.groupSize
                   << ", but it is a number of inputs, or 0 for the whole row";
  return success();
}

FailureOr<bool>
mlir::compress::quantizeLeaves(WeightOp weight, WeightContext &context,
                               const QuantizeLeafOptions &options,
                               QuantizeFn quantize) {
  SmallVector<Leaf> leaves = collectLeaves(weight, options.target);
  if (leaves.empty())
    return context.emitError() << whyNothing(options.target);
  bool changed = false;
  for (Leaf &leaf : leaves) {
    // Pruning may keep nothing.
    if (leaf.getType().getRank() == 0 || leaf.getType().getNumElements() == 0)
      continue;
    changed = true;
    SmallVector<SparseOpInterface> sparse = getSparseUsers(leaf);
    for (SparseOpInterface op : sparse) {
      FailureOr<Value> value =
          quantizeLeaf(weight, leaf, op, options, context, quantize);
      if (failed(value))
        return failure();
      op->getResult(0).replaceAllUsesWith(*value);
    }
    if (!sparse.empty())
      continue;
    FailureOr<Value> value =
        quantizeLeaf(weight, leaf, {}, options, context, quantize);
    if (failed(value))
      return failure();
    for (OpOperand *use : leaf.uses)
      use->set(*value);
  }
  return changed;
}
