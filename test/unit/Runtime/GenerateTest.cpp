//===- GenerateTest.cpp - Streams, stops, and a full context -- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Generate.h"
#include "FakeCodec.h"

#include <gtest/gtest.h>

using namespace compresslib;
using namespace compresslib::rt;

TEST(StopFilter, NeverShowsPartOfAStop) {
  const std::string text = "abcabcabdxabcdxyz";
  for (const std::vector<std::string> &stops :
       {std::vector<std::string>{"abcd"},
        {"abd", "abcd"},
        {"yz", ""},
        {"zz"},
        {"a"},
        {"bca", "cab"}}) {
    size_t first = std::string::npos;
    for (auto &s : stops)
      if (!s.empty())
        first = std::min(first, text.find(s));
    std::string expected = text.substr(0, first);
    for (size_t piece : {1, 2, 3, 5, 50}) {
      StopFilter filter(stops);
      std::string shown;
      for (size_t i = 0; i < text.size(); i += piece) {
        shown += filter.push(text.substr(i, piece));
        ASSERT_EQ(expected.compare(0, shown.size(), shown), 0) << shown;
      }
      shown += filter.flush();
      EXPECT_EQ(shown, expected);
      EXPECT_EQ(filter.stopped(), first != std::string::npos);
    }
  }
}

namespace {
class GenerateTest : public testing::Test {
protected:
  void SetUp() override {
    pool = std::move(*ThreadPool::create({2, false, false}));
    ModelOptions options;
    options.context = 32;
    model = std::move(*Model::create(fake::program(), fake::weights(),
                                     fake::weightsBytes(), *pool, options));
    sampler.temperature = 0;
  }
  Expected<Generation> run(Generator &generator, const std::string &prompt,
                           const GenerateOptions &options) {
    text.clear();
    return generator.generate(*codec.encode(prompt, true), options,
                              codec.decoder(), [&](std::string_view piece) {
                                text += piece;
                                return true;
                              });
  }
  /// The greedy continuation by the formula.
  std::vector<int32_t> greedy(std::vector<int32_t> tokens, int count) {
    size_t prompt = tokens.size();
    for (int i = 0; i < count; ++i) {
      auto row = fake::logits(tokens).back();
      tokens.push_back(std::max_element(row.begin(), row.end()) - row.begin());
    }
    return {tokens.begin() + prompt, tokens.end()};
  }
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<Model> model;
  SamplerOptions sampler;
  TextCodec codec = fake::codec();
  std::string text;
};
} // namespace

TEST_F(GenerateTest, GreedyIsTheFormula) {
  Generator generator(*model, sampler);
  GenerateOptions options;
  options.maximum = 12;
  auto result = run(generator, "Once upon", options);
  ASSERT_TRUE(result.ok());
  auto expected = greedy(*codec.encode("Once upon", true), 12);
  EXPECT_EQ(result->tokens, expected);
  EXPECT_EQ(result->reason, StopReason::Limit);
  EXPECT_EQ(result->promptTokens, 10);
  std::string shown;
  auto decode = codec.decoder();
  for (int32_t token : expected)
    shown += decode.push(token);
  EXPECT_EQ(text, shown);

  // A second prompt goes on where the first text ended.
  auto all = *codec.encode("Once upon", true);
  all.insert(all.end(), expected.begin(), expected.end());
  all.push_back('x');
  GenerateOptions two;
  two.maximum = 2;
  auto again = generator.generate({'x'}, two, {}, nullptr);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->tokens, greedy(all, 2));
  generator.reset();
  EXPECT_EQ(generator.used(), 0);
  EXPECT_EQ(run(generator, "Once upon", options)->tokens, expected);
}

TEST_F(GenerateTest, EndTokenAndStopString) {
  auto expected = greedy(*codec.encode("a", true), 12);
  Generator generator(*model, sampler);
  GenerateOptions options;
  options.maximum = 12;
  options.endTokens = {expected[5]};
  auto result = run(generator, "a", options);
  size_t end = std::find(expected.begin(), expected.end(), expected[5]) -
               expected.begin();
  EXPECT_EQ(result->reason, StopReason::EndToken);
  EXPECT_EQ(result->tokens.size(), end + 1);
  EXPECT_EQ(text.size(), end);
  generator.reset();
  options.ignoreEnd = true;
  EXPECT_EQ(run(generator, "a", options)->tokens, expected);

  generator.reset();
  options = {};
  options.maximum = 12;
  std::string whole;
  auto decode = codec.decoder();
  for (int32_t token : expected)
    whole += decode.push(token);
  options.stop = {whole.substr(3, 2)};
  result = run(generator, "a", options);
  EXPECT_EQ(result->reason, StopReason::StopString);
  EXPECT_EQ(text, whole.substr(0, whole.find(options.stop[0])));
}

TEST_F(GenerateTest, ContextIsUsedToItsEndAndNoFurther) {
  Generator generator(*model, sampler);
  auto result = run(generator, std::string(20, 'x'), {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->reason, StopReason::ContextFull);
  // 21 of the prompt; the last token drawn needs no position.
  EXPECT_EQ(result->tokens.size(), 32u - 21 + 1);
  auto more = run(generator, "y", {});
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().kind, ErrorKind::Usage);
  generator.reset();
  auto longer = run(generator, std::string(40, 'x'), {});
  ASSERT_FALSE(longer.ok());
  EXPECT_EQ(longer.error().message,
            "The prompt has 41 tokens; the context has 32 positions. Shorten "
            "the prompt or ask for a longer --context.");
  EXPECT_TRUE(run(generator, std::string(31, 'x'), {}).ok());
}

TEST_F(GenerateTest, ReaderGoneAndInterrupt) {
  Generator generator(*model, sampler);
  int calls = 0;
  GenerateOptions options;
  options.maximum = 10;
  auto closed =
      generator.generate({1, 2}, options, codec.decoder(),
                         [&](std::string_view) { return ++calls < 3; });
  EXPECT_EQ(closed->reason, StopReason::OutputClosed);
  EXPECT_EQ(closed->tokens.size(), 3u);

  static volatile int flag;
  flag = 0;
  Generator stopped(*model, sampler, &flag);
  auto result =
      stopped.generate({1, 2}, options, codec.decoder(), [&](std::string_view) {
        flag = 1;
        return true;
      });
  EXPECT_EQ(result->reason, StopReason::Interrupted);
  EXPECT_EQ(result->tokens.size(), 1u);
}
