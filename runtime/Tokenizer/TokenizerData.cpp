//===- TokenizerData.cpp - A tokenizer as it is stored --------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/TokenizerData.h"

#include "Stored.h"
#include "Unicode.h"

#include <cstring>

using namespace compresslib;
using namespace compresslib::rt;

static const char magic[4] = {'C', 'T', 'O', 'K'};
constexpr uint64_t version = 2;

static void write(const std::vector<TokenizerStep> &steps, StoredOutput &out) {
  out.number(steps.size());
  for (const TokenizerStep &step : steps) {
    out.number(step.kind);
    out.number(step.flags);
    out.text(step.text);
    out.text(step.other);
  }
}

static std::vector<TokenizerStep> readSteps(StoredInput &in) {
  std::vector<TokenizerStep> steps(in.count(maxTokenizerSteps));
  for (TokenizerStep &step : steps) {
    step.kind = TokenizerStep::Kind(in.number(TokenizerStep::LastKind));
    step.flags = uint32_t(in.number(UINT32_MAX));
    step.text = in.text();
    step.other = in.text();
  }
  return steps;
}

std::optional<std::string> rt::bytesOfLetters(std::string_view token) {
  auto isPrintable = [](uint32_t byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) ||
           (byte >= 0xae && byte <= 0xff);
  };
  static const std::string others = [&] {
    std::string bytes;
    for (uint32_t byte = 0; byte < 256; ++byte)
      if (!isPrintable(byte))
        bytes += char(byte);
    return bytes;
  }();
  std::string bytes;
  for (size_t at = 0; at < token.size();) {
    Utf8 letter = utf8At(token, at);
    if (isPrintable(letter.code))
      bytes += char(letter.code);
    else if (letter.code >= 256 && letter.code - 256 < others.size())
      bytes += others[letter.code - 256];
    else
      return std::nullopt;
    at += letter.size;
  }
  return bytes;
}

/// Which merges spell their result: both parts are known by then, the result
/// is not, and it is their concatenation. Writer and reader agree on it.
static bool spells(const std::vector<TokenizerData::Token> &tokens,
                   const TokenizerData::Merge &merge) {
  const std::string &left = tokens[merge.left].text;
  const std::string &right = tokens[merge.right].text;
  return !left.empty() && !right.empty() && tokens[merge.result].text.empty();
}

std::vector<uint8_t> rt::serializeTokenizer(const TokenizerData &data) {
  // Find the tokens that must be spelled out: repeat until the merges, run in
  // order over those alone, make all others.
  size_t count = data.tokens.size();
  std::vector<bool> made(count);
  {
    std::vector<bool> isResult(count), known(count);
    for (const auto &merge : data.merges)
      isResult[merge.result] = true;
    for (size_t id = 0; id < count; ++id)
      known[id] = !isResult[id];
    for (const auto &merge : data.merges) {
      const std::string &text = data.tokens[merge.result].text;
      const std::string &left = data.tokens[merge.left].text;
      const std::string &right = data.tokens[merge.right].text;
      bool joins = data.tokens[merge.result].model &&
                   text.size() == left.size() + right.size() &&
                   text.compare(0, left.size(), left) == 0 &&
                   text.compare(left.size(), right.size(), right) == 0;
      if (!known[merge.result] && known[merge.left] && known[merge.right] &&
          joins)
        made[merge.result] = true;
      // Known from here on: made, or else spelled out from the start.
      known[merge.result] = true;
    }
  }

  StoredOutput out;
  out.bytes.assign(magic, magic + 4);
  out.number(version);
  out.number(uint64_t(data.byteLevel) | uint64_t(data.byteFallback) << 1 |
             uint64_t(data.fuseUnknown) << 2 |
             uint64_t(data.ignoreMerges) << 3);
  out.number(uint64_t(data.unknown + 1));
  out.number(count);
  uint64_t spelled = 0;
  for (size_t id = 0; id < count; ++id)
    spelled += !made[id] && !data.tokens[id].text.empty();
  out.number(spelled);
  uint64_t next = 0;
  for (size_t id = 0; id < count; ++id) {
    if (made[id] || data.tokens[id].text.empty())
      continue;
    out.number((id - next) << 1 | data.tokens[id].model);
    out.text(data.tokens[id].text);
    next = id + 1;
  }
  out.number(data.merges.size());
  int64_t expected = 0;
  for (const auto &merge : data.merges) {
    out.number(uint64_t(merge.left));
    out.number(uint64_t(merge.right));
    out.difference(merge.result - expected);
    expected = int64_t(merge.result) + 1;
  }
  out.number(data.added.size());
  for (const AddedToken &token : data.added) {
    out.number(uint64_t(token.id));
    out.text(token.content);
    out.number(uint64_t(token.singleWord) | uint64_t(token.lstrip) << 1 |
               uint64_t(token.rstrip) << 2 | uint64_t(token.normalized) << 3 |
               uint64_t(token.special) << 4);
  }
  write(data.normalizer, out);
  write(data.preTokenizer, out);
  write(data.decoder, out);
  out.text(data.wordPattern);
  out.ids(data.prefix);
  out.ids(data.suffix);
  return std::move(out.bytes);
}

