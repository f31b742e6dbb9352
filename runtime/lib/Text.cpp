//===- Text.cpp - Printf-style strings, text from outside -------- -*- C++
//-*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Text.h"
#include "compress/Support/Text.h"

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

Expected<std::string> readStream(const std::string &path, uint64_t limit) {
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return environmentError(format("Cannot open '%s' for reading: %s.",
                                   path.c_str(), strerror(errno)));
  std::string text;
  struct stat status;
  if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
    text.reserve(std::min<uint64_t>(status.st_size, limit));
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
    if (text.size() + got > limit) {
      close(file);
      return badInput(format("'%s' has more than %s, the most that is read as "
                             "one text. Give a part of it.",
                             printable(path, 400).c_str(),
                             humanSize(limit).c_str()));
    }
    text.append(buffer, got);
  }
  close(file);
  return text;
}

std::string cleanText(std::string_view text, int64_t &replaced) {
  std::string result;
  result.reserve(text.size());
  replaced = 0;
  auto replace = [&] {
    result += "\xEF\xBF\xBD";
    ++replaced;
  };
  while (!text.empty()) {
    // Valid to here, but for NULs: each byte is looked at once.
    size_t valid = validUtf8Prefix(text);
    for (char c : text.substr(0, valid)) {
      if (c)
        result += c;
      else
        replace();
    }
    text.remove_prefix(valid);
    if (!text.empty()) {
      replace();
      text.remove_prefix(1);
    }
  }
  return result;
}

double rounded(double value, int decimals) {
  double scale = std::pow(10.0, decimals);
  return std::isfinite(value) ? std::round(value * scale) / scale : value;
}

} // namespace rt
} // namespace compresslib
