//===- Text.cpp - printf-style strings and JSON output -------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Text.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace compresslib {
namespace rt {

std::string format(const char *pattern, ...) {
  va_list arguments, again;
  va_start(arguments, pattern);
  va_copy(again, arguments);
  int length = vsnprintf(nullptr, 0, pattern, arguments);
  va_end(arguments);
  std::string text(length > 0 ? length : 0, '\0');
  vsnprintf(text.data(), text.size() + 1, pattern, again);
  va_end(again);
  return text;
}

static size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t above = row[j];
      row[j] = std::min(
          {above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::vector<std::string_view>
nearestNames(std::string_view name,
             const std::vector<std::string_view> &names) {
  name = name.substr(0, 64);
  std::vector<std::pair<size_t, std::string_view>> near;
  for (std::string_view candidate : names) {
    size_t distance = editDistance(name, candidate);
    if (distance <= std::max<size_t>(2, name.size() / 3))
      near.push_back({distance, candidate});
  }
  std::sort(near.begin(), near.end());
  if (near.size() > 3)
    near.resize(3);
  std::vector<std::string_view> result;
  for (auto &[distance, candidate] : near)
    result.push_back(candidate);
  return result;
}

Expected<std::string> readFile(const std::string &path) {
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return environmentError(format("Cannot open '%s' for reading: %s.",
                                   path.c_str(), strerror(errno)));
  std::string text;
  struct stat status;
  if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
    text.reserve(status.st_size);
  char buffer[16384];
  for (;;) {
    ssize_t got = read(file, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      Error error = environmentError(
          format("Cannot read '%s': %s.", path.c_str(), strerror(errno)));
      close(file);
      return error;
    }
    if (got == 0)
      break;
    text.append(buffer, got);
  }
  close(file);
  return text;
}

/// Length of the valid UTF-8 sequence at `text`, or 0.
static size_t utf8Length(std::string_view text) {
  unsigned char lead = text[0];
  if (lead < 0x80)
    return 1;
  size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length)
    return 0;
  unsigned char second = text[1];
  unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (second < low || second > high)
    return 0;
  for (size_t i = 2; i < length; ++i)
    if ((text[i] & 0xC0) != 0x80)
      return 0;
  return length;
}

std::string cleanText(std::string_view text, int64_t &replaced) {
  std::string result;
  result.reserve(text.size());
  replaced = 0;
  while (!text.empty()) {
    size_t length = text[0] == '\0' ? 0 : utf8Length(text);
    if (length) {
      result.append(text.substr(0, length));
    } else {
      result += "\xEF\xBF\xBD";
      ++replaced;
      length = 1;
    }
    text.remove_prefix(length);
  }
  return result;
}

void JsonWriter::separate() {
  if (!first_)
    text_ += ", ";
  first_ = false;
}
JsonWriter &JsonWriter::beginObject() {
  separate();
  text_ += '{';
  first_ = true;
  return *this;
}
JsonWriter &JsonWriter::endObject() {
  text_ += '}';
  first_ = false;
  return *this;
}
JsonWriter &JsonWriter::beginArray() {
  separate();
  text_ += '[';
  first_ = true;
  return *this;
}
JsonWriter &JsonWriter::endArray() {
  text_ += ']';
  first_ = false;
  return *this;
}
JsonWriter &JsonWriter::key(std::string_view name) {
  value(name);
  text_ += ": ";
  first_ = true;
  return *this;
}
JsonWriter &JsonWriter::value(std::string_view text) {
  separate();
  text_ += '"';
  for (unsigned char c : text) {
    if (c == '"' || c == '\\')
      (text_ += '\\') += static_cast<char>(c);
    else if (c == '\n')
      text_ += "\\n";
    else if (c < 0x20 || c == 0x7F)
      text_ += format("\\u%04x", c);
    else
      text_ += static_cast<char>(c);
  }
  text_ += '"';
  return *this;
}
JsonWriter &JsonWriter::value(int64_t number) {
  separate();
  text_ += format("%lld", static_cast<long long>(number));
  return *this;
}
JsonWriter &JsonWriter::value(bool truth) {
  separate();
  text_ += truth ? "true" : "false";
  return *this;
}
JsonWriter &JsonWriter::value(double number, int digits) {
  separate();
  text_ += std::isfinite(number) ? format("%.*f", digits, number)
                                 : std::string("null");
  return *this;
}

} // namespace rt
} // namespace compresslib
