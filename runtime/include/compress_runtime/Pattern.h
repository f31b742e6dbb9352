//===- Pattern.h - A regular expression as it is stored ---------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The importer turns the patterns of a tokenizer.json into trees whose sets of
// characters are spelled out, so that what a pattern matches depends on no
// Unicode version but the importer's. The runtime matches them itself, counting
// its steps.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_PATTERN_H
#define COMPRESS_RUNTIME_PATTERN_H

#include "compress/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace compresslib {
namespace rt {

/// Characters from `first` to `last`.
struct CodeRange {
  uint32_t first, last;
  bool operator==(const CodeRange &other) const {
    return first == other.first && last == other.last;
  }
};
/// Ascending, with a gap between neighbours.
using CodeRanges = std::vector<CodeRange>;
constexpr uint32_t lastCode = 0x10ffff;

struct Pattern {
  enum Kind : uint32_t {
    Character, ///< `code`
    Set,       ///< one character of `set`
    Sequence,  ///< all parts, one after the other; none: the empty text
    Choice,    ///< the first part that lets the whole match
    Repeat,    ///< the part, `least` to `most` times, by `mode`
    Atomic,    ///< the part, as it first matches
    Ahead,     ///< the part follows
    NotAhead,  ///< it does not
    Behind,    ///< the part precedes; its choices have fixed lengths
    NotBehind, ///< it does not
    LineStart, ///< of the text, or behind a line feed that does not end it
    LineEnd,   ///< of the text, or before a line feed
    TextStart,
    TextEnd,
    LastLineEnd, ///< end of the text, or before the line feed that ends it
    LastKind = LastLineEnd
  };
  enum Mode : uint32_t { Greedy, Lazy };
  static constexpr uint32_t unlimited = UINT32_MAX;
  /// Of least, and of most where it is limited.
  static constexpr uint32_t maxTimes = 100000;

  Kind kind = Sequence;
  uint32_t code = 0;
  std::shared_ptr<const CodeRanges> set;
  uint32_t least = 0, most = unlimited;
  Mode mode = Greedy;
  std::vector<Pattern> parts;
};

/// The number of characters that every match has, or -1 if they differ.
int64_t fixedLength(const Pattern &pattern);

std::string serializePattern(const Pattern &pattern);
/// Checks everything: what it gives can be matched. The error is part of a
/// sentence.
Expected<Pattern> parsePattern(std::string_view stored);

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_PATTERN_H
