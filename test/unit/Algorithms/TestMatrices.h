//===- TestMatrices.h - Matrices for tests ----------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef COMPRESS_TEST_UNIT_ALGORITHMS_TESTMATRICES_H
#define COMPRESS_TEST_UNIT_ALGORITHMS_TESTMATRICES_H

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

/// About normal, the same on every machine (std::normal_distribution is not).
inline std::vector<float> normalValues(int64_t count, uint32_t seed,
                                       float deviation) {
  std::mt19937 generator(seed);
  std::vector<float> values(static_cast<size_t>(count));
  for (float &value : values) {
    double sum = -6;
    for (int i = 0; i < 12; ++i)
      sum += generator() * 0x1p-32;
    value = float(sum * deviation);
  }
  return values;
}

/// ‖a - b‖ / ‖a‖, naively.
inline double naiveRelativeError(const std::vector<float> &a,
                                 const std::vector<float> &b) {
  double error = 0, norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    error += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
    norm += double(a[i]) * a[i];
  }
  return std::sqrt(error / norm);
}

#endif // COMPRESS_TEST_UNIT_ALGORITHMS_TESTMATRICES_H
