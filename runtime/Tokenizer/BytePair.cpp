//===- BytePair.cpp - Byte-pair merging -----------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "State.h"

#include "Unicode.h"

#include <algorithm>
#include <queue>

using namespace compresslib;
using namespace compresslib::rt;

void MergeTable::build(const std::vector<TokenizerData::Merge> &merges) {
  if (merges.empty())
    return;
  unsigned bits = 1;
  while ((size_t(1) << bits) < 2 * merges.size())
    ++bits;
  shift_ = 64 - bits;
  entries_.assign(size_t(1) << bits, Entry());
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    uint64_t pair = key(merges[rank].left, merges[rank].right);
    size_t at = slot(pair);
    while (entries_[at].pair != none && entries_[at].pair != pair)
      at = (at + 1) & (entries_.size() - 1);
    // Of a pair given twice the last counts.
    entries_[at] = {pair, uint32_t(rank), merges[rank].result};
  }
}

void Tokenizer::State::encodePiece(std::string_view piece,
                                   std::vector<int32_t> &ids) const {
  if (data.ignoreMerges) {
    auto whole = vocabulary.find(piece);
    if (whole != vocabulary.end()) {
      ids.push_back(whole->second);
      return;
    }
  }
  std::vector<int32_t> symbols;
  symbols.reserve(piece.size());
  // Unknown characters wait, so that neighbours can be one token.
  bool unknown = false;
  auto addUnknown = [&] {
    if (data.unknown < 0)
      return;
    if (unknown && !data.fuseUnknown)
      symbols.push_back(data.unknown);
    unknown = true;
  };
  auto addKnown = [&](int32_t id) {
    if (unknown)
      symbols.push_back(data.unknown);
    unknown = false;
    symbols.push_back(id);
  };
  if (data.byteLevel) {
    for (unsigned char byte : piece)
      if (byteSymbols[byte] >= 0)
        addKnown(byteSymbols[byte]);
      else
        addUnknown();
  } else {
    for (size_t at = 0; at < piece.size();) {
      std::string_view character = piece.substr(at, utf8At(piece, at).size);
      at += character.size();
      auto known = vocabulary.find(character);
      if (known != vocabulary.end()) {
        addKnown(known->second);
        continue;
      }
      bool bytes = data.byteFallback;
      for (unsigned char byte : character)
        bytes = bytes && byteSymbols[byte] >= 0;
      if (!bytes)
        addUnknown();
      else // an unknown before them is put behind them, as tokenizers does
        for (unsigned char byte : character)
          symbols.push_back(byteSymbols[byte]);
    }
  }
  if (unknown)
    symbols.push_back(data.unknown);
  if (symbols.size() <= 32)
    mergeShort(symbols);
  else
    mergeLong(symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

/// Looks for the best pair again after every merge: fastest for words.
void Tokenizer::State::mergeShort(std::vector<int32_t> &symbols) const {
  const MergeTable::Entry *found[32];
  size_t count = symbols.size();
  for (size_t i = 0; i + 1 < count; ++i)
    found[i] = merges.find(symbols[i], symbols[i + 1]);
  while (count > 1) {
    size_t best = count;
    for (size_t i = 0; i + 1 < count; ++i)
      if (found[i] && (best == count || found[i]->rank < found[best]->rank))
        best = i;
    if (best == count)
      break;
    symbols[best] = found[best]->result;
    for (size_t i = best + 1; i + 1 < count; ++i) {
      symbols[i] = symbols[i + 1];
      found[i] = found[i + 1];
    }
    --count;
    if (best > 0)
      found[best - 1] = merges.find(symbols[best - 1], symbols[best]);
    if (best + 1 < count)
      found[best] = merges.find(symbols[best], symbols[best + 1]);
  }
  symbols.resize(count);
}

/// A queue of pairs by rank, then place: n log n for pieces of any length.
void Tokenizer::State::mergeLong(std::vector<int32_t> &symbols) const {
  struct Candidate {
    uint32_t rank, place;
    int32_t left, right, result;
  };
  auto later = [](const Candidate &a, const Candidate &b) {
    return a.rank != b.rank ? a.rank > b.rank : a.place > b.place;
  };
  constexpr uint32_t end = UINT32_MAX;
  uint32_t count = uint32_t(symbols.size());
  std::vector<uint32_t> previous(count), next(count);
  for (uint32_t i = 0; i < count; ++i) {
    previous[i] = i ? i - 1 : end;
    next[i] = i + 1 < count ? i + 1 : end;
  }
  std::vector<Candidate> candidates;
  auto candidate = [&](uint32_t place, Candidate &out) {
    if (place == end || next[place] == end)
      return false;
    int32_t left = symbols[place], right = symbols[next[place]];
    const MergeTable::Entry *entry = merges.find(left, right);
    if (entry)
      out = {entry->rank, place, left, right, entry->result};
    return entry != nullptr;
  };
  Candidate one;
  for (uint32_t i = 0; i < count; ++i)
    if (candidate(i, one))
      candidates.push_back(one);
  std::priority_queue<Candidate, std::vector<Candidate>, decltype(later)> queue(
      later, std::move(candidates));
  constexpr int32_t gone = -1;
  while (!queue.empty()) {
    Candidate best = queue.top();
    queue.pop();
    // The pair may have been merged away since.
    if (symbols[best.place] != best.left || next[best.place] == end ||
        symbols[next[best.place]] != best.right)
      continue;
    uint32_t right = next[best.place];
    symbols[best.place] = best.result;
    symbols[right] = gone;
    next[best.place] = next[right];
    if (next[right] != end)
      previous[next[right]] = best.place;
    if (candidate(previous[best.place], one))
      queue.push(one);
    if (candidate(best.place, one))
      queue.push(one);
  }
  symbols.erase(std::remove(symbols.begin(), symbols.end(), gone),
                symbols.end());
}
