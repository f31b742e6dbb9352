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

/// The value with so many decimals, for figures that are compared as text.
double rounded(double value, int decimals = 6);

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_TEXT_H
