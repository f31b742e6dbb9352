//===- State.h - A loaded tokenizer -----------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_TOKENIZER_STATE_H
#define COMPRESS_RUNTIME_TOKENIZER_STATE_H

#include "Regex.h"
#include "compress_runtime/Tokenizer.h"
#include "compress_runtime/TokenizerData.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace compresslib {
namespace rt {

/// Pairs of ids to what they merge into: open addressing, half full at most.
class MergeTable {
public:
  struct Entry {
    uint64_t pair = none;
    uint32_t rank = 0;
    int32_t result = 0;
  };
  void build(const std::vector<TokenizerData::Merge> &merges);
  const Entry *find(int32_t left, int32_t right) const {
    if (entries_.empty())
      return nullptr;
    uint64_t pair = key(left, right);
    for (size_t at = slot(pair);; at = (at + 1) & (entries_.size() - 1)) {
      if (entries_[at].pair == pair)
        return &entries_[at];
      if (entries_[at].pair == none)
        return nullptr;
    }
  }

private:
  static constexpr uint64_t none = ~uint64_t(0);
  static uint64_t key(int32_t left, int32_t right) {
    return uint64_t(uint32_t(left)) << 32 | uint32_t(right);
  }
  size_t slot(uint64_t pair) const {
    return size_t(pair * 0x9e3779b97f4a7c15u >> shift_);
  }
  std::vector<Entry> entries_;
  unsigned shift_ = 63;
};

/// What is left of the work that one text may cost. Honest tokenizers stay far
/// below; a hostile one is stopped in time that is linear in the text.
struct Budget {
  explicit Budget(size_t textSize)
      : textSize(textSize), steps(10'000'000 + 256 * uint64_t(textSize)),
        bytes(std::min<uint64_t>(64 * uint64_t(textSize) + 65536, UINT32_MAX)) {
  }
  bool takeSteps(uint64_t count) {
    steps -= std::min(count, steps);
    return steps > 0;
  }
  bool takeBytes(uint64_t count) {
    bool enough = count <= bytes;
    bytes -= std::min(count, bytes);
    return enough;
  }
  Error tooManySteps() const;
  Error tooManyBytes() const;

  const uint64_t textSize;
  uint64_t steps; ///< of the matcher, and one a byte that is looked at
  uint64_t bytes; ///< of normalized text, and of its pieces
};

/// Texts to find, leftmost first, of those the longest.
class TextFinder {
public:
  void add(std::string content, size_t index);
  /// To be called once all are there.
  void prepare();
  /// The first occurrence at or after `from`; false if there is none, or no
  /// steps are left.
  bool find(std::string_view text, size_t from, uint64_t &steps, size_t &begin,
            size_t &end, size_t &index) const;

private:
  std::vector<std::pair<std::string, size_t>> contents_; // ascending
  size_t firsts_[257] = {}; // where those of each first byte begin
};

struct Tokenizer::State {
  TokenizerData data;
  MergeTable merges;
  int32_t byteSymbols[256];
  std::unordered_map<std::string_view, int32_t> vocabulary; // where needed
  TextFinder rawTokens, normalizedTokens; // indices into data.added
  std::vector<bool> special;
  // Added tokens that normalizing spells otherwise decode to that spelling.
  std::unordered_map<int32_t, std::string> respelled;
  std::vector<bool> hidden; // decoding without special tokens leaves them out
  std::vector<Regex> normalizerPatterns, splitPatterns; // of their steps
  std::vector<int> normalizerPattern, splitPattern;     // -1: step has none
  std::optional<CodeSet> word;

  Status build(TokenizerData parsed);
  Status buildSteps();
  /// `atStart`: how many of the first bytes come from the first character of
  /// the whole text.
  Status normalize(std::string &text, size_t &atStart, Budget &budget) const;

  /// Appends the ids of a piece.
  void encodePiece(std::string_view piece, std::vector<int32_t> &ids) const;
  void mergeShort(std::vector<int32_t> &symbols) const;
  void mergeLong(std::vector<int32_t> &symbols) const;
};

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_TOKENIZER_STATE_H
