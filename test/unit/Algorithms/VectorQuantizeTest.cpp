//===- VectorQuantizeTest.cpp - Vector codebooks against naive searches ---===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/VectorQuantize.h"

#include "TestMatrices.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <limits>
#include <set>

using namespace compresslib;
using namespace compresslib::algo;

namespace {

VectorQuantizeOptions options(int cell, int entries, uint64_t seed = 1) {
  VectorQuantizeOptions result;
  result.cell = cell;
  result.entries = entries;
  result.seed = seed;
  return result;
}

double cellCost(const float *values, const float *center, int cell,
                const float *h) {
  double cost = 0;
  for (int d = 0; d < cell; ++d)
    cost +=
        (h ? double(h[d]) : 1.0) * std::pow(double(values[d]) - center[d], 2);
  return cost;
}

TEST(VectorQuantize, EveryCellHasItsNearestVector) {
  for (int cell : {2, 4, 8}) {
    std::vector<float> values = normalValues(20 * 48, 300, 0.1f);
    std::vector<float> h = normalValues(48, 301, 1.0f);
    for (float &weight : h)
      weight = weight * weight;
    for (bool weighted : {false, true}) {
      Expected<VectorQuantized> q =
          vectorQuantize(MatrixRef(values, 20, 48), options(cell, 16),
                         weighted ? Span<const float>(h) : Span<const float>());
      ASSERT_TRUE(q.ok());
      ASSERT_EQ(q->codebook.size(), size_t(16 * cell));
      ASSERT_EQ(q->codes.size(), size_t(20 * 48 / cell));
      std::vector<float> decoded = q->decode();
      ASSERT_EQ(decoded.size(), values.size());
      for (size_t i = 0; i < q->codes.size(); ++i) {
        const float *x = &values[i * cell];
        const float *weights = weighted ? &h[i * cell % 48] : nullptr;
        double cost =
            cellCost(x, &q->codebook[q->codes[i] * cell], cell, weights);
        for (int k = 0; k < 16; ++k)
          EXPECT_LE(cost, cellCost(x, &q->codebook[k * cell], cell, weights) *
                              (1 + 1e-5));
        EXPECT_TRUE(std::equal(decoded.begin() + i * cell,
                               decoded.begin() + (i + 1) * cell,
                               q->codebook.begin() + q->codes[i] * cell));
      }
    }
  }
}

TEST(VectorQuantize, ConvergedVectorsAreMeans) {
  std::vector<float> values = normalValues(30 * 16, 302, 2.0f);
  std::vector<float> h(16);
  for (int c = 0; c < 16; ++c)
    h[c] = float(c % 3);
  for (bool weighted : {false, true}) {
    VectorQuantizeOptions o = options(2, 8);
    o.rounds = 1000;
    Expected<VectorQuantized> q =
        vectorQuantize(MatrixRef(values, 30, 16), o,
                       weighted ? Span<const float>(h) : Span<const float>());
    ASSERT_TRUE(q.ok());
    for (int k = 0; k < 8; ++k)
      for (int d = 0; d < 2; ++d) {
        double sum = 0, norm = 0;
        for (size_t i = 0; i < q->codes.size(); ++i)
          if (q->codes[i] == k) {
            double weight = weighted ? h[(i * 2 + d) % 16] : 1;
            sum += weight * values[i * 2 + d];
            norm += weight;
          }
        if (norm > 0)
          EXPECT_NEAR(q->codebook[k * 2 + d], sum / norm, 1e-5);
      }
  }
}

TEST(VectorQuantize, FindsSeparateClusters) {
  // Eight centres far apart, with little noise: the error is the noise.
  std::vector<float> centers = normalValues(8 * 4, 303, 10.0f);
  std::vector<float> values = normalValues(64 * 32, 304, 0.01f);
  std::vector<float> noise = values;
  for (size_t i = 0; i < values.size() / 4; ++i)
    for (int d = 0; d < 4; ++d)
      values[i * 4 + d] += centers[(i * 5 % 8) * 4 + d];
  for (uint64_t seed : {1, 2, 3}) {
    std::vector<float> decoded =
        vectorQuantize(MatrixRef(values, 64, 32), options(4, 8, seed))
            ->decode();
    double error = 0, expected = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      error += std::pow(double(values[i]) - decoded[i], 2);
      expected += double(noise[i]) * noise[i];
    }
    EXPECT_LT(error, expected * 1.01);
  }
}

TEST(VectorQuantize, RoundsLowerTheCost) {
  std::vector<float> values = normalValues(64 * 64, 305, 1.0f);
  double before = std::numeric_limits<double>::infinity();
  for (int rounds : {0, 1, 5, 50}) {
    VectorQuantizeOptions o = options(4, 32);
    o.rounds = rounds;
    double error = naiveRelativeError(
        values, vectorQuantize(MatrixRef(values, 64, 64), o)->decode());
    EXPECT_LT(error, before);
    before = error;
  }
}

