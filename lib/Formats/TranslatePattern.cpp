//===- TranslatePattern.cpp - Oniguruma's patterns ------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Oniguruma 6.9.10 with its default syntax, as Hugging Face's tokenizers has
// it. Its own: {n}? is an optional {n}, {n,m}+ a repeated {n,m}, {m,n} with
// m > n a possessive {n,m}; (?i) holds to the end of the group, alternatives
// included; \w differs inside and outside of a class.
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/TokenizerJson.h"

#include "UnicodeProperties.h"
#include "compress/Support/Text.h"
#include "compress_runtime/Text.h"

#include <algorithm>

namespace compresslib {
namespace formats {

using rt::CodeRange;
using rt::CodeRanges;
using rt::Pattern;

static Pattern node(Pattern::Kind kind) {
  Pattern pattern;
  pattern.kind = kind;
  return pattern;
}

static Pattern node(Pattern::Kind kind, Pattern part) {
  Pattern pattern = node(kind);
  pattern.parts.push_back(std::move(part));
  return pattern;
}

static Pattern character(uint32_t code) {
  Pattern pattern = node(Pattern::Character);
  pattern.code = code;
  return pattern;
}

Pattern setPattern(CodeRanges ranges) {
  Pattern pattern = node(Pattern::Set);
  pattern.set = std::make_shared<const CodeRanges>(std::move(ranges));
  return pattern;
}

Pattern literalPattern(std::string_view text) {
  Pattern pattern = node(Pattern::Sequence);
  for (unsigned size; !text.empty(); text.remove_prefix(size))
    pattern.parts.push_back(character(rt::firstCharacter(text.data(), size)));
  return pattern;
}

static bool isLetter(uint32_t code) {
  return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
}
static uint32_t lower(uint32_t code) {
  return code >= 'A' && code <= 'Z' ? code - 'A' + 'a' : code;
}

namespace {
class Translator {
public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  Expected<Pattern> run() {
    if (validUtf8Prefix(pattern_) != pattern_.size())
      refuse("bytes that are no UTF-8");
    Pattern result = alternatives(/*ignoreCase=*/false, 0);
    if (at_ < pattern_.size())
      refuse("\")\" without \"(\"");
    if (!problem_.empty())
      return badInput(problem_);
    return result;
  }

private:
  /// The first problem is kept; reading goes to the end at once.
  void refuse(const std::string &what) {
    if (problem_.empty())
      problem_ = "the pattern \"" + printable(pattern_, 100) + "\" uses " +
                 what + " (at byte " + std::to_string(at_) +
                 "), which is not supported";
    at_ = pattern_.size();
  }
  char peek(size_t ahead = 0) const {
    return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0';
  }
  bool takes(std::string_view text) {
    if (atEnd() || pattern_.substr(at_, text.size()) != text)
      return false;
    at_ += text.size();
    return true;
  }
  bool atEnd() const { return at_ >= pattern_.size(); }

  Pattern alternatives(bool ignoreCase, unsigned depth) {
    if (depth > 40)
      refuse("groups nested deeper than 40");
    Pattern choice = node(Pattern::Choice);
    do
      choice.parts.push_back(sequence(ignoreCase, depth));
    while (takes("|"));
    return choice.parts.size() == 1 ? std::move(choice.parts[0]) : choice;
  }

  Pattern sequence(bool ignoreCase, unsigned depth) {
    Pattern pattern = node(Pattern::Sequence);
    uint32_t previous = 0; // a letter that stands right before, case ignored
    while (!atEnd() && peek() != '|' && peek() != ')') {
      if (pattern_.substr(at_, 4) == "(?i)" ||
          pattern_.substr(at_, 5) == "(?-i)") {
        bool ignore = !takes("(?-i)");
        if (ignore)
          at_ += 4;
        // What follows, to the end of the group, is one.
        pattern.parts.push_back(alternatives(ignore, depth + 1));
        break;
      }
      size_t start = at_;
      Pattern part = atom(ignoreCase, depth);
      uint32_t letter = literal_;
      if (ignoreCase && letter)
        checkFolds(previous, letter, start);
      previous = letter;
      pattern.parts.push_back(quantified(std::move(part)));
      if (pattern.parts.back().kind == Pattern::Repeat)
        previous = 0;
    }
    return pattern;
  }

