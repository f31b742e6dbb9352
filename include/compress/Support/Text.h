//===- Text.h - Words of messages -------------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_SUPPORT_TEXT_H
#define COMPRESS_SUPPORT_TEXT_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace compresslib {

/// Optimal string alignment distance in bytes: insertions, deletions,
/// substitutions and swaps of neighbours.
size_t editDistance(std::string_view a, std::string_view b);

/// Up to `limit` candidates near `name`, the nearest first, ties in the order
/// given. What is too far to be a slip is left out.
std::vector<std::string> nearestNames(std::string_view name,
                                      const std::vector<std::string> &names,
                                      size_t limit = 3);

/// " Did you mean 'a' or 'b'?", or nothing if no name is near.
std::string didYouMean(std::string_view name,
                       const std::vector<std::string> &names);

/// "17 bytes", "1.5 KB", "270.9 MB", "8.0 GB": powers of 1000.
std::string humanSize(uint64_t bytes);

/// The text as it may stand in a message: control characters and broken UTF-8
/// as \xNN, cut to `limit` bytes with "…". Quotes are not added.
std::string printable(std::string_view text, size_t limit = 120);

/// How deep parentheses and braces nest in `text`, quoted ones included: what
/// is handed to a parser that recurses is held against it first.
size_t nestingDepth(std::string_view text);

/// What is wrong, to be said all at once in a message that stays short: the
/// first problems are kept, the others counted.
class Problems {
public:
  /// `budget` is about how many bytes of problems are kept.
  explicit Problems(size_t budget = 3000) : budget_(budget) {}

  void add(std::string_view problem);
  bool empty() const { return count_ == 0; }
  /// "a; b; and 3 more".
  std::string text(std::string_view separator = "; ") const;

private:
  std::vector<std::string> kept_;
  size_t budget_, count_ = 0;
};

/// Length of the UTF-8 prefix of `text` that is valid: text.size() if all is.
size_t validUtf8Prefix(std::string_view text);

} // namespace compresslib

#endif // COMPRESS_SUPPORT_TEXT_H
