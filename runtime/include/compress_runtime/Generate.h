//===- Generate.h - Text from a prompt, as a stream ----------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_GENERATE_H
#define COMPRESS_RUNTIME_GENERATE_H

#include "compress_runtime/Model.h"
#include "compress_runtime/Sampler.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace compresslib {
namespace rt {

/// Text to tokens; `addSpecial`: with what the tokenizer itself adds (BOS).
using Encode = std::function<Expected<std::vector<int32_t>>(
    std::string_view text, bool addSpecial)>;

/// Tokens to text as they come.
struct TokenDecoder {
  /// The text that a token completes: whole characters only.
  std::function<std::string(int32_t)> push;
  /// What still waits at the end.
  std::function<std::string()> finish;
};

/// A tokenizer as the rest of the runtime sees it.
struct TextCodec {
  Encode encode;
  /// A fresh streaming decoder; special tokens give no text.
  std::function<TokenDecoder()> decoder;
  int32_t bos = -1; ///< what the tokenizer puts first; -1: nothing
  int64_t vocabulary = 0;
};

/// Lets text through up to the first stop string, and holds back an end that
/// may be the beginning of one.
class StopFilter {
public:
  explicit StopFilter(std::vector<std::string> stop);
  /// The text that may be shown now.
  std::string push(std::string_view text);
  /// What was held back, at the end of a text that did not stop.
  std::string flush();
  bool stopped() const { return stopped_; }

private:
  std::vector<std::string> stop_;
  std::string held_;
  bool stopped_ = false;
};

enum class StopReason {
  Limit,       ///< as many tokens as were asked for
  EndToken,    ///< the model ended its text
  StopString,  ///< a stop string
  ContextFull, ///< no position is left
  Interrupted, ///< the interrupt flag
  OutputClosed ///< emit returned false
};

struct GenerateOptions {
  int64_t maximum = -1; ///< tokens; -1: until another reason
  std::vector<std::string> stop;
  std::vector<int32_t> endTokens;
  bool ignoreEnd = false; ///< goes on after end tokens, which give no text
};

struct Generation {
  StopReason reason = StopReason::Limit;
  std::vector<int32_t> tokens; ///< an end token included
  int64_t promptTokens = 0;
  double promptSeconds = 0, decodeSeconds = 0;
};

/// A text that grows in a model's cache by prompts and answers in turn.
class Generator {
public:
  Generator(Model &model, const SamplerOptions &sampler,
            const volatile int *interrupt = nullptr);

  /// Runs `prompt` after what is there and generates. `emit` gets the text
  /// piece by piece and returns false to stop. A prompt that does not fit is a
  /// Usage error with the counts, and changes nothing.
  Expected<Generation>
  generate(const std::vector<int32_t> &prompt, const GenerateOptions &options,
           const TokenDecoder &decoder,
           const std::function<bool(std::string_view)> &emit);

  /// Forgets the text.
  void reset();
  /// Positions of the cache in use, and of the token not yet run.
  int64_t used() const { return position_ + (pending_ >= 0); }

private:
  Model &model_;
  SamplerOptions samplerOptions_;
  Sampler sampler_;
  const volatile int *interrupt_;
  int64_t position_ = 0;
  int32_t pending_ = -1; ///< drawn, but not yet run
};

struct Completion {
  Generation generation;
  std::string text;
};

/// What Generator makes of each prompt alone (where weights are integer codes
/// with int8 activations, bit for bit), with as many texts
/// decoded together as the model has slots. A prompt that is empty or does not
/// fit is a Usage error.
Expected<std::vector<Completion>>
generateTogether(Model &model, const std::vector<std::vector<int32_t>> &prompts,
                 const SamplerOptions &sampler, const GenerateOptions &options,
                 const TextCodec &codec,
                 const volatile int *interrupt = nullptr);

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_GENERATE_H
