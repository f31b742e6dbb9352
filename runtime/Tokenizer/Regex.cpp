//===- Regex.cpp - Matching of patterns, with counted steps ---------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Regex.h"

#include "Unicode.h"
#include "compress_runtime/Text.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

using namespace compresslib;
using namespace compresslib::rt;

//===----------------------------------------------------------------------===//
// Sets
//===----------------------------------------------------------------------===//

CodeSet::CodeSet(const CodeRanges &ranges) {
  for (uint32_t c = 0; c < 128; ++c)
    ascii_[c] = false;
  pages_ = {{0, 0, 0, 0}, {~0ull, ~0ull, ~0ull, ~0ull}};
  for (CodeRange range : ranges) {
    for (uint32_t c = range.first; c <= range.last && c < 128; ++c)
      ascii_[c] = true;
    // Page by page: whole ones are shared.
    bool open = range.last == lastCode;
    for (uint32_t code = range.first; code <= range.last;) {
      uint32_t page = code >> 8, stop = std::min(range.last, code | 255);
      if (open && (code & 255) == 0) {
        beyond_ = true;
        pageOf_.resize(page);
        break;
      }
      if (page >= pageOf_.size())
        pageOf_.resize(page + 1);
      if ((code & 255) == 0 && stop == (code | 255)) {
        pageOf_[page] = 1;
      } else {
        if (!pageOf_[page]) {
          pageOf_[page] = uint16_t(pages_.size());
          pages_.push_back({0, 0, 0, 0});
        }
        for (uint32_t c = code; c <= stop; ++c)
          pages_[pageOf_[page]][c >> 6 & 3] |= uint64_t(1) << (c & 63);
      }
      code = stop + 1;
    }
  }
}

//===----------------------------------------------------------------------===//
// From the tree to instructions
//===----------------------------------------------------------------------===//

namespace {
/// What a text may begin with so that something matches: bytes, and 256 for
/// its end. All of them where it may match the empty text.
using First = std::bitset<257>;

unsigned encode(uint32_t code, char *bytes) {
  if (code < 0x80) {
    bytes[0] = char(code);
    return 1;
  }
  unsigned size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (unsigned i = size; i-- > 1; code >>= 6)
    bytes[i] = char(0x80 | (code & 0x3f));
  bytes[0] = char((0xf00 >> size & 0xf0) | code);
  return size;
}

First firstOf(CodeRange range) {
  First first;
  char bytes[4];
  encode(range.first, bytes);
  unsigned low = (unsigned char)bytes[0];
  encode(range.last, bytes);
  for (unsigned byte = low; byte <= (unsigned char)bytes[0]; ++byte)
    if ((byte & 0xc0) != 0x80) // never inside of a character
      first.set(byte);
  return first;
}
} // namespace

namespace compresslib {
namespace rt {
class Compiler {
public:
  Compiler(Regex &regex) : regex_(regex) {}
  void run(const Pattern &pattern) {
    regex_.first_ = compile(pattern);
    emit(Regex::Match);
    // What only jumps to the end ends there.
    for (Regex::Instruction &instruction : regex_.program_) {
      uint32_t target = instruction.b;
      if (instruction.operation == Regex::Jump &&
          regex_.program_[target].operation == Regex::Match)
        instruction.operation = Regex::Match;
    }
  }

private:
  using I = Regex::Instruction;
  uint32_t here() const { return uint32_t(regex_.program_.size()); }
  uint32_t emit(Regex::Operation operation, uint32_t a = 0, uint32_t b = 0) {
    I instruction;
    instruction.operation = operation;
    instruction.a = a;
    instruction.b = b;
    regex_.program_.push_back(instruction);
    return here() - 1;
  }
  I &at(uint32_t place) { return regex_.program_[place]; }
  uint32_t setOf(const Pattern &pattern) {
    if (pattern.kind == Pattern::Character) {
      auto [place, isNew] =
          singles_.emplace(pattern.code, uint32_t(regex_.sets_.size()));
      if (isNew)
        regex_.sets_.emplace_back(CodeRanges{{pattern.code, pattern.code}});
      return place->second;
    }
    auto [place, isNew] =
        sets_.emplace(pattern.set.get(), uint32_t(regex_.sets_.size()));
    if (isNew)
      regex_.sets_.emplace_back(*pattern.set);
    return place->second;
  }

