//===- MagnitudeTest.cpp - Keep-masks against full sorts ------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/Magnitude.h"

#include "ReferenceVectors.h"
#include "TestMatrices.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <numeric>

using namespace compresslib;
using namespace compresslib::algo;

namespace {

/// Drops the first `count` of a sort by magnitude, then index.
std::vector<uint8_t> naiveKeep(const std::vector<float> &scores, size_t count) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::make_pair(std::fabs(scores[a]), a) <
           std::make_pair(std::fabs(scores[b]), b);
  });
  std::vector<uint8_t> keep(scores.size(), 1);
  for (size_t i = 0; i < count; ++i)
    keep[order[i]] = 0;
  return keep;
}

/// Normal values, many of them equal in magnitude, some of them zeros.
std::vector<float> valuesWithTies(int64_t count, uint32_t seed) {
  std::vector<float> values = normalValues(count, seed, 1.0f);
  for (size_t i = 0; i < values.size(); ++i)
    if (i % 3)
      values[i] = std::round(values[i] * 4) / 4;
  return values;
}

std::vector<float> masked(std::vector<float> values,
                          const std::vector<uint8_t> &keep) {
  for (size_t i = 0; i < values.size(); ++i)
    if (!keep[i])
      values[i] = 0;
  return values;
}

TEST(Magnitude, PerMatrix) {
  for (uint32_t seed = 0; seed < 5; ++seed) {
    std::vector<float> values = valuesWithTies(13 * 17, seed);
    for (double percent : {0.0, 0.4, 12.5, 37.0, 50.0, 99.9, 100.0}) {
      Expected<std::vector<uint8_t>> keep =
          keepLargest(MatrixRef(values, 13, 17), percent);
      ASSERT_TRUE(keep.ok());
      EXPECT_EQ(*keep, naiveKeep(values, size_t(221 * percent / 100)));
    }
  }
}

TEST(Magnitude, PerRow) {
  std::vector<float> values = valuesWithTies(9 * 31, 11);
  for (double percent : {0.0, 3.0, 10.0, 50.0, 77.0, 100.0}) {
    Expected<std::vector<uint8_t>> keep =
        keepLargestPerRow(MatrixRef(values, 9, 31), percent);
    ASSERT_TRUE(keep.ok());
    for (int row = 0; row < 9; ++row)
      EXPECT_EQ(
          std::vector<uint8_t>(keep->begin() + row * 31,
                               keep->begin() + row * 31 + 31),
          naiveKeep({values.begin() + row * 31, values.begin() + row * 31 + 31},
                    size_t(31 * percent / 100)));
  }
}

TEST(Magnitude, NOfM) {
  std::vector<float> values = valuesWithTies(5 * 24, 12);
  for (auto [kept, group] :
       {std::pair<int, int>{2, 4}, {1, 4}, {4, 8}, {1, 2}, {3, 3}, {5, 24}}) {
    Expected<std::vector<uint8_t>> keep =
        keepNOfM(MatrixRef(values, 5, 24), kept, group);
    ASSERT_TRUE(keep.ok());
    for (int start = 0; start < 120; start += group)
      EXPECT_EQ(
          std::vector<uint8_t>(keep->begin() + start,
                               keep->begin() + start + group),
          naiveKeep({values.begin() + start, values.begin() + start + group},
                    size_t(group - kept)));
  }
}

