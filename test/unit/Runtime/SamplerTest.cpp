//===- SamplerTest.cpp - Every step against its formula ------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Sampler.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <map>

using namespace compresslib::rt;

namespace {
/// All steps off.
SamplerOptions plain() {
  SamplerOptions options;
  options.temperature = 1;
  options.topK = 0;
  options.topP = 1;
  options.minP = 0;
  return options;
}

std::vector<float> randomLogits(int count, uint64_t seed) {
  Random random(seed);
  std::vector<float> logits(count);
  for (float &l : logits)
    l = static_cast<float>(8 * random.uniform() - 4);
  return logits;
}

std::vector<int32_t> kept(const SamplerOptions &options,
                          const std::vector<float> &logits,
                          const std::vector<int32_t> &accepted = {}) {
  Sampler sampler(options);
  for (int32_t token : accepted)
    sampler.accept(token);
  std::vector<int32_t> tokens;
  for (auto &c : sampler.candidates(logits.data(), logits.size()))
    tokens.push_back(c.token);
  return tokens;
}

/// The naive chain: full softmax and full sorts at every step.
std::vector<int32_t> naive(const SamplerOptions &o, std::vector<float> logits,
                           const std::vector<int32_t> &accepted) {
  std::vector<bool> seen(logits.size());
  size_t from = o.repeatLast < 0 ? 0
                : accepted.size() > size_t(o.repeatLast)
                    ? accepted.size() - o.repeatLast
                    : 0;
  for (size_t i = from; i < accepted.size(); ++i)
    seen[accepted[i]] = true;
  for (size_t i = 0; i < logits.size(); ++i)
    if (seen[i])
      logits[i] = logits[i] <= 0 ? logits[i] * o.repeatPenalty
                                 : logits[i] / o.repeatPenalty;
  std::vector<int32_t> order(logits.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  });
  if (o.topK > 0 && size_t(o.topK) < order.size())
    order.resize(o.topK);
  auto probabilities = [&] {
    std::vector<double> p;
    double sum = 0;
    for (int32_t t : order)
      sum += std::exp(double(logits[t]));
    for (int32_t t : order)
      p.push_back(std::exp(double(logits[t])) / sum);
    return p;
  };
  if (o.topP < 1) {
    auto p = probabilities();
    double sum = 0;
    size_t n = 0;
    while (n < p.size() && sum < o.topP)
      sum += p[n++];
    order.resize(std::max<size_t>(n, 1));
  }
  if (o.minP > 0) {
    auto p = probabilities();
    size_t n = 0;
    while (n < p.size() && p[n] >= o.minP * p[0])
      ++n;
    order.resize(std::max<size_t>(n, 1));
  }
  return order;
}
} // namespace

TEST(Sampler, ChainIsTheNaiveChain) {
  Random random(7);
  for (int round = 0; round < 400; ++round) {
    auto logits =
        randomLogits(1 + random.next() % (round % 8 ? 60 : 3000), round);
    std::vector<int32_t> accepted;
    for (int i = 0; i < 20; ++i)
      accepted.push_back(random.next() % logits.size());
    SamplerOptions o;
    o.topK = random.next() % 30;
    if (round % 5 == 0)
      o.topK = 0;
    o.topP = 0.2f + 1.0f * random.uniform();
    o.minP = round % 2 ? 0.3f * random.uniform() : 0;
    o.repeatPenalty = round % 3 ? 1.0f : 1.5f;
    o.repeatLast = int(random.next() % 25) - 1;
    EXPECT_EQ(kept(o, logits, accepted), naive(o, logits, accepted)) << round;
  }
}

TEST(Sampler, TiesAreTakenInOrder) {
  SamplerOptions o = plain();
  o.topK = 3;
  EXPECT_EQ(kept(o, {1, 5, 5, 0, 5, 5}), (std::vector<int32_t>{1, 2, 4}));
  o.temperature = 0;
  EXPECT_EQ(kept(o, {1, 5, 5, 0, 5, 5}), (std::vector<int32_t>{1}));
  const float nan = std::nanf("");
  EXPECT_EQ(kept(o, {nan, 1, nan, 2}), (std::vector<int32_t>{3}));
}

TEST(Argmax, FirstOfTheLargest) {
  Random random(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<float> values(1 + random.next() % 200);
    for (float &v : values)
      v = static_cast<float>(random.next() % 20) - 10;
    if (round % 3 == 0)
      values[random.next() % values.size()] = std::nanf("");
    int64_t best = 0;
    for (size_t i = 0; i < values.size(); ++i)
      if (values[i] > values[best] || std::isnan(values[best]))
        best = i;
    EXPECT_EQ(argmax(values.data(), values.size()), best) << round;
  }
}

TEST(Sampler, GreedyHeedsThePenalty) {
  SamplerOptions o = plain();
  o.temperature = 0;
  o.repeatPenalty = 2;
  EXPECT_EQ(kept(o, {3, 2, -1}, {0}), (std::vector<int32_t>{1}));
  EXPECT_EQ(kept(o, {-1, -1.5f, -9}, {0}), (std::vector<int32_t>{1}));
  o.repeatLast = 1;
  EXPECT_EQ(kept(o, {3, 2, -1}, {0, 2}), (std::vector<int32_t>{0}));
}

TEST(Sampler, DrawsByProbability) {
  SamplerOptions o = plain();
  o.temperature = 0.5f;
  o.seed = 3;
  Sampler sampler(o);
  std::vector<float> logits = {0, 1, 0.5f, -2};
  double sum = 0;
  for (float l : logits)
    sum += std::exp(2.0 * l);
  std::map<int32_t, int> drawn;
  const int n = 40000;
  for (int i = 0; i < n; ++i)
    ++drawn[sampler.sample(logits.data(), 4)];
  for (int t = 0; t < 4; ++t) {
    double p = std::exp(2.0 * logits[t]) / sum;
    EXPECT_NEAR(drawn[t] / double(n), p, 4 * std::sqrt(p * (1 - p) / n)) << t;
  }
}

TEST(Sampler, SeedDecides) {
  auto logits = randomLogits(50, 1);
  auto draw = [&](uint64_t seed) {
    SamplerOptions o;
    o.temperature = 2;
    o.seed = seed;
    Sampler sampler(o);
    std::vector<int32_t> tokens;
    for (int i = 0; i < 40; ++i)
      tokens.push_back(sampler.sample(logits.data(), 50));
    return tokens;
  };
  EXPECT_EQ(draw(5), draw(5));
  EXPECT_NE(draw(5), draw(6));
}

TEST(Random, SplitMix64Vectors) {
  // The published sequence of seed 1234567.
  Random random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317u);
  EXPECT_EQ(random.next(), 3203168211198807973u);
  EXPECT_EQ(random.next(), 9817491932198370423u);
}
