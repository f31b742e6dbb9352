//===- HQQTest.cpp - Half-quadratic zeros against their definition --------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/HQQ.h"

#include "compress/Algorithms/RoundToNearest.h"

#include "TestMatrices.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <limits>

using namespace compresslib;
using namespace compresslib::algo;

namespace {

double absoluteError(const std::vector<float> &a, const std::vector<float> &b) {
  double error = 0;
  for (size_t i = 0; i < a.size(); ++i)
    error += std::fabs(double(a[i]) - b[i]);
  return error;
}

/// The formula in f64, for one group; σ is the inverse of the stored scale.
double zeroOf(const std::vector<float> &w, double scale, int bits) {
  double low = *std::min_element(w.begin(), w.end());
  double sigma = 1 / scale, most = (1 << bits) - 1, beta = 10, p = 0.7;
  double z = -low * sigma, best = z;
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 20; ++i) {
    double error = 0, mean = 0;
    for (double x : w) {
      double q = std::min(std::max(std::nearbyint(x * sigma + z), 0.0), most);
      double d = x - (q - z) / sigma;
      double e =
          std::max(std::fabs(d) - std::pow(std::fabs(d), p - 1) / beta, 0.0);
      error += std::fabs(d) / double(w.size());
      mean += (q - (x - (d < 0 ? -e : e)) * sigma) / double(w.size());
    }
    if (error > least)
      break;
    least = error;
    best = z;
    z = mean;
    beta *= 1.01;
  }
  return best;
}

TEST(HQQ, IsItsDefinition) {
  // Large values, for which shrinkage leaves something of the distances.
  for (float deviation : {0.02f, 1.0f, 30.0f})
    for (int bits : {2, 3, 4, 8})
      for (uint32_t seed = 0; seed < 10; ++seed) {
        std::vector<float> values = normalValues(64, 200 + seed, deviation);
        HQQOptions o;
        o.bits = bits;
        Expected<Quantized> q =
            quantizeHalfQuadratic(MatrixRef(values, 1, 64), o);
        ASSERT_TRUE(q.ok());
        auto range = std::minmax_element(values.begin(), values.end());
        float scale = roundToStorage((*range.second - *range.first) /
                                         float((1 << bits) - 1),
                                     StorageType::F16);
        ASSERT_EQ(q->scales[0], scale);
        double zero = zeroOf(values, scale, bits);
        EXPECT_NEAR(q->zeros[0], zero, std::max(0.01, std::fabs(zero) / 1024));
        EXPECT_EQ(q->zeros[0], roundToStorage(q->zeros[0], StorageType::F16));
        for (int i = 0; i < 64; ++i) {
          float code = std::nearbyint(values[i] / scale + q->zeros[0]);
          EXPECT_EQ(q->code(i), int(std::min(std::max(code, 0.0f),
                                             float((1 << bits) - 1))));
        }
      }
}

TEST(HQQ, BeatsRoundToNearest) {
  std::vector<float> values = normalValues(64 * 128, 210, 1.0f);
  for (size_t i = 0; i < values.size(); i += 37)
    values[i] *= 3; // heavy tails
  MatrixRef w(values, 64, 128);
  for (int bits : {3, 4}) {
    HQQOptions o;
    o.bits = bits;
    RoundToNearestOptions plain;
    plain.bits = bits;
    plain.groupSize = 64;
    EXPECT_LT(absoluteError(values, quantizeHalfQuadratic(w, o)->dequantize()),
              absoluteError(values, roundToNearest(w, plain)->dequantize()));
  }
}

TEST(HQQ, GroupsAreIndependentAndTheLastIsShorter) {
  std::vector<float> values = normalValues(3 * 50, 211, 0.1f);
  HQQOptions o;
  o.groupSize = 16;
  Expected<Quantized> all = quantizeHalfQuadratic(MatrixRef(values, 3, 50), o);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->scales.size(), 12u);
  EXPECT_EQ(all->zeros.size(), 12u);
  std::vector<float> decoded = all->dequantize();
  Span<const float> last = Span<const float>(values).subspan(98, 2);
  EXPECT_EQ(quantizeHalfQuadratic(MatrixRef(last, 1, 2), o)->dequantize(),
            std::vector<float>(decoded.begin() + 98, decoded.begin() + 100));
}

TEST(HQQ, ZerosConstantsDenormalsAndNarrowRanges) {
  HQQOptions o;
  o.groupSize = 4;
  // Zeros; one value; one negative value; denormals; a narrow range far from 0.
  std::vector<float> values = {
      0,      0,      0,      0,       0.5f,   0.5f,    0.5f,     0.5f,
      -0.25f, -0.25f, -0.25f, -0.25f,  1e-41f, -1e-42f, 1e-45f,   0,
      1,      1,      1,      1.0001f, -2,     -2,      -2.0001f, -2};
  for (StorageType type :
       {StorageType::F16, StorageType::BF16, StorageType::F32}) {
    o.scaleType = type;
    Expected<Quantized> q = quantizeHalfQuadratic(MatrixRef(values, 1, 24), o);
    ASSERT_TRUE(q.ok());
    std::vector<float> decoded = q->dequantize();
    for (int i = 0; i < 12; ++i)
      EXPECT_EQ(decoded[i], values[i]);
    for (int i = 12; i < 16; ++i)
      EXPECT_LT(std::fabs(decoded[i] - values[i]), 1e-37);
    if (type == StorageType::F16)
      for (int i = 12; i < 16; ++i)
        EXPECT_EQ(decoded[i], 0.0f);
    for (int i = 16; i < 24; ++i)
      EXPECT_NEAR(decoded[i], values[i], std::fabs(values[i]) * 0.01);
    for (float scale : q->scales)
      EXPECT_TRUE(std::isfinite(scale) && scale > 0);
    for (float zero : q->zeros)
      EXPECT_LE(std::fabs(zero), 1024 + 16);
  }
  EXPECT_TRUE(quantizeHalfQuadratic(MatrixRef({}, 0, 4), o)->codes.empty());
  EXPECT_TRUE(quantizeHalfQuadratic(MatrixRef({}, 4, 0), o)->codes.empty());
  std::vector<float> one = {-3.0f};
  EXPECT_EQ(quantizeHalfQuadratic(MatrixRef(one, 1, 1), o)->dequantize(), one);
}

TEST(HQQ, Errors) {
  std::vector<float> values = {1, 2, 3, 1e9f};
  HQQOptions o;
  EXPECT_FALSE(quantizeHalfQuadratic(MatrixRef(values, 1, 4), o).ok());
  o.scaleType = StorageType::F32;
  EXPECT_TRUE(quantizeHalfQuadratic(MatrixRef(values, 1, 4), o).ok());
  o.iterations = 0;
  EXPECT_EQ(quantizeHalfQuadratic(MatrixRef(values, 1, 4), o).error().message,
            "Half-quadratic quantisation needs at least 1 iteration.");
  o = HQQOptions();
  o.bits = 9;
  EXPECT_FALSE(quantizeHalfQuadratic(MatrixRef(values, 1, 4), o).ok());
  o.bits = 4;
  values[0] = std::nanf("");
  EXPECT_FALSE(quantizeHalfQuadratic(MatrixRef(values, 1, 4), o).ok());
}

} // namespace