  /// Some characters fold to two letters: ß is "ss".
  void checkFolds(uint32_t first, uint32_t second, size_t start) {
    for (const char *fold : {"ss", "st", "ff", "fi", "fl"})
      if (lower(first) == uint32_t(fold[0]) &&
          lower(second) == uint32_t(fold[1])) {
        at_ = start;
        refuse(std::string("\"") + fold +
               "\" where case is ignored (a ligature would match)");
      }
  }

  Pattern quantified(Pattern part) {
    for (;;) {
      Pattern repeat = node(Pattern::Repeat);
      bool possessive = false, interval = false, fixed = false;
      size_t start = at_;
      if (takes("?")) {
        repeat.most = 1;
      } else if (takes("*")) {
      } else if (takes("+")) {
        repeat.least = 1;
      } else if (peek() == '{' && takeInterval(repeat, possessive, fixed)) {
        interval = true;
      } else {
        return part;
      }
      if (!fixed && peek() == '?') {
        if (possessive) {
          at_ = start;
          refuse("a lazy interval of falling numbers");
        }
        ++at_;
        repeat.mode = Pattern::Lazy;
      } else if (!interval && takes("+")) {
        possessive = true;
      }
      switch (part.kind) {
      case Pattern::Ahead:
      case Pattern::NotAhead:
      case Pattern::Behind:
      case Pattern::NotBehind:
      case Pattern::LineStart:
      case Pattern::LineEnd:
      case Pattern::TextStart:
      case Pattern::TextEnd:
      case Pattern::LastLineEnd:
        at_ = start;
        refuse("a repetition of what takes no characters");
        break;
      default:
        break;
      }
      if (!possessive && reduce(part, repeat))
        continue;
      repeat.parts.push_back(std::move(part));
      part = possessive ? node(Pattern::Atomic, std::move(repeat))
                        : std::move(repeat);
    }
  }

  /// Greedy ?, * and + of greedy ?, * or + are one, as in Oniguruma: matching
  /// them as they stand could take time without end.
  static bool reduce(Pattern &part, const Pattern &outer) {
    auto simple = [](const Pattern &repeat) {
      return repeat.kind == Pattern::Repeat && repeat.mode == Pattern::Greedy &&
             repeat.least <= 1 &&
             (repeat.most == Pattern::unlimited ||
              (repeat.least == 0 && repeat.most == 1));
    };
    if (!simple(part) || !simple(outer))
      return false;
    part.least = std::min(part.least, outer.least);
    part.most = std::max(part.most, outer.most);
    return true;
  }

  /// {n} {n,} {,m} {n,m}; anything else is literal.
  bool takeInterval(Pattern &repeat, bool &possessive, bool &fixed) {
    size_t at = at_ + 1;
    auto number = [&](uint32_t &value) {
      size_t start = at;
      uint64_t sum = 0;
      for (; at < pattern_.size() && pattern_[at] >= '0' && pattern_[at] <= '9';
           ++at)
        sum = std::min<uint64_t>(sum * 10 + uint64_t(pattern_[at] - '0'),
                                 uint64_t(1) << 30);
      value = uint32_t(sum);
      return at > start;
    };
    uint32_t least, most;
    bool hasLeast = number(least), hasMost = false, comma = false;
    if (at < pattern_.size() && pattern_[at] == ',') {
      comma = true;
      ++at;
      hasMost = number(most);
    }
    if (!(hasLeast || hasMost) || at >= pattern_.size() || pattern_[at] != '}')
      return false;
    if (!hasLeast)
      least = 0;
    if (!comma)
      most = least;
    else if (!hasMost)
      most = Pattern::unlimited;
    if (least > Pattern::maxTimes ||
        (most > Pattern::maxTimes && most != Pattern::unlimited)) {
      refuse("an interval of more than 100000");
      return false;
    }
    if (least > most) {
      std::swap(least, most);
      possessive = true;
    }
    fixed = !comma;
    repeat.least = least;
    repeat.most = most;
    at_ = at + 1;
    return true;
  }