TEST(Magnitude, Blocks) {
  std::vector<float> values = valuesWithTies(8 * 12, 13);
  // Two equal blocks, so that a tie is decided.
  for (int row = 0; row < 2; ++row)
    for (int column = 0; column < 3; ++column)
      values[(row + 4) * 12 + column + 6] = -values[row * 12 + column];
  for (double percent = 0; percent <= 100; percent += 6.25) {
    Expected<std::vector<uint8_t>> keep =
        keepLargestBlocks(MatrixRef(values, 8, 12), 2, 3, percent);
    ASSERT_TRUE(keep.ok());
    std::vector<float> norms;
    for (int block = 0; block < 16; ++block) {
      double square = 0;
      for (int row = 0; row < 2; ++row)
        for (int column = 0; column < 3; ++column)
          square += std::pow(
              values[(block / 4 * 2 + row) * 12 + block % 4 * 3 + column], 2);
      norms.push_back(float(square));
    }
    std::vector<uint8_t> blocks = naiveKeep(norms, size_t(16 * percent / 100));
    for (int row = 0; row < 8; ++row)
      for (int column = 0; column < 12; ++column)
        EXPECT_EQ((*keep)[row * 12 + column], blocks[row / 2 * 4 + column / 3]);
  }
}

TEST(Magnitude, AgreesWithTheReference) {
  MatrixRef w(reference::weights, reference::rows, reference::columns);
  EXPECT_EQ(masked(reference::weights, *keepLargest(w, 37)),
            reference::magnitude37);
  EXPECT_EQ(masked(reference::weights, *keepNOfM(w, 2, 4)),
            reference::keep2Of4);
  EXPECT_EQ(masked(reference::weights, *keepNOfM(w, 1, 3)),
            reference::keep1Of3);
}

TEST(Magnitude, ZerosDenormalsAndOneElement) {
  std::vector<float> values = {0.0f, -0.0f, 1e-45f, -1e-45f, 1e-40f, 0.0f};
  EXPECT_EQ(*keepLargest(MatrixRef(values, 1, 6), 50),
            (std::vector<uint8_t>{0, 0, 1, 1, 1, 0}));
  EXPECT_EQ(*keepLargest(MatrixRef(values, 1, 6), 67),
            (std::vector<uint8_t>{0, 0, 0, 1, 1, 0}));
  EXPECT_EQ(*keepLargestPerRow(MatrixRef(values, 6, 1), 100),
            std::vector<uint8_t>(6, 0));
  EXPECT_EQ(*keepLargest(
                MatrixRef(Span<const float>(values).subspan(0, 1), 1, 1), 99),
            std::vector<uint8_t>{1});
  EXPECT_TRUE(keepLargest(MatrixRef({}, 0, 7), 50)->empty());
  EXPECT_TRUE(keepLargestPerRow(MatrixRef({}, 7, 0), 50)->empty());
  EXPECT_TRUE(keepNOfM(MatrixRef({}, 7, 0), 2, 4)->empty());
  EXPECT_TRUE(keepLargestBlocks(MatrixRef({}, 4, 0), 2, 2, 50)->empty());
}

TEST(Magnitude, Errors) {
  std::vector<float> values(12, 1.0f);
  MatrixRef w(values, 2, 6);
  EXPECT_EQ(keepNOfM(w, 2, 4).error().message,
            "The 6 inputs of a row are not a multiple of 4, so 2 of every 4 "
            "cannot be kept; use a group that divides them, or prune without a "
            "pattern.");
  EXPECT_EQ(keepNOfM(w, 4, 3).error().message,
            "Keeping 4 of every 3 was asked for; groups have 1 to 64 inputs, "
            "of which at least one and at most all are kept.");
  EXPECT_FALSE(keepNOfM(w, 0, 3).ok());
  EXPECT_FALSE(keepLargest(w, -1).ok());
  EXPECT_FALSE(keepLargest(w, 100.5).ok());
  EXPECT_FALSE(keepLargestPerRow(w, std::nan("")).ok());
  EXPECT_EQ(keepLargestBlocks(w, 2, 4, 50).error().message,
            "Blocks of 2 by 4 do not tile a matrix of 2 by 6; block sizes must "
            "divide the rows and the columns.");
  EXPECT_FALSE(keepLargestBlocks(w, 0, 2, 50).ok());
  values[7] = std::nanf("");
  EXPECT_FALSE(keepLargest(w, 50).ok());
  EXPECT_FALSE(keepNOfM(w, 1, 2).ok());
}

} // namespace
