//===- BlockGuard.cpp - Bytes that are checked when first read - -*- C++
//-*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/BlockGuard.h"
#include "compress_runtime/Text.h"

#include "compress/Support/Hash.h"
#include "compress/Support/Temporaries.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

namespace compresslib {
namespace rt {

static std::atomic<BlockGuard *> active{nullptr};
static struct sigaction previousAction;

/// Bytes of block `index` of `bytes`.
static uint64_t sizeOfBlock(uint64_t bytes, uint64_t index) {
  return std::min(blockBytes, bytes - index * blockBytes);
}

static Status compare(const std::string &path, uint64_t bytes, uint64_t index,
                      uint64_t actual, uint64_t expected) {
  if (actual == expected)
    return {};
  using ull = unsigned long long;
  uint64_t begin = index * blockBytes;
  return badInput(format(
      "'%s' was changed: the checksum of its bytes %llu to %llu is "
      "%016llx, and %016llx was expected. Copy or build it again.",
      path.c_str(), ull(begin), ull(begin + sizeOfBlock(bytes, index) - 1),
      ull(actual), ull(expected)));
}

Status checkBlock(const std::string &path, const uint8_t *data, uint64_t bytes,
                  const std::vector<uint64_t> &hashes, uint64_t index) {
  return compare(
      path, bytes, index,
      xxh3({data + index * blockBytes, size_t(sizeOfBlock(bytes, index))}),
      hashes[index]);
}

/// Whoever is held up was reading weights, and holds no lock.
[[noreturn]] static void endWith(const Error &error) {
  // The first thread that fails ends them all.
  static std::atomic_flag isEnding = ATOMIC_FLAG_INIT;
  while (isEnding.test_and_set())
    pause();
  std::string text = "error: " + error.message + "\n";
  (void)!write(STDERR_FILENO, text.data(), text.size());
  removeTemporaries();
  _exit(static_cast<int>(error.kind));
}

static void onSegmentationFault(int signal, siginfo_t *info, void *context) {
  int before = errno;
  BlockGuard *guard = active;
  bool guarded = guard && info->si_code == SEGV_ACCERR &&
                 guard->onAccess(reinterpret_cast<uintptr_t>(info->si_addr));
  errno = before;
  if (guarded)
    return;
  // It may have been led astray by a block that is just found to be changed.
  if (guard)
    guard->wait();
  if (previousAction.sa_flags & SA_SIGINFO) {
    previousAction.sa_sigaction(signal, info, context);
  } else if (previousAction.sa_handler != SIG_DFL &&
             previousAction.sa_handler != SIG_IGN) {
    previousAction.sa_handler(signal);
  } else {
    // What is at fault runs again, and ends the process.
    ::signal(signal, SIG_DFL);
  }
}

Status BlockGuard::check(uint64_t index) {
  ++checks_;
  Status status;
  if (mprotect(data_ + index * blockBytes, blockBytes, PROT_READ) != 0)
    status = environmentError(
        format("Cannot read '%s': %s.", path_.c_str(), strerror(errno)));
  else
    status = checkBlock(path_, data_, bytes_, hashes_, index);
  if (!status)
    mprotect(data_ + index * blockBytes, blockBytes, PROT_NONE);
  --checks_;
  return status;
}

bool BlockGuard::onAccess(uintptr_t address) {
  uintptr_t base = reinterpret_cast<uintptr_t>(data_);
  uint64_t index = (address - base) / blockBytes;
  if (address < base || !guards(index))
    return false;
  // Who reads one weight soon reads most others.
  static std::atomic_flag isAsked = ATOMIC_FLAG_INIT;
  if (!isAsked.test_and_set())
    madvise(data_ + first_ * blockBytes, (end_ - first_) * blockBytes,
            MADV_WILLNEED);
  // A thread that comes second reads again until the first has opened it.
  if (!opened_[index - first_].exchange(true))
    if (Status s = check(index); !s)
      endWith(s.error());
  return true;
}

void BlockGuard::wait() const {
  while (checks_)
    sched_yield();
}

std::unique_ptr<BlockGuard>
BlockGuard::create(const MappedFile &file, uint64_t bytes,
                   const std::vector<uint64_t> &hashes, uint64_t first,
                   uint64_t end) {
  if (first >= end)
    return nullptr;
  std::unique_ptr<BlockGuard> guard(
      new BlockGuard(file, bytes, hashes, first, end));
  BlockGuard *none = nullptr;
  if (!active.compare_exchange_strong(none, guard.get()))
    return nullptr;
  guard->isActive_ = true;
  struct sigaction action = {};
  action.sa_sigaction = onSegmentationFault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  if (sigaction(SIGSEGV, &action, &previousAction) != 0 ||
      mprotect(guard->data_ + first * blockBytes, (end - first) * blockBytes,
               PROT_NONE) != 0)
    return nullptr;
  return guard;
}

BlockGuard::~BlockGuard() {
  if (!isActive_)
    return;
  mprotect(data_ + first_ * blockBytes, (end_ - first_) * blockBytes,
           PROT_READ);
  sigaction(SIGSEGV, &previousAction, nullptr);
  active = nullptr;
}

} // namespace rt
} // namespace compresslib