  Pattern atom(bool ignoreCase, unsigned depth) {
    literal_ = 0;
    char c = peek();
    switch (c) {
    case '(':
      return group(ignoreCase, depth);
    case '[': {
      ++at_;
      bool letters = false;
      Pattern pattern = setPattern(characterClass(ignoreCase, letters, depth));
      return pattern;
    }
    case '.':
      ++at_;
      return setPattern(complement({{'\n', '\n'}}));
    case '^':
      ++at_;
      return node(Pattern::LineStart);
    case '$':
      ++at_;
      return node(Pattern::LineEnd);
    case '*':
    case '+':
    case '?':
      refuse(std::string("\"") + c + "\" with nothing before it");
      return {};
    case '\\':
      return escape(ignoreCase);
    default: {
      unsigned size;
      uint32_t code = rt::firstCharacter(pattern_.data() + at_, size);
      return literal(code, size, ignoreCase);
    }
    }
  }

  Pattern literal(uint32_t code, size_t size, bool ignoreCase) {
    if (!ignoreCase) {
      at_ += size;
      return character(code);
    }
    CodeRanges one = {{code, code}};
    bool caseless = !isLetter(code);
    if (caseless)
      one = withoutCase(one, "the character");
    at_ += size;
    if (caseless)
      return character(code);
    literal_ = code;
    return setPattern(folded(one));
  }

  /// Refuses what has characters with case beyond ASCII: their folds differ
  /// from version to version and may be of several characters.
  CodeRanges withoutCase(const CodeRanges &ranges, const char *what) {
    CodeRanges cased = {};
    static const CodeRanges withCase = [] {
      CodeRanges all;
      for (const char *category : {"Lu", "Ll", "Lt", "Lm", "M", "Nl", "So"})
        all = unite(all, *propertyNamed(category));
      return intersect(all, {{0x80, rt::lastCode}});
    }();
    if (!intersect(ranges, withCase).empty())
      refuse(std::string(what) +
             " with letters beyond ASCII where case is ignored");
    return ranges;
  }

  /// With the other cases of ASCII letters.
  static CodeRanges folded(const CodeRanges &ranges) {
    CodeRanges out = ranges;
    for (uint32_t c = 'a'; c <= 'z'; ++c) {
      CodeRanges all = {{c - 'a' + 'A', c - 'a' + 'A'}, {c, c}};
      if (c == 's')
        all.push_back({0x17f, 0x17f});
      if (c == 'k')
        all.push_back({0x212a, 0x212a});
      if (!intersect(ranges, all).empty())
        out = unite(out, all);
    }
    return out;
  }

  Pattern group(bool ignoreCase, unsigned depth) {
    static const struct {
      const char *opens;
      Pattern::Kind kind; // Sequence: of no meaning
      int ignoreCase;     // -1: as outside
    } groups[] = {
        {"(?:", Pattern::Sequence, -1},   {"(?=", Pattern::Ahead, -1},
        {"(?!", Pattern::NotAhead, -1},   {"(?<=", Pattern::Behind, -1},
        {"(?<!", Pattern::NotBehind, -1}, {"(?>", Pattern::Atomic, -1},
        {"(?i:", Pattern::Sequence, 1},   {"(?-i:", Pattern::Sequence, 0}};
    size_t start = at_;
    Pattern::Kind kind = Pattern::Sequence;
    bool known = false;
    for (const auto &one : groups)
      if (!known && takes(one.opens)) {
        known = true;
        kind = one.kind;
        if (one.ignoreCase >= 0)
          ignoreCase = one.ignoreCase;
      }
    if (!known && (peek(1) == '?' || peek(1) == '*')) {
      refuse("the group \"" + printable(pattern_.substr(at_, 4)) + "\"");
      return {};
    }
    if (!known)
      ++at_;
    Pattern body = alternatives(ignoreCase, depth + 1);
    if (!takes(")")) {
      refuse("\"(\" without \")\"");
      return {};
    }
    literal_ = 0;
    if (kind == Pattern::Behind || kind == Pattern::NotBehind) {
      bool fixed = true;
      if (body.kind == Pattern::Choice)
        for (const Pattern &part : body.parts)
          fixed = fixed && fixedLength(part) >= 0;
      else
        fixed = fixedLength(body) >= 0;
      if (!fixed) {
        at_ = start;
        refuse("a look-behind of no fixed length");
        return {};
      }
    }
    return kind == Pattern::Sequence ? body : node(kind, std::move(body));
  }

