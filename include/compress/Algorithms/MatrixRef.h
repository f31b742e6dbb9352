//===- MatrixRef.h - A view of a row-major f32 matrix -----------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_ALGORITHMS_MATRIXREF_H
#define COMPRESS_ALGORITHMS_MATRIXREF_H

#include "compress/Support/Error.h"
#include "compress/Support/Span.h"

#include <cstdint>

namespace compresslib::algo {

/// values[r · columns + c] is output r's weight for input c. A vector is a
/// matrix of one row.
struct MatrixRef {
  MatrixRef() = default;
  MatrixRef(Span<const float> values, int64_t rows, int64_t columns)
      : values(values), rows(rows), columns(columns) {}

  Span<const float> values;
  int64_t rows = 0;
  int64_t columns = 0;

  const float *row(int64_t index) const {
    return values.data() + index * columns;
  }
  int64_t size() const { return rows * columns; }
};

/// An error if the values are not rows × columns many or if one is not finite
/// (its row and column are named).
Status checkMatrix(MatrixRef matrix);

} // namespace compresslib::algo

#endif // COMPRESS_ALGORITHMS_MATRIXREF_H
