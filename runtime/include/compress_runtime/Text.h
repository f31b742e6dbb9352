//===- Text.h - printf-style strings and JSON output ---------- -*- C++ -*-===//
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
#include <vector>

namespace compresslib {
namespace rt {

/// snprintf into a string.
std::string format(const char *pattern, ...)
    __attribute__((format(printf, 1, 2)));

/// The names closest to `name` by edit distance, best first, at most three.
std::vector<std::string_view>
nearestNames(std::string_view name, const std::vector<std::string_view> &names);

/// A whole file; Environment errors name it.
Expected<std::string> readFile(const std::string &path);

/// Invalid UTF-8 and NUL replaced by U+FFFD; `replaced` counts them.
std::string cleanText(std::string_view text, int64_t &replaced);

/// Writes JSON text; keys in the order of the calls. Numbers that are not
/// finite become null.
class JsonWriter {
public:
  JsonWriter &beginObject();
  JsonWriter &endObject();
  JsonWriter &beginArray();
  JsonWriter &endArray();
  JsonWriter &key(std::string_view name);
  JsonWriter &value(std::string_view text);
  JsonWriter &value(const char *text) { return value(std::string_view(text)); }
  JsonWriter &value(int64_t number);
  JsonWriter &value(bool truth);
  JsonWriter &value(double number, int digits = 6);
  const std::string &text() const { return text_; }

private:
  void separate();
  std::string text_;
  bool first_ = true;
};

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_TEXT_H
