//===- CompareTest.cpp - Divergences against the formula ------ -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Evaluation/Compare.h"
#include "FakeCodec.h"

#include <cmath>
#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace compresslib;
using namespace compresslib::eval;

namespace {
std::vector<double> logProbabilities(const std::vector<double> &row) {
  double sum = 0;
  for (double value : row)
    sum += std::exp(value);
  std::vector<double> result = row;
  for (double &value : result)
    value -= std::log(sum);
  return result;
}

size_t top(const std::vector<double> &row) {
  return std::max_element(row.begin(), row.end()) - row.begin();
}

class Compare : public testing::Test {
protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "compareXXXXXX";
    ASSERT_TRUE(mkdtemp(name.data()));
    folder = name + "/";
    std::string text;
    for (int i = 0; i < 150; ++i)
      text += static_cast<char>('a' + (i * i + 3 * i) % 26);
    rt::TextOptions options;
    options.context = 40;
    options.bos = fake::bos;
    sequences = *rt::cutText(text, options, fake::codec().encode);
    use(2);
  }
  void TearDown() override {
    models.clear();
    std::string command = "rm -rf '" + folder + "'";
    ASSERT_EQ(system(command.c_str()), 0);
  }
  void use(int threads) {
    models.clear();
    pool = std::move(*rt::ThreadPool::create({threads, false, false}));
    for (int variation : {0, 1, 2})
      models.push_back(std::move(
          *rt::Model::create(fake::program(), fake::weights(variation),
                             fake::weightsBytes(), *pool)));
  }
  Comparison run(const CompareOptions &options = {}) {
    auto result =
        compareModels(models[0].get(), {models[1].get(), models[2].get()},
                      sequences, options);
    EXPECT_TRUE(result.ok());
    return *result;
  }
  static void expectEqual(const TextScore &a, const TextScore &b) {
    EXPECT_EQ(a.score.nll, b.score.nll);
    EXPECT_EQ(a.score.nllError, b.score.nllError);
    EXPECT_EQ(a.kl, b.kl);
    EXPECT_EQ(a.klError, b.klError);
    EXPECT_EQ(a.klP99, b.klP99);
    EXPECT_EQ(a.klMax, b.klMax);
    EXPECT_EQ(a.sameTop, b.sameTop);
  }
  std::string folder;
  std::vector<rt::Sequence> sequences;
  std::unique_ptr<rt::ThreadPool> pool;
  std::vector<std::unique_ptr<rt::Model>> models;
};
} // namespace

TEST_F(Compare, IsTheFormula) {
  Comparison got = run();
  ASSERT_EQ(got.models.size(), 2u);
  for (int variation : {1, 2}) {
    double nll = 0;
    std::vector<double> kls;
    int64_t same = 0;
    for (const rt::Sequence &s : sequences) {
      auto base = fake::logits(s.tokens),
           model = fake::logits(s.tokens, variation);
      for (size_t t = 20; t + 1 < s.tokens.size(); ++t) {
        auto b = logProbabilities(base[t]), m = logProbabilities(model[t]);
        double kl = 0;
        for (size_t v = 0; v < b.size(); ++v)
          kl += std::exp(b[v]) * (b[v] - m[v]);
        kls.push_back(kl);
        nll -= m[s.tokens[t + 1]];
        same += top(b) == top(m);
      }
    }
    double n = kls.size(), mean = 0, squares = 0;
    for (double kl : kls)
      mean += kl / n;
    for (double kl : kls)
      squares += (kl - mean) * (kl - mean);
    std::sort(kls.begin(), kls.end());
    double at = 0.99 * (n - 1);
    size_t low = static_cast<size_t>(at);
    double p99 = kls[low] + (at - low) * (kls[low + 1] - kls[low]);
    const TextScore &score = got.models[variation - 1];
    EXPECT_EQ(score.score.scored, kls.size());
    EXPECT_NEAR(score.score.nll, nll / n, 2e-5);
    EXPECT_GT(mean, 1e-3);
    EXPECT_NEAR(score.kl, mean, 1e-5);
    EXPECT_NEAR(score.klError, std::sqrt(squares / (n - 1) / n), 1e-5);
    EXPECT_NEAR(score.klP99, p99, 1e-4);
    EXPECT_NEAR(score.klMax, kls.back(), 1e-4);
    EXPECT_DOUBLE_EQ(score.sameTop, same / n);
  }
  EXPECT_EQ(got.base.kl, 0);
  EXPECT_EQ(got.base.sameTop, 1);
  EXPECT_NEAR(got.base.score.nll, rt::perplexity(*models[0], sequences)->nll,
              1e-6);
}

