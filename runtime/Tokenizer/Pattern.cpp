//===- Pattern.cpp - A regular expression as it is stored -----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Pattern.h"

#include "Stored.h"

#include <algorithm>

using namespace compresslib;
using namespace compresslib::rt;

// Bounds of what a stored pattern may ask for.
constexpr uint64_t maxSets = 256;
constexpr uint64_t maxChoices = 256;
constexpr unsigned maxDepth = 100;

int64_t rt::fixedLength(const Pattern &pattern) {
  switch (pattern.kind) {
  case Pattern::Character:
  case Pattern::Set:
    return 1;
  case Pattern::Sequence: {
    int64_t sum = 0;
    for (const Pattern &part : pattern.parts) {
      int64_t length = fixedLength(part);
      if (length < 0 || (sum += length) > Pattern::maxTimes)
        return -1;
    }
    return sum;
  }
  case Pattern::Choice: {
    int64_t length = fixedLength(pattern.parts[0]);
    for (size_t i = 1; i < pattern.parts.size(); ++i)
      if (fixedLength(pattern.parts[i]) != length)
        return -1;
    return length;
  }
  case Pattern::Repeat: {
    int64_t length = fixedLength(pattern.parts[0]);
    if (length == 0)
      return 0;
    if (length < 0 || pattern.least != pattern.most ||
        length * pattern.least > Pattern::maxTimes)
      return -1;
    return length * pattern.least;
  }
  case Pattern::Atomic:
    return fixedLength(pattern.parts[0]);
  default:
    return 0;
  }
}

// A pattern is stored as its sets, then the tree from the root: a kind, what
// belongs to it, and the parts.

using Sets = std::vector<std::shared_ptr<const CodeRanges>>;

static size_t indexOf(const Sets &sets, const CodeRanges &set) {
  for (size_t i = 0; i < sets.size(); ++i)
    if (*sets[i] == set)
      return i;
  return sets.size();
}

static void collect(const Pattern &pattern, Sets &sets) {
  if (pattern.kind == Pattern::Set &&
      indexOf(sets, *pattern.set) == sets.size())
    sets.push_back(pattern.set);
  for (const Pattern &part : pattern.parts)
    collect(part, sets);
}

static void write(const Pattern &pattern, const Sets &sets, StoredOutput &out) {
  out.number(pattern.kind);
  switch (pattern.kind) {
  case Pattern::Character:
    out.number(pattern.code);
    break;
  case Pattern::Set:
    out.number(indexOf(sets, *pattern.set));
    break;
  case Pattern::Sequence:
  case Pattern::Choice:
    out.number(pattern.parts.size());
    break;
  case Pattern::Repeat:
    out.number(pattern.least);
    out.number(pattern.most == Pattern::unlimited ? 0
                                                  : uint64_t(pattern.most) + 1);
    out.number(pattern.mode);
    break;
  default:
    break;
  }
  for (const Pattern &part : pattern.parts)
    write(part, sets, out);
}

std::string rt::serializePattern(const Pattern &pattern) {
  Sets sets;
  collect(pattern, sets);
  StoredOutput out;
  out.number(sets.size());
  for (const auto &set : sets) {
    out.number(set->size());
    uint32_t next = 0;
    for (CodeRange range : *set) {
      out.number(range.first - next);
      out.number(range.last - range.first);
      next = range.last + 1;
    }
  }
  write(pattern, sets, out);
  return std::string(out.bytes.begin(), out.bytes.end());
}

static Pattern read(StoredInput &in, const Sets &sets, unsigned depth,
                    uint64_t &choices) {
  Pattern pattern;
  pattern.kind = Pattern::Kind(in.number(Pattern::LastKind));
  if (depth > maxDepth)
    in.fail();
  uint64_t parts = 0;
  switch (pattern.kind) {
  case Pattern::Character:
    pattern.code = uint32_t(in.number(lastCode));
    break;
  case Pattern::Set: {
    uint64_t index = in.number();
    if (index >= sets.size())
      in.fail();
    else
      pattern.set = sets[index];
    break;
  }
  case Pattern::Choice:
  case Pattern::Sequence:
    parts = in.count(maxTokenBytes);
    if (pattern.kind == Pattern::Choice && (!parts || ++choices > maxChoices))
      in.fail();
    break;
  case Pattern::Repeat: {
    pattern.least = uint32_t(in.number(Pattern::maxTimes));
    uint64_t most = in.number(Pattern::maxTimes + 1);
    pattern.most = most ? uint32_t(most - 1) : Pattern::unlimited;
    pattern.mode = Pattern::Mode(in.number(Pattern::Lazy));
    if (pattern.least > pattern.most)
      in.fail();
    parts = 1;
    break;
  }
  case Pattern::Atomic:
  case Pattern::Ahead:
  case Pattern::NotAhead:
  case Pattern::Behind:
  case Pattern::NotBehind:
    parts = 1;
    break;
  default:
    break;
  }
  for (uint64_t i = 0; i < parts && !in.failed(); ++i)
    pattern.parts.push_back(read(in, sets, depth + 1, choices));
  if (!in.failed() &&
      (pattern.kind == Pattern::Behind || pattern.kind == Pattern::NotBehind)) {
    const Pattern &body = pattern.parts[0];
    if (body.kind == Pattern::Choice) {
      for (const Pattern &part : body.parts)
        if (fixedLength(part) < 0)
          in.fail();
    } else if (fixedLength(body) < 0) {
      in.fail();
    }
  }
  return pattern;
}

Expected<Pattern> rt::parsePattern(std::string_view stored) {
  if (stored.size() > maxTokenBytes)
    return badInput("has more than " + std::to_string(maxTokenBytes) +
                    " bytes");
  StoredInput in(
      Bytes(reinterpret_cast<const uint8_t *>(stored.data()), stored.size()));
  uint64_t count = in.count(UINT64_MAX);
  if (count > maxSets)
    return badInput("has more than " + std::to_string(maxSets) +
                    " sets of characters");
  Sets sets;
  for (uint64_t s = 0; s < count; ++s) {
    CodeRanges set;
    uint64_t ranges = in.count(maxTokenBytes), next = 0;
    for (uint64_t i = 0; i < ranges && !in.failed(); ++i) {
      uint64_t first = next + in.number(lastCode);
      uint64_t last = first + in.number(lastCode);
      if (last > lastCode || (i && first == next))
        in.fail();
      set.push_back({uint32_t(first), uint32_t(last)});
      next = last + 1;
    }
    sets.push_back(std::make_shared<const CodeRanges>(std::move(set)));
  }
  uint64_t choices = 0;
  Pattern pattern = read(in, sets, 0, choices);
  if (choices > maxChoices)
    return badInput("has more than " + std::to_string(maxChoices) +
                    " alternations");
  if (in.failed() || !in.atEnd())
    return badInput("is damaged or nested too deeply");
  return pattern;
}
