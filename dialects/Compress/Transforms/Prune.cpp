//===- Prune.cpp - Drop the weights of least magnitude --------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/WeightPass.h"
#include "compress/Algorithms/Magnitude.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::compress {
#define GEN_PASS_DEF_COMPRESSPRUNEPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;
namespace algo = compresslib::algo;

namespace {
struct PrunePass
    : WeightPass<compress::impl::CompressPrunePassBase<PrunePass>> {
  using WeightPass::WeightPass;

  LogicalResult
  checkOptions(llvm::function_ref<InFlightDiagnostic()> error) override {
    if (kind == PruneKind::NOfM) {
      if (n < 1 || n >= m || m > 64)
        return error() << "has n=" << n.getValue() << " and m=" << m.getValue()
                       << ", but keeps n of m with 0 < n < m <= 64";
      return success();
    }
    if (!(percent >= 0 && percent <= 100))
      return error() << "has percent=" << percent.getValue()
                     << ", but a share is 0 to 100 percent";
    if (kind == PruneKind::Block && (blockRows < 1 || blockColumns < 1))
      return error() << "has blocks of " << blockRows.getValue() << " by "
                     << blockColumns.getValue()
                     << ", but a block has at least 1 row and 1 column";
    return success();
  }

  FailureOr<bool> rewrite(WeightOp weight, WeightContext &context) override {
    SmallVector<Leaf> leaves = collectLeaves(weight, LeafTarget::Elements);
    if (leaves.empty())
      return context.emitError() << "has nothing that can be dropped";
    bool changed = false;
    for (Leaf &leaf : leaves) {
      if (leaf.isUnder(
              [](Operation *op) { return isa<SparseOpInterface>(op); }))
        return context.emitError()
               << "is pruned already; prune once, by the larger "
                  "share";
      FailureOr<Value> value = prune(weight, leaf, context);
      if (failed(value))
        return failure();
      if (!*value)
        continue;
      for (OpOperand *use : leaf.uses)
        use->set(*value);
      changed = true;
    }
    return changed;
  }

  /// The value by which the elements of a leaf are judged: of codes what they
  /// stand for, one each; null where a code stands for several.
  static Value getJudged(const Leaf &leaf) {
    Value value = leaf.value;
    OpOperand *use = leaf.uses.front();
    while (!isFloatElement(
        cast<RankedTensorType>(value.getType()).getElementType())) {
      Operation *op = use->getOwner();
      if (op->getNumResults() != 1 || !op->getResult(0).hasOneUse())
        return {};
      value = op->getResult(0);
      use = &*value.getUses().begin();
      if (cast<RankedTensorType>(value.getType()).getShape() !=
          leaf.getType().getShape())
        return {};
    }
    return value;
  }

  /// Null where everything is kept.
  FailureOr<Value> prune(WeightOp weight, const Leaf &leaf,
                         WeightContext &context) {
    RankedTensorType type = leaf.getType();
    if (type.getRank() != 2 &&
        !(type.getRank() == 1 && kind == PruneKind::Matrix)) {
      context.emitError() << "has a leaf " << type << ", but "
                          << (kind == PruneKind::Matrix ? "a matrix or vector"
                                                        : "a matrix")
                          << " is pruned";
      return failure();
    }
    LeafShape shape = getMatrixShape(type);
    if (kind == PruneKind::NOfM && shape.columns % m) {
      context.emitError() << "has " << shape.columns
                          << " inputs, which groups of " << m.getValue()
                          << " do not divide; choose an m that divides them";
      return failure();
    }
    if (kind == PruneKind::Block &&
        (shape.rows % blockRows || shape.columns % blockColumns)) {
      context.emitError() << "has " << shape.rows << " by " << shape.columns
                          << " weights, which blocks of "
                          << blockRows.getValue() << " by "
                          << blockColumns.getValue() << " do not tile";
      return failure();
    }
    Value judged = getJudged(leaf);
    if (!judged) {
      context.emitError()
          << "has codes that stand for several weights each, of which "
             "none can be dropped alone; prune before";
      return failure();
    }
    FailureOr<std::vector<float>> values =
        readLeaf(judged, context.getEvaluator());
    if (failed(values))
      return failure();
    algo::MatrixRef matrix(*values, shape.rows, shape.columns);
    auto mask = [&] {
      switch (kind) {
      case PruneKind::Matrix:
        return algo::keepLargest(matrix, percent);
      case PruneKind::Row:
        return algo::keepLargestPerRow(matrix, percent);
      case PruneKind::NOfM:
        return algo::keepNOfM(matrix, n, m);
      case PruneKind::Block:
        return algo::keepLargestBlocks(matrix, blockRows, blockColumns,
                                       percent);
      }
      llvm_unreachable("unknown kind");
    }();
    if (!mask) {
      context.emitError(mask.error());
      return failure();
    }
    if (!llvm::is_contained(*mask, 0))
      return Value();

    // What is kept: of codes the codes.
    bool isCodes = !isFloatElement(type.getElementType());
    StringRef part = isCodes ? "codes" : "values";
    auto result = isCodes ? type : type.clone(Float32Type::get(&getContext()));
    if (isCodes) {
      values =
          context.getEvaluator().evaluateRows(leaf.value, 0, getRowCount(type));
      if (failed(values))
        return failure();
    }
    LeafBuilder builder(weight, leaf.value);
    std::vector<float> kept;
    if (kind == PruneKind::Block)
      return blocks(builder, part, type, result, *values, *mask);
    for (auto [value, keep] : llvm::zip(*values, *mask))
      if (keep)
        kept.push_back(value);
    int64_t count = kept.size();

    if (kind == PruneKind::NOfM) {
      std::vector<uint8_t> positions;
      for (auto [index, keep] : llvm::enumerate(*mask))
        if (keep)
          positions.push_back(index % m);
      unsigned width = llvm::Log2_32_Ceil(m);
      int64_t columns = shape.columns / m * n;
      std::vector<uint8_t> bytes;
      appendCodes(bytes, positions, width);
      FailureOr<Value> valuesLeaf =
          builder.fromValues(part, type.clone({shape.rows, columns}), kept);
      FailureOr<Value> positionsLeaf = builder.fromBytes(
          "positions",
          RankedTensorType::get({shape.rows, columns}, unsignedType(width)),
          bytes);
      if (failed(valuesLeaf) || failed(positionsLeaf))
        return failure();
      return DensifyNMOp::create(builder.builder, builder.loc, result,
                                 *valuesLeaf, *positionsLeaf, n, m)
          .getResult();
    }

    std::vector<uint8_t> bytes;
    appendCodes(bytes, *mask, 1);
    FailureOr<Value> valuesLeaf =
        builder.fromValues(part, type.clone({count}), kept);
    FailureOr<Value> maskLeaf =
        builder.fromBytes("mask", type.clone(unsignedType(1)), bytes);
    if (failed(valuesLeaf) || failed(maskLeaf))
      return failure();
    return DensifyOp::create(builder.builder, builder.loc, result, *valuesLeaf,
                             *maskLeaf)
        .getResult();
  }

  FailureOr<Value> blocks(LeafBuilder &builder, StringRef part,
                          RankedTensorType type, RankedTensorType result,
                          ArrayRef<float> values, ArrayRef<uint8_t> mask) {
    int64_t columns = type.getDimSize(1);
    int64_t down = type.getDimSize(0) / blockRows,
            across = columns / blockColumns;
    std::vector<uint8_t> blockMask;
    std::vector<float> kept;
    int64_t count = 0;
    for (int64_t y = 0; y < down; ++y)
      for (int64_t x = 0; x < across; ++x) {
        int64_t corner = y * blockRows * columns + x * blockColumns;
        blockMask.push_back(mask[corner]);
        if (!mask[corner])
          continue;
        ++count;
        for (int64_t r = 0; r < blockRows; ++r)
          llvm::append_range(kept,
                             values.slice(corner + r * columns, blockColumns));
      }
    std::vector<uint8_t> bytes;
    appendCodes(bytes, blockMask, 1);
    FailureOr<Value> valuesLeaf = builder.fromValues(
        part, type.clone({count, blockRows * blockColumns}), kept);
    FailureOr<Value> maskLeaf = builder.fromBytes(
        "mask", RankedTensorType::get({down, across}, unsignedType(1)), bytes);
    if (failed(valuesLeaf) || failed(maskLeaf))
      return failure();
    return DensifyBlocksOp::create(builder.builder, builder.loc, result,
                                   *valuesLeaf, *maskLeaf, blockRows,
                                   blockColumns)
        .getResult();
  }

  Type unsignedType(unsigned width) {
    return IntegerType::get(&getContext(), width, IntegerType::Unsigned);
  }
};
} // namespace
