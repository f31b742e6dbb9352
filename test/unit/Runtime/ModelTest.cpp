//===- ModelTest.cpp - Chunks, cache, threads and refusals ---- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Model.h"
#include "FakeProgram.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace compresslib;
using namespace compresslib::rt;

namespace {
std::vector<int32_t> sequence(int count) {
  std::vector<int32_t> tokens(count);
  for (int i = 0; i < count; ++i)
    tokens[i] = (i * 37 + i * i * 11 + 5) % fake::vocabulary;
  return tokens;
}

struct Fixture {
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<Model> model;
  explicit Fixture(int threads, int64_t context = 0) {
    auto made = ThreadPool::create({threads, false, false});
    pool = std::move(*made);
    ModelOptions options;
    options.context = context;
    auto created = Model::create(fake::program(), fake::weights(),
                                 fake::weightsBytes(), *pool, options);
    EXPECT_TRUE(created.ok()) << created.error().message;
    model = std::move(*created);
  }
};
} // namespace

TEST(Model, ChunksAndDecodeAgreeWithTheFormula) {
  for (int threads : {1, 2, 3, 5}) {
    Fixture f(threads);
    for (int prompt : {1, 2, 7, 8, 9, 16, 17, 30}) {
      auto tokens = sequence(prompt + 5);
      auto expected = fake::logits(tokens);
      for (int begin : {0, prompt / 2, prompt - 1}) {
        auto got = f.model->forward(tokens.data(), prompt, 0, begin);
        ASSERT_TRUE(got.ok());
        for (int t = begin; t < prompt; ++t)
          for (int v = 0; v < fake::vocabulary; ++v)
            ASSERT_NEAR((*got)[(t - begin) * fake::vocabulary + v],
                        expected[t][v], 2e-4)
                << prompt << " " << begin << " " << t << " " << v;
      }
      for (int t = prompt; t < prompt + 5; ++t) {
        auto got = f.model->forward(&tokens[t], 1, t, 0);
        ASSERT_TRUE(got.ok());
        for (int v = 0; v < fake::vocabulary; ++v)
          ASSERT_NEAR((*got)[v], expected[t][v], 2e-4);
      }
    }
  }
}

TEST(Model, SameBitsForAnyNumberOfThreads) {
  auto tokens = sequence(20);
  std::vector<float> first;
  for (int threads : {1, 2, 4, 7}) {
    Fixture f(threads);
    auto got = f.model->forward(tokens.data(), 20, 0, 0);
    ASSERT_TRUE(got.ok());
    std::vector<float> all(*got, *got + 20 * fake::vocabulary);
    if (first.empty())
      first = all;
    EXPECT_EQ(first, all);
  }
}

TEST(Model, TextsInSlotsAreOnesOfTheirOwn) {
  auto pool = ThreadPool::create({2, false, false});
  ModelOptions options;
  options.slots = 3;
  auto model = Model::create(fake::program(), fake::weights(),
                             fake::weightsBytes(), **pool, options);
  ASSERT_TRUE(model.ok()) << model.error().message;
  // Slot s holds a text that begins with 5 + s tokens; then each gets one more
  // in one call, and slot 1 a draft of two.
  std::vector<std::vector<int32_t>> texts;
  for (int s = 0; s < 3; ++s) {
    auto tokens = sequence(40);
    texts.push_back({tokens.begin() + 9 * s, tokens.begin() + 9 * s + 20});
    ASSERT_TRUE((*model)->forward(texts[s].data(), 5 + s, 0, 5 + s, s).ok());
  }
  std::vector<int32_t> tokens, positions, slots;
  for (int32_t slot : {2, 1, 1, 0}) {
    slots.push_back(slot);
    positions.push_back(5 + slot + (slots.size() == 3));
    tokens.push_back(texts[slot][positions.back()]);
  }
  auto got =
      (*model)->step(tokens.data(), positions.data(), slots.data(), 4, 0);
  ASSERT_TRUE(got.ok());
  for (int i = 0; i < 4; ++i) {
    auto expected = fake::logits(texts[slots[i]]);
    for (int v = 0; v < fake::vocabulary; ++v)
      ASSERT_NEAR((*got)[i * fake::vocabulary + v], expected[positions[i]][v],
                  2e-4)
          << i << " " << v;
  }
  slots[0] = 3;
  auto refused =
      (*model)->step(tokens.data(), positions.data(), slots.data(), 4, 0);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message,
            "Token 0 is at position 7 of slot 3; there are 3 slots of 64 "
            "positions.");
}

