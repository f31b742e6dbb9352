//===- Text.cpp - Words of messages ---------------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Support/Text.h"

#include <algorithm>
#include <cstdio>

using namespace compresslib;

size_t compresslib::editDistance(std::string_view a, std::string_view b) {
  size_t n = b.size();
  std::vector<size_t> before(n + 1), last(n + 1), row(n + 1);
  for (size_t j = 0; j <= n; ++j)
    last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= n; ++j) {
      row[j] = std::min(
          {last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[n];
}

std::vector<std::string>
compresslib::nearestNames(std::string_view name,
                          const std::vector<std::string> &names, size_t limit) {
  size_t far = std::max<size_t>(2, name.size() / 3);
  std::vector<std::pair<size_t, size_t>> near; // distance, place
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string &candidate = names[i];
    size_t difference = candidate.size() > name.size()
                            ? candidate.size() - name.size()
                            : name.size() - candidate.size();
    bool extends = name.size() >= 3 && candidate.size() > name.size() &&
                   candidate.compare(0, name.size(), name) == 0;
    if (difference > far && !extends)
      continue;
    size_t distance = extends ? 1 : editDistance(name, candidate);
    if (distance <= far)
      near.push_back({distance, i});
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string> result;
  for (auto [distance, place] : near)
    if (result.size() < limit &&
        std::find(result.begin(), result.end(), names[place]) == result.end())
      result.push_back(names[place]);
  return result;
}

std::string compresslib::didYouMean(std::string_view name,
                                    const std::vector<std::string> &names) {
  std::vector<std::string> near = nearestNames(name, names);
  if (near.empty())
    return "";
  std::string text = " Did you mean ";
  for (size_t i = 0; i < near.size(); ++i) {
    if (i)
      text += i + 1 == near.size() ? " or " : ", ";
    text += "'" + printable(near[i]) + "'";
  }
  return text + "?";
}

std::string compresslib::humanSize(uint64_t bytes) {
  if (bytes < 1000)
    return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
  const char *units[] = {"KB", "MB", "GB", "TB", "PB", "EB"};
  double size = double(bytes);
  int unit = -1;
  do {
    size /= 1000;
    ++unit;
  } while (size >= 999.95 && unit < 5);
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", size, units[unit]);
  return text;
}

/// Length of the valid UTF-8 sequence at `at`, or 0.
static size_t sequenceLength(std::string_view text, size_t at) {
  auto byte = [&](size_t i) -> unsigned {
    return at + i < text.size() ? (unsigned char)text[at + i] : 0;
  };
  auto continues = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  unsigned first = byte(0);
  if (first < 0x80)
    return 1;
  if (first < 0xc2)
    return 0;
  if (first < 0xe0)
    return continues(1) ? 2 : 0;
  if (first < 0xf0) {
    unsigned low = first == 0xe0 ? 0xa0 : 0x80;
    unsigned high = first == 0xed ? 0x9f : 0xbf;
    return byte(1) >= low && byte(1) <= high && continues(2) ? 3 : 0;
  }
  if (first < 0xf5) {
    unsigned low = first == 0xf0 ? 0x90 : 0x80;
    unsigned high = first == 0xf4 ? 0x8f : 0xbf;
    return byte(1) >= low && byte(1) <= high && continues(2) && continues(3)
               ? 4
               : 0;
  }
  return 0;
}

std::string compresslib::printable(std::string_view text, size_t limit) {
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    size_t length = sequenceLength(text, at);
    std::string piece;
    unsigned char c = text[at];
    if (length == 0 || c < 0x20 || c == 0x7f) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02X", c);
      piece = hex;
      length = 1;
    } else {
      piece = text.substr(at, length);
    }
    if (out.size() + piece.size() > limit)
      return out + "…";
    out += piece;
    at += length;
  }
  return out;
}

size_t compresslib::nestingDepth(std::string_view text) {
  size_t depth = 0, deepest = 0;
  for (char c : text) {
    depth += c == '{' || c == '(';
    deepest = std::max(deepest, depth);
    if ((c == '}' || c == ')') && depth > 0)
      --depth;
  }
  return deepest;
}

void Problems::add(std::string_view problem) {
  ++count_;
  if (problem.size() <= budget_) {
    budget_ -= problem.size();
    kept_.emplace_back(problem);
  } else if (kept_.empty()) {
    kept_.push_back(printable(problem, budget_));
    budget_ = 0;
  } else {
    budget_ = 0;
  }
}

std::string Problems::text(std::string_view separator) const {
  std::string text;
  for (const std::string &problem : kept_) {
    if (!text.empty())
      text += separator;
    text += problem;
  }
  if (count_ > kept_.size()) {
    text += separator;
    text += "and " + std::to_string(count_ - kept_.size()) + " more";
  }
  return text;
}

size_t compresslib::validUtf8Prefix(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    size_t length = sequenceLength(text, at);
    if (!length)
      break;
    at += length;
  }
  return at;
}
