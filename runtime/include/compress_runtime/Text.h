//===- Text.h - Printf-style strings, text from outside ---------- -*- C++
//-*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// iostream costs an edge binary a megabyte; this is what it needs instead.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_TEXT_H
#define COMPRESS_RUNTIME_TEXT_H

#include "compress/Support/Error.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace compresslib {
namespace rt {

/// snprintf into a string.
std::string format(const char *pattern, ...)
    __attribute__((format(printf, 1, 2)));

/// The most that is read as one text: a quarter of a gigabyte.
constexpr uint64_t maxStreamBytes = uint64_t(1) << 28;

/// All of a file, FIFO or device, to its end; Environment errors name it. More
/// than `limit` bytes are a BadInput error.
Expected<std::string> readStream(const std::string &path,
                                 uint64_t limit = maxStreamBytes);

/// Invalid UTF-8 and NUL replaced by U+FFFD; `replaced` counts them.
std::string cleanText(std::string_view text, int64_t &replaced);

/// The character at the beginning of valid UTF-8, and its bytes.
inline uint32_t firstCharacter(const char *text, unsigned &size) {
  auto byte = [&](int i) { return uint32_t((unsigned char)text[i]); };
  uint32_t first = byte(0);
  if (first < 0x80) {
    size = 1;
    return first;
  }
  if (first < 0xe0) {
    size = 2;
    return (first & 0x1f) << 6 | (byte(1) & 0x3f);
  }
  if (first < 0xf0) {
    size = 3;
    return (first & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
  }
  size = 4;
  return (first & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 |
         (byte(3) & 0x3f);
}

/// The value with so many decimals, for figures that are compared as text.
double rounded(double value, int decimals = 6);

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_TEXT_H