TEST_F(Compare, ABaseOfItselfDivergesNowhere) {
  auto got = compareModels(models[1].get(), {models[1].get()}, sequences);
  ASSERT_TRUE(got.ok());
  EXPECT_LT(got->models[0].klMax, 2e-6);
  EXPECT_EQ(got->models[0].sameTop, 1);
}

TEST_F(Compare, WithoutABase) {
  auto got = compareModels(nullptr, {models[1].get()}, sequences);
  ASSERT_TRUE(got.ok());
  EXPECT_FALSE(got->models[0].compared);
  EXPECT_EQ(got->models[0].score.nll,
            rt::perplexity(*models[1], sequences)->nll);
  EXPECT_FALSE(compareModels(nullptr, {}, sequences).ok());
}

TEST_F(Compare, SameBitsForAnyNumberOfThreads) {
  use(1);
  Comparison one = run();
  use(5);
  Comparison five = run();
  for (int m : {0, 1})
    expectEqual(one.models[m], five.models[m]);
}

TEST_F(Compare, CacheGivesTheSameAndIsChecked) {
  Comparison plain = run();
  CompareOptions options;
  options.cachePath = folder + "cache";
  options.cacheKey = "first";
  Comparison written = run(options);
  EXPECT_FALSE(written.cached);
  Comparison read = run(options);
  EXPECT_TRUE(read.cached);
  for (const Comparison *other : {&written, &read}) {
    expectEqual(plain.base, other->base);
    for (int m : {0, 1})
      expectEqual(plain.models[m], other->models[m]);
  }
  options.cacheKey = "second";
  EXPECT_FALSE(run(options).cached);
  EXPECT_TRUE(run(options).cached);
  // A damaged cache is not used.
  int file = open(options.cachePath.c_str(), O_RDWR);
  ASSERT_EQ(pwrite(file, "x", 1, 5000), 1);
  close(file);
  EXPECT_FALSE(run(options).cached);
  EXPECT_TRUE(run(options).cached);
  ASSERT_EQ(truncate(options.cachePath.c_str(), 4000), 0);
  EXPECT_FALSE(run(options).cached);

  options.cachePath = folder + "large";
  options.cacheLimit = 1000;
  EXPECT_FALSE(run(options).cached);
  struct stat status;
  EXPECT_NE(stat(options.cachePath.c_str(), &status), 0);
  options.cachePath = "/nonexistent/cache";
  options.cacheLimit = 1 << 30;
  expectEqual(run(options).models[0], plain.models[0]);
}

TEST(Percentile, BetweenNeighbours) {
  EXPECT_EQ(percentile({}, 0.99), 0);
  EXPECT_EQ(percentile({3}, 0.99), 3);
  EXPECT_DOUBLE_EQ(percentile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(percentile({5, 1}, 0.25), 2);
  EXPECT_DOUBLE_EQ(percentile({5, 1}, 1), 5);
}

TEST(Divergence, SmallOnesAndNoProbability) {
  std::vector<float> base(3000), model(3000);
  double sum = 0, modelSum = 0;
  for (int i = 0; i < 3000; ++i) {
    base[i] = 4 * std::sin(0.3f * i);
    model[i] = base[i] + 0.003f * std::cos(1.7f * i);
    sum += std::exp(double(base[i]));
    modelSum += std::exp(double(model[i]));
  }
  double expected = 0;
  for (int i = 0; i < 3000; ++i) {
    base[i] = static_cast<float>(base[i] - std::log(sum));
    expected +=
        std::exp(double(base[i])) * (base[i] - (model[i] - std::log(modelSum)));
  }
  EXPECT_NEAR(divergence(base.data(), model.data(), std::log(modelSum), 3000),
              expected, 3e-7);
  float none[] = {0, -INFINITY}, logits[] = {1, 2};
  double two = std::log(std::exp(1.0) + std::exp(2.0));
  EXPECT_NEAR(divergence(none, logits, two, 2), two - 1, 1e-6);
}
