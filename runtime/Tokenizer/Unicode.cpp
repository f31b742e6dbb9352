//===- Unicode.cpp - Characters of UTF-8 text -----------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Unicode.h"

#include <cstdlib>
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

bool rt::isWordCharacter(uint32_t code) {
  if (code == 0x200c || code == 0x200d)
    return true;
  switch (utf8proc_category(utf8proc_int32_t(code))) {
  case UTF8PROC_CATEGORY_LU:
  case UTF8PROC_CATEGORY_LL:
  case UTF8PROC_CATEGORY_LT:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_LO:
  case UTF8PROC_CATEGORY_MN:
  case UTF8PROC_CATEGORY_MC:
  case UTF8PROC_CATEGORY_ME:
  case UTF8PROC_CATEGORY_ND:
  case UTF8PROC_CATEGORY_NL:
  case UTF8PROC_CATEGORY_PC:
    return true;
  default:
    return false;
  }
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
  utf8proc_uint8_t *result = nullptr;
  utf8proc_ssize_t size = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t *>(text.data()),
      utf8proc_ssize_t(text.size()), &result, utf8proc_option_t(options));
  // Fails only where memory does; the text as it is then beats no text.
  if (size < 0)
    return std::string(text);
  std::string out(reinterpret_cast<char *>(result), size_t(size));
  free(result);
  return out;
}
