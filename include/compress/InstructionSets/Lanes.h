//===- Lanes.h - Words of lane ops' lowering --------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_INSTRUCTIONSETS_LANES_H
#define COMPRESS_INSTRUCTIONSETS_LANES_H

#include "compress/InstructionSets/InstructionSet.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::kernel {

inline int64_t lanesOf(Value vector) {
  return cast<VectorType>(vector.getType()).getNumElements();
}
inline VectorType ints(OpBuilder &b, int64_t lanes, unsigned width) {
  return VectorType::get({lanes}, b.getIntegerType(width));
}
inline Value splat(OpBuilder &b, Location loc, VectorType type, int64_t value) {
  return arith::ConstantOp::create(
      b, loc,
      DenseElementsAttr::get(type,
                             b.getIntegerAttr(type.getElementType(), value)));
}
inline Value intrinsic(OpBuilder &b, Location loc, const Twine &name, Type type,
                       ValueRange arguments) {
  return LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr(name),
                                       arguments)
      .getResult(0);
}
/// `count` elements from `first`.
inline Value slice(OpBuilder &b, Location loc, Value vector, int64_t first,
                   int64_t count) {
  if (lanesOf(vector) == count)
    return vector;
  return vector::ExtractStridedSliceOp::create(b, loc, vector, first, count, 1);
}

} // namespace mlir::kernel

#endif // COMPRESS_INSTRUCTIONSETS_LANES_H
