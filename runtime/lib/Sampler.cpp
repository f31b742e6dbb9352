//===- Sampler.cpp - The next token from its logits ----------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Sampler.h"

#include <algorithm>
#include <cmath>

namespace compresslib {
namespace rt {

uint64_t Random::next() {
  uint64_t z = state_ += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// The largest of a block, NaN left out.
static inline float blockMaximum(const float *values) {
  float lanes[Sampler::block];
  for (int j = 0; j < Sampler::block; ++j)
    lanes[j] = values[j] > -INFINITY ? values[j] : -INFINITY;
  for (int step = Sampler::block / 2; step; step /= 2)
    for (int j = 0; j < step; ++j)
      lanes[j] = lanes[j] > lanes[j + step] ? lanes[j] : lanes[j + step];
  return lanes[0];
}

int64_t argmax(const float *values, int64_t count) {
  // Few blocks raise the maximum, so most are only looked at as a whole.
  int64_t best = 0, i = 0;
  float most = -INFINITY;
  for (; i < count;) {
    bool whole = i + Sampler::block <= count;
    int64_t end = whole ? i + Sampler::block : count;
    if (whole && !(blockMaximum(values + i) > most)) {
      i = end;
      continue;
    }
    for (; i < end; ++i)
      if (values[i] > most) {
        most = values[i];
        best = i;
      }
  }
  return best;
}

void Sampler::accept(int32_t token) { accepted_.push_back(token); }

const std::vector<Sampler::Candidate> &Sampler::candidates(const float *logits,
                                                           int64_t vocabulary) {
  size_t last = options_.repeatLast < 0
                    ? accepted_.size()
                    : std::min<size_t>(options_.repeatLast, accepted_.size());
  bool penalised = options_.repeatPenalty != 1.0f && last > 0;
  if (options_.temperature <= 0.0f && !penalised) {
    int64_t best = argmax(logits, vocabulary);
    candidates_.assign(1, {logits[best], static_cast<int32_t>(best)});
    return candidates_;
  }

  if (penalised) {
    penalised_.assign(logits, logits + vocabulary);
    std::vector<int32_t> seen(accepted_.end() - last, accepted_.end());
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    for (int32_t token : seen)
      if (token >= 0 && token < vocabulary) {
        float &logit = penalised_[token];
        if (logit <= 0)
          logit *= options_.repeatPenalty;
        else
          logit /= options_.repeatPenalty;
      }
    logits = penalised_.data();
  }
  if (options_.temperature <= 0.0f) {
    int64_t best = argmax(logits, vocabulary);
    candidates_.assign(1, {logits[best], static_cast<int32_t>(best)});
    return candidates_;
  }

  auto before = [](const Candidate &a, const Candidate &b) {
    return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
  };
  auto candidate = [&](int64_t i) {
    return Candidate{std::isnan(logits[i]) ? -INFINITY : logits[i],
                     static_cast<int32_t>(i)};
  };
  candidates_.clear();
  size_t sorted = 0;
  if (options_.topK > 0 && options_.topK < vocabulary) {
    // A heap of the best so far, its worst on top; later equals do not enter.
    size_t kept = options_.topK;
    int64_t i = 0;
    for (; candidates_.size() < kept; ++i)
      candidates_.push_back(candidate(i));
    std::make_heap(candidates_.begin(), candidates_.end(), before);
    for (; i < vocabulary;) {
      bool whole = i + block <= vocabulary;
      int64_t end = whole ? i + block : vocabulary;
      if (whole && !(blockMaximum(logits + i) > candidates_[0].logit)) {
        i = end;
        continue;
      }
      for (; i < end; ++i)
        if (logits[i] > candidates_[0].logit) {
          std::pop_heap(candidates_.begin(), candidates_.end(), before);
          candidates_.back() = candidate(i);
          std::push_heap(candidates_.begin(), candidates_.end(), before);
        }
    }
    std::sort(candidates_.begin(), candidates_.end(), before);
    sorted = kept;
  } else {
    for (int64_t i = 0; i < vocabulary; ++i)
      candidates_.push_back(candidate(i));
  }
  // Without top-k, only as much is sorted as the next steps look at.
  auto sortTo = [&](size_t count) {
    count = std::min(count, candidates_.size());
    if (count > sorted) {
      std::partial_sort(candidates_.begin() + sorted,
                        candidates_.begin() + count, candidates_.end(), before);
      sorted = count;
    }
  };

  sortTo(256);
  float most = candidates_[0].logit;
  if (options_.topP < 1.0f) {
    double sum = 0, reached = 0;
    for (const Candidate &c : candidates_)
      sum += std::exp(c.logit - most);
    for (size_t i = 0; i < candidates_.size(); ++i) {
      if (i == sorted)
        sortTo(8 * sorted);
      reached += std::exp(candidates_[i].logit - most) / sum;
      if (reached >= options_.topP) {
        candidates_.resize(i + 1);
        break;
      }
    }
  }
  if (options_.minP > 0.0f) {
    // p >= minP x the largest p, said in logits.
    float least = most + std::log(options_.minP);
    size_t i = 1;
    for (; i < candidates_.size(); ++i) {
      if (i == sorted)
        sortTo(8 * sorted);
      if (candidates_[i].logit < least)
        break;
    }
    candidates_.resize(i);
  }
  sortTo(candidates_.size());
  for (Candidate &c : candidates_)
    c.logit /= options_.temperature;
  return candidates_;
}

int32_t Sampler::sample(const float *logits, int64_t vocabulary) {
  const std::vector<Candidate> &left = candidates(logits, vocabulary);
  if (left.size() == 1)
    return left[0].token;
  double sum = 0;
  for (const Candidate &c : left)
    sum += std::exp(c.logit - left[0].logit);
  double point = random_.uniform() * sum;
  for (const Candidate &c : left) {
    point -= std::exp(c.logit - left[0].logit);
    if (point < 0)
      return c.token;
  }
  return left[0].token;
}

} // namespace rt
} // namespace compresslib
