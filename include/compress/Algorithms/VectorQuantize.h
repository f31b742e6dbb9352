//===- VectorQuantize.h - Cells of weights that share vectors ---*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A row is cut into cells of d consecutive inputs; every cell is replaced by
// one of K vectors of a codebook, so as to minimise Σ h_j (w_j - c_j)², h being
// an importance for each column, or 1.
//
// k-means: the start is k-means++ (Arthur and Vassilvitskii 2007: each next
// vector is a cell drawn with probability proportional to its cost so far),
// then rounds of nearest vector and mean until no cell moves. A vector that no
// cell is nearest to moves to the cell of highest cost. Beyond
// `maximumTraining` cells, one cell is drawn from each of so many equal
// stretches to make the codebook; all cells are then given their nearest
// vector, the lowest index of equals. One generator with a seed, and sequential
// sums: the same bytes for the same inputs on every run.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_ALGORITHMS_VECTORQUANTIZE_H
#define COMPRESS_ALGORITHMS_VECTORQUANTIZE_H

#include "compress/Algorithms/Quantized.h"

namespace compresslib::algo {

struct VectorQuantizeOptions {
  /// d: 2, 4 or 8.
  int cell = 4;
  /// K: 2 … 65536.
  int entries = 256;
  int rounds = 25;
  uint64_t seed = 1;
  int64_t maximumTraining = 65536;
  /// The codebook is rounded to this before the last choice of codes.
  StorageType codebookType = StorageType::F32;
  /// Whether it is rounded to integers instead.
  bool integers = false;
};

struct VectorQuantized {
  int cell = 0, entries = 0;
  int64_t rows = 0, columns = 0;
  /// [entries][cell]. With fewer distinct cells than entries, the first vector
  /// fills the rest, which no code names.
  std::vector<float> codebook;
  /// [rows][columns / cell].
  std::vector<uint16_t> codes;

  /// [rows][columns].
  std::vector<float> decode() const;
};

/// `importance`: empty, or h >= 0 for each column; all 0 counts as all 1.
/// Errors: a cell or number of entries that is not legal, columns that are not
/// a multiple of the cell, values that are not finite.
Expected<VectorQuantized> vectorQuantize(MatrixRef weights,
                                         const VectorQuantizeOptions &options,
                                         Span<const float> importance = {});

} // namespace compresslib::algo

#endif // COMPRESS_ALGORITHMS_VECTORQUANTIZE_H