  /// Emits the instructions of a pattern and says what it may begin with.
  First compile(const Pattern &pattern) {
    switch (pattern.kind) {
    case Pattern::Character: {
      uint32_t place = emit(Regex::Character);
      at(place).a = encode(pattern.code, at(place).bytes);
      return firstOf({pattern.code, pattern.code});
    }
    case Pattern::Set:
      emit(Regex::Set, setOf(pattern));
      return firstOfSet(pattern);
    case Pattern::Sequence:
      return sequence(pattern);
    case Pattern::Choice:
      return choice(pattern, 0);
    case Pattern::Repeat:
      return repeat(pattern);
    case Pattern::Atomic:
    case Pattern::Ahead: {
      uint32_t saved = registers(2);
      emit(Regex::Enter, saved);
      First first = compile(pattern.parts[0]);
      bool atomic = pattern.kind == Pattern::Atomic;
      emit(atomic ? Regex::LeaveAtomic : Regex::LeaveAhead, saved);
      return atomic ? first : all();
    }
    case Pattern::NotAhead: {
      uint32_t saved = registers(1);
      uint32_t enter = emit(Regex::EnterNot, saved);
      compile(pattern.parts[0]);
      emit(Regex::LeaveNot, saved);
      at(enter).b = here();
      return all();
    }
    case Pattern::Behind:
    case Pattern::NotBehind: {
      // Each choice from where it must have begun.
      const Pattern &body = pattern.parts[0];
      bool negative = pattern.kind == Pattern::NotBehind;
      uint32_t saved = registers(2);
      uint32_t enter = emit(negative ? Regex::EnterNot : Regex::Enter, saved);
      size_t count = body.kind == Pattern::Choice ? body.parts.size() : 1;
      std::vector<uint32_t> jumps;
      for (size_t i = 0; i < count; ++i) {
        const Pattern &part =
            body.kind == Pattern::Choice ? body.parts[i] : body;
        uint32_t split = 0;
        if (i + 1 < count) {
          split = emit(Regex::Optional, firsts(all()));
          at(split).flag = true;
        }
        emit(Regex::Back, uint32_t(fixedLength(part)));
        compile(part);
        if (i + 1 < count) {
          jumps.push_back(emit(Regex::Jump));
          at(split).b = here();
        }
      }
      for (uint32_t jump : jumps)
        at(jump).b = here();
      emit(negative ? Regex::LeaveNot : Regex::LeaveAhead, saved);
      if (negative)
        at(enter).b = here();
      return all();
    }
    case Pattern::LineStart:
      emit(Regex::LineStart);
      return all();
    case Pattern::LineEnd:
      emit(Regex::LineEnd);
      return all();
    case Pattern::TextStart:
      emit(Regex::TextStart);
      return all();
    case Pattern::TextEnd:
      emit(Regex::TextEnd);
      return all();
    case Pattern::LastLineEnd:
      emit(Regex::LastLineEnd);
      return all();
    }
    return all();
  }

  static First all() { return ~First(); }
  uint32_t registers(uint32_t count) {
    regex_.registers_ += count;
    return regex_.registers_ - count;
  }
  uint32_t firsts(const First &first) {
    auto found = std::find(regex_.firsts_.begin(), regex_.firsts_.end(), first);
    uint32_t index = uint32_t(found - regex_.firsts_.begin());
    if (found == regex_.firsts_.end())
      regex_.firsts_.push_back(first);
    return index;
  }
  First firstOfSet(const Pattern &pattern) {
    First first;
    for (CodeRange range : *pattern.set)
      first |= firstOf(range);
    return first;
  }

