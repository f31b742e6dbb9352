//===- Palette.h - Weights that share K values ------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Minimises Σ h_j (w_j - c_k(j))² over K values c and the choice k(j) for each
// weight; h is 1 unless importances are given.
//
//   Exact  Sorted, the cells of an optimal palette are intervals, and the cost
//   of
//          an interval is P2 - P1²/P0 with the prefix sums P0 = Σh, P1 = Σhw,
//          P2 = Σhw². Dynamic programming over interval ends, by divide and
//          conquer: O(K n log n) over the n distinct values (bf16 weights have
//          few). Beyond `maximumDistinct` distinct values, neighbours are first
//          put into that many bins of equal width; a bin is never divided.
//   Lloyd  From the quantiles (i + ½)/K of the sorted values, 50 rounds: edges
//   at
//          the middles of neighbouring values (a weight on an edge counts
//          above), each value the mean of its cell; an empty cell keeps its
//          own.
//
// Both then give each weight the nearest value; one exactly between two takes
// the lower. Codebooks ascend.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_ALGORITHMS_PALETTE_H
#define COMPRESS_ALGORITHMS_PALETTE_H

#include "compress/Algorithms/Quantized.h"

namespace compresslib::algo {

struct PaletteOptions {
  /// K, 2 … 256.
  int entries = 16;
  enum class Method { Exact, Lloyd } method = Method::Exact;
  /// One codebook for each block of so many rows and columns; 0 is all of them.
  /// The last blocks are smaller where these do not divide the matrix.
  int64_t rowsPerGroup = 0, columnsPerGroup = 0;
  int lloydRounds = 50;
  int64_t maximumDistinct = 32768;
  /// The codebook is rounded to this before codes are chosen.
  StorageType codebookType = StorageType::F32;
  /// Whether it is rounded to integers.
  bool integers = false;
};

struct Palette {
  int entries = 0;
  int64_t rows = 0, columns = 0;
  /// The effective block, never 0 unless the matrix is empty.
  int64_t rowsPerGroup = 0, columnsPerGroup = 0;
  /// [groups][entries]; groups row-major by blocks. Where a group has fewer
  /// distinct values than entries, the last value repeats.
  std::vector<float> codebooks;
  /// [rows][columns].
  std::vector<uint8_t> codes;

  int64_t groupsPerRow() const {
    return columnsPerGroup ? (columns + columnsPerGroup - 1) / columnsPerGroup
                           : 0;
  }
  int64_t groups() const {
    return rowsPerGroup
               ? (rows + rowsPerGroup - 1) / rowsPerGroup * groupsPerRow()
               : 0;
  }
  /// [rows][columns].
  std::vector<float> decode() const;
};

/// `importance`: empty, or one weight h >= 0 for each column (a diagonal of the
/// Gram matrix) or for each element. Where all of a group's importances are 0,
/// they count as 1. Errors: entries out of range, sizes that do not match,
/// values that are not finite, negative importances.
Expected<Palette> palettize(MatrixRef weights, const PaletteOptions &options,
                            Span<const float> importance = {});

/// For each value the code of the nearest of `entries`; one exactly between two
/// takes the lower, and of equal entries the first. Entries that are not finite
/// are nobody's. Errors: no finite entry or more than 256, values that are not
/// finite.
Expected<std::vector<uint8_t>> nearestEntries(MatrixRef weights,
                                              Span<const float> entries);

} // namespace compresslib::algo

#endif // COMPRESS_ALGORITHMS_PALETTE_H
