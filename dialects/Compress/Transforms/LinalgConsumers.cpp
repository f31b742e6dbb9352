//===- LinalgConsumers.cpp - What linalg's ops do with a weight -----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/WeightConsumer.h"
#include "Compress/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::compress;

namespace {
/// Any structured op: its indexing maps say everything.
template <typename OpTy>
struct LinalgConsumer
    : WeightConsumerInterface::ExternalModel<LinalgConsumer<OpTy>, OpTy> {
  std::optional<WeightKind> getWeightKind(Operation *op,
                                          OpOperand &weight) const {
    if (!cast<linalg::LinalgOp>(op).isDpsInput(&weight))
      return {};
    return getReducedDims(op, weight).empty() ? WeightKind::elementwise
                                              : WeightKind::linear;
  }

  SmallVector<int64_t> getReducedDims(Operation *op, OpOperand &weight) const {
    auto linalgOp = cast<linalg::LinalgOp>(op);
    SmallVector<int64_t> reduced;
    // A reduction alone, such as a sum of squares, is no product.
    if (!getProductInput(op, weight))
      return reduced;
    SmallVector<utils::IteratorType> iterators =
        linalgOp.getIteratorTypesArray();
    for (auto [dim, expression] :
         llvm::enumerate(linalgOp.getMatchingIndexingMap(&weight).getResults()))
      if (auto loop = dyn_cast<AffineDimExpr>(expression);
          loop &&
          iterators[loop.getPosition()] == utils::IteratorType::reduction)
        reduced.push_back(dim);
    // The axes of a kernel are those that slide along the input.
    AffineMap map = linalgOp.getMatchingIndexingMap(&weight);
    std::stable_partition(reduced.begin(), reduced.end(), [&](int64_t dim) {
      AffineExpr loop = map.getResult(dim);
      return llvm::none_of(
          linalgOp.getDpsInputOperands(), [&](OpOperand *input) {
            return input != &weight &&
                   llvm::is_contained(
                       linalgOp.getMatchingIndexingMap(input).getResults(),
                       loop);
          });
    });
    return reduced;
  }

  /// The other input that is read along the loops that reduce.
  Value getProductInput(Operation *op, OpOperand &weight) const {
    auto linalgOp = cast<linalg::LinalgOp>(op);
    SmallVector<utils::IteratorType> iterators =
        linalgOp.getIteratorTypesArray();
    for (OpOperand *input : linalgOp.getDpsInputOperands()) {
      if (input == &weight || !isa<ShapedType>(input->get().getType()))
        continue;
      AffineMap map = linalgOp.getMatchingIndexingMap(input);
      for (auto [loop, kind] : llvm::enumerate(iterators))
        if (kind == utils::IteratorType::reduction &&
            map.isFunctionOfDim(loop) &&
            linalgOp.getMatchingIndexingMap(&weight).isFunctionOfDim(loop))
          return input->get();
    }
    return {};
  }
};

struct TransposeConsumer
    : WeightConsumerInterface::ExternalModel<TransposeConsumer,
                                             linalg::TransposeOp> {
  std::optional<WeightKind> getWeightKind(Operation *, OpOperand &) const {
    return {};
  }

  std::optional<SmallVector<int64_t>>
  getForwardedOrder(Operation *op, OpOperand &weight) const {
    if (!cast<linalg::TransposeOp>(op).isDpsInput(&weight))
      return std::nullopt;
    return llvm::to_vector(cast<linalg::TransposeOp>(op).getPermutation());
  }
};

/// Dimensions that one becomes are all the one; those that become one are its
/// only extent.
template <typename OpTy>
struct ReshapeConsumer
    : WeightConsumerInterface::ExternalModel<ReshapeConsumer<OpTy>, OpTy> {
  std::optional<WeightKind> getWeightKind(Operation *, OpOperand &) const {
    return {};
  }

  std::optional<SmallVector<int64_t>> getForwardedOrder(Operation *op,
                                                        OpOperand &) const {
    auto reshape = cast<OpTy>(op);
    bool expands = std::is_same_v<OpTy, tensor::ExpandShapeOp>;
    SmallVector<int64_t> order;
    for (auto [dim, group] :
         llvm::enumerate(reshape.getReassociationIndices())) {
      if (expands) {
        order.append(group.size(), dim);
        continue;
      }
      auto large = llvm::make_filter_range(group, [&](int64_t i) {
        return reshape.getSrcType().getDimSize(i) != 1;
      });
      if (llvm::range_size(large) > 1)
        return std::nullopt;
      order.push_back(large.empty() ? group.front() : *large.begin());
    }
    return order;
  }
};

template <typename... Ops> void attach(MLIRContext *context) {
  (Ops::template attachInterface<LinalgConsumer<Ops>>(*context), ...);
}
} // namespace

void mlir::compress::registerLinalgWeightConsumers(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    attach<linalg::GenericOp, linalg::ContractOp, linalg::MatmulOp,
           linalg::MatvecOp, linalg::VecmatOp, linalg::BatchMatmulOp,
           linalg::BatchMatvecOp, linalg::BatchReduceMatmulOp, linalg::Conv1DOp,
           linalg::Conv2DOp, linalg::Conv2DNchwFchwOp, linalg::Conv2DNhwcFhwcOp,
           linalg::Conv2DNhwcHwcfOp, linalg::AddOp, linalg::SubOp,
           linalg::Conv2DNgchwFgchwOp, linalg::Conv2DNgchwGfchwOp,
           linalg::Conv2DNhwgcGfhwcOp, linalg::Conv1DNcwFcwOp,
           linalg::Conv1DNwcWcfOp, linalg::Conv3DNcdhwFcdhwOp,
           linalg::Conv3DNdhwcDhwcfOp, linalg::DepthwiseConv1DNcwCwOp,
           linalg::DepthwiseConv1DNwcWcOp, linalg::DepthwiseConv2DNchwChwOp,
           linalg::DepthwiseConv2DNhwcHwcOp, linalg::DepthwiseConv2DNhwcHwcmOp,
           linalg::MulOp, linalg::DivOp, linalg::ElementwiseOp, linalg::MapOp>(
        context);
    linalg::TransposeOp::attachInterface<TransposeConsumer>(*context);
  });
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::ExpandShapeOp::attachInterface<
        ReshapeConsumer<tensor::ExpandShapeOp>>(*context);
    tensor::CollapseShapeOp::attachInterface<
        ReshapeConsumer<tensor::CollapseShapeOp>>(*context);
  });
}
