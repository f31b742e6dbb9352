//===- ErrorMeasure.cpp - How far an approximation is off -----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/ErrorMeasure.h"

#include <cmath>
#include <limits>

namespace compresslib::algo {

void ErrorMeasure::add(Span<const float> original,
                       Span<const float> approximation) {
  assert(original.size() == approximation.size());
  // Four sums side by side; short blocks, so that the place of the largest is
  // looked for only where a block beats what was found before.
  constexpr size_t lanes = 4, block = 256;
  for (size_t start = 0; start < original.size(); start += block) {
    size_t end =
        start + block < original.size() ? start + block : original.size();
    double error[lanes] = {}, signal[lanes] = {}, largest[lanes] = {};
    auto step = [&](size_t i, size_t lane) {
      double value = original[i], off = double(approximation[i]) - value;
      error[lane] += off * off;
      signal[lane] += value * value;
      double magnitude = std::fabs(off);
      largest[lane] = magnitude > largest[lane] ? magnitude : largest[lane];
    };
    size_t i = start;
    for (; i + lanes <= end; i += lanes)
      for (size_t lane = 0; lane < lanes; ++lane)
        step(i + lane, lane);
    for (; i < end; ++i)
      step(i, 0);
    error_ += (error[0] + error[1]) + (error[2] + error[3]);
    signal_ += (signal[0] + signal[1]) + (signal[2] + signal[3]);
    for (double candidate : largest) {
      if (!(candidate > largest_))
        continue;
      largest_ = candidate;
      for (i = start; i < end; ++i)
        if (std::fabs(double(approximation[i]) - double(original[i])) ==
            candidate) {
          largestAt_ = count_ + int64_t(i);
          break;
        }
    }
  }
  count_ += int64_t(original.size());
}

void ErrorMeasure::append(const ErrorMeasure &next) {
  error_ += next.error_;
  signal_ += next.signal_;
  if (next.largest_ > largest_) {
    largest_ = next.largest_;
    largestAt_ = count_ + next.largestAt_;
  }
  count_ += next.count_;
}

double ErrorMeasure::relative() const {
  if (error_ == 0)
    return 0;
  if (signal_ == 0)
    return std::numeric_limits<double>::infinity();
  return std::sqrt(error_ / signal_);
}

} // namespace compresslib::algo
