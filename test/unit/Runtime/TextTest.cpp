//===- TextTest.cpp - Text from outside ----------------------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Text.h"

#include <chrono>
#include <cmath>
#include <gtest/gtest.h>

using namespace compresslib;
using namespace compresslib::rt;

TEST(CleanText, CountsWhatItReplaces) {
  int64_t replaced;
  EXPECT_EQ(cleanText("h\xC3\xA9llo", replaced), "h\xC3\xA9llo");
  EXPECT_EQ(replaced, 0);
  EXPECT_EQ(cleanText(std::string_view("a\0b\xFF\xC3", 5), replaced),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(replaced, 3);
  EXPECT_EQ(cleanText("", replaced), "");
}

TEST(CleanText, TakesLinearTime) {
  for (const std::string &unit :
       {std::string(1, '\0'), std::string("\xFF"), std::string("\0\xFF", 2),
        std::string("a\xC3")}) {
    std::string text;
    while (text.size() < 4'000'000)
      text += unit;
    int64_t replaced;
    auto start = std::chrono::steady_clock::now();
    std::string clean = cleanText(text, replaced);
    std::chrono::duration<double> seconds =
        std::chrono::steady_clock::now() - start;
    EXPECT_EQ(clean.size(), text.size() + 2 * static_cast<size_t>(replaced));
    // A quadratic loop takes minutes.
    EXPECT_LT(seconds.count(), 10);
  }
}

TEST(Rounded, Decimals) {
  EXPECT_EQ(rounded(0.66929549, 6), 0.669295);
  EXPECT_EQ(rounded(-1.25, 1), -1.3);
  EXPECT_TRUE(std::isnan(rounded(NAN)));
}

TEST(ReadStream, FilesAndErrors) {
  EXPECT_EQ(*readStream("/dev/null"), "");
  auto absent = readStream("/nonexistent/file");
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().kind, ErrorKind::Environment);
  EXPECT_EQ(absent.error().message, "Cannot open '/nonexistent/file' for "
                                    "reading: No such file or directory.");
}

TEST(ReadStream, WithoutEnd) {
  auto text = readStream("/dev/zero", 100000);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().kind, ErrorKind::BadInput);
  EXPECT_EQ(text.error().message,
            "'/dev/zero' has more than 100.0 KB, the most that is read as one "
            "text. Give a part of it.");
}

TEST(Format, LongText) {
  std::string text(5000, 'x');
  EXPECT_EQ(format("<%s>", text.c_str()).size(), 5002u);
}
