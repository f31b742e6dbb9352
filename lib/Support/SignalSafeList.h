//===- SignalSafeList.h - Paths that a signal handler may read --*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_LIB_SUPPORT_SIGNALSAFELIST_H
#define COMPRESS_LIB_SUPPORT_SIGNALSAFELIST_H

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace compresslib {

/// A path, and the range of memory or the kind of file that it stands for.
struct SignalSafeEntry {
  enum State { unused, taken, live };
  std::atomic<int> state{unused};
  char path[PATH_MAX];
  uintptr_t begin = 0;
  size_t size = 0;
  bool isFolder = false;
  SignalSafeEntry *next = nullptr;
};

/// Entries are used again and never freed, so that a handler may walk the list
/// at any moment.
class SignalSafeList {
public:
  SignalSafeEntry *add(const std::string &path, uintptr_t begin, size_t size,
                       bool isFolder) {
    SignalSafeEntry *entry = head_.load();
    for (; entry; entry = entry->next) {
      int expected = SignalSafeEntry::unused;
      if (entry->state.compare_exchange_strong(expected,
                                               SignalSafeEntry::taken))
        break;
    }
    if (!entry) {
      entry = new SignalSafeEntry();
      entry->state = SignalSafeEntry::taken;
      entry->next = head_.load();
      while (!head_.compare_exchange_weak(entry->next, entry))
        ;
    }
    size_t length = std::min<size_t>(path.size(), sizeof entry->path - 1);
    std::memcpy(entry->path, path.data(), length);
    entry->path[length] = 0;
    entry->begin = begin;
    entry->size = size;
    entry->isFolder = isFolder;
    entry->state = SignalSafeEntry::live;
    return entry;
  }
  static void remove(SignalSafeEntry *entry) {
    if (entry)
      entry->state = SignalSafeEntry::unused;
  }
  template <typename Visit> void forEach(Visit visit) const {
    for (SignalSafeEntry *entry = head_.load(); entry; entry = entry->next)
      if (entry->state.load() == SignalSafeEntry::live)
        visit(*entry);
  }

private:
  std::atomic<SignalSafeEntry *> head_{nullptr};
};

} // namespace compresslib

#endif // COMPRESS_LIB_SUPPORT_SIGNALSAFELIST_H