  /// The set of \s, \w, \d, \h, \p{…} and their complements at the backslash.
  bool takeClassEscape(bool inClass, CodeRanges &set) {
    char e = peek(1);
    bool negative = e == 'S' || e == 'W' || e == 'D' || e == 'H' || e == 'P';
    switch (e) {
    case 's':
    case 'S':
      set = whiteSpace();
      break;
    case 'w':
    case 'W':
      set = inClass ? wordCharacters() : loneWordCharacters();
      break;
    case 'd':
    case 'D':
      set = *propertyNamed("Nd");
      break;
    case 'h':
    case 'H':
      set = {{'0', '9'}, {'A', 'F'}, {'a', 'f'}};
      break;
    case 'p':
    case 'P': {
      size_t close = pattern_.find('}', at_);
      if (peek(2) != '{' || close == std::string_view::npos) {
        refuse("\\p without braces");
        return true;
      }
      std::string_view name = pattern_.substr(at_ + 3, close - at_ - 3);
      if (!name.empty() && name[0] == '^') {
        negative = !negative;
        name.remove_prefix(1);
      }
      std::optional<CodeRanges> found = propertyNamed(name);
      if (!found) {
        refuse("the property \"" + printable(name, 40) + "\"");
        return true;
      }
      set = *found;
      at_ = close - 1;
      break;
    }
    default:
      return false;
    }
    if (negative)
      set = complement(set);
    at_ += 2;
    return true;
  }

  /// The character of an escape at the backslash; refuses others.
  uint32_t takeEscapedCharacter() {
    static const std::pair<char, uint32_t> named[] = {
        {'t', 9},  {'n', 10}, {'v', 11},  {'f', 12},
        {'r', 13}, {'a', 7},  {'e', 0x1b}};
    if (at_ + 1 >= pattern_.size()) {
      refuse("a lone backslash");
      return 0;
    }
    char e = peek(1);
    for (auto [letter, code] : named)
      if (e == letter) {
        at_ += 2;
        return code;
      }
    auto digits = [&](size_t from, size_t most, uint32_t &code) {
      size_t count = 0;
      code = 0;
      for (; count < most; ++count) {
        char c = peek(from + count);
        int value = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (value < 0)
          break;
        code = code << 4 | uint32_t(value);
      }
      return count;
    };
    uint32_t code;
    if (e == 'u' || e == 'x') {
      bool braces = e == 'x' && peek(2) == '{';
      size_t count = digits(braces ? 3 : 2,
                            e == 'u' ? 4
                            : braces ? 8
                                     : 2,
                            code);
      bool whole = e == 'u' ? count == 4 : count > 0;
      if (braces)
        whole = whole && peek(3 + count) == '}';
      // Two digits are a byte.
      if (!whole || (!braces && e == 'x' && code >= 0x80) ||
          code > rt::lastCode || (code >= 0xd800 && code <= 0xdfff)) {
        refuse(std::string("\\") + e + " without the number of a character");
        return 0;
      }
      at_ += count + (braces ? 4 : 2);
      return code;
    }
    unsigned size;
    code = rt::firstCharacter(pattern_.data() + at_ + 1, size);
    if (isLetter(code) || (code >= '0' && code <= '9')) {
      refuse(std::string("\\") + e);
      return 0;
    }
    at_ += 1 + size;
    return code;
  }

