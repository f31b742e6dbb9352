//===- TranslatePattern.cpp - Oniguruma's patterns as PCRE2's -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/TokenizerJson.h"

#include "compress/Support/Text.h"

#include <cstring>

namespace compresslib {
namespace formats {

// The two differ in what the short classes hold: PCRE2's \s has U+180E, its \w
// has no marks. So they are spelled out.
static const char whiteSpace[] =
    R"(\x{9}-\x{D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029})"
    R"(\x{202F}\x{205F}\x{3000})";
static const char word[] = R"(\p{L}\p{M}\p{Nd}\p{Pc})";

Expected<std::string> translatePattern(std::string_view pattern) {
  std::string out;
  size_t at = 0;
  auto peek = [&](size_t ahead) {
    return at + ahead < pattern.size() ? pattern[at + ahead] : '\0';
  };
  auto refuse = [&](const std::string &what) {
    return badInput("the pattern \"" + printable(pattern, 300) + "\" uses " +
                    what + " (at byte " + std::to_string(at) +
                    "), which is not supported");
  };
  bool inClass = false;
  size_t classStart = 0;
  while (at < pattern.size()) {
    char c = pattern[at];
    if (c == '\\') {
      char e = peek(1);
      if (at + 1 == pattern.size())
        return refuse("a lone backslash");
      at += 2;
      switch (e) {
      case 's':
        out += inClass ? std::string(whiteSpace)
                       : "[" + std::string(whiteSpace) + "]";
        continue;
      case 'w':
        out += inClass ? std::string(word) : "[" + std::string(word) + "]";
        continue;
      case 'd':
        out += R"(\p{Nd})";
        continue;
      case 'D':
        out += R"(\P{Nd})";
        continue;
      case 'S':
      case 'W':
        if (inClass) {
          at -= 2;
          return refuse(std::string("\\") + e + " inside a class");
        }
        out += "[^" + std::string(e == 'S' ? whiteSpace : word) + "]";
        continue;
      case 'v':
        out += R"(\x{B})";
        continue;
      case 'p':
      case 'P': {
        size_t end = pattern.find('}', at);
        if (peek(0) != '{' || end == std::string_view::npos) {
          at -= 2;
          return refuse("\\p without braces");
        }
        out += '\\';
        out += e;
        out += pattern.substr(at, end + 1 - at);
        at = end + 1;
        continue;
      }
      case 'u': {
        std::string digits(pattern.substr(at, 4));
        if (digits.size() != 4 ||
            digits.find_first_not_of("0123456789abcdefABCDEF") !=
                std::string::npos) {
          at -= 2;
          return refuse("\\u without four digits");
        }
        out += "\\x{" + digits + "}";
        at += 4;
        continue;
      }
      case 'n':
      case 'r':
      case 't':
      case 'f':
      case 'a':
      case 'e':
      case 'x':
        out += '\\';
        out += e;
        continue;
      case 'A':
      case 'z':
      case 'Z':
        if (inClass)
          break;
        out += '\\';
        out += e;
        continue;
      default:
        if (!std::strchr("bBhHRXKGgkNOyYCMQEcUVLlo0123456789", e) &&
            (unsigned char)e < 0x80 && !(e >= 'a' && e <= 'z') &&
            !(e >= 'A' && e <= 'Z')) {
          out += '\\';
          out += e;
          continue;
        }
        if ((unsigned char)e >= 0x80) { // an escaped letter is itself
          out += e;
          continue;
        }
        break;
      }
      at -= 2;
      return refuse(std::string("\\") + e);
    }
    if (inClass) {
      if (c == '[')
        return refuse("a class inside a class");
      if (c == '&' && peek(1) == '&')
        return refuse("an intersection of classes");
      if (c == ']' && at > classStart)
        inClass = false;
      out += c;
      ++at;
      continue;
    }
    if (c == '[') {
      inClass = true;
      out += c;
      ++at;
      if (peek(0) == '^') {
        out += '^';
        ++at;
      }
      classStart = at;
      if (peek(0) == ']')
        return refuse("a class that begins with \"]\"");
      continue;
    }
    if (c == '(' && peek(1) == '?') {
      std::string_view rest = pattern.substr(at);
      bool known = false;
      for (std::string_view group : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>",
                                     "(?i)", "(?i:", "(?-i)", "(?-i:"})
        if (!known && rest.substr(0, group.size()) == group) {
          out += group;
          at += group.size();
          known = true;
        }
      if (!known)
        return refuse("the group \"" + printable(rest.substr(0, 4)) + "\"");
      continue;
    }
    if (c == '(' && peek(1) == '*')
      return refuse("\"(*\"");
    if (c == '{' && peek(1) == ',')
      return refuse("\"{,\"");
    // After an interval a plus repeats it in Ruby and forbids to give back in
    // Perl.
    if (c == '}' && peek(1) == '+')
      return refuse("\"}+\"");
    out += c;
    ++at;
  }
  if (inClass)
    return refuse("a class without end");
  return out;
}

} // namespace formats
} // namespace compresslib
