//===- HalfTest.cpp - fp16 and bf16 conversions, exhaustively -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Support/Half.h"
#include "compress/Support/Span.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace compresslib;

namespace {

// The definition: sign · fraction · 2^exponent, evaluated in double.
double valueOfF16(uint16_t bits) {
  int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  double magnitude = exponent ? std::ldexp(1024 + fraction, exponent - 25)
                              : std::ldexp(fraction, -24);
  return bits & 0x8000 ? -magnitude : magnitude;
}

TEST(Half, EveryF16WidensExactlyAndReturns) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float wide = floatFromF16(uint16_t(bits));
    if ((bits & 0x7c00) == 0x7c00) {
      EXPECT_EQ(std::isnan(wide), (bits & 0x3ff) != 0);
      EXPECT_EQ(std::isinf(wide), (bits & 0x3ff) == 0);
      if (std::isnan(wide)) {
        EXPECT_TRUE(std::isnan(roundToF16(wide)));
        continue;
      }
    } else {
      EXPECT_EQ(double(wide), valueOfF16(uint16_t(bits)));
    }
    EXPECT_EQ(f16FromFloat(wide), bits);
  }
}

TEST(Half, F16RoundsToNearestEven) {
  // Between every two neighbours: below, at and above the half-way point.
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    double low = valueOfF16(uint16_t(bits));
    double high = valueOfF16(uint16_t(bits + 1));
    float middle = float((low + high) / 2);
    ASSERT_EQ(double(middle), (low + high) / 2);
    EXPECT_EQ(f16FromFloat(middle), bits & 1 ? bits + 1 : bits);
    EXPECT_EQ(f16FromFloat(std::nextafterf(middle, 0.0f)), bits);
    EXPECT_EQ(f16FromFloat(std::nextafterf(middle, 1e9f)), bits + 1);
    EXPECT_EQ(f16FromFloat(-middle), 0x8000 | (bits & 1 ? bits + 1 : bits));
  }
}

TEST(Half, F16Limits) {
  EXPECT_EQ(roundToF16(65504.0f), 65504.0f);
  EXPECT_EQ(roundToF16(65519.99f), 65504.0f);
  EXPECT_TRUE(std::isinf(roundToF16(65520.0f)));
  EXPECT_TRUE(std::isinf(roundToF16(std::numeric_limits<float>::max())));
  EXPECT_EQ(roundToF16(0x1p-25f), 0.0f);
  EXPECT_EQ(roundToF16(0x1.000002p-25f), 0x1p-24f);
  EXPECT_EQ(f16FromFloat(-0.0f), 0x8000);
  EXPECT_EQ(roundToF16(std::numeric_limits<float>::denorm_min()), 0.0f);
}

TEST(Half, BF16RoundsToNearestEven) {
  for (uint32_t bits = 0; bits < 0x7f7f; ++bits) {
    float low = floatFromBF16(uint16_t(bits));
    float middle = floatOfBits((bits << 16) | 0x8000);
    EXPECT_EQ(bf16FromFloat(low), bits);
    EXPECT_EQ(bf16FromFloat(middle), bits & 1 ? bits + 1 : bits);
    EXPECT_EQ(bf16FromFloat(floatOfBits((bits << 16) | 0x7fff)), bits);
    EXPECT_EQ(bf16FromFloat(floatOfBits((bits << 16) | 0x8001)), bits + 1);
  }
  EXPECT_TRUE(std::isinf(roundToBF16(std::numeric_limits<float>::max())));
  EXPECT_TRUE(std::isnan(roundToBF16(floatOfBits(0x7f800001))));
}

TEST(Span, ViewsAndConverts) {
  std::vector<int> owner = {1, 2, 3, 4};
  Span<int> all = owner;
  Span<const int> constant = all;
  EXPECT_EQ(constant.size(), 4u);
  all[1] = 7;
  EXPECT_EQ(constant.subspan(1, 2)[0], 7);
  EXPECT_EQ(constant.subspan(4).size(), 0u);
  EXPECT_TRUE(Span<int>().empty());
  int sum = 0;
  for (int value : constant)
    sum += value;
  EXPECT_EQ(sum, 15);
}

} // namespace
