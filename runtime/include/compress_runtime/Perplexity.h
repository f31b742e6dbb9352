//===- Perplexity.h - How well a model predicts a text -------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two protocols. Windows (llama-perplexity's): BOS, if any, and the whole text
// are tokenised once; window i is tokens i·C … i·C+C−1, a last short one is
// dropped; each window's first token is replaced by BOS, if any; position t
// predicts t+1, and positions C/2 … C−2 are scored. Documents: the text is cut
// at "<|endoftext|>", each document stripped, tokenised alone after BOS, cut to
// C+1 tokens, and every prediction scored.
//
// A row's log-softmax takes f32 logits and exponentials; sums are double, rows
// are independent, and their results are added in the order of the text, so the
// figures do not depend on the number of threads.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_PERPLEXITY_H
#define COMPRESS_RUNTIME_PERPLEXITY_H

#include "compress_runtime/Generate.h"
#include "compress_runtime/Model.h"

namespace compresslib {
namespace rt {

struct TextOptions {
  int64_t context = 512;
  int64_t chunks = 0; ///< the first so many windows or documents; 0: all
  bool documents = false;
  int32_t bos = -1; ///< -1: none
};

/// Tokens of which position t predicts t+1 for every t >= firstScored.
struct Sequence {
  std::vector<int32_t> tokens;
  int64_t firstScored = 0;
  int64_t scored() const {
    return static_cast<int64_t>(tokens.size()) - 1 - firstScored;
  }
};

/// Python's str.strip(): Unicode white space at both ends.
std::string_view stripped(std::string_view text);

/// Cuts a text. BadInput where there is nothing to score.
Expected<std::vector<Sequence>> cutText(std::string_view text,
                                        const TextOptions &options,
                                        const Encode &encode);

/// Rows of logits [rows][vocabulary] and the token that each should predict.
using VisitRows = std::function<void(const float *logits,
                                     const int32_t *targets, int64_t rows)>;

/// Runs one sequence from position 0, by chunks, and visits its scored rows in
/// order.
Status visit(Model &model, const Sequence &sequence, const VisitRows &visitor);

/// log(sum(exp(row))) of f32 logits.
double logSumExp(const float *row, int64_t count);

/// exp(x) for x <= 0 within 2 ulp, and a form that compilers vectorise.
inline float expNonPositive(float x) {
  x = x < -87.0f ? -87.0f : x;
  float shifted = x * 1.44269504f + 12582912.0f;
  float n = shifted - 12582912.0f;
  float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
  float scale;
  __builtin_memcpy(&scale, &bits, sizeof(scale));
  return p * scale;
}

/// Mean and standard error of samples given one by one.
class Mean {
public:
  void add(double value) {
    ++count_;
    double change = value - mean_;
    mean_ += change / count_;
    squares_ += change * (value - mean_);
  }
  int64_t count() const { return count_; }
  double mean() const { return mean_; }
  double deviation() const;
  double error() const;

private:
  int64_t count_ = 0;
  double mean_ = 0, squares_ = 0;
};

struct Score {
  double nll = 0;      ///< mean negative log likelihood, nats a token
  double nllError = 0; ///< its standard error
  double perplexity = 0;
  int64_t scored = 0;
};

/// `progress`, where given, is called after every sequence with the score so
/// far and returns false to stop (the score so far is then the result).
Expected<Score> perplexity(
    Model &model, const std::vector<Sequence> &sequences,
    const std::function<bool(size_t done, const Score &)> &progress = nullptr);

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_PERPLEXITY_H
