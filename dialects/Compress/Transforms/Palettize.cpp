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
    if (groupSize < 0)
      return error()
             << "has group-size=" << groupSize.getValue()
             << ", but it is a number of inputs, or 0 for the whole matrix";
    return success();
  }

  FailureOr<bool> rewrite(WeightOp weight) override {
    SmallVector<Leaf> leaves = collectLeaves(weight, LeafTarget::Values);
    if (leaves.empty())
      return emitWeightError(weight, getArgument())
             << "has no float values left to palettise, only codes; palettise "
                "instead of quantising, or prune or decompose before";
    ExpressionEvaluator evaluator(
        getContext().getLoadedDialect<CompressDialect>()->getStore());
    bool changed = false;
    for (Leaf &leaf : leaves) {
      if (leaf.getType().getNumElements() == 0)
        continue;
      if (leaf.getType().getRank() != 1 && leaf.getType().getRank() != 2)
        return emitWeightError(weight, getArgument())
               << "has a leaf " << leaf.getType()
               << ", but a matrix or vector is palettised";
      if (failed(palettize(weight, leaf, evaluator)))
        return failure();
      changed = true;
    }
    return changed;
  }

  LogicalResult palettize(WeightOp weight, Leaf &leaf,
                          ExpressionEvaluator &evaluator) {
    RankedTensorType type = leaf.getType();
    LeafShape shape = getMatrixShape(type);
    FailureOr<std::vector<float>> values = readLeaf(leaf.value, evaluator);
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
    auto palette = algo::palettize(
        algo::MatrixRef(*values, shape.rows, shape.columns), options);
    if (!palette)
      return emitCoreError(weight, getArgument(), palette.error());

    LeafBuilder builder(weight, leaf.value);
    unsigned width = std::max(2u, llvm::Log2_32_Ceil(options.entries));
    auto codeType =
        IntegerType::get(&getContext(), width, IntegerType::Unsigned);
    std::vector<uint8_t> codes;
    appendCodes(codes, palette->codes, width);
    FailureOr<Value> codesLeaf =
        builder.fromBytes("codes", type.clone(codeType), codes);
    FailureOr<Value> codebookLeaf = builder.fromValues(
        "codebook",
        RankedTensorType::get(
            {groupSize ? palette->groups() : 1, int64_t(options.entries)},
            getStorageType(&getContext(), codebookType)),
        palette->codebooks);
    if (failed(codesLeaf) || failed(codebookLeaf))
      return failure();
    IntegerAttr group;
    if (groupSize)
      group = builder.builder.getI64IntegerAttr(options.columnsPerGroup);
    auto lookup = LookupOp::create(builder.builder, builder.loc,
                                   type.clone(Float32Type::get(&getContext())),
                                   *codesLeaf, *codebookLeaf,
                                   builder.builder.getI64IntegerAttr(1), group);
    for (OpOperand *use : leaf.uses)
      use->set(lookup.getResult());
    return success();
  }
};
} // namespace