  First sequence(const Pattern &pattern) {
    First first;
    bool open = true; // all before may be empty
    for (const Pattern &part : pattern.parts) {
      First next = compile(part);
      if (open)
        first |= next;
      open = open && next.all();
    }
    return open ? all() : first;
  }

  First choice(const Pattern &pattern, size_t from) {
    // 31 parts, and the others as a choice behind them.
    size_t count = std::min<size_t>(pattern.parts.size() - from, 31);
    bool more = from + count < pattern.parts.size();
    uint32_t table = uint32_t(regex_.choices_.size());
    regex_.choices_.emplace_back();
    emit(Regex::Choice, table);
    std::vector<uint32_t> jumps;
    First first;
    for (size_t i = 0; i < count + more; ++i) {
      uint32_t target = here();
      First part = i < count ? compile(pattern.parts[from + i])
                             : choice(pattern, from + count);
      regex_.choices_[table].targets.push_back(target);
      for (size_t byte = 0; byte < part.size(); ++byte)
        if (part[byte])
          regex_.choices_[table].viable[byte] |= uint32_t(1) << i;
      first |= part;
      if (i + 1 < count + more)
        jumps.push_back(emit(Regex::Jump));
    }
    for (uint32_t jump : jumps)
      at(jump).b = here();
    return first;
  }

  First repeat(const Pattern &pattern) {
    const Pattern &body = pattern.parts[0];
    bool greedy = pattern.mode == Pattern::Greedy;
    if (!pattern.most)
      return all();
    if (body.kind == Pattern::Character || body.kind == Pattern::Set) {
      uint32_t place = emit(Regex::Run, setOf(body), pattern.least);
      at(place).c = pattern.most;
      at(place).flag = greedy;
      if (!pattern.least)
        return all();
      return body.kind == Pattern::Set ? firstOfSet(body)
                                       : firstOf({body.code, body.code});
    }
    bool endless = pattern.most == Pattern::unlimited;
    bool counted = pattern.least > 1 || (!endless && pattern.most > 1);
    uint32_t count = registers(2), bounds = uint32_t(regex_.bounds_.size());
    if (counted) {
      regex_.bounds_.push_back({pattern.least, pattern.most});
      emit(Regex::CountStart, count);
    }
    uint32_t start = here(), head = Pattern::unlimited;
    if (counted)
      head = emit(Regex::CountLoop, count);
    else if (!pattern.least)
      head = emit(Regex::Optional);
    uint32_t save = endless ? emit(Regex::SavePlace, count + 1) : 0;
    First first = compile(body);
    // An endless loop ends where its body took nothing.
    uint32_t check = Pattern::unlimited;
    if (endless && first.all()) {
      check = emit(Regex::CheckPlace, count + 1);
      at(check).c = bounds;
      at(check).flag = counted;
    } else if (endless) {
      at(save).operation = Regex::Jump;
      at(save).b = save + 1;
    }
    if (counted) {
      emit(Regex::CountNext, count, start);
    } else if (endless && !pattern.least) {
      emit(Regex::Jump, 0, start);
    } else if (endless) {
      uint32_t again = emit(Regex::Optional, firsts(first));
      at(again).flag = greedy;
      emit(Regex::Jump, 0, start);
      at(again).b = here();
    }
    if (head != Pattern::unlimited) {
      at(head).b = here();
      at(head).flag = greedy;
      if (counted)
        at(head).c = bounds;
      else
        at(head).a = firsts(first);
    }
    if (check != Pattern::unlimited)
      at(check).b = here();
    return pattern.least ? first : all();
  }

  Regex &regex_;
  std::unordered_map<uint32_t, uint32_t> singles_;
  std::unordered_map<const CodeRanges *, uint32_t> sets_;
};
} // namespace rt
} // namespace compresslib

Regex::Regex(const Pattern &pattern) { Compiler(*this).run(pattern); }

//===----------------------------------------------------------------------===//
// Matching
//===----------------------------------------------------------------------===//

/// The place of the character before `at`, which is not the beginning.
static uint32_t before(const char *text, uint32_t at) {
  do
    --at;
  while (((unsigned char)text[at] & 0xc0) == 0x80);
  return at;
}

