//===- Tokenizer.cpp - Text to token ids ----------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Tokenizer.h"

#include "State.h"
#include "Unicode.h"

#include <algorithm>
#include <deque>

using namespace compresslib;
using namespace compresslib::rt;

//===----------------------------------------------------------------------===//
// Finding added tokens
//===----------------------------------------------------------------------===//

void TextFinder::add(std::string content, size_t index) {
  if (content.empty())
    return;
  std::vector<size_t> &lengths = lengths_[(unsigned char)content[0]];
  auto place = std::lower_bound(lengths.begin(), lengths.end(), content.size(),
                                std::greater<size_t>());
  if (place == lengths.end() || *place != content.size())
    lengths.insert(place, content.size());
  contents_.emplace(std::move(content), index);
}

bool TextFinder::find(std::string_view text, size_t from, size_t &begin,
                      size_t &end, size_t &index) const {
  if (contents_.empty())
    return false;
  std::string candidate;
  for (size_t at = from; at < text.size(); ++at)
    for (size_t length : lengths_[(unsigned char)text[at]]) {
      if (length > text.size() - at)
        continue;
      candidate.assign(text, at, length);
      auto found = contents_.find(candidate);
      if (found == contents_.end())
        continue;
      begin = at;
      end = at + length;
      index = found->second;
      return true;
    }
  return false;
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

Status Tokenizer::State::build(TokenizerData parsed) {
  data = std::move(parsed);
  for (const TokenizerStep &step : data.normalizer) {
    bool pattern = step.kind == TokenizerStep::Replace;
    if (step.kind > TokenizerStep::Strip)
      return badInput("The stored tokenizer has a normalizer that is none.");
    normalizerPattern.push_back(pattern ? int(normalizerPatterns.size()) : -1);
    if (!pattern)
      continue;
    Expected<Regex> regex = Regex::compile(step.text);
    if (!regex)
      return regex.error();
    normalizerPatterns.push_back(std::move(*regex));
  }
  for (const TokenizerStep &step : data.preTokenizer) {
    bool pattern = step.kind == TokenizerStep::Split;
    if (step.kind < TokenizerStep::Split ||
        step.kind > TokenizerStep::Metaspace ||
        (pattern && (step.flags & ~splitInverted) > SplitContiguous))
      return badInput("The stored tokenizer has a pre-tokenizer that is none.");
    splitPattern.push_back(pattern ? int(splitPatterns.size()) : -1);
    if (!pattern)
      continue;
    Expected<Regex> regex = Regex::compile(step.text);
    if (!regex)
      return regex.error();
    splitPatterns.push_back(std::move(*regex));
  }
  for (const TokenizerStep &step : data.decoder)
    if (step.kind < TokenizerStep::DecodeReplace ||
        ((step.kind == TokenizerStep::DecodeReplace ||
          step.kind == TokenizerStep::DecodeStrip ||
          step.kind == TokenizerStep::DecodeMetaspace) &&
         step.text.empty()))
      return badInput("The stored tokenizer has a decoder that is none.");

  merges.build(data.merges);
  std::fill(byteSymbols, byteSymbols + 256, -1);
  bool lookUp = !data.byteLevel || data.ignoreMerges;
  if (lookUp)
    vocabulary.reserve(data.tokens.size());
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    const TokenizerData::Token &token = data.tokens[id];
    if (!token.model || token.text.empty())
      continue;
    if (lookUp)
      vocabulary.emplace(token.text, int32_t(id));
    if (data.byteLevel && token.text.size() == 1)
      byteSymbols[(unsigned char)token.text[0]] = int32_t(id);
  }
  if (!data.byteLevel && data.byteFallback)
    for (int byte = 0; byte < 256; ++byte) {
      char name[] = {'<',
                     '0',
                     'x',
                     "0123456789ABCDEF"[byte >> 4],
                     "0123456789ABCDEF"[byte & 15],
                     '>'};
      auto found = vocabulary.find(std::string_view(name, 6));
      if (found != vocabulary.end())
        byteSymbols[byte] = found->second;
    }
  special.resize(data.tokens.size());
  for (size_t i = 0; i < data.added.size(); ++i) {
    const AddedToken &token = data.added[i];
    special[token.id] = special[token.id] || token.special;
    std::string content = token.content;
    if (token.normalized) {
      if (Status status = normalize(content); !status)
        return status;
      if (content != token.content)
        respelled.emplace(token.id, content);
    }
    (token.normalized ? normalizedTokens : rawTokens).add(content, i);
  }
  return {};
}

