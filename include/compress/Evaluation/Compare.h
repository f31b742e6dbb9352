//===- Compare.h - A model against the untouched one ---------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For every scored position of a text: the negative log likelihood of the token
// that follows, the divergence KL(base || model) of the two distributions in
// nats, and whether both have the same most likely token (the lowest id of
// equals). Rows are f32 log-softmax, likelihoods and sums double and in the
// order of the text, so results depend neither on the number of threads nor on
// whether the base came from the cache.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_EVALUATION_COMPARE_H
#define COMPRESS_EVALUATION_COMPARE_H

#include "compress/Support/Error.h"
#include "compress_runtime/Perplexity.h"

#include <functional>
#include <string>
#include <vector>

namespace compresslib {
namespace eval {

struct TextScore {
  rt::Score score;       ///< nll, its error, perplexity, scored positions
  bool compared = false; ///< the rest is there
  double kl = 0, klError = 0;
  double klP99 = 0; ///< 99th percentile, between the two nearest positions
  double klMax = 0;
  double sameTop = 0, sameTopError = 0; ///< shares, 0 .. 1
};

struct CompareOptions {
  /// Where the base's log-probabilities are kept from run to run; empty: not.
  std::string cachePath;
  /// What they depend on: hash of model, text and protocol. A cache of another
  /// key is replaced.
  std::string cacheKey;
  /// A cache that would take more bytes is not written.
  uint64_t cacheLimit = uint64_t(1) << 30;
  /// Called after every sequence; false stops with the scores so far.
  std::function<bool(size_t done, size_t all)> progress;
};

struct Comparison {
  TextScore base;                ///< of the base, if there was one
  std::vector<TextScore> models; ///< in the order given
  bool cached = false;           ///< the base was read and not run
};

/// Scores `models`, of which there may be none, in one pass over `sequences`,
/// each against `base` where that is not null. All have one vocabulary.
/// BadInput: a logit that is not finite.
Expected<Comparison> compareModels(rt::Model *base,
                                   const std::vector<rt::Model *> &models,
                                   const std::vector<rt::Sequence> &sequences,
                                   const CompareOptions &options = {});

/// KL of one position: base[i] log-probabilities, model[i] logits.
double divergence(const float *base, const float *model, double modelLogSum,
                  int64_t count);

/// The value below which `share` of the values lie, linear between neighbours.
double percentile(std::vector<float> values, double share);

} // namespace eval
} // namespace compresslib

#endif // COMPRESS_EVALUATION_COMPARE_H