  Pattern escape(bool ignoreCase) {
    CodeRanges set;
    if (takeClassEscape(/*inClass=*/false, set))
      return setPattern(ignoreCase ? folded(withoutCase(set, "a class"))
                                   : std::move(set));
    switch (peek(1)) {
    case 'A':
      at_ += 2;
      return node(Pattern::TextStart);
    case 'z':
      at_ += 2;
      return node(Pattern::TextEnd);
    case 'Z':
      at_ += 2;
      return node(Pattern::LastLineEnd);
    case 'b':
    case 'B': {
      bool boundary = peek(1) == 'b';
      at_ += 2;
      Pattern word = setPattern(loneWordCharacters());
      Pattern choice = node(Pattern::Choice);
      for (bool before : {true, false}) {
        Pattern both = node(Pattern::Sequence);
        both.parts.push_back(
            node(before ? Pattern::Behind : Pattern::NotBehind, word));
        both.parts.push_back(node(
            before == boundary ? Pattern::NotAhead : Pattern::Ahead, word));
        choice.parts.push_back(both);
      }
      return node(Pattern::Ahead, std::move(choice));
    }
    default: {
      size_t start = at_;
      uint32_t code = takeEscapedCharacter();
      size_t size = at_ - start;
      if (!problem_.empty())
        return {};
      at_ = start;
      return literal(code, size, ignoreCase);
    }
    }
  }

  /// What follows "[", to the closing "]".
  CodeRanges characterClass(bool ignoreCase, bool &letters, unsigned depth) {
    if (depth > 40)
      refuse("classes nested deeper than 40");
    bool negative = takes("^");
    CodeRanges set, left;
    bool first = true, intersection = false;
    if (peek() == ']')
      refuse("a class that begins with \"]\"");
    for (;; first = false) {
      if (atEnd()) {
        refuse("a class without end");
        return {};
      }
      if (takes("]"))
        break;
      if (peek() == '[') {
        if (peek(1) == ':') {
          refuse("a POSIX bracket");
          return {};
        }
        ++at_;
        set = unite(set, characterClass(ignoreCase, letters, depth + 1));
        continue;
      }
      if (takes("&&")) {
        if (first || peek() == ']' || peek() == '&') {
          refuse("\"&&\" with nothing on one side");
          return {};
        }
        left = intersection ? intersect(left, set) : set;
        intersection = true;
        set.clear();
        continue;
      }
      CodeRanges one;
      if (peek() == '\\' && takeClassEscape(/*inClass=*/true, one)) {
        if (peek() == '-' && peek(1) != ']')
          refuse("a range that begins with a class");
        set = unite(set, one);
        continue;
      }
      if (peek() == '-' && !first && peek(1) != ']') {
        refuse("\"-\" inside of a class where no range can be");
        return {};
      }
      uint32_t low = classCharacter(), high = low;
      if (peek() == '-' && peek(1) != ']') {
        ++at_;
        if (peek() == '[' || (peek() == '&' && peek(1) == '&') ||
            (peek() == '\\' && isLetter(uint32_t(peek(1))) &&
             std::string_view("swdhpSWDHP").find(peek(1)) !=
                 std::string_view::npos)) {
          refuse("a range that ends with a class");
          return {};
        }
        high = classCharacter();
        if (high < low)
          refuse("a range of falling characters");
      }
      if (!problem_.empty())
        return {};
      set = unite(set, {{low, high}});
    }
    if (intersection)
      set = intersect(left, set);
    if (ignoreCase)
      set = folded(withoutCase(set, "a class"));
    return negative ? complement(set) : set;
  }

  uint32_t classCharacter() {
    if (atEnd())
      return 0;
    if (peek() == '\\') {
      if (peek(1) == 'b') { // a backspace here
        at_ += 2;
        return 8;
      }
      return takeEscapedCharacter();
    }
    unsigned size;
    uint32_t code = rt::firstCharacter(pattern_.data() + at_, size);
    at_ += size;
    return code;
  }

  std::string_view pattern_;
  size_t at_ = 0;
  std::string problem_;
  uint32_t literal_ = 0; // the letter that atom() read, where case is ignored
};
} // namespace

Expected<Pattern> translatePattern(std::string_view pattern) {
  return Translator(pattern).run();
}

} // namespace formats
} // namespace compresslib
