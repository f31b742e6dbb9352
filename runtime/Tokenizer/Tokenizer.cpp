//===- Tokenizer.cpp - Text to token ids ----------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Tokenizer.h"

#include "State.h"
#include "Unicode.h"

#include "compress/Support/Text.h"

#include <algorithm>
#include <deque>
#include <unordered_set>

using namespace compresslib;
using namespace compresslib::rt;

//===----------------------------------------------------------------------===//
// Finding added tokens
//===----------------------------------------------------------------------===//

void TextFinder::add(std::string content, size_t index) {
  if (!content.empty())
    contents_.push_back({std::move(content), index});
}

void TextFinder::prepare() {
  std::sort(contents_.begin(), contents_.end());
  size_t at = 0;
  for (unsigned byte = 0; byte < 257; ++byte) {
    while (at < contents_.size() &&
           (unsigned char)contents_[at].first[0] < byte)
      ++at;
    firsts_[byte] = at;
  }
}

bool TextFinder::find(std::string_view text, size_t from, uint64_t &steps,
                      size_t &begin, size_t &end, size_t &index) const {
  if (contents_.empty())
    return false;
  for (size_t at = from; at < text.size(); ++at) {
    unsigned char byte = text[at];
    // Those that share the first `depth` bytes with the text.
    size_t low = firsts_[byte], high = firsts_[byte + 1], found = SIZE_MAX;
    for (size_t depth = 1; low < high; ++depth) {
      // The searches below are dearer than a step of the matcher.
      constexpr uint64_t cost = 16;
      steps -= std::min(cost, steps);
      if (!steps)
        return false;
      if (contents_[low].first.size() == depth) {
        found = low;
        end = at + depth;
      }
      if (at + depth >= text.size())
        break;
      auto byteAt = [&](const auto &content) {
        return content.first.size() > depth
                   ? (unsigned char)content.first[depth]
                   : -1;
      };
      int next = (unsigned char)text[at + depth];
      auto begins = contents_.begin();
      low = size_t(std::partition_point(
                       begins + long(low), begins + long(high),
                       [&](const auto &c) { return byteAt(c) < next; }) -
                   begins);
      high = size_t(std::partition_point(
                        begins + long(low), begins + long(high),
                        [&](const auto &c) { return byteAt(c) <= next; }) -
                    begins);
    }
    if (found != SIZE_MAX) {
      begin = at;
      index = contents_[found].second;
      return true;
    }
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

static Error damaged(const std::string &what) {
  return badInput("The stored tokenizer has " + what +
                  "; import the model again.");
}

/// The one character of a text, as what a step replaces spaces by.
static bool isOneCharacter(const std::string &text) {
  return !text.empty() && isUtf8(text) && utf8At(text, 0).size == text.size();
}

Status Tokenizer::State::buildSteps() {
  auto compile = [](const std::string &stored,
                    std::vector<Regex> &to) -> Status {
    Expected<Pattern> pattern = parsePattern(stored);
    if (!pattern)
      return damaged("a pattern that " + pattern.error().message);
    to.emplace_back(*pattern);
    return {};
  };
  for (const TokenizerStep &step : data.normalizer) {
    bool pattern = step.kind == TokenizerStep::Replace;
    if (step.kind > TokenizerStep::Strip || !isUtf8(step.other) ||
        (!pattern && !isUtf8(step.text)))
      return damaged("a normalizer that is none");
    normalizerPattern.push_back(pattern ? int(normalizerPatterns.size()) : -1);
    if (pattern)
      if (Status status = compile(step.text, normalizerPatterns); !status)
        return status;
  }
  for (const TokenizerStep &step : data.preTokenizer) {
    bool pattern = step.kind == TokenizerStep::Split;
    if (step.kind < TokenizerStep::Split ||
        step.kind > TokenizerStep::Metaspace ||
        (pattern && (step.flags & ~splitInverted) > SplitContiguous) ||
        (step.kind == TokenizerStep::Metaspace && !isOneCharacter(step.text)))
      return damaged("a pre-tokenizer that is none");
    splitPattern.push_back(pattern ? int(splitPatterns.size()) : -1);
    if (pattern)
      if (Status status = compile(step.text, splitPatterns); !status)
        return status;
  }
  double growth = 1;
  for (const TokenizerStep &step : data.decoder) {
    if (step.kind < TokenizerStep::DecodeReplace || !isUtf8(step.text) ||
        !isUtf8(step.other) ||
        ((step.kind == TokenizerStep::DecodeReplace ||
          step.kind == TokenizerStep::DecodeStrip ||
          step.kind == TokenizerStep::DecodeMetaspace) &&
         step.text.empty()))
      return damaged("a decoder that is none");
    if (step.kind == TokenizerStep::DecodeReplace)
      growth *=
          std::max(1.0, double(step.other.size()) / double(step.text.size()));
  }
  // Each token may grow by that much.
  if (growth > 64)
    return badInput("The tokenizer's decoder makes too much of a token.");
  if (!data.wordPattern.empty()) {
    Expected<Pattern> pattern = parsePattern(data.wordPattern);
    if (!pattern || pattern->kind != Pattern::Set)
      return damaged("a pattern of words that is none");
    word.emplace(*pattern->set);
  }
  for (const AddedToken &token : data.added)
    if (!isUtf8(token.content) || (token.singleWord && !word))
      return damaged("an added token that is no text");
  for (const TokenizerData::Token &token : data.tokens)
    if (!data.byteLevel && !isUtf8(token.text))
      return damaged("a token that is no text");
  return {};
}

Status Tokenizer::State::build(TokenizerData parsed) {
  data = std::move(parsed);
  if (Status status = buildSteps(); !status)
    return status;
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
  hidden.resize(data.tokens.size());
  std::unordered_set<std::string> specialContents, normalizedContents;
  for (size_t i = 0; i < data.added.size(); ++i) {
    const AddedToken &token = data.added[i];
    special[token.id] = special[token.id] || token.special;
    if (token.special)
      specialContents.insert(token.content);
    std::string content = token.content;
    if (token.normalized) {
      Budget budget(content.size());
      size_t atStart = 0;
      if (Status status = normalize(content, atStart, budget); !status)
        return badInput("The added token '" + printable(token.content, 60) +
                        "' cannot be normalized. " + status.error().message);
      if (content.empty())
        return badInput("The added token '" + printable(token.content, 60) +
                        "' is normalized to nothing.");
      if (content != token.content)
        respelled[token.id] = content;
      if (!normalizedContents.insert(content).second)
        return badInput("The added token '" + printable(token.content, 60) +
                        "' is normalized to what another one is.");
    }
    (token.normalized ? normalizedTokens : rawTokens).add(content, i);
  }
  rawTokens.prepare();
  normalizedTokens.prepare();
  // Decoding knows a special token by its spelling.
  for (const AddedToken &token : data.added) {
    auto other = respelled.find(token.id);
    if (other == respelled.end()) {
      hidden[token.id] = token.special;
      continue;
    }
    hidden[token.id] = specialContents.count(other->second);
    if (data.byteLevel)
      if (std::optional<std::string> bytes = bytesOfLetters(other->second))
        other->second = *bytes;
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

Error Budget::tooManySteps() const {
  return badInput("The tokenizer's patterns and added tokens take too many "
                  "steps on a text of " +
                  std::to_string(textSize) + " bytes; shorten the text.");
}

Error Budget::tooManyBytes() const {
  return badInput("The tokenizer's normalizers and pre-tokenizers make too "
                  "much of a text of " +
                  std::to_string(textSize) +
                  " bytes: more than 64 bytes of each.");
}

namespace {
/// Goes from match to match as Hugging Face's tokenizers does.
class Matches {
public:
  Matches(Regex::Matcher &matcher, std::string_view text, Budget &budget)
      : matcher_(matcher), text_(text), budget_(budget) {}
  /// False behind the last one, or where steps ran out.
  bool next(size_t &begin, size_t &end) {
    while (from_ <= text_.size()) {
      Regex::Matcher::Result result =
          matcher_.find(text_, from_, budget_.steps, begin, end);
      failed_ = result == Regex::Matcher::TooManySteps;
      if (result != Regex::Matcher::Found)
        return false;
      // No empty match where the last one ended: on by a character.
      bool again = begin == end && end == last_;
      from_ = end;
      if (!again) {
        last_ = end;
        return true;
      }
      from_ += from_ < text_.size() ? utf8At(text_, from_).size : 1;
    }
    return false;
  }
  bool failed() const { return failed_; }

private:
  Regex::Matcher &matcher_;
  std::string_view text_;
  Budget &budget_;
  size_t from_ = 0, last_ = SIZE_MAX;
  bool failed_ = false;
};
} // namespace

Status Tokenizer::State::normalize(std::string &text, size_t &atStart,
                                   Budget &budget) const {
  for (size_t i = 0; i < data.normalizer.size() && !text.empty(); ++i) {
    const TokenizerStep &step = data.normalizer[i];
    if (!budget.takeSteps(text.size()))
      return budget.tooManySteps();
    switch (step.kind) {
    case TokenizerStep::Prepend:
      text.insert(0, step.text);
      atStart += atStart ? step.text.size() : 0;
      break;
    case TokenizerStep::Replace: {
      Regex::Matcher matcher(normalizerPatterns[size_t(normalizerPattern[i])]);
      Matches matches(matcher, text, budget);
      std::string out;
      size_t done = 0, begin, end, started = 0;
      while (matches.next(begin, end)) {
        started += std::min(begin, atStart) - std::min(done, atStart);
        started += end <= atStart || !end ? step.other.size() : 0;
        out.append(text, done, begin - done);
        out += step.other;
        done = end;
        if (out.size() > budget.bytes)
          return budget.tooManyBytes();
      }
      if (matches.failed())
        return budget.tooManySteps();
      started += atStart - std::min(done, atStart);
      out.append(text, done, std::string::npos);
      text = std::move(out);
      atStart = started;
      break;
    }
    case TokenizerStep::NFC:
    case TokenizerStep::NFD:
    case TokenizerStep::NFKC:
    case TokenizerStep::NFKD: {
      Normalization form = step.kind == TokenizerStep::NFC   ? Normalization::C
                           : step.kind == TokenizerStep::NFD ? Normalization::D
                           : step.kind == TokenizerStep::NFKC
                               ? Normalization::KC
                               : Normalization::KD;
      if (atStart)
        atStart = rt::normalize(std::string_view(text).substr(0, atStart), form)
                      .size();
      text = rt::normalize(text, form);
      atStart = std::min(atStart, text.size());
      break;
    }
    case TokenizerStep::Strip:
      if (step.flags & 2)
        text.resize(text.size() - trailingWhiteSpace(text));
      if (step.flags & 1) {
        size_t leading = leadingWhiteSpace(text);
        text.erase(0, leading);
        atStart -= std::min(atStart, leading);
      }
      atStart = std::min(atStart, text.size());
      break;
    default:
      break;
    }
    if (text.size() > budget.bytes)
      return budget.tooManyBytes();
  }
  budget.takeBytes(text.size());
  return {};
}

namespace {
struct Piece {
  std::string_view text;
  size_t atStart; // bytes that come from the first character of the whole text
};

struct Range {
  size_t begin, end;
};

/// Cuts texts into pieces; keeps what the views point into.
class Cutter {
public:
  Cutter(const TokenizerData &data, const std::vector<Regex> &patterns,
         const std::vector<int> &patternOf, Budget &budget)
      : data_(data), patternOf_(patternOf), budget_(budget) {
    for (const Regex &regex : patterns)
      matchers_.emplace_back(regex);
  }

  /// Leaves the pieces of `text` in pieces(), valid until the next call.
  Status cut(std::string_view text, size_t atStart) {
    made_.clear();
    pieces_.assign(1, {text, std::min(atStart, text.size())});
    for (size_t i = 0; i < data_.preTokenizer.size(); ++i) {
      const TokenizerStep &step = data_.preTokenizer[i];
      next_.clear();
      for (const Piece &piece : pieces_) {
        if (step.kind == TokenizerStep::Split) {
          if (Status s = split(step, size_t(patternOf_[i]), piece); !s)
            return s;
        } else if (step.kind == TokenizerStep::Metaspace) {
          next_.push_back(metaspace(step, piece));
        } else if (piece.text[0] != ' ') {
          next_.push_back({keep(" " + std::string(piece.text)),
                           piece.atStart + (piece.atStart != 0)});
        } else {
          next_.push_back(piece);
        }
        if (!budget_.bytes)
          return budget_.tooManyBytes();
      }
      pieces_.swap(next_);
    }
    return {};
  }
  const std::vector<Piece> &pieces() const { return pieces_; }

private:
  std::string_view keep(std::string text) {
    budget_.takeBytes(text.size());
    made_.push_back(std::move(text));
    return made_.back();
  }

  Piece metaspace(const TokenizerStep &step, const Piece &piece) {
    std::string text;
    text.reserve(piece.text.size() + step.text.size());
    size_t atStart = piece.atStart, growth = step.text.size() - 1;
    for (size_t i = 0; i < piece.text.size(); ++i)
      if (piece.text[i] == ' ') {
        text += step.text;
        atStart += i < piece.atStart ? growth : 0;
      } else {
        text += piece.text[i];
      }
    if ((step.flags == PrependAlways ||
         (step.flags == PrependFirst && piece.atStart)) &&
        text.compare(0, step.text.size(), step.text) != 0) {
      text.insert(0, step.text);
      atStart += atStart ? step.text.size() : 0;
    }
    return {keep(std::move(text)), atStart};
  }

  Status split(const TokenizerStep &step, size_t pattern, const Piece &piece) {
    std::string_view text = piece.text;
    SplitBehavior behavior = SplitBehavior(step.flags & 7);
    bool inverted = step.flags & splitInverted;
    // What a range that matches (or does not, if inverted) joins.
    ranges_.clear();
    bool previous = false;
    auto take = [&](size_t begin, size_t end, bool match) {
      match ^= inverted;
      bool joins = false;
      switch (behavior) {
      case SplitRemoved:
        if (match)
          return;
        break;
      case SplitIsolated:
        break;
      case SplitContiguous:
        joins = match == previous && !ranges_.empty();
        break;
      case SplitMergedWithPrevious:
        joins = match && !previous && !ranges_.empty();
        break;
      case SplitMergedWithNext:
        // Match and what follows: a match waits, and another one frees it.
        joins = waiting_ && !match;
        waiting_ = match;
        break;
      }
      previous = match;
      if (joins)
        ranges_.back().end = end;
      else
        ranges_.push_back({begin, end});
    };
    waiting_ = false;
    Matches matches(matchers_[pattern], text, budget_);
    size_t done = 0, begin, end;
    while (matches.next(begin, end)) {
      if (begin > done)
        take(done, begin, false);
      take(begin, end, true);
      done = end;
    }
    if (matches.failed())
      return budget_.tooManySteps();
    if (done < text.size())
      take(done, text.size(), false);
    for (const Range &range : ranges_)
      if (range.end > range.begin) {
        size_t atStart = piece.atStart - std::min(piece.atStart, range.begin);
        next_.push_back({text.substr(range.begin, range.end - range.begin),
                         std::min(atStart, range.end - range.begin)});
      }
    return {};
  }

  const TokenizerData &data_;
  const std::vector<int> &patternOf_;
  Budget &budget_;
  std::vector<Regex::Matcher> matchers_;
  std::deque<std::string> made_;
  std::vector<Piece> pieces_, next_;
  std::vector<Range> ranges_;
  bool waiting_ = false;
};
} // namespace

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

/// Calls `plain(begin, end)` and `token(id)` for the parts of a text in order.
/// Where tokens that take white space overlap, parts do too, as in Hugging
/// Face's tokenizers: a token is found where it is written, whatever took it.
template <typename Plain, typename Token>
static Status cutAtAdded(std::string_view text, const TextFinder &finder,
                         const std::vector<AddedToken> &added,
                         const std::optional<CodeSet> &word, bool findSpecial,
                         Budget &budget, Plain plain, Token found) {
  size_t done = 0, from = 0, begin, end, index;
  size_t whiteBegin = 0, whiteEnd = 0; // of what was last taken on the right
  while (finder.find(text, from, budget.steps, begin, end, index)) {
    from = end;
    const AddedToken &token = added[index];
    if (!findSpecial && token.special)
      continue;
    if (token.singleWord) {
      bool before =
          begin > 0 && word->has(lastCharacter(text.substr(0, begin)));
      bool after = end < text.size() && word->has(utf8At(text, end).code);
      if (before || after)
        continue;
    }
    // No white space is looked at twice from a side.
    if (token.lstrip)
      begin = done < begin
                  ? begin - trailingWhiteSpace(text.substr(done, begin - done))
                  : done;
    if (token.rstrip) {
      if (end < whiteBegin || end > whiteEnd) {
        whiteBegin = end;
        whiteEnd = end + leadingWhiteSpace(text.substr(end));
      }
      end = whiteEnd;
    }
    if (begin > done)
      if (Status status = plain(done, begin); !status)
        return status;
    if (end > begin) // else the one before took all of it
      found(token.id);
    done = end;
  }
  if (!budget.steps)
    return budget.tooManySteps();
  if (done < text.size())
    return plain(done, text.size());
  return {};
}

Expected<std::vector<int32_t>> Tokenizer::encode(std::string_view text,
                                                 bool addSpecial,
                                                 bool findSpecial) const {
  const State &state = *state_;
  const TokenizerData &data = state.data;
  if (text.size() > maxTextBytes)
    return badInput("A text of " + std::to_string(text.size()) +
                    " bytes is too long; at most " +
                    std::to_string(maxTextBytes) + " are encoded at once.");
  std::string repaired;
  if (!isUtf8(text)) {
    repaired = replaceInvalid(text);
    text = repaired;
  }
  std::vector<int32_t> ids;
  if (addSpecial)
    ids = data.prefix;
  Budget budget(text.size());
  Cutter cutter(data, state.splitPatterns, state.splitPattern, budget);
  auto token = [&](int32_t id) { ids.push_back(id); };
  Status status = cutAtAdded(
      text, state.rawTokens, data.added, state.word, findSpecial, budget,
      [&](size_t begin, size_t end) {
        std::string section(text.substr(begin, end - begin));
        size_t atStart = begin ? 0 : utf8At(section, 0).size;
        if (Status s = state.normalize(section, atStart, budget); !s)
          return s;
        return cutAtAdded(
            section, state.normalizedTokens, data.added, state.word,
            findSpecial, budget,
            [&](size_t innerBegin, size_t innerEnd) {
              std::string_view plain = std::string_view(section).substr(
                  innerBegin, innerEnd - innerBegin);
              if (Status s = cutter.cut(
                      plain, atStart - std::min(atStart, innerBegin));
                  !s)
                return s;
              for (const Piece &piece : cutter.pieces())
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
