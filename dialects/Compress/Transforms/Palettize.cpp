//===- Palettize.cpp - Weights that share a few values -------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/WeightPass.h"
#include "compress/Algorithms/Palette.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::compress {
#define GEN_PASS_DEF_COMPRESSPALETTIZEPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;
namespace algo = compresslib::algo;

namespace {
struct PalettizePass
    : WeightPass<compress::impl::CompressPalettizePassBase<PalettizePass>> {
  using WeightPass::WeightPass;

  LogicalResult
  checkOptions(llvm::function_ref<InFlightDiagnostic()> error) override {
    if (bits < 2 || bits > 8)
      return error() << "has bits=" << bits.getValue()
                     << ", but codes have 2 to 8 bits";
    if (entries != 0 && (entries < 2 || entries > 256))
      return error() << "has entries=" << entries.getValue()
                     << ", but a codebook has 2 to 256 entries";
    if (!codebook.empty()) {
      named = symbolizeNamedCodebook(codebook);
      if (!named)
        return error() << "has codebook=" << codebook.getValue()
                       << ", but there are " << listCodebooks();
      if (groupSize || entries || bits.hasValue() || method.hasValue() ||
          codebookType.hasValue())
        return error() << "has codebook=" << codebook.getValue()
                       << ", which is known, and options of how one is found";
    }
    if (groupSize < 0)
      return error()
             << "has group-size=" << groupSize.getValue()
             << ", but it is a number of inputs, or 0 for the whole matrix";
    return success();
  }

  static std::string listCodebooks() {
    std::string text;
    for (uint64_t i = 0; i <= getMaxEnumValForNamedCodebook(); ++i)
      if (auto name = symbolizeNamedCodebook(uint32_t(i)))
        text += (i ? ", " : "") + stringifyNamedCodebook(*name).str();
    return text;
  }

  FailureOr<bool> rewrite(WeightOp weight, WeightContext &context) override {
    SmallVector<Leaf> leaves = collectLeaves(weight, target);
    if (leaves.empty() && target == LeafTarget::Codes)
      return context.emitError()
             << "has no codes; target=codes palettises those of "
                "compress-quantize, so quantise before";
    if (leaves.empty())
      return context.emitError()
             << "has no float values left to palettise, only codes; palettise "
                "instead of quantising, or prune or decompose before";
    bool changed = false;
    for (Leaf &leaf : leaves) {
      if (leaf.getType().getNumElements() == 0)
        continue;
      if (leaf.getType().getRank() != 1 && leaf.getType().getRank() != 2)
        return context.emitError() << "has a leaf " << leaf.getType()
                                   << ", but a matrix or vector is palettised";
      if (failed(named ? nameEntries(weight, leaf, context)
                       : palettize(weight, leaf, context)))
        return failure();
      changed = true;
    }
    return changed;
  }

  LogicalResult palettize(WeightOp weight, Leaf &leaf, WeightContext &context) {
    RankedTensorType type = leaf.getType();
    LeafShape shape = getMatrixShape(type);
    FailureOr<std::vector<float>> values =
        readLeaf(leaf.value, context.getEvaluator());
    if (failed(values))
      return failure();
    algo::PaletteOptions options;
    options.entries = entries ? int(entries) : 1 << bits;
    options.method = method == PaletteMethod::Exact
                         ? algo::PaletteOptions::Method::Exact
                         : algo::PaletteOptions::Method::Lloyd;
    if (groupSize) {
      options.rowsPerGroup = 1;
      options.columnsPerGroup = std::min<int64_t>(groupSize, shape.columns);
    }
    options.codebookType = codebookType;
    bool isCodes = target == LeafTarget::Codes;
    options.integers = isCodes;
    auto palette = algo::palettize(
        algo::MatrixRef(*values, shape.rows, shape.columns), options);
    if (!palette)
      return context.emitError(palette.error());

    LeafBuilder builder(weight, leaf.value);
    FailureOr<Value> codes =
        makeCodes(builder, type, palette->codes, options.entries);
    FailureOr<Value> entries = builder.fromValues(
        "codebook",
        RankedTensorType::get(
            {groupSize ? palette->groups() : 1, int64_t(options.entries)},
            isCodes ? type.getElementType()
                    : getStorageType(&getContext(), codebookType)),
        palette->codebooks);
    if (failed(codes) || failed(entries))
      return failure();
    replace(leaf, builder, *codes, *entries,
            groupSize ? options.columnsPerGroup : 0);
    return success();
  }

  /// The nearest entries of a codebook that has a name.
  LogicalResult nameEntries(WeightOp weight, Leaf &leaf,
                            WeightContext &context) {
    LeafBuilder builder(weight, leaf.value);
    auto book = CodebookOp::create(builder.builder, builder.loc, *named);
    auto type = cast<RankedTensorType>(book.getType());
    Type element = leaf.getType().getElementType();
    bool isCodes = !isFloatElement(type.getElementType());
    if (isCodes != (target == LeafTarget::Codes) ||
        (isCodes && element != type.getElementType())) {
      book.erase();
      return context.emitError()
             << "has a leaf " << leaf.getType() << ", but "
             << stringifyNamedCodebook(*named) << " is "
             << type.getElementType() << " and stands for "
             << (isCodes ? "codes of that type, with target=codes"
                         : "values, with target=values");
    }
    FailureOr<std::vector<float>> values =
        readLeaf(leaf.value, context.getEvaluator());
    FailureOr<ArrayRef<float>> entries =
        context.getEvaluator().evaluateWhole(book);
    if (failed(values) || failed(entries))
      return failure();
    LeafShape shape = getMatrixShape(leaf.getType());
    auto codes = algo::nearestEntries(
        algo::MatrixRef(*values, shape.rows, shape.columns),
        {entries->data(), entries->size()});
    if (!codes)
      return context.emitError(codes.error());
    FailureOr<Value> stored =
        makeCodes(builder, leaf.getType(), *codes, type.getDimSize(1));
    if (failed(stored))
      return failure();
    replace(leaf, builder, *stored, book, 0);
    return success();
  }

  static FailureOr<Value> makeCodes(LeafBuilder &builder, RankedTensorType type,
                                    ArrayRef<uint8_t> codes, int64_t entries) {
    unsigned width = std::max(2u, llvm::Log2_64_Ceil(entries));
    std::vector<uint8_t> bytes;
    appendCodes(bytes, codes, width);
    return builder.fromBytes(
        "codes",
        type.clone(builder.builder.getIntegerType(width, /*isSigned=*/false)),
        bytes);
  }

  static void replace(Leaf &leaf, LeafBuilder &builder, Value codes, Value book,
                      int64_t group) {
    Type element = cast<RankedTensorType>(book.getType()).getElementType();
    if (isFloatElement(element))
      element = builder.builder.getF32Type();
    auto lookup = LookupOp::create(
        builder.builder, builder.loc, leaf.getType().clone(element), codes,
        book, builder.builder.getI64IntegerAttr(1),
        group ? builder.builder.getI64IntegerAttr(group) : IntegerAttr());
    for (OpOperand *use : leaf.uses)
      use->set(lookup.getResult());
  }

  std::optional<NamedCodebook> named;
};
} // namespace
