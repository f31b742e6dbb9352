//===- Unicode.h - Characters of UTF-8 text ---------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_TOKENIZER_UNICODE_H
#define COMPRESS_RUNTIME_TOKENIZER_UNICODE_H

#include <cstdint>
#include <string>
#include <string_view>

namespace compresslib {
namespace rt {

/// What stands at a place of a text.
struct Utf8 {
  uint32_t code; ///< the character, where valid
  unsigned size; ///< its bytes; of a fault, those that U+FFFD replaces
  bool valid;
  bool truncated; ///< a fault only because the text ends here
};
/// `at` < text.size().
Utf8 utf8At(std::string_view text, size_t at);
bool isUtf8(std::string_view text);
/// With each maximal invalid part as U+FFFD (Unicode 15, section 3.9).
std::string replaceInvalid(std::string_view text);

/// Unicode's White_Space.
bool isWhiteSpace(uint32_t code);
/// Bytes of white space at the beginning and at the end of valid UTF-8.
size_t leadingWhiteSpace(std::string_view text);
size_t trailingWhiteSpace(std::string_view text);
/// The last character of valid UTF-8 that is not empty.
uint32_t lastCharacter(std::string_view text);

enum class Normalization { C, D, KC, KD };
std::string normalize(std::string_view text, Normalization form);

extern const char *const replacementCharacter;

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_TOKENIZER_UNICODE_H
