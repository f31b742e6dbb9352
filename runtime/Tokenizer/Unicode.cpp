//===- Unicode.cpp - Characters of UTF-8 text -----------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Unicode.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <new>
#include <utf8proc.h>

using namespace compresslib;
using namespace compresslib::rt;

const char *const rt::replacementCharacter = "\xef\xbf\xbd";

Utf8 rt::utf8At(std::string_view text, size_t at) {
  auto byte = [&](size_t i) -> uint32_t { return (unsigned char)text[at + i]; };
  size_t left = text.size() - at;
  uint32_t first = byte(0);
  if (first < 0x80)
    return {first, 1, true, false};
  unsigned size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (first < 0xc2 || first > 0xf4)
    return {0, 1, false, false};
  // The second byte excludes long forms, surrogates and what is past U+10FFFF.
  uint32_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  uint32_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  uint32_t code = first & (0x7f >> size);
  for (unsigned i = 1; i < size; ++i) {
    if (i == left)
      return {0, i, false, true};
    if (byte(i) < low || byte(i) > high)
      return {0, i, false, false};
    code = code << 6 | (byte(i) & 0x3f);
    low = 0x80;
    high = 0xbf;
  }
  return {code, size, true, false};
}

bool rt::isUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    Utf8 here = utf8At(text, at);
    if (!here.valid)
      return false;
    at += here.size;
  }
  return true;
}

std::string rt::replaceInvalid(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    Utf8 here = utf8At(text, at);
    if (here.valid)
      out.append(text, at, here.size);
    else
      out += replacementCharacter;
    at += here.size;
  }
  return out;
}

bool rt::isWhiteSpace(uint32_t c) {
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xa0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

size_t rt::leadingWhiteSpace(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    Utf8 here = utf8At(text, at);
    if (!isWhiteSpace(here.code))
      break;
    at += here.size;
  }
  return at;
}

static size_t lastStart(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
    --at;
  return at;
}

uint32_t rt::lastCharacter(std::string_view text) {
  return utf8At(text, lastStart(text)).code;
}

size_t rt::trailingWhiteSpace(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty() && isWhiteSpace(lastCharacter(rest)))
    rest = rest.substr(0, lastStart(rest));
  return text.size() - rest.size();
}

// Hugging Face's tokenizers (0.23) normalizes by the tables of Unicode 9: these
// characters, which are newer, neither change nor move there, and what is on
// one side of them does not meet what is on the other.
static const struct {
  uint32_t first, last;
} newer[] = {{0x7fd, 0x7fd},     {0x898, 0x89f},     {0x8ca, 0x8d3},
             {0x9fe, 0x9fe},     {0xc3c, 0xc3c},     {0xd3b, 0xd3c},
             {0xeba, 0xeba},     {0x1715, 0x1715},   {0x1abf, 0x1ace},
             {0x1df6, 0x1dfa},   {0x32ff, 0x32ff},   {0xa7f2, 0xa7f4},
             {0xa82c, 0xa82c},   {0xab69, 0xab69},   {0x10781, 0x107ba},
             {0x10d24, 0x10d27}, {0x10eab, 0x10eac}, {0x10efd, 0x10eff},
             {0x10f46, 0x10f50}, {0x10f82, 0x10f85}, {0x11070, 0x11070},
             {0x1133b, 0x1133b}, {0x1145e, 0x1145e}, {0x11839, 0x1183a},
             {0x11930, 0x11930}, {0x11938, 0x11938}, {0x1193d, 0x1193e},
             {0x11943, 0x11943}, {0x119e0, 0x119e0}, {0x11a34, 0x11a34},
             {0x11a47, 0x11a47}, {0x11a99, 0x11a99}, {0x11d42, 0x11d42},
             {0x11d44, 0x11d45}, {0x11d97, 0x11d97}, {0x11f41, 0x11f42},
             {0x16ff0, 0x16ff1}, {0x1e030, 0x1e06d}, {0x1e08f, 0x1e08f},
             {0x1e130, 0x1e136}, {0x1e2ae, 0x1e2ae}, {0x1e2ec, 0x1e2ef},
             {0x1e4ec, 0x1e4ef}, {0x1f16c, 0x1f16c}, {0x1fbf0, 0x1fbf9}};

static bool isNewer(uint32_t code) {
  auto found = std::lower_bound(
      std::begin(newer), std::end(newer), code,
      [](const auto &range, uint32_t code) { return range.last < code; });
  return found != std::end(newer) && found->first <= code;
}

static void appendNormalized(std::string_view text, int options,
                             std::string &out) {
  utf8proc_uint8_t *result = nullptr;
  utf8proc_ssize_t size = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t *>(text.data()),
      utf8proc_ssize_t(text.size()), &result, utf8proc_option_t(options));
  // Fails only where memory does, and then as `new` does.
  if (size < 0) {
    if (std::new_handler handler = std::get_new_handler())
      handler();
    std::abort();
  }
  out.append(reinterpret_cast<char *>(result), size_t(size));
  free(result);
}

std::string rt::normalize(std::string_view text, Normalization form) {
  // ASCII is its own normal form in all four.
  bool ascii = true;
  for (char c : text)
    ascii &= (unsigned char)c < 0x80;
  if (ascii)
    return std::string(text);
  int options = UTF8PROC_STABLE;
  if (form == Normalization::KC || form == Normalization::KD)
    options |= UTF8PROC_COMPAT;
  options |= form == Normalization::C || form == Normalization::KC
                 ? UTF8PROC_COMPOSE
                 : UTF8PROC_DECOMPOSE;
  std::string out;
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    Utf8 here = utf8At(text, at);
    if (here.code >= newer[0].first && isNewer(here.code)) {
      if (at > done)
        appendNormalized(text.substr(done, at - done), options, out);
      out.append(text, at, here.size);
      done = at + here.size;
    }
    at += here.size;
  }
  if (done < text.size())
    appendNormalized(text.substr(done), options, out);
  return out;
}
