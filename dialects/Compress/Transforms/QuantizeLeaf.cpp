//===- QuantizeLeaf.cpp - A leaf as integer codes -------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/QuantizeLeaf.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::compress;
namespace algo = compresslib::algo;

using QuantizeFn =
    llvm::function_ref<compresslib::Expected<algo::Quantized>(algo::MatrixRef)>;

static StringRef whyNothing(LeafTarget target) {
  switch (target) {
  case LeafTarget::Values:
    return "has no float values left to quantise, only codes; quantise before, "
           "or name target=scales or target=codebook";
  case LeafTarget::Scales:
    return "has no float scales; target=scales quantises the scales of codes, "
           "so quantise the values before";
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

static FailureOr<Value> quantizeLeaf(WeightOp weight, const Leaf &leaf,
                                     const QuantizeLeafOptions &options,
                                     ExpressionEvaluator &evaluator,
                                     QuantizeFn quantize) {
  RankedTensorType type = leaf.getType();
  LeafShape shape = getMatrixShape(type);
  int64_t group = options.groupSize ? options.groupSize : shape.columns;
  if (shape.columns % group) {
    if (options.strictGroups && group < shape.columns)
      return emitWeightError(weight, options.passName)
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

  std::vector<uint8_t> codes;
  std::vector<float> scales, zeros;
  bool isSigned = false, hasZeros = false;
  if (failed(forEachRowBlock(
          leaf.value, evaluator,
          [&](algo::MatrixRef block, int64_t) -> LogicalResult {
            auto quantized = quantize(block);
            if (!quantized)
              return emitCoreError(weight, options.passName, quantized.error());
            appendCodes(codes, quantized->codes, options.bits);
            llvm::append_range(scales, quantized->scales);
            llvm::append_range(zeros, quantized->zeros);
            isSigned = quantized->isSigned;
            hasZeros = !quantized->zeros.empty();
            return success();
          })))
    return failure();

  LeafBuilder builder(weight, leaf.value);
  auto codeType =
      IntegerType::get(type.getContext(), options.bits,
                       isSigned ? IntegerType::Signed : IntegerType::Unsigned);
  SmallVector<int64_t> groups(type.getShape());
  groups.back() = llvm::divideCeil(shape.columns, group);
  FailureOr<Value> codesLeaf =
      builder.fromBytes("codes", type.clone(codeType), codes);
  FailureOr<Value> scalesLeaf = builder.fromValues(
      "scales", RankedTensorType::get(groups, options.scaleType), scales);
  if (failed(codesLeaf) || failed(scalesLeaf))
    return failure();
  Value zerosLeaf;
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
  return DequantizeOp::create(builder.builder, builder.loc,
                              type.clone(Float32Type::get(type.getContext())),
                              *codesLeaf, *scalesLeaf, zerosLeaf, groupSize)
      .getResult();
}

FailureOr<bool> mlir::compress::quantizeLeaves(
    WeightOp weight, const QuantizeLeafOptions &options, QuantizeFn quantize) {
  SmallVector<Leaf> leaves = collectLeaves(weight, options.target);
  if (leaves.empty())
    return emitWeightError(weight, options.passName)
           << whyNothing(options.target);
  ExpressionEvaluator evaluator(
      weight.getContext()->getLoadedDialect<CompressDialect>()->getStore());
  bool changed = false;
  for (Leaf &leaf : leaves) {
    // Pruning may keep nothing.
    if (leaf.getType().getRank() == 0 || leaf.getType().getNumElements() == 0)
      continue;
    FailureOr<Value> value =
        quantizeLeaf(weight, leaf, options, evaluator, quantize);
    if (failed(value))
      return failure();
    for (OpOperand *use : leaf.uses)
      use->set(*value);
    changed = true;
  }
  return changed;
}
