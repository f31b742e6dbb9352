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
  result.generate = std::min(options.generate, model.context());
  result.repetitions = options.repetitions;
  Random random(1);
  std::vector<int32_t> tokens(std::max(result.prompt, result.generate));
  for (int32_t &token : tokens)
    token = random.next() % model.vocabulary();

  Mean prefill, decode;
  for (int64_t round = 0; round <= options.repetitions; ++round) {
    double start = now();
    auto logits =
        model.forward(tokens.data(), result.prompt, 0, result.prompt - 1);
    if (!logits)
      return logits.error();
    double middle = now();
    for (int64_t i = 0; i < result.generate; ++i)
      if (auto one = model.forward(&tokens[i], 1, i, 0); !one)
        return one.error();
    double end = now();
    if (round) {
      prefill.add(result.prompt / (middle - start));
      decode.add(result.generate / (end - middle));
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
