//===- Regex.h - Matching of patterns, with counted steps -------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A backtracking matcher that finds what Oniguruma finds. A step is one
// instruction or one character taken by a repetition, so the steps of a text
// bound its time, whatever the pattern; a stack of its own bounds its memory.
// Libraries bound one search, or one place where it starts, and know other
// characters than Oniguruma does.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_TOKENIZER_REGEX_H
#define COMPRESS_RUNTIME_TOKENIZER_REGEX_H

#include "compress_runtime/Pattern.h"

#include <array>
#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace compresslib {
namespace rt {

/// A set of characters that is quick to ask.
class CodeSet {
public:
  explicit CodeSet(const CodeRanges &ranges);
  bool hasAscii(unsigned char c) const { return ascii_[c]; }
  bool has(uint32_t code) const {
    size_t page = code >> 8;
    return page >= pageOf_.size()
               ? beyond_
               : pages_[pageOf_[page]][code >> 6 & 3] >> (code & 63) & 1;
  }

private:
  bool ascii_[128];
  bool beyond_ = false; // of the characters behind the last page
  std::vector<uint16_t> pageOf_;
  std::vector<std::array<uint64_t, 4>> pages_;
};

class Regex {
public:
  explicit Regex(const Pattern &pattern);

  /// Finds matches one after another; one thread's. The regex must outlive it.
  class Matcher {
  public:
    explicit Matcher(const Regex &regex) : regex_(regex) {}
    enum Result { Found, None, TooManySteps };
    /// The first match in `text` (valid UTF-8, below 4 GB) at or after `from`.
    /// Takes the steps from `steps`, and stops where there are none.
    Result find(std::string_view text, size_t from, uint64_t &steps,
                size_t &begin, size_t &end);

  private:
    /// What to do where a match fails.
    struct Entry {
      enum Kind : uint32_t {
        Resume,  // at `pc` and the place `a`
        Again,   // ask the instruction at `pc`, with `a` and `b`
        Restore, // the register `a` is `b` again
      };
      uint32_t pc : 30, kind : 2;
      uint32_t a, b;
    };
    Result matchAt(std::string_view text, uint32_t at, uint64_t &steps,
                   uint32_t &end);
    const Regex &regex_;
    std::vector<Entry> stack_;
    std::vector<uint32_t> registers_;
  };

private:
  friend class Compiler;
  enum Operation : uint8_t {
    Character,  // bytes: its UTF-8, a: their number
    Set,        // a: set
    Run,        // of set a, b to c times, greedy if flag
    Choice,     // a: its table
    Optional,   // go on, or at b; a: first bytes of what goes on; flag: greedy
    Jump,       // to b
    CountStart, // register a = 0
    CountLoop,  // register a; b: exit; c: index of its bounds; flag: greedy
    CountNext,  // register a counts, then to b
    SavePlace,  // in register a
    CheckPlace, // if still at register a: to b, unless counts say more
    Enter, // keep the height of the stack in register a, the place in a + 1
    LeaveAtomic, // drop what is above the height of register a
    LeaveAhead,  // and go back to the place
    EnterNot,    // as Enter; where what follows fails, go on at b
    LeaveNot,    // drop, with the going on at b, and fail
    Back,        // a characters
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
    LastLineEnd,
    Match,
  };
  struct Instruction {
    Operation operation;
    bool flag = false;
    uint32_t a = 0, b = 0, c = 0;
    char bytes[4] = {};
  };
  struct Bounds {
    uint32_t least, most;
  };
  /// For each first byte, and 256 for the end of the text, which parts of a
  /// choice may match there: bit i for the part at targets[i].
  struct ChoiceTable {
    std::array<uint32_t, 257> viable{};
    std::vector<uint32_t> targets;
  };
  std::vector<Instruction> program_;
  std::vector<CodeSet> sets_;
  std::vector<Bounds> bounds_;
  std::vector<ChoiceTable> choices_;
  std::vector<std::bitset<257>> firsts_;
  std::bitset<257> first_; // bytes a match may begin with, 256: the end
  uint32_t registers_ = 0;
};

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_TOKENIZER_REGEX_H
