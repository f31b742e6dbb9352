//===- Bench.cpp - Tokens a second ---------------------------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Bench.h"
#include "compress_runtime/Perplexity.h"

#include <algorithm>
#include <ctime>
#include <numeric>
#include <sys/resource.h>

namespace compresslib {
namespace rt {

double now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

uint64_t peakRssBytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return uint64_t(usage.ru_maxrss) * 1024;
}

Expected<BenchResult> bench(Model &model, const BenchOptions &options) {
  BenchResult result;
  result.prompt = std::min(options.prompt, model.context());
  int64_t depth = std::min(options.depth, model.context() - 1),
          batch = std::min(options.batch, model.slots());
  result.generate = std::min(options.generate, model.context() - depth);
  result.repetitions = options.repetitions;
  Random random(1);
  std::vector<int32_t> tokens(
      std::max({result.prompt, result.generate * batch, depth}));
  for (int32_t &token : tokens)
    token = random.next() % model.vocabulary();

  std::vector<int32_t> positions(batch), slots(batch);
  std::iota(slots.begin(), slots.end(), 0);
  for (int32_t slot : slots)
    if (auto some = model.forward(tokens.data(), depth, 0, depth, slot); !some)
      return some.error();

  Mean prefill, decode;
  for (int64_t round = 0; round <= options.repetitions; ++round) {
    double start = now();
    auto logits =
        model.forward(tokens.data(), result.prompt, 0, result.prompt - 1);
    if (!logits)
      return logits.error();
    double middle = now();
    for (int64_t i = 0; i < result.generate; ++i) {
      positions.assign(batch, static_cast<int32_t>(depth + i));
      if (auto next = model.step(&tokens[i * batch], positions.data(),
                                 slots.data(), batch, 0);
          !next)
        return next.error();
    }
    double end = now();
    if (round) {
      prefill.add(result.prompt / (middle - start));
      decode.add(result.generate * batch / (end - middle));
    }
  }
  result.prefillTokensPerSecond = prefill.mean();
  result.prefillDeviation = prefill.deviation();
  result.decodeTokensPerSecond = decode.mean();
  result.decodeDeviation = decode.deviation();
  result.peakRssBytes = peakRssBytes();
  return result;
}

} // namespace rt
} // namespace compresslib
