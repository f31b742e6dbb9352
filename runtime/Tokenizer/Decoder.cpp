//===- Decoder.cpp - Token ids to text ------------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Tokenizer.h"

#include "State.h"
#include "Unicode.h"

using namespace compresslib;
using namespace compresslib::rt;

Decoder::Decoder(const Tokenizer &tokenizer, bool skipSpecial)
    : state_(*tokenizer.state_), skipSpecial_(skipSpecial) {
  bool fused = false;
  for (const TokenizerStep &step : state_.data.decoder) {
    fused |= step.kind == TokenizerStep::DecodeFuse;
    if (fused && step.kind == TokenizerStep::DecodeStrip)
      strip_.push_back(step.flags);
  }
}

static int hexadecimalDigit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return -1;
}

/// The byte that "<0x0A>" stands for, or -1.
static int byteOfToken(const std::string &token) {
  if (token.size() != 6 || token.compare(0, 3, "<0x") != 0 || token[5] != '>')
    return -1;
  int high = hexadecimalDigit(token[3]), low = hexadecimalDigit(token[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static void replaceAll(std::string &text, const std::string &what,
                       const std::string &with) {
  size_t at = text.find(what), done = 0;
  if (at == std::string::npos)
    return;
  std::string out;
  for (; at != std::string::npos; at = text.find(what, done)) {
    out.append(text, done, at - done);
    out += with;
    done = at + what.size();
  }
  out.append(text, done, std::string::npos);
  text = std::move(out);
}

/// Removes up to `most` times `what` from the beginning; how often.
static uint32_t stripStart(std::string &text, const std::string &what,
                           uint32_t most) {
  uint32_t count = 0;
  while (count < most &&
         text.compare(count * what.size(), what.size(), what) == 0)
    ++count;
  text.erase(0, count * what.size());
  return count;
}

/// Every byte token in a row stands or falls with the others.
void Decoder::endRun() {
  if (isUtf8(run_))
    pending_ += run_;
  else
    for (size_t i = 0; i < run_.size(); ++i)
      pending_ += replacementCharacter;
  run_.clear();
}

std::string Decoder::push(int32_t id) {
  const TokenizerData &data = state_.data;
  if (id < 0 || size_t(id) >= data.tokens.size() ||
      data.tokens[id].text.empty() || (skipSpecial_ && state_.hidden[id]))
    return "";
  auto other = state_.respelled.find(id);
  std::string text =
      other == state_.respelled.end() ? data.tokens[id].text : other->second;
  int byte = -1;
  bool bytes = false, fused = false;
  for (const TokenizerStep &step : data.decoder) {
    switch (step.kind) {
    case TokenizerStep::DecodeReplace:
      replaceAll(text, step.text, step.other);
      break;
    case TokenizerStep::DecodeMetaspace:
      replaceAll(text, step.text, step.flags && first_ ? "" : " ");
      break;
    case TokenizerStep::DecodeStrip:
      if (!fused) // otherwise of the whole text: see take
        stripStart(text, step.text, step.flags);
      break;
    case TokenizerStep::DecodeBytes:
      bytes = true;
      byte = byteOfToken(text);
      break;
    case TokenizerStep::DecodeFuse:
      fused = true;
      break;
    default:
      break;
    }
  }
  if (data.decoder.empty() && !first_)
    pending_ += ' ';
  first_ = false;
  if (byte >= 0) {
    (exact_ ? run_ : pending_) += char(byte);
  } else {
    if (bytes && !exact_ && !pending_.empty()) {
      // Bytes that no later token can complete: one U+FFFD each.
      std::string faults;
      for (size_t i = 0; i < pending_.size(); ++i)
        faults += replacementCharacter;
      pending_ = std::move(faults);
    }
    endRun();
    pending_ += text;
  }
  return exact_ ? "" : take(/*all=*/false);
}

std::string Decoder::finish() {
  endRun();
  return take(/*all=*/true);
}

std::string Decoder::take(bool all) {
  std::string out;
  size_t at = 0;
  while (at < pending_.size()) {
    Utf8 here = utf8At(pending_, at);
    if (here.valid)
      out.append(pending_, at, here.size);
    else if (here.truncated && !all)
      break;
    else
      out += replacementCharacter;
    at += here.size;
  }
  pending_.erase(0, at);
  size_t stage = 0;
  bool fused = false;
  for (const TokenizerStep &step : state_.data.decoder) {
    fused |= step.kind == TokenizerStep::DecodeFuse;
    if (!fused || step.kind != TokenizerStep::DecodeStrip)
      continue;
    uint32_t &left = strip_[stage++];
    left -= stripStart(out, step.text, left);
    if (!out.empty())
      left = 0;
  }
  return out;
}

std::string Tokenizer::decode(const std::vector<int32_t> &ids,
                              bool skipSpecial) const {
  Decoder decoder(*this, skipSpecial);
  decoder.exact_ = true;
  std::string out;
  for (int32_t id : ids)
    decoder.push(id);
  return decoder.finish();
}
