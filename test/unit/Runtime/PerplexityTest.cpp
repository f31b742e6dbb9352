//===- PerplexityTest.cpp - The two protocols by hand --------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Perplexity.h"
#include "FakeCodec.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace compresslib;
using namespace compresslib::rt;

namespace {
std::string letters(int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += static_cast<char>('a' + (i * i + 3 * i) % 26);
  return text;
}

/// -log p(next) at one position, by the formula in double.
double formula(const std::vector<double> &row, int32_t target) {
  double sum = 0;
  for (double value : row)
    sum += std::exp(value);
  return std::log(sum) - row[target];
}

TextOptions options(int64_t context, bool documents, int32_t bos,
                    int64_t chunks = 0) {
  TextOptions o;
  o.context = context;
  o.documents = documents;
  o.bos = bos;
  o.chunks = chunks;
  return o;
}
} // namespace

TEST(CutText, Windows) {
  auto encode = fake::codec().encode;
  std::string text = letters(35);
  auto with = cutText(text, options(8, false, fake::bos), encode);
  ASSERT_TRUE(with.ok());
  // BOS and 35 letters are 36 tokens: four windows and a rest of four.
  ASSERT_EQ(with->size(), 4u);
  for (int w = 0; w < 4; ++w) {
    EXPECT_EQ((*with)[w].firstScored, 4);
    EXPECT_EQ((*with)[w].scored(), 3);
    EXPECT_EQ((*with)[w].tokens[0], fake::bos);
    for (int i = 1; i < 8; ++i)
      EXPECT_EQ((*with)[w].tokens[i], text[w * 8 + i - 1]);
  }
  auto without = cutText(text, options(8, false, -1), encode);
  ASSERT_EQ(without->size(), 4u);
  EXPECT_EQ((*without)[1].tokens[0], text[8]);
  EXPECT_EQ(cutText(text, options(8, false, -1, 2), encode)->size(), 2u);
  auto little = cutText("abc", options(8, false, fake::bos), encode);
  ASSERT_FALSE(little.ok());
  EXPECT_EQ(little.error().message,
            "The text has 4 tokens; a window takes 8. Give more text or a "
            "shorter --context.");
  EXPECT_FALSE(cutText(text, options(3, false, -1), encode).ok());
}

TEST(CutText, Documents) {
  auto encode = fake::codec().encode;
  std::string text = "\n <|endoftext|>\t one\xC2\xA0 \n<|endoftext|>"
                     "<|endoftext|>0123456789\xE3\x80\x80";
  auto cut = cutText(text, options(8, true, fake::bos), encode);
  ASSERT_TRUE(cut.ok());
  ASSERT_EQ(cut->size(), 2u);
  EXPECT_EQ((*cut)[0].tokens, (std::vector<int32_t>{fake::bos, 'o', 'n', 'e'}));
  EXPECT_EQ((*cut)[0].scored(), 3);
  EXPECT_EQ((*cut)[1].tokens.size(), 9u);
  EXPECT_EQ((*cut)[1].scored(), 8);
  EXPECT_EQ((*cut)[1].firstScored, 0);
  // Without BOS a document of one token predicts nothing.
  EXPECT_EQ(cutText("a<|endoftext|>bc", options(8, true, -1), encode)->size(),
            1u);
  EXPECT_FALSE(cutText(" <|endoftext|> ", options(8, true, -1), encode).ok());
  EXPECT_EQ(cutText(text, options(8, true, -1, 1), encode)->size(), 1u);
}

TEST(Stripped, AsPython) {
  EXPECT_EQ(stripped(" \t\n\v\f\r\x1c\x1f x y \xE2\x80\xA9\xC2\x85"), "x y");
  EXPECT_EQ(stripped("\xE2\x80\x8B x"), "\xE2\x80\x8B x"); // U+200B is no space
  EXPECT_EQ(stripped(" \xE1\x9A\x80 "), "");
  EXPECT_EQ(stripped("\xC3\xA0"), "\xC3\xA0"); // ends with the byte A0
}

TEST(Perplexity, BothProtocolsByHand) {
  auto encode = fake::codec().encode;
  std::string text = letters(70) + "<|endoftext|>" + letters(3);
  for (bool documents : {false, true})
    for (int32_t bos : {-1, fake::bos}) {
      auto sequences = cutText(text, options(24, documents, bos), encode);
      ASSERT_TRUE(sequences.ok());
      double sum = 0, squares = 0;
      int64_t count = 0;
      for (const Sequence &s : *sequences) {
        auto rows = fake::logits(s.tokens);
        for (size_t t = documents ? 0 : 12; t + 1 < s.tokens.size(); ++t) {
          double nll = formula(rows[t], s.tokens[t + 1]);
          sum += nll;
          squares += nll * nll;
          ++count;
        }
      }
      double mean = sum / count;
      double error = std::sqrt((squares / count - mean * mean) / (count - 1));
      std::string first;
      for (int threads : {1, 3}) {
        auto pool = ThreadPool::create({threads, false, false});
        auto model = Model::create(fake::program(), fake::weights(),
                                   fake::weightsBytes(), **pool);
        auto score = perplexity(**model, *sequences);
        ASSERT_TRUE(score.ok());
        EXPECT_EQ(score->scored, count);
        EXPECT_NEAR(score->nll, mean, 2e-5);
        EXPECT_NEAR(score->nllError, error, 2e-5);
        EXPECT_NEAR(score->perplexity / std::exp(mean), 1, 2e-5);
        std::string bits(reinterpret_cast<const char *>(&score->nll), 8);
        if (first.empty())
          first = bits;
        EXPECT_EQ(first, bits);
      }
    }
}

TEST(Perplexity, LogSumExp) {
  for (int count : {1, 7, 8, 9, 1024, 1025, 5000}) {
    std::vector<float> row(count);
    double sum = 0;
    for (int i = 0; i < count; ++i) {
      row[i] = 20.0f * std::sin(0.7f * i) - 3;
      sum += std::exp(double(row[i]));
    }
    EXPECT_NEAR(logSumExp(row.data(), count), std::log(sum), 2e-6) << count;
  }
  std::vector<float> bad = {1, INFINITY};
  EXPECT_TRUE(std::isnan(logSumExp(bad.data(), 2)));
  for (float x = 0; x > -86; x -= 0.0371f)
    EXPECT_NEAR(expNonPositive(x) / std::exp(double(x)), 1.0, 3e-7) << x;
  EXPECT_EQ(expNonPositive(0), 1.0f);
}

TEST(Mean, AgainstTheFormula) {
  Mean mean;
  EXPECT_EQ(mean.error(), 0);
  for (double x : {1.0, 2.0, 4.0, 9.0})
    mean.add(x);
  EXPECT_DOUBLE_EQ(mean.mean(), 4.0);
  EXPECT_DOUBLE_EQ(mean.deviation(), std::sqrt(38.0 / 3));
  EXPECT_DOUBLE_EQ(mean.error(), std::sqrt(38.0 / 3) / 2);
}
