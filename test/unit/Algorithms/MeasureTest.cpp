//===- MeasureTest.cpp - Errors, distances and hashes ---------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/ErrorMeasure.h"
#include "compress/Algorithms/Similarity.h"

#include "TestMatrices.h"
#include "gtest/gtest.h"

#include <limits>

using namespace compresslib;
using namespace compresslib::algo;

namespace {

TEST(ErrorMeasure, IsItsDefinition) {
  for (int64_t count : {1, 3, 4, 255, 256, 257, 1000}) {
    std::vector<float> w = normalValues(count, 400, 1.0f);
    std::vector<float> v = normalValues(count, 401, 1.0f);
    ErrorMeasure measure;
    measure.add(w, v);
    double error = 0, largest = -1;
    int64_t at = 0;
    for (int64_t i = 0; i < count; ++i) {
      error += std::pow(double(v[i]) - w[i], 2);
      if (std::fabs(double(v[i]) - w[i]) > largest) {
        largest = std::fabs(double(v[i]) - w[i]);
        at = i;
      }
    }
    EXPECT_NEAR(measure.relative(), naiveRelativeError(w, v), 1e-12);
    EXPECT_NEAR(measure.meanSquare(), error / double(count), 1e-12);
    EXPECT_EQ(measure.largest(), largest);
    EXPECT_EQ(measure.largestAt(), at);
    EXPECT_EQ(measure.count(), count);
    EXPECT_NEAR(relativeDistance(w, v), measure.relative(), 1e-15);
  }
}

TEST(ErrorMeasure, PartsAddUp) {
  std::vector<float> w = normalValues(900, 402, 1.0f);
  std::vector<float> v = normalValues(900, 403, 1.0f);
  v[700] += 100;
  ErrorMeasure whole, parts, appended, second;
  whole.add(w, v);
  parts.add(Span<const float>(w).subspan(0, 301),
            Span<const float>(v).subspan(0, 301));
  appended = parts;
  parts.add(Span<const float>(w).subspan(301),
            Span<const float>(v).subspan(301));
  second.add(Span<const float>(w).subspan(301),
             Span<const float>(v).subspan(301));
  appended.append(second);
  for (const ErrorMeasure &measure : {parts, appended}) {
    EXPECT_NEAR(measure.relative(), whole.relative(), 1e-12);
    EXPECT_EQ(measure.largest(), whole.largest());
    EXPECT_EQ(measure.largestAt(), 700);
    EXPECT_EQ(measure.count(), 900);
  }
}

TEST(ErrorMeasure, ZerosAndNothing) {
  ErrorMeasure nothing;
  EXPECT_EQ(nothing.relative(), 0);
  EXPECT_EQ(nothing.meanSquare(), 0);
  std::vector<float> zeros(5, 0.0f), ones(5, 1.0f);
  EXPECT_EQ(relativeDistance(zeros, zeros), 0);
  EXPECT_EQ(relativeDistance(ones, ones), 0);
  EXPECT_EQ(relativeDistance(ones, zeros), 1);
  EXPECT_EQ(relativeDistance(zeros, ones),
            std::numeric_limits<double>::infinity());
  std::vector<float> tiny(3, 1e-45f), none(3, 0.0f);
  EXPECT_EQ(relativeDistance(tiny, none), 1);
}

Span<const uint8_t> bytesOf(const std::string &text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

TEST(Similarity, HashesAreXXH128) {
  // As `xxhsum -H2` prints them.
  EXPECT_EQ(contentHash(bytesOf("")).hex(), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(contentHash(bytesOf("abc")).hex(),
            "06b05ab6733a618578af5f94892f3950");
  EXPECT_NE(contentHash(bytesOf("a")), contentHash(bytesOf("b")));
  EXPECT_EQ(contentHash(bytesOf("abc")), contentHash(bytesOf("abc")));
}

TEST(Similarity, FirstEqual) {
  std::vector<std::string> texts = {"a", "", "bb", "a", "b", "", "bb", "a"};
  std::vector<Span<const uint8_t>> contents;
  for (const std::string &text : texts)
    contents.push_back(bytesOf(text));
  EXPECT_EQ(firstEqual(contents),
            (std::vector<size_t>{0, 1, 2, 0, 4, 1, 2, 0}));
  EXPECT_TRUE(firstEqual({}).empty());
}

TEST(Similarity, NearDuplicates) {
  std::vector<float> a = normalValues(24, 404, 1.0f), b = a, c = a;
  std::vector<float> far = normalValues(24, 405, 1.0f);
  b[3] += 0.1f;
  c[5] += 0.01f;
  std::vector<MatrixRef> matrices = {MatrixRef(a, 4, 6), MatrixRef(far, 4, 6),
                                     MatrixRef(b, 4, 6), MatrixRef(a, 6, 4),
                                     MatrixRef(c, 4, 6)};
  std::vector<NearDuplicate> pairs = nearDuplicates(matrices, 0.05);
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[0].base, 0u);
  EXPECT_EQ(pairs[0].other, 2u);
  EXPECT_NEAR(pairs[0].distance, naiveRelativeError(a, b), 1e-12);
  EXPECT_EQ(pairs[1].base, 0u);
  EXPECT_EQ(pairs[1].other, 4u);
  EXPECT_TRUE(nearDuplicates(matrices, 1e-6).empty());
}

} // namespace