Tokenizer::Tokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tokenizer::Tokenizer(Tokenizer &&) noexcept = default;
Tokenizer &Tokenizer::operator=(Tokenizer &&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Expected<Tokenizer> Tokenizer::load(Bytes blob) {
  Expected<TokenizerData> data = parseTokenizer(blob);
  if (!data)
    return data.error();
  auto state = std::make_unique<State>();
  if (Status status = state->build(std::move(*data)); !status)
    return status.error();
  return Tokenizer(std::move(state));
}

std::optional<int32_t> Tokenizer::bos() const {
  if (state_->data.prefix.empty())
    return std::nullopt;
  return state_->data.prefix.front();
}

int32_t Tokenizer::vocabularySize() const {
  return int32_t(state_->data.tokens.size());
}

std::optional<int32_t> Tokenizer::idOf(std::string_view token) const {
  for (const AddedToken &added : state_->data.added)
    if (added.content == token)
      return added.id;
  for (size_t id = 0; id < state_->data.tokens.size(); ++id)
    if (!token.empty() && state_->data.tokens[id].text == token)
      return int32_t(id);
  return std::nullopt;
}

bool Tokenizer::isSpecial(int32_t id) const {
  return id >= 0 && size_t(id) < state_->special.size() && state_->special[id];
}

//===----------------------------------------------------------------------===//
// Normalizing and cutting into pieces
//===----------------------------------------------------------------------===//

/// What a regular expression may take for one search: enough for any honest
/// pattern, whose work is linear in the text.
static uint32_t stepsFor(size_t textSize) {
  return uint32_t(
      std::min<uint64_t>(10'000'000 + 32 * uint64_t(textSize), UINT32_MAX));
}

static Error tooManySteps(const std::string &pattern, size_t size) {
  return badInput("The tokenizer's pattern \"" + pattern +
                  "\" takes too many steps on a text of " +
                  std::to_string(size) + " bytes; shorten the text.");
}

Status Tokenizer::State::normalize(std::string &text) const {
  for (size_t i = 0; i < data.normalizer.size(); ++i) {
    const TokenizerStep &step = data.normalizer[i];
    switch (step.kind) {
    case TokenizerStep::Prepend:
      if (!text.empty())
        text.insert(0, step.text);
      break;
    case TokenizerStep::Replace: {
      Regex::Matcher matcher(normalizerPatterns[size_t(normalizerPattern[i])],
                             stepsFor(text.size()));
      std::string out;
      size_t done = 0, from = 0, begin, end;
      while (from <= text.size()) {
        Regex::Matcher::Result result = matcher.find(text, from, begin, end);
        if (result == Regex::Matcher::TooManySteps)
          return tooManySteps(step.text, text.size());
        if (result == Regex::Matcher::None)
          break;
        out.append(text, done, begin - done);
        out += step.other;
        done = end;
        // Past an empty match goes one character.
        from = end > begin         ? end
               : end < text.size() ? end + utf8At(text, end).size
                                   : end + 1;
      }
      out.append(text, done, std::string::npos);
      text = std::move(out);
      break;
    }
    case TokenizerStep::NFC:
      text = rt::normalize(text, Normalization::C);
      break;
    case TokenizerStep::NFD:
      text = rt::normalize(text, Normalization::D);
      break;
    case TokenizerStep::NFKC:
      text = rt::normalize(text, Normalization::KC);
      break;
    case TokenizerStep::NFKD:
      text = rt::normalize(text, Normalization::KD);
      break;
    case TokenizerStep::Strip:
      if (step.flags & 2)
        text.resize(text.size() - trailingWhiteSpace(text));
      if (step.flags & 1)
        text.erase(0, leadingWhiteSpace(text));
      break;
    default:
      break;
    }
  }
  return {};
}

namespace {
struct Piece {
  std::string_view text;
  bool atStart; // of the whole text
};

struct Range {
  size_t begin, end;
  bool match;
};

/// Cuts texts into pieces; keeps what the views point into.
class Cutter {
public:
  Cutter(const TokenizerData &data, const std::vector<Regex> &patterns,
         const std::vector<int> &patternOf, size_t textSize)
      : data_(data), patternOf_(patternOf) {
    uint32_t steps = stepsFor(textSize);
    for (const Regex &regex : patterns)
      matchers_.emplace_back(regex, steps);
  }

  /// Leaves the pieces of `text` in pieces(), valid until the next call.
  Status cut(std::string_view text, bool atStart) {
    made_.clear();
    pieces_.assign(1, {text, atStart});
    for (size_t i = 0; i < data_.preTokenizer.size(); ++i) {
      const TokenizerStep &step = data_.preTokenizer[i];
      next_.clear();
      for (const Piece &piece : pieces_) {
        if (step.kind == TokenizerStep::Split) {
          if (Status s = split(step, matchers_[size_t(patternOf_[i])], piece);
              !s)
            return s;
        } else if (step.kind == TokenizerStep::PrefixSpace) {
          if (!piece.text.empty() && piece.text[0] != ' ')
            next_.push_back(
                {keep(" " + std::string(piece.text)), piece.atStart});
          else
            next_.push_back(piece);
        } else {
          next_.push_back(metaspace(step, piece));
        }
      }
      pieces_.swap(next_);
    }
    return {};
  }
  const std::vector<Piece> &pieces() const { return pieces_; }

private:
  std::string_view keep(std::string text) {
    made_.push_back(std::move(text));
    return made_.back();
  }

  Piece metaspace(const TokenizerStep &step, const Piece &piece) {
    std::string text;
    text.reserve(piece.text.size() + step.text.size());
    for (char c : piece.text)
      if (c == ' ')
        text += step.text;
      else
        text += c;
    if ((step.flags == PrependAlways ||
         (step.flags == PrependFirst && piece.atStart)) &&
        text.compare(0, step.text.size(), step.text) != 0)
      text.insert(0, step.text);
    return {keep(std::move(text)), piece.atStart};
  }

  Status split(const TokenizerStep &step, Regex::Matcher &matcher,
               const Piece &piece) {
    std::string_view text = piece.text;
    bool inverted = step.flags & splitInverted;
    ranges_.clear();
    size_t done = 0, from = 0, begin, end;
    while (from < text.size()) {
      Regex::Matcher::Result result = matcher.find(text, from, begin, end);
      if (result == Regex::Matcher::TooManySteps)
        return tooManySteps(step.text, text.size());
      if (result == Regex::Matcher::None)
        break;
      if (begin > done)
        ranges_.push_back({done, begin, inverted});
      if (end > begin)
        ranges_.push_back({begin, end, !inverted});
      done = end;
      from = end > begin         ? end
             : end < text.size() ? end + utf8At(text, end).size
                                 : text.size();
    }
    if (done < text.size())
      ranges_.push_back({done, text.size(), inverted});

    size_t first = next_.size();
    bool previous = false;
    switch (SplitBehavior(step.flags & 7)) {
    case SplitRemoved:
      for (const Range &range : ranges_)
        if (!range.match)
          add(piece, range.begin, range.end);
      break;
    case SplitIsolated:
      for (const Range &range : ranges_)
        add(piece, range.begin, range.end);
      break;
    case SplitContiguous:
      for (size_t i = 0; i < ranges_.size();) {
        size_t last = i;
        while (last + 1 < ranges_.size() &&
               ranges_[last + 1].match == ranges_[i].match)
          ++last;
        add(piece, ranges_[i].begin, ranges_[last].end);
        i = last + 1;
      }
      break;
    case SplitMergedWithPrevious: {
      size_t start = 0;
      for (size_t i = 0; i < ranges_.size(); ++i) {
        // A match joins what is before it, if that is no match itself.
        bool joins = ranges_[i].match && !previous && i > 0;
        if (!joins)
          start = ranges_[i].begin;
        bool nextJoins =
            i + 1 < ranges_.size() && ranges_[i + 1].match && !ranges_[i].match;
        if (!nextJoins)
          add(piece, start, ranges_[i].end);
        previous = ranges_[i].match;
      }
      break;
    }
    case SplitMergedWithNext: {
      size_t stop = text.size();
      for (size_t i = ranges_.size(); i-- > 0;) {
        bool joins = ranges_[i].match && !previous && i + 1 < ranges_.size();
        if (!joins)
          stop = ranges_[i].end;
        bool nextJoins = i > 0 && ranges_[i - 1].match && !ranges_[i].match;
        if (!nextJoins)
          add(piece, ranges_[i].begin, stop);
        previous = ranges_[i].match;
      }
      std::reverse(next_.begin() + long(first), next_.end());
      break;
    }
    }
    return {};
  }

  void add(const Piece &piece, size_t begin, size_t end) {
    next_.push_back(
        {piece.text.substr(begin, end - begin), piece.atStart && begin == 0});
  }

  const TokenizerData &data_;
  const std::vector<int> &patternOf_;
  std::vector<Regex::Matcher> matchers_;
  std::deque<std::string> made_;
  std::vector<Piece> pieces_, next_;
  std::vector<Range> ranges_;
};
} // namespace

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

/// Calls `plain(begin, end)` and `token(id)` for the parts of a text in order.
template <typename Plain, typename Token>
static Status cutAtAdded(std::string_view text, const TextFinder &finder,
                         const std::vector<AddedToken> &added, bool findSpecial,
                         Plain plain, Token found) {
  size_t done = 0, from = 0, begin, end, index;
  while (finder.find(text, from, begin, end, index)) {
    from = end;
    const AddedToken &token = added[index];
    if (!findSpecial && token.special)
      continue;
    if (token.singleWord) {
      bool before =
          begin > 0 && isWordCharacter(lastCharacter(text.substr(0, begin)));
      bool after = end < text.size() && isWordCharacter(utf8At(text, end).code);
      if (before || after)
        continue;
    }
    if (token.lstrip)
      begin = std::max(begin - trailingWhiteSpace(text.substr(0, begin)), done);
    if (token.rstrip)
      end += leadingWhiteSpace(text.substr(end));
    if (begin > done)
      if (Status status = plain(done, begin); !status)
        return status;
    found(token.id);
    done = end;
  }
  if (done < text.size())
    return plain(done, text.size());
  return {};
}

Expected<std::vector<int32_t>> Tokenizer::encode(std::string_view text,
                                                 bool addSpecial,
                                                 bool findSpecial) const {
  const State &state = *state_;
  const TokenizerData &data = state.data;
  std::string repaired;
  if (!isUtf8(text)) {
    repaired = replaceInvalid(text);
    text = repaired;
  }
  std::vector<int32_t> ids;
  if (addSpecial)
    ids = data.prefix;
  Cutter cutter(data, state.splitPatterns, state.splitPattern, text.size());
  auto token = [&](int32_t id) { ids.push_back(id); };
  Status status = cutAtAdded(
      text, state.rawTokens, data.added, findSpecial,
      [&](size_t begin, size_t end) {
        std::string section(text.substr(begin, end - begin));
        if (Status s = state.normalize(section); !s)
          return s;
        return cutAtAdded(
            section, state.normalizedTokens, data.added, findSpecial,
            [&](size_t innerBegin, size_t innerEnd) {
              std::string_view plain = std::string_view(section).substr(
                  innerBegin, innerEnd - innerBegin);
              if (Status s = cutter.cut(plain, begin == 0 && innerBegin == 0);
                  !s)
                return s;
              for (const Piece &piece : cutter.pieces())
                if (!piece.text.empty())
                  state.encodePiece(piece.text, ids);
              return Status();
            },
            token);
      },
      token);
  if (!status)
    return status.error();
  if (addSpecial)
    ids.insert(ids.end(), data.suffix.begin(), data.suffix.end());
  return ids;
}
