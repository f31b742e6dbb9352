//===- VectorQuantize.cpp - Runs of weights that share vectors -----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/VectorQuantize.h"
#include "Compress/Transforms/WeightPass.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::compress {
#define GEN_PASS_DEF_COMPRESSVECTORQUANTIZEPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;
namespace algo = compresslib::algo;

namespace {
struct VectorQuantizePass
    : WeightPass<
          compress::impl::CompressVectorQuantizePassBase<VectorQuantizePass>> {
  using WeightPass::WeightPass;

  LogicalResult
  checkOptions(llvm::function_ref<InFlightDiagnostic()> error) override {
    if (cell != 2 && cell != 4 && cell != 8)
      return error() << "has cell=" << cell.getValue()
                     << ", but a cell is 2, 4 or 8 inputs";
    if (bits < 2 || bits > 8)
      return error() << "has bits=" << bits.getValue()
                     << ", but codes have 2 to 8 bits";
    if (entries != 0 && (entries < 2 || entries > 256))
      return error() << "has entries=" << entries.getValue()
                     << ", but a codebook has 2 to 256 entries";
    if (rounds < 1 || rounds > 1000)
      return error() << "has rounds=" << rounds.getValue()
                     << ", but they are 1 to 1000";
    return success();
  }

  FailureOr<bool> rewrite(WeightOp weight, WeightContext &context) override {
    SmallVector<Leaf> leaves = collectLeaves(weight, target);
    if (leaves.empty() && target == LeafTarget::Codes)
      return context.emitError()
             << "has no codes; target=codes takes those of compress-quantize, "
                "so quantise before";
    if (leaves.empty())
      return context.emitError()
             << "has no float values left to quantise, only codes; use it "
                "instead of other codes, or prune or decompose before";
    bool changed = false;
    for (Leaf &leaf : leaves) {
      RankedTensorType type = leaf.getType();
      if (type.getNumElements() == 0)
        continue;
      if (type.getRank() != 1 && type.getRank() != 2)
        return context.emitError()
               << "has a leaf " << type << ", but a matrix or vector is cut "
               << "into cells";
      if (type.getShape().back() % cell)
        return context.emitError()
               << "has a leaf " << type << ", whose last dimension cells of "
               << cell.getValue() << " do not divide"
               << (type.getRank() == 1 ? "; prune by kind=n-of-m or block "
                                         "for a regular number of kept values"
                                       : "");
      if (failed(quantize(weight, leaf, context)))
        return failure();
      changed = true;
    }
    return changed;
  }

  LogicalResult quantize(WeightOp weight, Leaf &leaf, WeightContext &context) {
    RankedTensorType type = leaf.getType();
    LeafShape shape = getMatrixShape(type);
    FailureOr<std::vector<float>> values =
        readLeaf(leaf.value, context.getEvaluator());
    if (failed(values))
      return failure();
    algo::VectorQuantizeOptions options;
    options.cell = cell;
    options.entries = entries ? int(entries) : 1 << bits;
    options.rounds = context.isPlanning() ? 1 : int(rounds);
    options.seed = seed;
    options.codebookType = codebookType;
    options.integers = target == LeafTarget::Codes;
    auto quantized = algo::vectorQuantize(
        algo::MatrixRef(*values, shape.rows, shape.columns), options);
    if (!quantized)
      return context.emitError(quantized.error());

    LeafBuilder builder(weight, leaf.value);
    unsigned width = std::max(2u, llvm::Log2_32_Ceil(options.entries));
    // At most 256 entries, so that a code is a byte at most.
    std::vector<uint8_t> narrow(quantized->codes.begin(),
                                quantized->codes.end());
    std::vector<uint8_t> codes;
    appendCodes(codes, narrow, width);
    SmallVector<int64_t> codesShape(type.getShape());
    codesShape.back() /= cell;
    FailureOr<Value> codesLeaf = builder.fromBytes(
        "codes",
        RankedTensorType::get(
            codesShape,
            IntegerType::get(&getContext(), width, IntegerType::Unsigned)),
        codes);
    FailureOr<Value> codebookLeaf = builder.fromValues(
        "codebook",
        RankedTensorType::get(
            {1, int64_t(options.entries) * cell},
            options.integers ? type.getElementType()
                             : getStorageType(&getContext(), codebookType)),
        quantized->codebook);
    if (failed(codesLeaf) || failed(codebookLeaf))
      return failure();
    auto lookup = LookupOp::create(
        builder.builder, builder.loc,
        options.integers ? Type(type)
                         : type.clone(Float32Type::get(&getContext())),
        *codesLeaf, *codebookLeaf, builder.builder.getI64IntegerAttr(cell),
        IntegerAttr());
    for (OpOperand *use : leaf.uses)
      use->set(lookup.getResult());
    return success();
  }
};
} // namespace
