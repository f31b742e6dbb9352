//===- Options.h - The options of an edge binary -------------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_OPTIONS_H
#define COMPRESS_RUNTIME_OPTIONS_H

#include "compress/Support/Error.h"
#include "compress_runtime/Sampler.h"

#include <string>
#include <vector>

namespace compresslib {
namespace rt {

/// What the options of an edge binary say.
struct Settings {
  std::string prompt, promptFile, perplexityFile, instructionSet, bos = "auto",
                                                                  cacheType;
  bool hasPrompt = false, hasFile = false, hasPerplexity = false;
  bool hasSeed = false, escape = false, echo = false, ignoreEnd = false;
  bool interactive = false, bench = false, info = false, json = false;
  bool documents = false, help = false, version = false, noPin = false;
  bool verify = false;
  int64_t maximum = -1, context = 0, threads = 0, chunks = 0, seed = 0;
  int64_t repetitions = 5, benchPrompt = 512, benchGenerate = 128;
  int64_t benchDepth = 0, benchBatch = 1, parallel = 0;
  double temperature, topP, minP, repeatPenalty;
  int64_t topK, repeatLast;
  std::vector<std::string> stop;

  Settings() {
    SamplerOptions d;
    temperature = d.temperature;
    topK = d.topK;
    topP = d.topP;
    minP = d.minP;
    repeatPenalty = d.repeatPenalty;
    repeatLast = d.repeatLast;
  }

  /// Reads options; the error names the one that is wrong.
  Status parse(int argc, char **argv);
  /// What --help prints.
  static std::string helpText(const char *program);
};

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_OPTIONS_H
