//===- ScaleSearchTest.cpp - Searched scales against their definition -----===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/ScaleSearch.h"

#include "compress/Algorithms/RoundToNearest.h"

#include "TestMatrices.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <limits>

using namespace compresslib;
using namespace compresslib::algo;

namespace {

double weightedError(const std::vector<float> &w, const std::vector<float> &v,
                     const std::vector<float> &h) {
  double error = 0;
  for (size_t i = 0; i < w.size(); ++i)
    error += (h.empty() ? 1.0 : double(h[i % h.size()])) *
             std::pow(double(w[i]) - v[i], 2);
  return error;
}

TEST(ScaleSearch, IsItsDefinition) {
  std::vector<float> values = normalValues(6 * 40, 101, 0.05f);
  values[7] = -values[9]; // equal magnitudes
  std::vector<float> h = normalValues(40, 102, 1.0f);
  for (float &weight : h)
    weight = weight * weight;
  MatrixRef w(values, 6, 40);
  for (int bits = 2; bits <= 8; ++bits)
    for (int64_t group : {0, 8, 16, 32})
      for (bool restricted : {false, true})
        for (const auto &importance : {std::vector<float>(), h}) {
          ScaleSearchOptions o;
          o.bits = bits;
          o.groupSize = group;
          o.restricted = restricted;
          Expected<Quantized> q = searchScales(w, o, importance);
          ASSERT_TRUE(q.ok());
          int64_t size = group ? group : 40, index = 0;
          for (int64_t row = 0; row < 6; ++row)
            for (int64_t start = 0; start < 40; start += size, ++index) {
              int64_t end = std::min<int64_t>(start + size, 40);
              const float *x = w.row(row);
              float extreme = 0;
              for (int64_t c = start; c < end; ++c)
                if (std::fabs(x[c]) > std::fabs(extreme))
                  extreme = x[c];
              int m = 1 << (bits - 1), n = restricted ? m - 1 : m;
              double best = -1, scale = 0;
              for (int k = -9; k <= 9; ++k) {
                float u = (-float(n) - 0.1f * float(k)) / extreme;
                double xl = 0, ll = 0;
                for (int64_t c = start; c < end; ++c) {
                  double l =
                      std::min(std::max(std::nearbyint(u * x[c]), -float(n)),
                               float(m - 1));
                  double weight = importance.empty() ? 1 : importance[c];
                  xl += weight * double(x[c]) * l;
                  ll += weight * l * l;
                }
                if (xl * xl / ll > best * (1 + 1e-12)) {
                  best = xl * xl / ll;
                  scale = xl / ll;
                }
              }
              ASSERT_NEAR(q->scales[index],
                          roundToStorage(float(scale), StorageType::F16),
                          std::fabs(scale) * 1e-3);
              for (int64_t c = start; c < end; ++c) {
                float code = std::nearbyint(x[c] / q->scales[index]);
                code = std::min(std::max(code, -float(n)), float(m - 1));
                ASSERT_EQ(q->code(row * 40 + c), int(code));
              }
            }
        }
}

TEST(ScaleSearch, BeatsRoundToNearest) {
  std::vector<float> values = normalValues(64 * 128, 103, 0.05f);
  MatrixRef w(values, 64, 128);
  for (int bits : {2, 3, 4, 5}) {
    ScaleSearchOptions o;
    o.bits = bits;
    RoundToNearestOptions plain;
    plain.bits = bits;
    plain.groupSize = 32;
    plain.scheme = Scheme::FullRange;
    std::vector<float> searched = searchScales(w, o)->dequantize();
    std::vector<float> nearest = roundToNearest(w, plain)->dequantize();
    EXPECT_LT(weightedError(values, searched, {}),
              weightedError(values, nearest, {}) * 0.97);
  }
}

TEST(ScaleSearch, ImportanceLowersTheWeightedError) {
  std::vector<float> values = normalValues(64 * 64, 104, 0.05f);
  std::vector<float> h(64);
  for (int c = 0; c < 64; ++c)
    h[c] = c % 5 ? 0.1f : 10.0f;
  MatrixRef w(values, 64, 64);
  ScaleSearchOptions o;
  o.bits = 3;
  EXPECT_LT(weightedError(values, searchScales(w, o, h)->dequantize(), h),
            weightedError(values, searchScales(w, o)->dequantize(), h));
  // Importances of 0 throughout a group count as 1.
  std::vector<float> none(64, 0.0f);
  EXPECT_EQ(searchScales(w, o, none)->codes, searchScales(w, o)->codes);
}

TEST(ScaleSearch, ZerosDenormalsEmptyAndOneElement) {
  std::vector<float> values(32, 0.0f);
  values[17] = std::numeric_limits<float>::denorm_min();
  values[25] = -1e-41f;
  ScaleSearchOptions o;
  o.groupSize = 8;
  for (bool restricted : {false, true}) {
    o.restricted = restricted;
    Expected<Quantized> q = searchScales(MatrixRef(values, 2, 16), o);
    ASSERT_TRUE(q.ok());
    for (float scale : q->scales)
      EXPECT_EQ(std::fabs(scale), 0x1p-24f);
    for (float value : q->dequantize())
      EXPECT_EQ(value, 0.0f);
    EXPECT_TRUE(searchScales(MatrixRef({}, 0, 3), o)->codes.empty());
    EXPECT_TRUE(searchScales(MatrixRef({}, 3, 0), o)->codes.empty());
    for (float one : {-0.75f, 0.75f}) {
      std::vector<float> single = {one};
      EXPECT_NEAR(searchScales(MatrixRef(single, 1, 1), o)->dequantize()[0],
                  one, 1e-3);
    }
  }
}

TEST(ScaleSearch, Errors) {
  std::vector<float> values(8, 1.0f), importance(3, 1.0f);
  ScaleSearchOptions o;
  o.groupSize = 4;
  EXPECT_EQ(
      searchScales(MatrixRef(values, 2, 4), o, importance).error().message,
      "3 importances were given for a matrix of 4 columns; one for each "
      "is expected.");
  importance = {1, 1, -1, 1};
  EXPECT_EQ(
      searchScales(MatrixRef(values, 2, 4), o, importance).error().message,
      "An importance is negative or not finite.");
  values[5] = 1e9f;
  EXPECT_FALSE(searchScales(MatrixRef(values, 2, 4), o).ok());
  values[5] = std::nanf("");
  EXPECT_FALSE(searchScales(MatrixRef(values, 2, 4), o).ok());
  o.bits = 1;
  EXPECT_FALSE(searchScales(MatrixRef(values, 2, 4), o).ok());
}

} // namespace