TEST(Model, NoLogitsWhereNoneAreWanted) {
  Fixture f(2);
  auto tokens = sequence(12);
  auto expected = fake::logits(tokens);
  ASSERT_TRUE(f.model->forward(tokens.data(), 11, 0, 11).ok());
  auto got = f.model->forward(&tokens[11], 1, 11, 0);
  ASSERT_TRUE(got.ok());
  EXPECT_NEAR((*got)[3], expected[11][3], 2e-4);
}

TEST(Model, ContextIsRoundedAndKept) {
  EXPECT_EQ(Fixture(1).model->context(), 64);
  EXPECT_EQ(Fixture(1, 17).model->context(), 32);
  Fixture f(1, 16);
  auto tokens = sequence(17);
  EXPECT_TRUE(f.model->forward(tokens.data(), 16, 0, 15).ok());
  auto refused = f.model->forward(tokens.data(), 17, 0, 16);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::Usage);
  EXPECT_EQ(refused.error().message,
            "17 tokens at position 0 need 17 positions; the context has 16. "
            "Ask for a longer one with --context.");
}

TEST(Model, RefusesForeignTokens) {
  Fixture f(1);
  for (int32_t token : {-1, fake::vocabulary}) {
    int32_t tokens[] = {0, token};
    auto refused = f.model->forward(tokens, 2, 0, 1);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::BadInput);
    EXPECT_NE(refused.error().message.find("Token 1 has the id " +
                                           std::to_string(token)),
              std::string::npos);
  }
}

TEST(Model, RefusesForeignWeightsAndVersions) {
  auto pool = ThreadPool::create({1, false, false});
  auto few = Model::create(fake::program(), fake::weights(), 100, **pool);
  ASSERT_FALSE(few.ok());
  EXPECT_NE(few.error().message.find("but 100 are there"), std::string::npos);
  compress_program other = fake::program();
  other.abi_version = 99;
  auto version =
      Model::create(other, fake::weights(), fake::weightsBytes(), **pool);
  ASSERT_FALSE(version.ok());
  EXPECT_NE(version.error().message.find("version 99"), std::string::npos);
  ModelOptions options;
  options.context = int64_t(1) << 40;
  auto large = Model::create(fake::program(), fake::weights(),
                             fake::weightsBytes(), **pool, options);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().kind, ErrorKind::Usage);
}

TEST(Model, HasTheCacheThatIsAskedFor) {
  auto pool = ThreadPool::create({1, false, false});
  ModelOptions options;
  auto create = [&] {
    return Model::create(fake::program(), fake::weights(), fake::weightsBytes(),
                         **pool, options);
  };
  auto first = create();
  ASSERT_TRUE(first.ok());
  EXPECT_STREQ((*first)->cacheType(), "f32");
  options.cacheType = "int8";
  auto second = create();
  ASSERT_TRUE(second.ok());
  EXPECT_STREQ((*second)->cacheType(), "int8");
  EXPECT_GT((*second)->memoryBytes(), (*first)->memoryBytes());
  options.cacheType = "f16";
  auto none = create();
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().message,
            "This program stores keys and values as f32, int8, not 'f16'; "
            "`compress build --cache-type` makes one that does.");
}

TEST(SelectVariant, BestThatRunsOrASentence) {
  FeatureTest everything = [](const compress_feature &) { return true; };
  const compress_program &program = fake::program();
  auto best = selectVariant(program);
  ASSERT_TRUE(best.ok());
  EXPECT_STREQ((*best)->instruction_set, "generic");
  EXPECT_STREQ((*selectVariant(program, "", everything))->instruction_set,
               "imagined");
  EXPECT_STREQ(
      (*selectVariant(program, "generic", everything))->instruction_set,
      "generic");
  auto unknown = selectVariant(program, "avx9");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().kind, ErrorKind::Usage);
  EXPECT_EQ(unknown.error().message,
            "The program has no code for the instruction set 'avx9'; it has "
            "'imagined', 'generic'.");
  EXPECT_FALSE(selectVariant(program, "imagined").ok());

  const compress_feature wide[] = {{"first", 1, 0, 0, 1, 0},
                                   {"second", 2, 0, 0, 1, 0},
                                   {"third", 3, 0, 0, 1, 0}};
  compress_variant variants[] = {{"three", wide, 3, nullptr},
                                 {"two", wide, 2, nullptr}};
  compress_program narrow = program;
  narrow.variants = variants;
  FeatureTest hasSecond = [](const compress_feature &f) { return f.leaf == 2; };
  auto none = selectVariant(narrow, "", hasSecond,
                            "compress build small.mlir --target x86-64");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().kind, ErrorKind::Environment);
  EXPECT_EQ(none.error().message,
            "This program needs first, which this processor does not have. "
            "Rebuild with: compress build small.mlir --target x86-64");
}
