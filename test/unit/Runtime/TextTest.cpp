//===- TextTest.cpp - Text from outside ----------------------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Text.h"

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

TEST(Format, LongText) {
  std::string text(5000, 'x');
  EXPECT_EQ(format("<%s>", text.c_str()).size(), 5002u);
}
