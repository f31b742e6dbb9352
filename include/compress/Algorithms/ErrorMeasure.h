//===- ErrorMeasure.h - How far an approximation is off ---------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With E = Ŵ - W, all sums in f64: the relative error ‖E‖/‖W‖ (Frobenius), the
// mean square, and the largest |E| with its place. Parts are added in order;
// the last bits of the sums depend on how a matrix is cut into parts, so cut it
// by its shape alone, never by the number of threads.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_ALGORITHMS_ERRORMEASURE_H
#define COMPRESS_ALGORITHMS_ERRORMEASURE_H

#include "compress/Support/Span.h"

#include <cstdint>

namespace compresslib::algo {

class ErrorMeasure {
public:
  /// The next elements of W and Ŵ; the sizes must agree.
  void add(Span<const float> original, Span<const float> approximation);

  /// Appends what another measured of the elements that follow.
  void append(const ErrorMeasure &next);

  /// ‖E‖/‖W‖: 0 where nothing is off, infinite where only W is zero.
  double relative() const;
  double meanSquare() const { return count_ ? error_ / double(count_) : 0; }
  double largest() const { return largest_; }
  /// The first element that is off by largest(); 0 if none is.
  int64_t largestAt() const { return largestAt_; }
  int64_t count() const { return count_; }
  /// ‖E‖² and ‖W‖².
  double errorSquare() const { return error_; }
  double signalSquare() const { return signal_; }

private:
  double error_ = 0, signal_ = 0, largest_ = 0;
  int64_t largestAt_ = 0, count_ = 0;
};

} // namespace compresslib::algo

#endif // COMPRESS_ALGORITHMS_ERRORMEASURE_H
