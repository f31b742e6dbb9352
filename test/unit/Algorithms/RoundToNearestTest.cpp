//===- RoundToNearestTest.cpp - Nearest codes against their definition ----===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/RoundToNearest.h"

#include "ReferenceVectors.h"
#include "TestMatrices.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace compresslib;
using namespace compresslib::algo;

namespace {

constexpr Scheme schemes[] = {Scheme::Asymmetric, Scheme::Symmetric,
                              Scheme::FullRange, Scheme::Unsigned,
                              Scheme::Offset};

RoundToNearestOptions options(int bits, int64_t group,
                              Scheme scheme = Scheme::Asymmetric) {
  RoundToNearestOptions result;
  result.bits = bits;
  result.groupSize = group;
  result.scheme = scheme;
  return result;
}

/// The header's formulas, one element after another, with the C library's
/// rounding.
void expectDefinition(MatrixRef w, const RoundToNearestOptions &o) {
  Expected<Quantized> result = roundToNearest(w, o);
  ASSERT_TRUE(result.ok()) << result.error().message;
  const Quantized &q = *result;
  ASSERT_EQ(q.isSigned,
            o.scheme == Scheme::Symmetric || o.scheme == Scheme::FullRange);
  ASSERT_EQ(q.codes.size(), w.values.size());
  int64_t group = o.groupSize ? std::min(o.groupSize, w.columns) : w.columns;
  ASSERT_EQ(q.groupSize, group);
  for (int64_t r = 0; r < w.rows; ++r)
    for (int64_t start = 0, g = 0; start < w.columns; start += group, ++g) {
      int64_t end = std::min(start + group, w.columns);
      float low = w.row(r)[start], high = low, extreme = low;
      for (int64_t c = start; c < end; ++c) {
        float v = w.row(r)[c];
        low = std::min(low, v);
        high = std::max(high, v);
        if (std::fabs(v) > std::fabs(extreme))
          extreme = v;
      }
      float half = std::ldexp(1.0f, o.bits - 1), most = 2 * half - 1, scale;
      if (o.scheme == Scheme::Asymmetric || o.scheme == Scheme::Offset)
        scale = (std::max(high, 0.0f) - std::min(low, 0.0f)) / most;
      else if (o.scheme == Scheme::FullRange)
        scale = -extreme / half;
      else if (o.scheme == Scheme::Unsigned)
        scale = extreme / most;
      else
        scale = std::fabs(extreme) / (half - 1);
      scale = roundToStorage(scale, o.scaleType);
      if (std::fabs(scale) < smallestScale(o.scaleType))
        scale = std::copysign(smallestScale(o.scaleType),
                              scale == 0 ? 1.0f : scale);
      int64_t at = r * q.groupsPerRow() + g;
      ASSERT_EQ(q.scales[at], scale) << r << ' ' << g;
      float zero = 0, offset = 0;
      if (o.scheme == Scheme::Offset) {
        offset = roundToStorage(std::min(low, 0.0f), o.scaleType);
        ASSERT_EQ(q.offsets[at], offset);
      }
      if (o.scheme == Scheme::Asymmetric) {
        zero = std::nearbyint(-std::min(low, 0.0f) / scale);
        zero = std::min(std::max(zero, 0.0f), most);
        ASSERT_EQ(q.zeros[at], zero);
        ASSERT_FALSE(std::signbit(q.zeros[at]));
      }
      for (int64_t c = start; c < end; ++c) {
        float code = std::nearbyint((w.row(r)[c] - offset) / scale);
        if (o.scheme == Scheme::Symmetric)
          code = std::min(std::max(code, 1 - half), half - 1);
        else if (o.scheme == Scheme::FullRange)
          code = std::min(std::max(code, -half), half - 1);
        else
          code = std::min(std::max(code + zero, 0.0f), most);
        ASSERT_EQ(q.code(r * w.columns + c), int(code)) << r << ' ' << c;
      }
    }
}

TEST(RoundToNearest, IsItsDefinition) {
  std::vector<float> values = normalValues(7 * 45, 1, 0.1f);
  values[3] = 0;
  values[50] = -values[51];
  MatrixRef w(values, 7, 45);
  for (int bits = 2; bits <= 8; ++bits)
    for (int64_t group : {0, 1, 2, 7, 8, 15, 32, 45, 64})
      for (StorageType type :
           {StorageType::F16, StorageType::BF16, StorageType::F32})
        for (Scheme scheme : schemes) {
          RoundToNearestOptions o = options(bits, group, scheme);
          o.scaleType = type;
          expectDefinition(w, o);
        }
}

TEST(RoundToNearest, AgreesWithTheReference) {
  MatrixRef w(reference::weights, reference::rows, reference::columns);
  struct {
    RoundToNearestOptions options;
    const std::vector<float> &expected;
  } cases[] = {
      {options(4, 8), reference::rtn4Group8},
      {options(3, 7), reference::rtn3Group7},
      {options(2, 0), reference::rtn2},
      {options(8, 0, Scheme::Symmetric), reference::rtn8Symmetric},
      {options(3, 10, Scheme::Symmetric), reference::rtn3Group10Symmetric}};
  for (auto &test : cases) {
    Expected<Quantized> q = roundToNearest(w, test.options);
    ASSERT_TRUE(q.ok());
    EXPECT_EQ(q->dequantize(), test.expected);
  }
}

TEST(RoundToNearest, HalvesGoToEven) {
  // Scale 1 exactly: the values are their own quotients.
  std::vector<float> values = {0.5f,  1.5f, 2.5f,  -0.5f, -1.5f,
                               -2.5f, 3.5f, -3.5f, 7.0f,  6.5f};
  Expected<Quantized> q = roundToNearest(MatrixRef(values, 1, 10),
                                         options(4, 0, Scheme::Symmetric));
  ASSERT_TRUE(q.ok());
  std::vector<int> codes;
  for (int i = 0; i < 10; ++i)
    codes.push_back(q->code(i));
  EXPECT_EQ(codes, (std::vector<int>{0, 2, 2, 0, -2, -2, 4, -4, 7, 6}));
}

TEST(RoundToNearest, ZeroAndDenormalGroupsAreExactZeros) {
  std::vector<float> values(16, 0.0f);
  values[8] = std::numeric_limits<float>::denorm_min();
  values[9] = -1e-40f;
  for (Scheme scheme : schemes)
    for (int bits : {2, 4, 8}) {
      Expected<Quantized> q =
          roundToNearest(MatrixRef(values, 1, 16), options(bits, 8, scheme));
      ASSERT_TRUE(q.ok());
      for (float scale : q->scales)
        EXPECT_EQ(std::fabs(scale), 0x1p-24f);
      for (float value : q->dequantize())
        EXPECT_EQ(value, 0.0f);
    }
  // With f32 scales denormals still get a normal scale, and stay finite.
  RoundToNearestOptions wide = options(4, 8, Scheme::Symmetric);
  wide.scaleType = StorageType::F32;
  expectDefinition(MatrixRef(values, 1, 16), wide);
}

TEST(RoundToNearest, ScalesNearTheSmallestHalf) {
  // Quotients of 1.5 times the largest code: the stored scale rounds down.
  for (float factor : {0.6f, 1.0f, 1.4f, 1.49f, 2.4f}) {
    std::vector<float> values = normalValues(64, 5, 1.0f);
    for (float &value : values)
      value *= factor * 0x1p-24f;
    for (int bits : {2, 4, 8})
      for (Scheme scheme : schemes)
        expectDefinition(MatrixRef(values, 2, 32), options(bits, 8, scheme));
  }
}

TEST(RoundToNearest, EmptyAndOneElement) {
  for (Scheme scheme : schemes) {
    RoundToNearestOptions o = options(4, 32, scheme);
    for (auto [rows, columns] : {std::pair<int, int>{0, 5}, {5, 0}, {0, 0}}) {
      Expected<Quantized> q = roundToNearest(MatrixRef({}, rows, columns), o);
      ASSERT_TRUE(q.ok());
      EXPECT_TRUE(q->codes.empty());
      EXPECT_TRUE(q->scales.empty());
      EXPECT_TRUE(q->dequantize().empty());
    }
    std::vector<float> one = {-0.75f};
    expectDefinition(MatrixRef(one, 1, 1), o);
    Expected<Quantized> q = roundToNearest(MatrixRef(one, 1, 1), o);
    ASSERT_TRUE(q.ok());
    EXPECT_NEAR(q->dequantize()[0], -0.75f, 0.75f / 1024);
  }
}

TEST(RoundToNearest, RowRangesGiveTheSameBytes) {
  std::vector<float> values = normalValues(10 * 40, 3, 1.0f);
  Expected<Quantized> all =
      roundToNearest(MatrixRef(values, 10, 40), options(4, 16));
  Expected<Quantized> part = roundToNearest(
      MatrixRef(Span<const float>(values).subspan(120, 80), 2, 40),
      options(4, 16));
  ASSERT_TRUE(all.ok() && part.ok());
  EXPECT_TRUE(std::equal(part->codes.begin(), part->codes.end(),
                         all->codes.begin() + 120));
  EXPECT_TRUE(std::equal(part->scales.begin(), part->scales.end(),
                         all->scales.begin() + 9));
}

TEST(RoundToNearest, Errors) {
  std::vector<float> values = {1, 2, std::nanf(""), 4, 5, 6};
  auto message = [&](RoundToNearestOptions o, Span<const float> v) {
    Expected<Quantized> q = roundToNearest(MatrixRef(v, 2, 3), o);
    return q.ok() ? std::string() : q.error().message;
  };
  EXPECT_EQ(message(options(4, 0), values),
            "The value at row 0, column 2 is NaN; only finite values can be "
            "compressed.");
  values[2] = 3;
  values[4] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(message(options(4, 0), values),
            "The value at row 1, column 1 is infinite; only finite values can "
            "be compressed.");
  values[4] = 1e9f;
  EXPECT_EQ(message(options(4, 2), values),
            "The group that starts at row 1, column 0 needs a scale beyond the "
            "range of f16; store scales in a type of wider range (bf16 or "
            "f32), or look at these weights.");
  RoundToNearestOptions wide = options(4, 2);
  wide.scaleType = StorageType::BF16;
  EXPECT_EQ(message(wide, values), "");
  EXPECT_EQ(message(options(1, 0), values),
            "Codes of 1 bits were asked for; codes have 2 to 8 bits.");
  EXPECT_NE(message(options(9, 0), values), "");
  EXPECT_NE(message(options(4, -1), values), "");
  // 1e5 over 255 is a scale of f16, but 1e5 no offset.
  values[4] = -1e5f;
  EXPECT_EQ(message(options(8, 0, Scheme::Offset), values),
            "The group that starts at row 1, column 0 needs an offset beyond "
            "the range of f16; store scales in a type of wider range (bf16 or "
            "f32), or look at these weights.");
  EXPECT_EQ(message(options(4, 0), Span<const float>(values).subspan(1)),
            "A matrix of 2 rows and 3 columns was given 5 values.");
}

} // namespace
