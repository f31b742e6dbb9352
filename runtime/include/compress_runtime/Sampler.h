//===- Sampler.h - The next token from its logits ------------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Order, meaning and defaults are llama.cpp's: repetition penalty, top-k,
// top-p, min-p, temperature, draw. Equal logits are taken in the order of their
// ids, and the generator is the project's own, so that a seed gives the same
// text everywhere.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_SAMPLER_H
#define COMPRESS_RUNTIME_SAMPLER_H

#include <cstdint>
#include <vector>

namespace compresslib {
namespace rt {

struct SamplerOptions {
  float temperature = 0.8f;   ///< 0 or less: always the most likely token
  int32_t topK = 40;          ///< 0 or less: all
  float topP = 0.95f;         ///< 1 or more: all
  float minP = 0.05f;         ///< 0 or less: all
  float repeatPenalty = 1.0f; ///< 1: none
  int32_t repeatLast = 64;    ///< tokens looked back at; -1: all, 0: none
  uint64_t seed = 0;
};

/// SplitMix64 (Steele, Lea and Flood 2014).
class Random {
public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next();
  /// In [0, 1), 53 bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
  uint64_t state_;
};

/// The index of the largest value, the lowest of equals; NaN is never largest.
int64_t argmax(const float *values, int64_t count);

class Sampler {
public:
  explicit Sampler(const SamplerOptions &options)
      : options_(options), random_(options.seed) {}

  /// Notes a token of the prompt or of the text, for the repetition penalty.
  void accept(int32_t token);
  /// Draws the next token; does not accept it.
  int32_t sample(const float *logits, int64_t vocabulary);

  /// Logits are looked at in blocks of so many.
  static constexpr int block = 32;

  struct Candidate {
    float logit;
    int32_t token;
  };
  /// What is left to draw from, most likely first, logits divided by the
  /// temperature: sample() without the draw. One candidate at temperature 0.
  const std::vector<Candidate> &candidates(const float *logits,
                                           int64_t vocabulary);

private:
  SamplerOptions options_;
  Random random_;
  std::vector<int32_t> accepted_;
  std::vector<Candidate> candidates_;
  std::vector<float> penalised_;
};

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_SAMPLER_H
