//===- LowRankTest.cpp - Truncated SVD against its definition -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/LowRank.h"

#include "ReferenceVectors.h"
#include "TestMatrices.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <limits>

using namespace compresslib;
using namespace compresslib::algo;

namespace {

std::vector<float> product(const LowRankFactors &factors, int64_t rows,
                           int64_t columns) {
  std::vector<float> result(size_t(rows * columns));
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) {
      double sum = 0;
      for (int64_t k = 0; k < factors.rank; ++k)
        sum += double(factors.left[r * factors.rank + k]) *
               factors.right[k * columns + c];
      result[r * columns + c] = float(sum);
    }
  return result;
}

/// Singular values by one-sided Jacobi rotations in f64: a method that shares
/// nothing with the implementation.
std::vector<double> jacobiSingularValues(MatrixRef w) {
  std::vector<std::vector<double>> vectors;
  bool byRows = w.rows <= w.columns;
  for (int64_t i = 0; i < std::min(w.rows, w.columns); ++i) {
    vectors.emplace_back();
    for (int64_t j = 0; j < std::max(w.rows, w.columns); ++j)
      vectors.back().push_back(byRows ? w.row(i)[j] : w.row(j)[i]);
  }
  auto dot = [](const auto &a, const auto &b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i)
      sum += a[i] * b[i];
    return sum;
  };
  for (int sweep = 0; sweep < 60; ++sweep)
    for (size_t p = 0; p < vectors.size(); ++p)
      for (size_t q = p + 1; q < vectors.size(); ++q) {
        double a = dot(vectors[p], vectors[p]);
        double b = dot(vectors[q], vectors[q]);
        double c = dot(vectors[p], vectors[q]);
        if (c == 0)
          continue;
        double zeta = (b - a) / (2 * c);
        double t = (zeta < 0 ? -1 : 1) /
                   (std::fabs(zeta) + std::sqrt(1 + zeta * zeta));
        double cosine = 1 / std::sqrt(1 + t * t), sine = cosine * t;
        for (size_t i = 0; i < vectors[p].size(); ++i) {
          double x = vectors[p][i], y = vectors[q][i];
          vectors[p][i] = cosine * x - sine * y;
          vectors[q][i] = sine * x + cosine * y;
        }
      }
  std::vector<double> values;
  for (const auto &vector : vectors)
    values.push_back(std::sqrt(dot(vector, vector)));
  std::sort(values.rbegin(), values.rend());
  return values;
}

