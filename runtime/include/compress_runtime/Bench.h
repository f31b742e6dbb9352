//===- Bench.h - Tokens a second ------------------------------ -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_BENCH_H
#define COMPRESS_RUNTIME_BENCH_H

#include "compress_runtime/Model.h"

namespace compresslib {
namespace rt {

struct BenchOptions {
  int64_t prompt = 512;    ///< tokens of the prefill, at most the context
  int64_t generate = 128;  ///< tokens decoded one by one, at most the context
  int64_t repetitions = 5; ///< after one that does not count
  int64_t depth = 0;       ///< positions before those that are decoded
  int64_t batch = 1;       ///< texts that are decoded together, in slots
};

struct BenchResult {
  int64_t prompt = 0, generate = 0, repetitions = 0;
  double prefillTokensPerSecond = 0, prefillDeviation = 0;
  double decodeTokensPerSecond = 0, decodeDeviation = 0;
  uint64_t peakRssBytes = 0;
};

/// Seconds of a clock that never goes back.
double now();
/// The most memory this process has held, mapped weights included.
uint64_t peakRssBytes();

/// Both with an empty cache at the start and tokens of a fixed seed.
Expected<BenchResult> bench(Model &model, const BenchOptions &options = {});

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_BENCH_H