Regex::Matcher::Result Regex::Matcher::find(std::string_view text, size_t from,
                                            uint64_t &steps, size_t &begin,
                                            size_t &end) {
  const std::bitset<257> &first = regex_.first_;
  bool anywhere = first.all();
  for (size_t at = from;; ++at) {
    size_t start = at;
    if (anywhere)
      while (at < text.size() && ((unsigned char)text[at] & 0xc0) == 0x80)
        ++at;
    else
      while (at < text.size() && !first[(unsigned char)text[at]])
        ++at;
    if (steps < at - start)
      return TooManySteps;
    steps -= at - start;
    if (at >= text.size() && (at > text.size() || !first[256]))
      return None;
    uint32_t stop;
    Result result = matchAt(text, uint32_t(at), steps, stop);
    if (result == Found) {
      begin = at;
      end = stop;
    }
    if (result != None)
      return result;
  }
}

Regex::Matcher::Result Regex::Matcher::matchAt(std::string_view text,
                                               uint32_t at, uint64_t &steps,
                                               uint32_t &end) {
  const Instruction *program = regex_.program_.data();
  const char *bytes = text.data();
  const uint32_t size = uint32_t(text.size());
  // Twelve bytes an entry: 192 MB at most.
  const size_t highest = size_t(1) << 24;
  uint32_t pc = 0;
  uint64_t left = steps;
  stack_.clear();
  registers_.resize(regex_.registers_);
  auto push = [&](Entry::Kind kind, uint32_t where, uint32_t a, uint32_t b) {
    Entry entry;
    entry.pc = where;
    entry.kind = kind;
    entry.a = a;
    entry.b = b;
    stack_.push_back(entry);
  };
  auto set = [&](uint32_t which, uint32_t value) {
    push(Entry::Restore, 0, which, registers_[which]);
    registers_[which] = value;
  };
  // One character of a set: past it, or false.
  auto take = [&](const CodeSet &codes, uint32_t &place) {
    if (place == size)
      return false;
    unsigned char c = bytes[place];
    if (c < 0x80) {
      if (!codes.hasAscii(c))
        return false;
      ++place;
      return true;
    }
    unsigned length;
    if (!codes.has(firstCharacter(bytes + place, length)))
      return false;
    place += length;
    return true;
  };
  for (;;) {
    bool ok = true;
    if (!left || stack_.size() > highest) {
      steps = 0;
      return TooManySteps;
    }
    --left;
    const Instruction &now = program[pc];
    switch (now.operation) {
    case Character:
      ok = size - at >= now.a && std::memcmp(bytes + at, now.bytes, now.a) == 0;
      at += now.a;
      ++pc;
      break;
    case Set:
      ok = take(regex_.sets_[now.a], at);
      ++pc;
      break;
    case Run: {
      const CodeSet &codes = regex_.sets_[now.a];
      uint32_t least = now.b, most = now.c, taken = 0, low = at, place = at;
      uint32_t wanted = now.flag ? most : least;
      if (wanted > left)
        wanted = uint32_t(left); // fails below if more are there
      while (taken < wanted && take(codes, place))
        if (++taken == least)
          low = place;
      left -= taken;
      if (taken < least) {
        ok = false;
        break;
      }
      if (now.flag) {
        if (place > low && program[pc + 1].operation != Match)
          push(Entry::Again, pc, low, place);
      } else if (taken < most) {
        push(Entry::Again, pc, place, taken);
      }
      at = place;
      ++pc;
      break;
    }
    case Choice: {
      const ChoiceTable &table = regex_.choices_[now.a];
      uint32_t viable =
          table.viable[at < size ? (unsigned char)bytes[at] : 256];
      if (!viable) {
        ok = false;
        break;
      }
      uint32_t rest = viable & (viable - 1);
      if (rest)
        push(Entry::Again, pc, at, rest);
      pc = table.targets[__builtin_ctz(viable)];
      break;
    }
    case Optional: {
      bool may =
          regex_.firsts_[now.a][at < size ? (unsigned char)bytes[at] : 256];
      if (!may) {
        pc = now.b;
      } else if (now.flag) {
        push(Entry::Resume, now.b, at, 0);
        ++pc;
      } else {
        push(Entry::Resume, pc + 1, at, 0);
        pc = now.b;
      }
      break;
    }
    case Jump:
      pc = now.b;
      break;
    case CountStart:
      set(now.a, 0);
      ++pc;
      break;
    case CountLoop: {
      Bounds bounds = regex_.bounds_[now.c];
      uint32_t count = registers_[now.a];
      if (count < bounds.least) {
        ++pc;
      } else if (count >= bounds.most) {
        pc = now.b;
      } else if (now.flag) {
        push(Entry::Resume, now.b, at, 0);
        ++pc;
      } else {
        push(Entry::Resume, pc + 1, at, 0);
        pc = now.b;
      }
      break;
    }
    case CountNext:
      set(now.a, registers_[now.a] + 1);
      pc = now.b;
      break;
    case SavePlace:
      set(now.a, at);
      ++pc;
      break;
    case CheckPlace:
      if (registers_[now.a] == at &&
          (!now.flag || registers_[now.a - 1] >= regex_.bounds_[now.c].least))
        pc = now.b;
      else
        ++pc;
      break;
    case Enter:
      registers_[now.a] = uint32_t(stack_.size());
      registers_[now.a + 1] = at;
      ++pc;
      break;
    case LeaveAtomic:
      stack_.resize(registers_[now.a]);
      ++pc;
      break;
    case LeaveAhead:
      stack_.resize(registers_[now.a]);
      at = registers_[now.a + 1];
      ++pc;
      break;
    case EnterNot:
      registers_[now.a] = uint32_t(stack_.size());
      push(Entry::Resume, now.b, at, 0);
      ++pc;
      break;
    case LeaveNot:
      stack_.resize(registers_[now.a]);
      ok = false;
      break;
    case Back:
      for (uint32_t i = 0; ok && i < now.a; ++i) {
        ok = at > 0 && left > 0;
        if (ok) {
          at = before(bytes, at);
          --left;
        }
      }
      ++pc;
      break;
    case LineStart:
      ok = at == 0 || (at < size && bytes[at - 1] == '\n');
      ++pc;
      break;
    case LineEnd:
      ok = at == size || bytes[at] == '\n';
      ++pc;
      break;
    case TextStart:
      ok = at == 0;
      ++pc;
      break;
    case TextEnd:
      ok = at == size;
      ++pc;
      break;
    case LastLineEnd:
      ok = at == size || (at + 1 == size && bytes[at] == '\n');
      ++pc;
      break;
    case Match:
      steps = left;
      end = at;
      return Found;
    }
    // Back to the last place where something else can be tried.
    while (!ok) {
      if (stack_.empty()) {
        steps = left;
        return None;
      }
      Entry &last = stack_.back();
      if (last.kind == Entry::Restore) {
        registers_[last.a] = last.b;
        stack_.pop_back();
        continue;
      }
      ok = true;
      pc = last.pc;
      at = last.a;
      if (last.kind == Entry::Resume) {
        stack_.pop_back();
        continue;
      }
      const Instruction &asked = program[pc];
      if (asked.operation == Choice) {
        uint32_t viable = last.b;
        last.b &= last.b - 1;
        if (!last.b)
          stack_.pop_back();
        pc = regex_.choices_[asked.a].targets[__builtin_ctz(viable)];
      } else if (asked.flag) { // a Run gives one back
        uint32_t low = last.a;
        at = before(bytes, last.b);
        last.b = at;
        if (at == low)
          stack_.pop_back();
        ++pc;
      } else { // or takes one more
        if (left)
          --left;
        if (!take(regex_.sets_[asked.a], at)) {
          stack_.pop_back();
          ok = false;
          continue;
        }
        last.a = at;
        if (++last.b >= asked.c)
          stack_.pop_back();
        ++pc;
      }
    }
  }
}
