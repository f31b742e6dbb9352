//===- PaletteTest.cpp - Palettes against exhaustive and naive searches ---===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/Palette.h"

#include "ReferenceVectors.h"
#include "TestMatrices.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>

using namespace compresslib;
using namespace compresslib::algo;

namespace {

PaletteOptions
options(int entries,
        PaletteOptions::Method method = PaletteOptions::Method::Exact) {
  PaletteOptions result;
  result.entries = entries;
  result.method = method;
  return result;
}

double costOf(const std::vector<float> &values, const std::vector<float> &h,
              const std::vector<float> &decoded) {
  double cost = 0;
  for (size_t i = 0; i < values.size(); ++i)
    cost += (h.empty() ? 1.0 : double(h[i])) *
            std::pow(double(values[i]) - decoded[i], 2);
  return cost;
}

/// The least cost over every way to cut the sorted values into intervals.
double exhaustiveCost(std::vector<float> values, std::vector<float> h,
                      int entries) {
  std::vector<std::pair<float, float>> sorted;
  for (size_t i = 0; i < values.size(); ++i)
    sorted.push_back({values[i], h.empty() ? 1.0f : h[i]});
  std::sort(sorted.begin(), sorted.end());
  std::function<double(size_t, int)> best = [&](size_t from, int cells) {
    if (from == sorted.size())
      return 0.0;
    if (cells == 0)
      return std::numeric_limits<double>::infinity();
    double least = std::numeric_limits<double>::infinity();
    for (size_t to = from + 1; to <= sorted.size(); ++to) {
      double weight = 0, mean = 0, cost = 0;
      for (size_t i = from; i < to; ++i) {
        weight += sorted[i].second;
        mean += double(sorted[i].second) * sorted[i].first;
      }
      mean = weight > 0 ? mean / weight : 0;
      for (size_t i = from; i < to; ++i)
        cost += sorted[i].second * std::pow(sorted[i].first - mean, 2);
      least = std::min(least, cost + best(to, cells - 1));
    }
    return least;
  };
  return best(0, entries);
}

/// Every weight has its nearest codebook value, the lower of equals.
void expectNearest(const Palette &palette, const std::vector<float> &values) {
  for (int64_t i = 0; i < int64_t(values.size()); ++i) {
    int64_t group =
        i / palette.columns / palette.rowsPerGroup * palette.groupsPerRow() +
        i % palette.columns / palette.columnsPerGroup;
    const float *book = &palette.codebooks[size_t(group * palette.entries)];
    double distance = std::fabs(double(values[i]) - book[palette.codes[i]]);
    for (int k = 0; k < palette.entries; ++k)
      EXPECT_LE(distance, std::fabs(double(values[i]) - book[k]) * (1 + 1e-6));
    if (palette.codes[i] > 0)
      EXPECT_GT(values[i],
                (book[palette.codes[i] - 1] + book[palette.codes[i]]) / 2);
  }
  for (size_t i = 1; i < palette.codebooks.size(); ++i)
    if (i % size_t(palette.entries))
      EXPECT_LE(palette.codebooks[i - 1], palette.codebooks[i]);
}

TEST(Palette, ExactIsTheBestDivision) {
  for (uint32_t seed = 0; seed < 6; ++seed) {
    std::vector<float> values = normalValues(12, 30 + seed, 1.0f);
    if (seed % 2)
      for (float &value : values)
        value = std::round(value * 2) / 2 + 100;
    std::vector<float> h = normalValues(12, 60 + seed, 1.0f);
    for (float &weight : h)
      weight = std::max(weight, 0.0f);
    for (const std::vector<float> &importance : {std::vector<float>(), h})
      for (int entries = 2; entries <= 4; ++entries) {
        Expected<Palette> palette =
            palettize(MatrixRef(values, 3, 4), options(entries), importance);
        ASSERT_TRUE(palette.ok());
        expectNearest(*palette, values);
        double expected = exhaustiveCost(values, importance, entries);
        EXPECT_NEAR(costOf(values, importance, palette->decode()), expected,
                    1e-5 * expected + 1e-10);
      }
  }
}

TEST(Palette, ExactAgreesWithQuadraticProgramming) {
  std::vector<float> values = normalValues(300, 77, 1.0f);
  Expected<Palette> palette = palettize(MatrixRef(values, 10, 30), options(16));
  ASSERT_TRUE(palette.ok());
  std::vector<float> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  // cost[j] for k cells over the first j values, every start tried.
  std::vector<double> cost(301, std::numeric_limits<double>::infinity());
  cost[0] = 0;
  for (int k = 0; k < 16; ++k) {
    std::vector<double> next(301, std::numeric_limits<double>::infinity());
    next[0] = 0;
    for (int end = 1; end <= 300; ++end) {
      double mean = 0, spread = 0;
      for (int begin = end - 1, n = 1; begin >= 0; --begin, ++n) {
        double delta = sorted[begin] - mean;
        mean += delta / n;
        spread += delta * (sorted[begin] - mean);
        next[end] = std::min(next[end], cost[begin] + spread);
      }
    }
    cost = next;
  }
  EXPECT_NEAR(costOf(values, {}, palette->decode()), cost[300],
              1e-6 * cost[300]);
  Expected<Palette> lloyd = palettize(
      MatrixRef(values, 10, 30), options(16, PaletteOptions::Method::Lloyd));
  ASSERT_TRUE(lloyd.ok());
  EXPECT_GE(costOf(values, {}, lloyd->decode()), cost[300] * (1 - 1e-6));
}

TEST(Palette, LloydAgreesWithTheReference) {
  MatrixRef w(reference::weights, reference::rows, reference::columns);
  EXPECT_EQ(palettize(w, options(4, PaletteOptions::Method::Lloyd))->decode(),
            reference::palette4);
  EXPECT_EQ(palettize(w, options(5, PaletteOptions::Method::Lloyd))->decode(),
            reference::palette5);
}

TEST(Palette, LloydRoundsAreNaiveRounds) {
  std::vector<float> values = normalValues(97, 41, 1.0f), h;
  for (float &value : values)
    value = std::round(value * 8) / 8; // many on edges
  for (int rounds : {0, 1, 2, 9}) {
    PaletteOptions o = options(6, PaletteOptions::Method::Lloyd);
    o.lloydRounds = rounds;
    Expected<Palette> palette = palettize(MatrixRef(values, 1, 97), o);
    ASSERT_TRUE(palette.ok());
    std::vector<float> sorted = values, book;
    std::sort(sorted.begin(), sorted.end());
    for (int i = 0; i < 6; ++i)
      book.push_back(sorted[size_t((i + 0.5) / 6 * 97)]);
    for (int round = 0; round < rounds; ++round) {
      std::vector<double> sums(6), counts(6);
      for (float value : sorted) {
        size_t cell = 0;
        while (cell < 5 && value >= (book[cell] + book[cell + 1]) / 2)
          ++cell;
        sums[cell] += value;
        ++counts[cell];
      }
      for (size_t i = 0; i < 6; ++i)
        if (counts[i])
          book[i] = float(sums[i] / counts[i]);
    }
    EXPECT_EQ(palette->codebooks, book);
    expectNearest(*palette, values);
  }
}

TEST(Palette, LloydWeighted) {
  std::vector<float> values = normalValues(60, 42, 1.0f), h, repeated;
  std::vector<float> importance;
  for (int i = 0; i < 60; ++i) {
    importance.push_back(float(i % 4));
    for (int j = 0; j < i % 4; ++j)
      repeated.push_back(values[i]);
  }
  // Whole importances are repetitions: the same fixed point from the same
  // start.
  PaletteOptions o = options(2, PaletteOptions::Method::Lloyd);
  Expected<Palette> weighted =
      palettize(MatrixRef(values, 1, 60), o, importance);
  Expected<Palette> plain =
      palettize(MatrixRef(repeated, 1, int64_t(repeated.size())), o);
  ASSERT_TRUE(weighted.ok() && plain.ok());
  for (int i = 0; i < 2; ++i)
    EXPECT_NEAR(weighted->codebooks[i], plain->codebooks[i], 1e-5);
}

TEST(Palette, GroupsAreIndependent) {
  std::vector<float> values = normalValues(5 * 7, 43, 1.0f);
  for (auto method :
       {PaletteOptions::Method::Exact, PaletteOptions::Method::Lloyd}) {
    PaletteOptions o = options(3, method);
    o.rowsPerGroup = 2;
    o.columnsPerGroup = 4;
    Expected<Palette> all = palettize(MatrixRef(values, 5, 7), o);
    ASSERT_TRUE(all.ok());
    EXPECT_EQ(all->groups(), 6);
    expectNearest(*all, values);
    std::vector<float> decoded = all->decode();
    for (int row = 0, group = 0; row < 5; row += 2)
      for (int column = 0; column < 7; column += 4, ++group) {
        std::vector<float> block, expected;
        int rowEnd = std::min(row + 2, 5), columnEnd = std::min(column + 4, 7);
        for (int r = row; r < rowEnd; ++r)
          for (int c = column; c < columnEnd; ++c) {
            block.push_back(values[r * 7 + c]);
            expected.push_back(decoded[r * 7 + c]);
          }
        Expected<Palette> one = palettize(
            MatrixRef(block, 1, int64_t(block.size())), options(3, method));
        ASSERT_TRUE(one.ok());
        EXPECT_EQ(one->decode(), expected);
      }
  }
}

TEST(Palette, HistogramIsNearTheExactCost) {
  std::vector<float> values = normalValues(20000, 44, 0.02f);
  PaletteOptions coarse = options(8), fine = options(8);
  coarse.maximumDistinct = 1024;
  MatrixRef w(values, 100, 200);
  double exact = costOf(values, {}, palettize(w, fine)->decode());
  double binned = costOf(values, {}, palettize(w, coarse)->decode());
  EXPECT_GE(binned, exact * (1 - 1e-6));
  EXPECT_LE(binned, exact * 1.001);
}

TEST(Palette, FewDistinctValuesAreKeptExactly) {
  std::vector<float> values = {3, -1, 3, 0.5f, -1, 3, 0.5f, 0.5f};
  for (auto method :
       {PaletteOptions::Method::Exact, PaletteOptions::Method::Lloyd}) {
    Expected<Palette> palette =
        palettize(MatrixRef(values, 2, 4), options(16, method));
    ASSERT_TRUE(palette.ok());
    EXPECT_EQ(palette->codebooks.size(), 16u);
    EXPECT_EQ(palette->decode(), values);
    expectNearest(*palette, values);
  }
}

TEST(Palette, ZerosStayZerosBesideOtherValues) {
  // Half pruned, far from a mean of 0, beside values of other magnitudes.
  std::vector<float> values = normalValues(4000, 47, 0.02f);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = i % 2 ? 0 : values[i] + 0.3f;
  for (auto method :
       {PaletteOptions::Method::Exact, PaletteOptions::Method::Lloyd}) {
    std::vector<float> decoded =
        palettize(MatrixRef(values, 40, 100), options(8, method))->decode();
    for (size_t i = 1; i < values.size(); i += 2)
      ASSERT_EQ(decoded[i], 0.0f);
    std::vector<float> few = {1, 0, 1e-30f, 1, -1e-20f, 1};
    if (method == PaletteOptions::Method::Exact)
      EXPECT_EQ(palettize(MatrixRef(few, 1, 6), options(4, method))->decode(),
                few);
  }
}

TEST(Palette, EdgeCases) {
  for (auto method :
       {PaletteOptions::Method::Exact, PaletteOptions::Method::Lloyd}) {
    EXPECT_TRUE(
        palettize(MatrixRef({}, 0, 4), options(4, method))->decode().empty());
    std::vector<float> one = {-2.5f}, zeros(9, 0.0f);
    EXPECT_EQ(palettize(MatrixRef(one, 1, 1), options(4, method))->decode(),
              one);
    EXPECT_EQ(palettize(MatrixRef(zeros, 3, 3), options(4, method))->decode(),
              zeros);
    std::vector<float> tiny = {1e-45f, 0.0f, -1e-45f, 1e-40f, 1e-38f, 0.0f};
    Expected<Palette> least =
        palettize(MatrixRef(tiny, 2, 3), options(8, method));
    ASSERT_TRUE(least.ok());
    // Lloyd's f32 middles cannot tell neighbouring denormals apart.
    for (size_t i = 0; i < tiny.size(); ++i)
      EXPECT_NEAR(least->decode()[i], tiny[i],
                  method == PaletteOptions::Method::Exact ? 0 : 2e-45);
    // No importance at all counts as equal importance.
    std::vector<float> values = normalValues(20, 45, 1.0f), none(20, 0.0f);
    EXPECT_EQ(
        palettize(MatrixRef(values, 4, 5), options(4, method), none)->codes,
        palettize(MatrixRef(values, 4, 5), options(4, method))->codes);
    // One importance a column.
    std::vector<float> columns = {1, 2, 0, 4, 5}, elements;
    for (int r = 0; r < 4; ++r)
      elements.insert(elements.end(), columns.begin(), columns.end());
    EXPECT_EQ(palettize(MatrixRef(values, 4, 5), options(4, method), columns)
                  ->codebooks,
              palettize(MatrixRef(values, 4, 5), options(4, method), elements)
                  ->codebooks);
  }
}

TEST(Palette, CodebookIsRoundedBeforeCodesAreChosen) {
  std::vector<float> values = normalValues(200, 46, 1.0f);
  PaletteOptions o = options(16);
  o.codebookType = StorageType::BF16;
  Expected<Palette> palette = palettize(MatrixRef(values, 10, 20), o);
  ASSERT_TRUE(palette.ok());
  for (float value : palette->codebooks)
    EXPECT_EQ(value, roundToStorage(value, StorageType::BF16));
  expectNearest(*palette, values);
}

TEST(Palette, NearestEntries) {
  // Entries in any order; equal ones, and what is not finite.
  std::vector<float> entries = {2, std::nanf(""), -1, 0, 2, -0.0f, INFINITY, 8};
  std::vector<float> values = normalValues(500, 47, 3.0f);
  values[0] = 5; // halfway from 2 to 8
  values[1] = 100;
  Expected<std::vector<uint8_t>> codes =
      nearestEntries(MatrixRef(values, 20, 25), entries);
  ASSERT_TRUE(codes.ok());
  EXPECT_EQ((*codes)[0], 0);
  EXPECT_EQ((*codes)[1], 7);
  for (size_t i = 0; i < values.size(); ++i) {
    int code = (*codes)[i];
    EXPECT_TRUE(code == 0 || code == 2 || code == 3 || code == 7);
    for (int other : {0, 2, 3, 7})
      EXPECT_LE(std::fabs(values[i] - entries[code]),
                std::fabs(values[i] - entries[other]));
  }
  EXPECT_EQ(
      nearestEntries(MatrixRef(values, 20, 25), std::vector<float>{INFINITY})
          .error()
          .message,
      "A codebook has 1 to 256 entries, one of them finite.");
  values[3] = INFINITY;
  EXPECT_FALSE(nearestEntries(MatrixRef(values, 20, 25), entries).ok());
}

TEST(Palette, IntegersAreRoundedBeforeCodesAreChosen) {
  std::vector<float> values = normalValues(200, 48, 20.0f);
  PaletteOptions o = options(8);
  o.integers = true;
  Expected<Palette> palette = palettize(MatrixRef(values, 10, 20), o);
  ASSERT_TRUE(palette.ok());
  for (float value : palette->codebooks)
    EXPECT_EQ(value, std::nearbyint(value));
  expectNearest(*palette, values);
}

TEST(Palette, Errors) {
  std::vector<float> values(6, 1.0f), three(3, 1.0f), four(4, 1.0f);
  MatrixRef w(values, 2, 3);
  EXPECT_EQ(palettize(w, options(1)).error().message,
            "A palette of 1 values was asked for; palettes have 2 to 256.");
  EXPECT_FALSE(palettize(w, options(257)).ok());
  EXPECT_EQ(palettize(w, options(4), four).error().message,
            "4 importances were given for a matrix of 2 by 3; one a column or "
            "one an element is expected.");
  three[1] = -1;
  EXPECT_EQ(palettize(w, options(4), three).error().message,
            "An importance is negative or not finite.");
  PaletteOptions negative = options(4);
  negative.rowsPerGroup = -1;
  EXPECT_FALSE(palettize(w, negative).ok());
  values[2] = std::nanf("");
  EXPECT_FALSE(palettize(w, options(4)).ok());
}

} // namespace