TEST(LowRank, TruncationsAreTheBestOfTheirRank) {
  for (auto [rows, columns] :
       {std::pair<int, int>{12, 20}, {20, 12}, {9, 9}, {1, 7}, {7, 1}}) {
    std::vector<float> values = normalValues(rows * columns, 21, 0.3f);
    MatrixRef w(values, rows, columns);
    std::vector<double> expected = jacobiSingularValues(w);
    double total = 0;
    for (double value : expected)
      total += value * value;
    Expected<std::vector<double>> all = singularValues(w);
    ASSERT_TRUE(all.ok());
    ASSERT_EQ(all->size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR((*all)[i], expected[i], 1e-7 * expected[0]);
    for (int64_t rank = 1; rank <= int64_t(expected.size()); ++rank) {
      Expected<LowRankFactors> factors = truncatedSVD(w, rank);
      ASSERT_TRUE(factors.ok());
      ASSERT_EQ(factors->rank, rank);
      ASSERT_EQ(factors->left.size(), size_t(rows * rank));
      ASSERT_EQ(factors->right.size(), size_t(columns * rank));
      double dropped = 0;
      for (size_t i = size_t(rank); i < expected.size(); ++i)
        dropped += expected[i] * expected[i];
      double error = std::sqrt(dropped / total);
      EXPECT_NEAR(factors->relativeError, error, 1e-7);
      EXPECT_NEAR(naiveRelativeError(values, product(*factors, rows, columns)),
                  error, 3e-7);
      for (int64_t k = 0; k < rank; ++k) {
        EXPECT_NEAR(factors->singularValues[k], expected[k],
                    1e-6 * expected[0]);
        // Both sides carry half of each singular value.
        double left = 0, right = 0;
        for (int64_t r = 0; r < rows; ++r)
          left += std::pow(factors->left[r * rank + k], 2);
        for (int64_t c = 0; c < columns; ++c)
          right += std::pow(factors->right[k * columns + c], 2);
        EXPECT_NEAR(left, expected[k], 1e-5 * expected[0]);
        EXPECT_NEAR(right, expected[k], 1e-5 * expected[0]);
      }
    }
  }
}

TEST(LowRank, AgreesWithTheReference) {
  MatrixRef w(reference::weights, reference::rows, reference::columns);
  struct {
    double ratio;
    const std::vector<float> &expected;
  } cases[] = {{0.5, reference::svdHalf}, {0.95, reference::svdMost}};
  for (auto &test : cases) {
    int64_t rank =
        rankForKeptRatio(reference::rows, reference::columns, test.ratio);
    Expected<LowRankFactors> factors = truncatedSVD(w, rank);
    ASSERT_TRUE(factors.ok());
    EXPECT_LT(
        naiveRelativeError(test.expected, product(*factors, reference::rows,
                                                  reference::columns)),
        1e-6);
  }
  Expected<std::vector<double>> values = singularValues(w);
  ASSERT_TRUE(values.ok());
  for (size_t i = 0; i < values->size(); ++i)
    EXPECT_NEAR((*values)[i], reference::singularValues[i],
                1e-9 * reference::singularValues[0]);
}

TEST(LowRank, RankOfAKeptRatio) {
  EXPECT_EQ(rankForKeptRatio(256, 768, 0.5), 96);
  EXPECT_EQ(rankForKeptRatio(256, 768, 0.9), 172);
  EXPECT_EQ(rankForKeptRatio(2048, 5632, 0.5), 750);
  EXPECT_EQ(rankForKeptRatio(3, 3, 0.1), 0);
  EXPECT_EQ(rankForKeptRatio(0, 0, 0.5), 0);
}

TEST(LowRank, ByEnergyTakesTheLeastRank) {
  std::vector<float> values = normalValues(15 * 10, 22, 1.0f);
  MatrixRef w(values, 15, 10);
  std::vector<double> s = jacobiSingularValues(w);
  double total = 0;
  for (double value : s)
    total += value * value;
  for (double energy : {1e-6, 0.3, 0.5, 0.9, 0.99, 1.0}) {
    double kept = 0;
    int64_t expected = 0;
    while (expected < 10 && kept < energy * total * (1 - 1e-12))
      kept += s[size_t(expected)] * s[size_t(expected)], ++expected;
    Expected<LowRankFactors> factors = truncatedSVDByEnergy(w, energy);
    ASSERT_TRUE(factors.ok());
    EXPECT_EQ(factors->rank, expected) << energy;
    EXPECT_LE(factors->relativeError, std::sqrt(1 - energy) + 1e-12);
  }
}

TEST(LowRank, ZerosDenormalsAndDeficientMatrices) {
  std::vector<float> zeros(12, 0.0f);
  Expected<LowRankFactors> none = truncatedSVD(MatrixRef(zeros, 3, 4), 2);
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(product(*none, 3, 4), zeros);
  EXPECT_EQ(none->relativeError, 0);
  EXPECT_EQ(truncatedSVDByEnergy(MatrixRef(zeros, 3, 4), 0.9)->rank, 1);

  // Rank one, asked for three: the excess adds nothing.
  std::vector<float> outer(6 * 8), tiny(6 * 8);
  for (int r = 0; r < 6; ++r)
    for (int c = 0; c < 8; ++c) {
      outer[r * 8 + c] = float((r + 1) * (c - 3));
      tiny[r * 8 + c] = outer[r * 8 + c] * 1e-38f;
    }
  Expected<LowRankFactors> three = truncatedSVD(MatrixRef(outer, 6, 8), 3);
  ASSERT_TRUE(three.ok());
  EXPECT_LT(naiveRelativeError(outer, product(*three, 6, 8)), 1e-6);
  EXPECT_LT(three->relativeError, 1e-7);
  EXPECT_LT(three->singularValues[1], 1e-6 * three->singularValues[0]);
  Expected<LowRankFactors> small = truncatedSVD(MatrixRef(tiny, 6, 8), 1);
  ASSERT_TRUE(small.ok());
  EXPECT_LT(naiveRelativeError(tiny, product(*small, 6, 8)), 1e-5);
  std::vector<float> denormal(4, 1e-44f);
  Expected<LowRankFactors> least = truncatedSVD(MatrixRef(denormal, 2, 2), 1);
  ASSERT_TRUE(least.ok());
  for (float value : least->left)
    EXPECT_TRUE(std::isfinite(value));
  EXPECT_EQ(product(*least, 2, 2), denormal);
  std::vector<float> large(4, 3e38f);
  EXPECT_LT(naiveRelativeError(
                large, product(*truncatedSVD(MatrixRef(large, 2, 2), 1), 2, 2)),
            1e-6);
}

TEST(LowRank, SameBytesEveryTimeAndSignsFixed) {
  std::vector<float> values = normalValues(40 * 30, 23, 1.0f);
  std::vector<float> negated = values;
  for (float &value : negated)
    value = -value;
  Expected<LowRankFactors> a = truncatedSVD(MatrixRef(values, 40, 30), 7);
  Expected<LowRankFactors> b = truncatedSVD(MatrixRef(values, 40, 30), 7);
  Expected<LowRankFactors> c = truncatedSVD(MatrixRef(negated, 40, 30), 7);
  ASSERT_TRUE(a.ok() && b.ok() && c.ok());
  EXPECT_EQ(a->left, b->left);
  EXPECT_EQ(a->right, b->right);
  EXPECT_EQ(a->right, c->right);
}

TEST(LowRank, Errors) {
  std::vector<float> values = normalValues(12, 24, 1.0f);
  MatrixRef w(values, 3, 4);
  EXPECT_EQ(truncatedSVD(w, 4).error().message,
            "A rank of 4 was asked for, of a matrix of 3 by 4; legal ranks are "
            "1 to 3.");
  EXPECT_FALSE(truncatedSVD(w, 0).ok());
  EXPECT_FALSE(truncatedSVD(w, -1).ok());
  EXPECT_EQ(truncatedSVD(MatrixRef({}, 0, 4), 1).error().message,
            "A rank of 1 was asked for, of a matrix of 0 by 4, which has no "
            "legal rank.");
  EXPECT_FALSE(truncatedSVDByEnergy(MatrixRef({}, 0, 4), 0.5).ok());
  EXPECT_FALSE(truncatedSVDByEnergy(w, 0).ok());
  EXPECT_FALSE(truncatedSVDByEnergy(w, 1.5).ok());
  EXPECT_TRUE(singularValues(MatrixRef({}, 0, 4))->empty());
  values[5] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(truncatedSVD(w, 1).ok());
  EXPECT_FALSE(truncatedSVDByEnergy(w, 0.5).ok());
  EXPECT_FALSE(singularValues(w).ok());
}

} // namespace
