//===- LowRank.h - The nearest matrix of a given rank -----------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Eckart and Young: the best rank-k approximation of W in the Frobenius norm is
// the sum of its k largest singular triples. Here W (o × i) ≈ left · right with
// left = U·S^½ (o × k) and right = S^½·Vᵀ (k × i): the singular values are
// split evenly, so that neither factor carries the whole spread and both
// quantise equally well. Column j of left and row j of right both have length
// √s_j.
//
// The triples come from the eigenvectors of the smaller Gram matrix (WWᵀ or
// WᵀW), in f64: W is f32, whose products are exact there, so what squaring
// loses is far below f32's own rounding. The other side is then a product with
// W itself. Signs are fixed: the largest element of each eigenvector is
// positive. Everything is sequential and gives the same bytes on every run.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_ALGORITHMS_LOWRANK_H
#define COMPRESS_ALGORITHMS_LOWRANK_H

#include "compress/Algorithms/MatrixRef.h"

#include <cstdint>
#include <vector>

namespace compresslib::algo {

struct LowRankFactors {
  int64_t rank = 0;
  /// [rows][rank] and [rank][columns].
  std::vector<float> left, right;
  /// The `rank` largest, descending.
  std::vector<float> singularValues;
  /// ‖W - left·right‖ / ‖W‖ before rounding to f32: √ of the dropped share of
  /// the energy. 0 for a matrix of zeros.
  double relativeError = 0;
};

/// ⌊ratio · rows · columns / (rows + columns)⌋: the rank whose factors hold
/// `ratio` of the matrix's parameters. May be 0, or above what the matrix
/// allows.
int64_t rankForKeptRatio(int64_t rows, int64_t columns, double ratio);

/// Error: rank outside 1 … min(rows, columns); a value that is not finite.
Expected<LowRankFactors> truncatedSVD(MatrixRef matrix, int64_t rank);

/// The least rank that keeps `energy` (0 < energy <= 1) of the sum of squares,
/// at least 1.
Expected<LowRankFactors> truncatedSVDByEnergy(MatrixRef matrix, double energy);

/// All min(rows, columns) singular values, descending.
Expected<std::vector<double>> singularValues(MatrixRef matrix);

} // namespace compresslib::algo

#endif // COMPRESS_ALGORITHMS_LOWRANK_H
