//===- Generate.cpp - Text from a prompt, as a stream --------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Generate.h"
#include "compress_runtime/Bench.h"
#include "compress_runtime/Text.h"

#include <algorithm>

namespace compresslib {
namespace rt {

StopFilter::StopFilter(std::vector<std::string> stop) {
  for (std::string &s : stop)
    if (!s.empty())
      stop_.push_back(std::move(s));
}

std::string StopFilter::push(std::string_view text) {
  if (stopped_)
    return {};
  held_ += text;
  size_t first = std::string::npos;
  for (const std::string &s : stop_)
    first = std::min(first, held_.find(s));
  if (first != std::string::npos) {
    stopped_ = true;
    std::string shown = held_.substr(0, first);
    held_.clear();
    return shown;
  }
  size_t keep = 0;
  for (const std::string &s : stop_)
    for (size_t n = std::min(s.size() - 1, held_.size()); n > keep; --n)
      if (held_.compare(held_.size() - n, n, s, 0, n) == 0) {
        keep = n;
        break;
      }
  std::string shown = held_.substr(0, held_.size() - keep);
  held_.erase(0, shown.size());
  return shown;
}

std::string StopFilter::flush() {
  std::string shown = std::move(held_);
  held_.clear();
  return stopped_ ? std::string() : shown;
}

Generator::Generator(Model &model, const SamplerOptions &sampler,
                     const volatile int *interrupt)
    : model_(model), samplerOptions_(sampler), sampler_(sampler),
      interrupt_(interrupt) {
  model_.setInterrupt(interrupt);
}

void Generator::reset() {
  sampler_ = Sampler(samplerOptions_);
  position_ = 0;
  pending_ = -1;
}

Expected<Generation>
Generator::generate(const std::vector<int32_t> &prompt,
                    const GenerateOptions &options, const TokenDecoder &decoder,
                    const std::function<bool(std::string_view)> &emit) {
  std::vector<int32_t> tokens;
  if (pending_ >= 0)
    tokens.push_back(pending_);
  tokens.insert(tokens.end(), prompt.begin(), prompt.end());
  int64_t count = tokens.size();
  if (count == 0)
    return usageError("The prompt has no tokens.");
  if (position_ + count > model_.context()) {
    std::string before = used() ? format("%lld tokens are in use, and ",
                                         static_cast<long long>(used()))
                                : std::string();
    return usageError(format(
        "The prompt has %zu tokens; %sthe context has %lld positions. Shorten "
        "the prompt or ask for a longer --context.",
        prompt.size(), before.c_str(),
        static_cast<long long>(model_.context())));
  }

  Generation result;
  result.promptTokens = prompt.size();
  double start = now();
  auto logits = model_.forward(tokens.data(), count, position_, count - 1);
  if (!logits)
    return logits.error();
  // The text goes on where the prompt ends: a decoder that strips the space
  // before the first word must have seen what came before.
  if (decoder.push)
    for (int32_t token : tokens)
      decoder.push(token);
  if (interrupt_ && *interrupt_) {
    result.reason = StopReason::Interrupted;
    return result; // the prompt did not get into the cache as a whole
  }
  position_ += count;
  pending_ = -1;
  for (int32_t token : prompt)
    sampler_.accept(token);
  double prefilled = now();
  result.promptSeconds = prefilled - start;

  StopFilter filter(options.stop);
  bool open = true;
  auto show = [&](const std::string &text) {
    if (open && !text.empty() && emit && !emit(text))
      open = false;
  };
  while (true) {
    if (options.maximum >= 0 &&
        static_cast<int64_t>(result.tokens.size()) >= options.maximum) {
      result.reason = StopReason::Limit;
      break;
    }
    if (pending_ >= 0) {
      if (position_ >= model_.context()) {
        result.reason = StopReason::ContextFull;
        break;
      }
      logits = model_.forward(&pending_, 1, position_, 0);
      if (!logits)
        return logits.error();
      if (interrupt_ && *interrupt_) {
        result.reason = StopReason::Interrupted;
        break;
      }
      ++position_;
      pending_ = -1;
    }
    int32_t token = sampler_.sample(*logits, model_.vocabulary());
    sampler_.accept(token);
    pending_ = token;
    result.tokens.push_back(token);
    bool end = std::find(options.endTokens.begin(), options.endTokens.end(),
                         token) != options.endTokens.end();
    if (end && !options.ignoreEnd) {
      result.reason = StopReason::EndToken;
      break;
    }
    if (decoder.push && !end)
      show(filter.push(decoder.push(token)));
    if (!open) {
      result.reason = StopReason::OutputClosed;
      break;
    }
    if (filter.stopped()) {
      result.reason = StopReason::StopString;
      break;
    }
  }
  if (decoder.finish)
    show(filter.push(decoder.finish()));
  show(filter.flush());
  if (!open)
    result.reason = StopReason::OutputClosed;
  result.decodeSeconds = now() - prefilled;
  return result;
}

} // namespace rt
} // namespace compresslib
