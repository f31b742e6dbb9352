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
#include <memory>

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

namespace {
/// A text that grows by a token at a time.
struct Growing {
  Sampler &sampler;
  const GenerateOptions &options;
  const TokenDecoder &decoder;
  std::function<bool(std::string_view)> emit;
  Generation &result;
  StopFilter filter{options.stop};
  bool open = true;

  void show(const std::string &text) {
    if (open && !text.empty() && emit && !emit(text))
      open = false;
  }
  bool reached() const {
    return options.maximum >= 0 &&
           static_cast<int64_t>(result.tokens.size()) >= options.maximum;
  }
  /// Draws a token; false where the text ends with it, for result.reason.
  bool draw(const float *logits, int64_t vocabulary, int32_t &token) {
    token = sampler.sample(logits, vocabulary);
    sampler.accept(token);
    result.tokens.push_back(token);
    bool end = std::find(options.endTokens.begin(), options.endTokens.end(),
                         token) != options.endTokens.end();
    if (end && !options.ignoreEnd) {
      result.reason = StopReason::EndToken;
      return false;
    }
    if (decoder.push && !end)
      show(filter.push(decoder.push(token)));
    result.reason = open ? StopReason::StopString : StopReason::OutputClosed;
    return open && !filter.stopped();
  }
  void finish() {
    if (decoder.finish)
      show(filter.push(decoder.finish()));
    show(filter.flush());
    if (!open)
      result.reason = StopReason::OutputClosed;
  }
};
} // namespace

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

  Growing text{sampler_, options, decoder, emit, result};
  while (true) {
    if (text.reached()) {
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
    if (!text.draw(*logits, model_.vocabulary(), pending_))
      break;
  }
  text.finish();
  result.decodeSeconds = now() - prefilled;
  return result;
}

Expected<std::vector<Completion>>
generateTogether(Model &model, const std::vector<std::vector<int32_t>> &prompts,
                 const SamplerOptions &sampler, const GenerateOptions &options,
                 const TextCodec &codec, const volatile int *interrupt) {
  model.setInterrupt(interrupt);
  struct Text {
    size_t prompt;
    Sampler sampler;
    TokenDecoder decoder;
    std::unique_ptr<Growing> growing;
    int32_t token = -1;
    int64_t position = 0;
  };
  std::vector<Completion> results(prompts.size());
  std::vector<std::unique_ptr<Text>> slots(model.slots());
  size_t next = 0;
  auto stops = [&] { return interrupt && *interrupt; };
  /// Ends a text that has no room or no tokens left.
  auto ends = [&](Text &text) {
    Generation &result = results[text.prompt].generation;
    if (text.growing->reached())
      result.reason = StopReason::Limit;
    else if (text.position >= model.context())
      result.reason = StopReason::ContextFull;
    else
      return false;
    return true;
  };
  for (;;) {
    // A slot that is free takes the next prompt.
    for (size_t s = 0; s < slots.size(); ++s)
      while (!slots[s] && next < prompts.size() && !stops()) {
        const std::vector<int32_t> &prompt = prompts[next];
        int64_t count = prompt.size();
        if (count == 0 || count > model.context())
          return usageError(format(
              "Prompt %zu has %zu tokens; the context has %lld positions.",
              next + 1, prompt.size(),
              static_cast<long long>(model.context())));
        Completion &result = results[next];
        result.generation.promptTokens = count;
        slots[s].reset(new Text{next++, Sampler(sampler), codec.decoder(), {}});
        Text &text = *slots[s];
        text.growing.reset(new Growing{text.sampler, options, text.decoder,
                                       [&result](std::string_view piece) {
                                         result.text += piece;
                                         return true;
                                       },
                                       result.generation});
        for (int32_t token : prompt) {
          if (text.decoder.push)
            text.decoder.push(token);
          text.sampler.accept(token);
        }
        text.position = count;
        auto logits = model.forward(prompt.data(), count, 0, count - 1, s);
        if (!logits)
          return logits.error();
        if (text.growing->reached())
          result.generation.reason = StopReason::Limit;
        else if (!stops() &&
                 text.growing->draw(*logits, model.vocabulary(), text.token) &&
                 !ends(text))
          continue;
        text.growing->finish();
        slots[s].reset();
      }
    std::vector<int32_t> tokens, positions, of;
    for (size_t s = 0; s < slots.size(); ++s)
      if (slots[s]) {
        tokens.push_back(slots[s]->token);
        positions.push_back(slots[s]->position++);
        of.push_back(s);
      }
    if (tokens.empty() && (next == prompts.size() || stops()))
      break;
    auto logits = model.step(tokens.data(), positions.data(), of.data(),
                             tokens.size(), 0);
    if (!logits)
      return logits.error();
    for (size_t i = 0; i < of.size(); ++i) {
      Text &text = *slots[of[i]];
      if (stops())
        results[text.prompt].generation.reason = StopReason::Interrupted;
      else if (text.growing->draw(*logits + i * model.vocabulary(),
                                  model.vocabulary(), text.token) &&
               !ends(text))
        continue;
      text.growing->finish();
      slots[of[i]].reset();
    }
  }
  for (size_t i = next; i < results.size(); ++i)
    results[i].generation.reason = StopReason::Interrupted;
  return Expected<std::vector<Completion>>(std::move(results));
}

} // namespace rt
} // namespace compresslib
