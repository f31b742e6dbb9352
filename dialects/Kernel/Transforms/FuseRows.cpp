//===- FuseRows.cpp - What takes rows in several passes, a row at a time --===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel/Transforms/FunctionPasses.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "llvm/ADT/SmallBitVector.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_FUSEROWSPASS
#include "Kernel/Transforms/FunctionPasses.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;

namespace {

/// A norm or a softmax: an elementwise op, and the ops that nobody else needs
/// of which it is made, some of them sums along its rows.
class RowGroup {
public:
  explicit RowGroup(linalg::GenericOp root) : root(root) {
    members.insert(root);
  }

  /// Finds the members; fails where no row is taken more than once.
  LogicalResult grow();
  /// Makes the loop; what upstream cannot tile stays as it is.
  void tile(RewriterBase &rewriter);
  ArrayRef<Operation *> getMembers() const { return members.getArrayRef(); }

private:
  /// A sum takes each element of an operand once, in which it differs from a
  /// product.
  static bool isSumOfRows(linalg::LinalgOp op) {
    return op.getNumReductionLoops() > 0 &&
           llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *input) {
             return op.getMatchingIndexingMap(input).isPermutation();
           });
  }

  linalg::GenericOp root;
  llvm::SetVector<Operation *> members;
  SmallVector<unsigned> outer; ///< the root's loops over rows
};

LogicalResult RowGroup::grow() {
  if (root.getNumReductionLoops() || root.getNumResults() != 1)
    return failure();
  auto isMember = [&](Operation *op) { return members.contains(op); };
  // Backwards, a producer comes after all that use it. What is filled is
  // filled again for each that wants it.
  bool sums = false;
  for (Operation *op = root->getPrevNode(); op; op = op->getPrevNode()) {
    auto producer = dyn_cast<linalg::LinalgOp>(op);
    if (isa<linalg::FillOp>(op) && llvm::any_of(op->getUsers(), isMember)) {
      members.insert(op);
      continue;
    }
    if (!producer || op->use_empty() || !producer.hasPureTensorSemantics() ||
        (producer.getNumReductionLoops() && !isSumOfRows(producer)) ||
        !llvm::all_of(op->getUsers(), isMember))
      continue;
    sums |= producer.getNumReductionLoops() > 0;
    members.insert(op);
  }
  if (!sums)
    return failure();
  // Rows are what the smaller operands run over that the group makes.
  llvm::SmallBitVector rows(root.getNumLoops());
  for (OpOperand *input : root.getDpsInputOperands()) {
    AffineMap map = root.getMatchingIndexingMap(input);
    if (!members.contains(input->get().getDefiningOp()) ||
        map.getNumResults() >= root.getNumLoops())
      continue;
    for (unsigned dim = 0; dim < root.getNumLoops(); ++dim)
      if (map.isFunctionOfDim(dim))
        rows.set(dim);
  }
  // Columns lie apart: their sums are taken sixteen side by side as they are.
  AffineExpr last = root.getMatchingIndexingMap(root.getDpsInitOperand(0))
                        .getResults()
                        .back();
  if (rows.none() || llvm::any_of(rows.set_bits(), [&](unsigned dim) {
        return last.isFunctionOfDim(dim);
      }))
    return failure();
  llvm::append_range(outer, rows.set_bits());
  return success();
}

void RowGroup::tile(RewriterBase &rewriter) {
  SmallVector<OpFoldResult> sizes(root.getNumLoops(), rewriter.getIndexAttr(0));
  SmallVector<Attribute> mapping;
  for (unsigned dim : outer) {
    sizes[dim] = rewriter.getIndexAttr(1);
    mapping.push_back(SplitAttr::get(rewriter.getContext(), mapping.size(), 0));
  }
  scf::SCFTileAndFuseOptions options;
  options.tilingOptions.setTileSizes(sizes);
  options.tilingOptions.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
  options.tilingOptions.setMapping(mapping);
  options.setFusionControlFn(
      [&](tensor::ExtractSliceOp, OpResult producer,
          bool) -> std::optional<scf::SCFTileAndFuseOptions::ControlFnResult> {
        if (!members.contains(producer.getOwner()))
          return std::nullopt;
        return scf::SCFTileAndFuseOptions::ControlFnResult{};
      });
  rewriter.setInsertionPoint(root);
  FailureOr<scf::SCFTileAndFuseResult> tiled =
      scf::tileConsumerAndFuseProducersUsingSCF(
          rewriter, cast<TilingInterface>(root.getOperation()), options);
  if (failed(tiled))
    return;
  rewriter.replaceOp(root, tiled->replacements.lookup(root->getResult(0)));
  for (Operation *member : members)
    if (member != root && isOpTriviallyDead(member))
      rewriter.eraseOp(member);
}

struct FuseRows : kernel::impl::FuseRowsPassBase<FuseRows> {
  void runOnOperation() override {
    // The last ops of groups come first.
    SmallVector<linalg::GenericOp> roots;
    getOperation().walk([&](linalg::GenericOp op) {
      if (op.hasPureTensorSemantics() && !op->getParentOfType<scf::ForallOp>())
        roots.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    llvm::SmallDenseSet<Operation *> gone;
    for (linalg::GenericOp op : llvm::reverse(roots)) {
      if (gone.contains(op))
        continue;
      RowGroup group(op);
      if (failed(group.grow()))
        continue;
      for (Operation *member : group.getMembers())
        if (!isa<linalg::FillOp>(member))
          gone.insert(member);
      group.tile(rewriter);
    }
  }
};
} // namespace