TEST(VectorQuantize, FewDistinctCellsAreKeptExactly) {
  std::vector<float> values = {1, 2, 3, 4, 1, 2, -5, 0.25f, 3, 4, 1, 2};
  Expected<VectorQuantized> q =
      vectorQuantize(MatrixRef(values, 2, 6), options(2, 16));
  ASSERT_TRUE(q.ok());
  EXPECT_EQ(q->decode(), values);
  EXPECT_EQ(q->codebook.size(), 32u);
  EXPECT_EQ(*std::max_element(q->codes.begin(), q->codes.end()), 2);
}

TEST(VectorQuantize, SeedsAndTrainingSample) {
  std::vector<float> values = normalValues(100 * 64, 306, 1.0f);
  MatrixRef w(values, 100, 64);
  Expected<VectorQuantized> a = vectorQuantize(w, options(4, 64, 7));
  Expected<VectorQuantized> b = vectorQuantize(w, options(4, 64, 7));
  Expected<VectorQuantized> c = vectorQuantize(w, options(4, 64, 8));
  EXPECT_EQ(a->codes, b->codes);
  EXPECT_EQ(a->codebook, b->codebook);
  EXPECT_NE(a->codebook, c->codebook);
  VectorQuantizeOptions sampled = options(4, 64, 7);
  sampled.maximumTraining = 800;
  double all = naiveRelativeError(values, a->decode());
  double some =
      naiveRelativeError(values, vectorQuantize(w, sampled)->decode());
  EXPECT_LT(some, all * 1.1);
}

TEST(VectorQuantize, ScaleDoesNotMatter) {
  // Powers of two move through exactly, to the ends of f32.
  std::vector<float> values = normalValues(16 * 16, 307, 1.0f);
  Expected<VectorQuantized> plain =
      vectorQuantize(MatrixRef(values, 16, 16), options(4, 8));
  for (int exponent : {-100, 60, 120}) {
    std::vector<float> scaled = values, h(16, 1e-30f);
    for (float &value : scaled)
      value = std::ldexp(value, exponent);
    Expected<VectorQuantized> q =
        vectorQuantize(MatrixRef(scaled, 16, 16), options(4, 8));
    ASSERT_TRUE(q.ok());
    EXPECT_EQ(q->codes, plain->codes);
    EXPECT_EQ(
        vectorQuantize(MatrixRef(scaled, 16, 16), options(4, 8), h)->codes,
        plain->codes);
  }
}

TEST(VectorQuantize, EdgeCases) {
  EXPECT_TRUE(
      vectorQuantize(MatrixRef({}, 0, 4), options(4, 4))->decode().empty());
  std::vector<float> zeros(16, 0.0f), two = {0.5f, -0.5f};
  EXPECT_EQ(vectorQuantize(MatrixRef(zeros, 2, 8), options(8, 4))->decode(),
            zeros);
  EXPECT_EQ(vectorQuantize(MatrixRef(two, 1, 2), options(2, 4))->decode(), two);
  std::vector<float> tiny = {1e-45f, 0, -1e-44f, 1e-40f, 1e-45f, 0, 0, 1e-39f};
  EXPECT_EQ(vectorQuantize(MatrixRef(tiny, 1, 8), options(2, 4))->decode(),
            tiny);
  // No importance at all counts as equal importance.
  std::vector<float> values = normalValues(64, 308, 1.0f), none(8, 0.0f);
  EXPECT_EQ(vectorQuantize(MatrixRef(values, 8, 8), options(2, 4), none)->codes,
            vectorQuantize(MatrixRef(values, 8, 8), options(2, 4))->codes);
  VectorQuantizeOptions half = options(2, 8);
  half.codebookType = StorageType::F16;
  Expected<VectorQuantized> rounded =
      vectorQuantize(MatrixRef(values, 8, 8), half);
  ASSERT_TRUE(rounded.ok());
  for (float value : rounded->codebook)
    EXPECT_EQ(value, roundToStorage(value, StorageType::F16));
}

TEST(VectorQuantize, Errors) {
  std::vector<float> values = normalValues(12, 309, 1.0f);
  MatrixRef w(values, 2, 6);
  EXPECT_EQ(vectorQuantize(w, options(4, 4)).error().message,
            "The 6 inputs of a row are not a multiple of 4, the inputs of a "
            "cell; use cells that divide them, or scalar palettes.");
  EXPECT_EQ(vectorQuantize(w, options(3, 4)).error().message,
            "Cells of 3 inputs were asked for; cells have 2, 4 or 8.");
  EXPECT_FALSE(vectorQuantize(w, options(2, 1)).ok());
  EXPECT_FALSE(vectorQuantize(w, options(2, 65537)).ok());
  std::vector<float> few(5, 1.0f);
  EXPECT_FALSE(vectorQuantize(w, options(2, 4), few).ok());
  VectorQuantizeOptions half = options(2, 4);
  half.codebookType = StorageType::F16;
  values[3] = 1e6f;
  EXPECT_FALSE(vectorQuantize(w, half).ok());
  values[3] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(vectorQuantize(w, options(2, 4)).ok());
}

} // namespace
