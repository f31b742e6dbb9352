//===- ProductWalk.h - The algebra of products --------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// x·value(expression)ᵀ as products with the expression's nodes:
//
//   x·(A + B)ᵀ = x·Aᵀ + x·Bᵀ
//   x·(U·V)ᵀ   = (x·Vᵀ)·Uᵀ
//   x·permute(A)ᵀ is a gather of x·Aᵀ (rows), or a scatter of x (columns)
//
// and where a program takes int8 activations, which node does.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_CONVERSION_PRODUCTWALK_H
#define COMPRESS_CONVERSION_PRODUCTWALK_H

#include "compress/Analysis/PackedLayout.h"

namespace mlir::kernel {

/// `Buffer` is what holds activations, a row a token.
template <typename Buffer> class ProductWalk {
public:
  ProductWalk(const PlannedWeight &weight, bool int8)
      : weight(weight), int8(int8) {}
  virtual ~ProductWalk() = default;

  /// y (+)= x · value(expression)ᵀ.
  LogicalResult walk(Value expression, Buffer x, Buffer y, bool accumulate) {
    Operation *op = expression.getDefiningOp();
    auto width = [](Value v, unsigned dim) {
      return cast<RankedTensorType>(v.getType()).getDimSize(dim);
    };
    switch (cast<compress::DecompressionOpInterface>(op).getProductRule()) {
    case compress::ProductRule::Sum:
      for (Value term : op->getOperands()) {
        if (failed(walk(term, x, y, accumulate)))
          return failure();
        accumulate = true;
      }
      return success();
    case compress::ProductRule::Chain: {
      // From the last factor to the first.
      Buffer from = x;
      for (unsigned i = op->getNumOperands() - 1; i > 0; --i) {
        Buffer to = temporary(width(op->getOperand(i), 0));
        if (failed(walk(op->getOperand(i), from, to, false)))
          return failure();
        if (i + 1 < op->getNumOperands())
          release(from);
        from = to;
      }
      LogicalResult result = walk(op->getOperand(0), from, y, accumulate);
      release(from);
      return result;
    }
    case compress::ProductRule::Permute: {
      auto permute = cast<compress::PermuteOp>(op);
      unsigned bits = cast<RankedTensorType>(permute.getIndices().getType())
                          .getElementTypeBitWidth();
      if (bits % 8)
        return permute.emitOpError("has indices of ")
               << cast<RankedTensorType>(permute.getIndices().getType())
                      .getElementType()
               << "; a program takes those of whole bytes (ui8, ui16, ui32)";
      bool rows = permute.getDim() == 0;
      Buffer moved = temporary(width(expression, rows ? 0 : 1));
      LogicalResult result = success();
      if (rows) {
        // y[i] = (x·Aᵀ)[indices[i]]
        result = walk(permute.getSource(), x, moved, false);
        move(permute.getIndices(), moved, y, /*scatter=*/false, accumulate);
      } else {
        // x'[indices[i]] = x[i]
        move(permute.getIndices(), x, moved, /*scatter=*/true, false);
        result = walk(permute.getSource(), moved, y, accumulate);
      }
      release(moved);
      return result;
    }
    case compress::ProductRule::Opaque:
    case compress::ProductRule::Elementwise:
      break;
    }
    if (!int8 || !compress::takesInteger8Activations(expression)) {
      multiply(expression, x, y, accumulate);
    } else if (weight.layout.find(expression)->tile) {
      multiplyInt8(expression, x, y, accumulate);
    } else {
      // What is computed does not depend on how a weight lies.
      Buffer rounded = temporary(width(expression, 1));
      round(x, rounded);
      multiply(expression, rounded, y, accumulate);
      release(rounded);
    }
    return success();
  }

protected:
  virtual Buffer temporary(int64_t channels) = 0;
  virtual void release(Buffer) {}
  /// kernel.matmul and kernel.matmul_int8 of a node.
  virtual void multiply(Value node, Buffer x, Buffer y, bool accumulate) = 0;
  virtual void multiplyInt8(Value node, Buffer x, Buffer y,
                            bool accumulate) = 0;
  /// kernel.round_activations.
  virtual void round(Buffer x, Buffer y) = 0;
  /// y[i] (+)= x[indices[i]], or, to scatter, y[indices[i]] (+)= x[i].
  virtual void move(Value indices, Buffer x, Buffer y, bool scatter,
                    bool accumulate) = 0;

  const PlannedWeight &weight;
  bool int8;
};

} // namespace mlir::kernel

#endif // COMPRESS_CONVERSION_PRODUCTWALK_H
