//===- Shapes.h - What verifiers and evaluation say of shapes ---*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_IR_SHAPES_H
#define COMPRESS_IR_SHAPES_H

#include "Compress/IR/Compress.h"
#include <cmath>
#include <string>

namespace mlir::compress {

/// The type's shape with the last dimension replaced.
inline SmallVector<int64_t> withLast(RankedTensorType type, int64_t last) {
  SmallVector<int64_t> shape(type.getShape());
  if (!shape.empty())
    shape.back() = last;
  return shape;
}

inline std::string str(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (auto [i, d] : llvm::enumerate(shape))
    text += (i ? ", " : "") + std::to_string(d);
  return text + "]";
}

/// What stands where nothing is put: 0.0, or an absent code.
inline float absentValue(Type type) {
  Type element = cast<RankedTensorType>(type).getElementType();
  return isFloatElement(element) ? 0.0f : std::nanf("");
}

inline int64_t columnsOf(RankedTensorType type) {
  return type.getRank() ? type.getShape().back() : 1;
}

} // namespace mlir::compress

#endif // COMPRESS_IR_SHAPES_H
