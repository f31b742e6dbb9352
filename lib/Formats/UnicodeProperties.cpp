//===- UnicodeProperties.cpp - Sets of characters by name -----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "UnicodeProperties.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace compresslib {
namespace formats {

using rt::CodeRange;
using rt::CodeRanges;

#include "UnicodeTables.inc"

CodeRanges ordered(CodeRanges ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](CodeRange a, CodeRange b) { return a.first < b.first; });
  CodeRanges out;
  for (CodeRange range : ranges)
    if (!out.empty() && range.first <= out.back().last + 1)
      out.back().last = std::max(out.back().last, range.last);
    else
      out.push_back(range);
  return out;
}

CodeRanges unite(const CodeRanges &a, const CodeRanges &b) {
  CodeRanges both = a;
  both.insert(both.end(), b.begin(), b.end());
  return ordered(std::move(both));
}

CodeRanges complement(const CodeRanges &ranges) {
  CodeRanges out;
  uint32_t next = 0;
  for (CodeRange range : ranges) {
    if (range.first > next)
      out.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= rt::lastCode)
    out.push_back({next, rt::lastCode});
  return out;
}

CodeRanges intersect(const CodeRanges &a, const CodeRanges &b) {
  return complement(unite(complement(a), complement(b)));
}

template <size_t N, typename Wanted>
static CodeRanges collect(const uint32_t (&runs)[N], Wanted wanted) {
  CodeRanges out;
  for (size_t i = 0; i < N; ++i)
    if (wanted(runs[i] & 255))
      out.push_back(
          {runs[i] >> 8, i + 1 < N ? (runs[i + 1] >> 8) - 1 : rt::lastCode});
  return ordered(std::move(out));
}

/// Of every category whose name begins so.
static CodeRanges categories(std::string_view prefix) {
  return collect(categoryRuns, [&](uint32_t index) {
    return std::string_view(categoryNames[index]).substr(0, prefix.size()) ==
           prefix;
  });
}

static std::string plain(std::string_view name) {
  std::string out;
  for (char c : name)
    if (c != ' ' && c != '_' && c != '-')
      out += c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
  return out;
}

std::optional<CodeRanges> propertyNamed(std::string_view name) {
  static const std::pair<const char *, const char *> longNames[] = {
      {"Other", "C"},
      {"Control", "Cc"},
      {"Format", "Cf"},
      {"Unassigned", "Cn"},
      {"Private_Use", "Co"},
      {"Letter", "L"},
      {"Lowercase_Letter", "Ll"},
      {"Modifier_Letter", "Lm"},
      {"Other_Letter", "Lo"},
      {"Titlecase_Letter", "Lt"},
      {"Uppercase_Letter", "Lu"},
      {"Mark", "M"},
      {"Spacing_Mark", "Mc"},
      {"Enclosing_Mark", "Me"},
      {"Nonspacing_Mark", "Mn"},
      {"Number", "N"},
      {"Decimal_Number", "Nd"},
      {"Letter_Number", "Nl"},
      {"Other_Number", "No"},
      {"Punctuation", "P"},
      {"Connector_Punctuation", "Pc"},
      {"Dash_Punctuation", "Pd"},
      {"Close_Punctuation", "Pe"},
      {"Final_Punctuation", "Pf"},
      {"Initial_Punctuation", "Pi"},
      {"Other_Punctuation", "Po"},
      {"Open_Punctuation", "Ps"},
      {"Symbol", "S"},
      {"Currency_Symbol", "Sc"},
      {"Modifier_Symbol", "Sk"},
      {"Math_Symbol", "Sm"},
      {"Other_Symbol", "So"},
      {"Separator", "Z"},
      {"Line_Separator", "Zl"},
      {"Paragraph_Separator", "Zp"},
      {"Space_Separator", "Zs"},
  };
  std::string wanted = plain(name);
  for (const auto &[known, category] : longNames)
    if (wanted == plain(known))
      return categories(category);
  if (wanted.size() <= 2)
    for (const char *category : categoryNames) {
      std::string known = plain(category);
      if (wanted == known)
        return categories(category);
      if (wanted == known.substr(0, 1))
        return categories(std::string_view(category).substr(0, 1));
    }
  for (uint32_t i = 1; i < std::size(scriptNames); ++i)
    if (wanted == plain(scriptNames[i]))
      return collect(scriptRuns, [&](uint32_t index) { return index == i; });
  return std::nullopt;
}

CodeRanges whiteSpace() {
  return {{9, 13},          {0x20, 0x20},     {0x85, 0x85},
          {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
          {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f},
          {0x3000, 0x3000}};
}

CodeRanges wordCharacters() {
  // Alphabetic, marks, decimal numbers and connectors. What is alphabetic
  // without being letter, mark or letter number: letters in circles and boxes.
  CodeRanges word = {{0x24b6, 0x24e9},
                     {0x1f130, 0x1f149},
                     {0x1f150, 0x1f169},
                     {0x1f170, 0x1f189}};
  for (const char *category : {"L", "M", "Nd", "Nl", "Pc"})
    word = unite(word, categories(category));
  return word;
}

CodeRanges loneWordCharacters() {
  return unite(wordCharacters(), {{0xb2, 0xb3}, {0xb9, 0xb9}, {0xbc, 0xbe}});
}

CodeRanges rustWordCharacters() {
  return unite(wordCharacters(), {{0x200c, 0x200d}});
}

CodeRanges rustNumeric() {
  return CodeRanges(std::begin(numericRanges), std::end(numericRanges));
}

CodeRanges rustPunctuation() {
  return CodeRanges(std::begin(punctuationRanges), std::end(punctuationRanges));
}

} // namespace formats
} // namespace compresslib
