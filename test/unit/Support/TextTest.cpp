//===- TextTest.cpp - Words of messages -----------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Support/Text.h"
#include "compress/Support/Error.h"

#include <gtest/gtest.h>

using namespace compresslib;

namespace {

TEST(Text, EditDistance) {
  EXPECT_EQ(editDistance("", "abc"), 3u);
  EXPECT_EQ(editDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(editDistance("ab", "ba"), 1u);
  EXPECT_EQ(editDistance("quantize", "quantize"), 0u);
}

TEST(Text, NearestNames) {
  std::vector<std::string> names = {"quantize", "prune", "palettize",
                                    "low-rank", "quantise-activations"};
  EXPECT_EQ(nearestNames("quantise", names),
            (std::vector<std::string>{"quantize", "quantise-activations"}));
  EXPECT_EQ(nearestNames("pruen", names), std::vector<std::string>{"prune"});
  EXPECT_TRUE(nearestNames("x", {"completely"}).empty());
  EXPECT_EQ(didYouMean("pruen", names), " Did you mean 'prune'?");
  EXPECT_EQ(didYouMean("ab", {"ac", "ad", "ae"}),
            " Did you mean 'ac', 'ad' or 'ae'?");
  EXPECT_EQ(didYouMean("zzzzzzzz", names), "");
}

TEST(Text, HumanSize) {
  EXPECT_EQ(humanSize(0), "0 bytes");
  EXPECT_EQ(humanSize(1), "1 byte");
  EXPECT_EQ(humanSize(999), "999 bytes");
  EXPECT_EQ(humanSize(1500), "1.5 KB");
  EXPECT_EQ(humanSize(999'999), "1.0 MB");
  EXPECT_EQ(humanSize(270'900'000), "270.9 MB");
  EXPECT_EQ(humanSize(~uint64_t(0)), "18.4 EB");
}

TEST(Text, Printable) {
  EXPECT_EQ(printable("a\n\x1b[31m\xff\u00e9"), "a\\x0A\\x1B[31m\\xFF\u00e9");
  EXPECT_EQ(printable(std::string(500, 'x'), 10), "xxxxxxxxxx…");
  EXPECT_EQ(printable("\u00e9\u00e9", 3), "\u00e9…");
}

TEST(Text, ValidUtf8Prefix) {
  EXPECT_EQ(validUtf8Prefix("a\u00e9\U0001f999"), 7u);
  for (const char *broken : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                             "\xf4\x90\x80\x80", "\xf5", "\x80", "\xe2\x82"})
    EXPECT_EQ(validUtf8Prefix(std::string("ab") + broken), 2u);
}

TEST(Text, ProblemsAreCountedBeyondTheirBudget) {
  Problems problems(10);
  EXPECT_TRUE(problems.empty());
  problems.add("abcde");
  problems.add("fghij");
  EXPECT_EQ(problems.text(), "abcde; fghij");
  problems.add("k");
  problems.add("l");
  EXPECT_EQ(problems.text("\n"), "abcde\nfghij\nand 2 more");
  Problems one(4);
  one.add("abcdef");
  EXPECT_EQ(one.text(), "abcd…");
}

TEST(Text, NestingDepth) {
  EXPECT_EQ(nestingDepth("a{b=(c)}"), 2u);
  EXPECT_EQ(nestingDepth("))}(a)(b)"), 1u);
  EXPECT_EQ(nestingDepth(std::string(100000, '{')), 100000u);
}

TEST(Error, MessagesAreCutAtACharacter) {
  EXPECT_EQ(badInput(std::string(longestMessage, 'x')).message,
            std::string(longestMessage, 'x'));
  for (size_t before = 0; before < 3; ++before) {
    std::string text = std::string(before, 'x');
    for (int i = 0; i < 100000; ++i)
      text += "…";
    std::string cut = usageError(text).message;
    EXPECT_LE(cut.size(), longestMessage);
    EXPECT_EQ(validUtf8Prefix(cut), cut.size());
    EXPECT_EQ(cut.compare(0, 3000, text, 0, 3000), 0);
    size_t kept = cut.find("… (");
    while (cut.find("… (", kept + 1) != std::string::npos)
      ++kept;
    EXPECT_NE(
        cut.find("… (" + std::to_string(text.size() - kept) + " more bytes)"),
        std::string::npos)
        << cut.substr(cut.size() - 60);
  }
}

} // namespace
