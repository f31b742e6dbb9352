//===- Rounding.h - Rounding to integers, and groups of a row ---*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef COMPRESS_LIB_ALGORITHMS_ROUNDING_H
#define COMPRESS_LIB_ALGORITHMS_ROUNDING_H

#include "compress/Algorithms/Quantized.h"

#include <cmath>
#include <string>

namespace compresslib::algo {

/// To the nearest integer, half to even, for |value| < 2^22: adding 1.5 · 2^23
/// leaves no bit below one, and unlike nearbyint it vectorises on any machine.
inline float roundHalfEven(float value) {
  constexpr float shift = 0x1.8p23f;
  return (value + shift) - shift;
}

inline float clampTo(float value, float low, float high) {
  value = value < low ? low : value;
  return value > high ? high : value;
}

/// A quantised matrix with its arrays sized and nothing in them.
inline Quantized emptyQuantized(MatrixRef weights, int bits, int64_t groupSize,
                                bool isSigned, bool withZeros) {
  Quantized result;
  result.bits = bits;
  result.rows = weights.rows;
  result.columns = weights.columns;
  result.groupSize = groupSize == 0 || groupSize > weights.columns
                         ? weights.columns
                         : groupSize;
  result.isSigned = isSigned;
  result.codes.resize(size_t(weights.size()));
  size_t groups = size_t(weights.rows * result.groupsPerRow());
  result.scales.resize(groups);
  if (withZeros)
    result.zeros.resize(groups);
  return result;
}

/// Calls group(values, count, first element, group index) for every group until
/// one returns an error.
template <typename Callback>
Status forEachGroup(MatrixRef weights, const Quantized &quantized,
                    Callback &&group) {
  int64_t index = 0;
  for (int64_t row = 0; row < weights.rows; ++row)
    for (int64_t start = 0; start < weights.columns;
         start += quantized.groupSize, ++index) {
      int64_t left = weights.columns - start;
      int64_t count = quantized.groupSize < left ? quantized.groupSize : left;
      int64_t first = row * weights.columns + start;
      if (Status status =
              group(weights.values.data() + first, count, first, index);
          !status)
        return status;
    }
  return {};
}

/// `scale` as it is stored: rounded, and not below the smallest magnitude.
/// Infinite if beyond the type's range.
inline float storedScale(float scale, StorageType type) {
  float stored = roundToStorage(scale, type), least = smallestScale(type);
  if (std::fabs(stored) >= least)
    return stored;
  return stored < 0 ? -least : least;
}

inline Status checkScale(float scale, StorageType type, int64_t first,
                         int64_t columns, const char *what = "a scale") {
  if (std::isfinite(scale))
    return {};
  return badInput("The group that starts at row " +
                  std::to_string(first / columns) + ", column " +
                  std::to_string(first % columns) + " needs " + what +
                  " beyond the range of " + nameOf(type) +
                  "; store scales in a type of wider range (bf16 or f32), or "
                  "look at these weights.");
}

/// An error unless `importance` is empty or has one h >= 0 for each column.
inline Status checkImportance(Span<const float> importance, MatrixRef weights) {
  if (importance.empty())
    return {};
  if (importance.size() != size_t(weights.columns))
    return badInput(std::to_string(importance.size()) +
                    " importances were given for a matrix of " +
                    std::to_string(weights.columns) +
                    " columns; one for each is expected.");
  for (float value : importance)
    if (!(value >= 0 && std::isfinite(value)))
      return badInput("An importance is negative or not finite.");
  return {};
}

/// The smallest and largest of `count` >= 1 values. Eight lanes, so that it
/// vectorises without reordering what could matter.
inline void rangeOf(const float *values, int64_t count, float &low,
                    float &high) {
  float lows[8], highs[8];
  for (int lane = 0; lane < 8; ++lane)
    lows[lane] = highs[lane] = values[0];
  int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int lane = 0; lane < 8; ++lane) {
      float value = values[i + lane];
      lows[lane] = value < lows[lane] ? value : lows[lane];
      highs[lane] = value > highs[lane] ? value : highs[lane];
    }
  for (; i < count; ++i) {
    lows[0] = values[i] < lows[0] ? values[i] : lows[0];
    highs[0] = values[i] > highs[0] ? values[i] : highs[0];
  }
  low = lows[0];
  high = highs[0];
  for (int lane = 1; lane < 8; ++lane) {
    low = lows[lane] < low ? lows[lane] : low;
    high = highs[lane] > high ? highs[lane] : high;
  }
}

/// The value of largest magnitude, with its sign; the first of equals.
inline float extremeOf(const float *values, int64_t count) {
  float low, high;
  rangeOf(values, count, low, high);
  if (high != -low)
    return high > -low ? high : low;
  for (int64_t i = 0; i < count; ++i)
    if (values[i] == low || values[i] == high)
      return values[i];
  return high;
}

} // namespace compresslib::algo

#endif // COMPRESS_LIB_ALGORITHMS_ROUNDING_H