Expected<TokenizerData> rt::parseTokenizer(Bytes blob) {
  if (blob.size() < 4 || std::memcmp(blob.data(), magic, 4) != 0)
    return badInput("The tokenizer does not begin with \"CTOK\": it is damaged "
                    "or no tokenizer.");
  StoredInput in(blob.subspan(4));
  uint64_t found = in.number();
  if (!in.failed() && found != version)
    return badInput("The tokenizer is stored in version " +
                    std::to_string(found) + ", this program reads version " +
                    std::to_string(version) + "; import the model again.");
  TokenizerData data;
  uint64_t flags = in.number(15);
  data.byteLevel = flags & 1;
  data.byteFallback = flags & 2;
  data.fuseUnknown = flags & 4;
  data.ignoreMerges = flags & 8;
  uint64_t unknown = in.number(maxTokens);
  uint64_t vocabulary = in.number(maxTokens);
  if (unknown > vocabulary)
    in.fail();
  data.unknown = int32_t(unknown) - 1;
  uint64_t spelled = in.count(maxTokens);
  // A token, spelled or merged, takes two bytes at least; the check keeps a
  // short blob from asking for much.
  if (vocabulary > 4 * uint64_t(blob.size()) + 65536)
    in.fail();
  if (!in.failed())
    data.tokens.resize(vocabulary);
  uint64_t next = 0, allBytes = 0;
  for (uint64_t i = 0; i < spelled && !in.failed(); ++i) {
    uint64_t step = in.number(maxTokens * 2);
    next += step >> 1;
    std::string text = in.text();
    if (next >= vocabulary || text.empty()) {
      in.fail();
      break;
    }
    allBytes += text.size();
    data.tokens[next].text = std::move(text);
    data.tokens[next].model = step & 1;
    ++next;
  }
  uint64_t merges = in.count(maxTokens);
  data.merges.reserve(merges);
  int64_t expected = 0;
  for (uint64_t i = 0; i < merges && !in.failed(); ++i) {
    TokenizerData::Merge merge;
    merge.left = in.id(vocabulary);
    merge.right = in.id(vocabulary);
    int64_t step = in.difference();
    int64_t result =
        expected + (step < -int64_t(maxTokens) || step > int64_t(maxTokens)
                        ? -int64_t(maxTokens) * 2
                        : step);
    if (in.failed() || result < 0 || result >= int64_t(vocabulary)) {
      in.fail();
      break;
    }
    merge.result = int32_t(result);
    expected = result + 1;
    if (spells(data.tokens, merge)) {
      TokenizerData::Token &token = data.tokens[merge.result];
      token.text = data.tokens[merge.left].text + data.tokens[merge.right].text;
      token.model = true;
      allBytes += token.text.size();
      if (token.text.size() > maxTokenBytes || allBytes > maxAllBytes)
        in.fail();
    }
    data.merges.push_back(merge);
  }
  uint64_t added = in.count(maxTokens);
  for (uint64_t i = 0; i < added && !in.failed(); ++i) {
    AddedToken token;
    token.id = in.id(vocabulary);
    token.content = in.text();
    uint64_t bits = in.number(31);
    token.singleWord = bits & 1;
    token.lstrip = bits & 2;
    token.rstrip = bits & 4;
    token.normalized = bits & 8;
    token.special = bits & 16;
    if (token.content.empty())
      in.fail();
    data.added.push_back(std::move(token));
  }
  data.normalizer = readSteps(in);
  data.preTokenizer = readSteps(in);
  data.decoder = readSteps(in);
  data.wordPattern = in.text();
  data.prefix = in.ids(vocabulary);
  data.suffix = in.ids(vocabulary);
  if (in.failed() || !in.atEnd())
    return badInput("The stored tokenizer is damaged near byte " +
                    std::to_string(4 + in.offset()) + " of " +
                    std::to_string(blob.size()) + "; import the model again.");
  return data;
}
