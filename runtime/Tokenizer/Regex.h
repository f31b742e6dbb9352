//===- Regex.h - Patterns, by PCRE2 -----------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_TOKENIZER_REGEX_H
#define COMPRESS_RUNTIME_TOKENIZER_REGEX_H

#include "compress/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace compresslib {
namespace rt {

/// A compiled pattern: UTF-8, Unicode properties, ^ and $ at lines.
class Regex {
public:
  static Expected<Regex> compile(const std::string &pattern);
  Regex(Regex &&other) noexcept : code_(other.code_) { other.code_ = nullptr; }
  Regex &operator=(Regex &&other) noexcept {
    std::swap(code_, other.code_);
    return *this;
  }
  ~Regex();

  /// Finds matches one after another; one thread's.
  class Matcher {
  public:
    /// `steps` bounds the work of one search, so that no text can hang it.
    Matcher(const Regex &regex, uint32_t steps);
    ~Matcher();
    Matcher(Matcher &&other) noexcept
        : regex_(other.regex_), data_(other.data_), context_(other.context_) {
      other.data_ = other.context_ = nullptr;
    }
    enum Result { Found, None, TooManySteps };
    /// The first match in `text` (valid UTF-8) at or after `from`.
    Result find(std::string_view text, size_t from, size_t &begin, size_t &end);

  private:
    const Regex &regex_;
    void *data_, *context_;
  };

private:
  explicit Regex(void *code) : code_(code) {}
  void *code_;
};

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_TOKENIZER_REGEX_H
