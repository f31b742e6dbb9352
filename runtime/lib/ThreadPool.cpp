//===- ThreadPool.cpp - Pinned threads with a spinning barrier - -*- C++
//-*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/ThreadPool.h"
#include "compress_runtime/Text.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace compresslib {
namespace rt {

namespace {
/// An affinity mask of any size: CPU_SETSIZE is too small on large machines.
struct Mask {
  std::vector<unsigned long> words;
  static constexpr size_t bits = 8 * sizeof(unsigned long);
  Mask() : words(16384 / bits) {}
  size_t bytes() const { return words.size() * sizeof(unsigned long); }
  cpu_set_t *set() { return reinterpret_cast<cpu_set_t *>(words.data()); }
  bool has(int i) const { return words[i / bits] >> (i % bits) & 1; }
  void add(int i) { words[i / bits] |= 1ul << (i % bits); }
};

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// The lowest processor that shares a core with `processor`.
int firstSibling(int processor) {
  std::string path = format(
      "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", processor);
  int first = processor;
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char text[32] = {};
  if (file >= 0) {
    if (read(file, text, sizeof(text) - 1) > 0 && text[0] >= '0' &&
        text[0] <= '9')
      first = static_cast<int>(strtol(text, nullptr, 10));
    close(file);
  }
  return first;
}
} // namespace

std::vector<int> availableProcessors(int *physical) {
  Mask mask;
  std::vector<int> cores, siblings, seen;
  if (sched_getaffinity(0, mask.bytes(), mask.set()) == 0)
    for (int i = 0; i < static_cast<int>(mask.words.size() * Mask::bits); ++i)
      if (mask.has(i)) {
        int core = firstSibling(i);
        bool known = std::find(seen.begin(), seen.end(), core) != seen.end();
        (known ? siblings : cores).push_back(i);
        if (!known)
          seen.push_back(core);
      }
  if (cores.empty())
    cores.push_back(0);
  if (physical)
    *physical = cores.size();
  cores.insert(cores.end(), siblings.begin(), siblings.end());
  return cores;
}

Expected<std::unique_ptr<ThreadPool>>
ThreadPool::create(const ThreadPoolOptions &options) {
  int physical;
  std::vector<int> processors = availableProcessors(&physical);
  int threads = options.threads ? options.threads : std::min(physical, maximum);
  if (threads < 1 || threads > maximum)
    return usageError(format("The number of threads must be 1 to %d; %d was "
                             "asked for.",
                             maximum, threads));
  std::unique_ptr<ThreadPool> pool(new ThreadPool());
  bool fits = threads <= static_cast<int>(processors.size());
  // With more threads than processors, whoever spins keeps another from work.
  pool->spinLimit_ = fits ? 2048 : 0;
  pool->size_ = threads;

  Mask old;
  if (options.pinCaller && fits &&
      sched_getaffinity(0, old.bytes(), old.set()) == 0) {
    Mask mask;
    mask.add(processors[0]);
    if (sched_setaffinity(0, mask.bytes(), mask.set()) == 0) {
      pool->callerPinned_ = true;
      pool->callerMask_ = old.words;
    }
  }

  pool->workers_.resize(threads - 1);
  for (int i = 1; i < threads; ++i) {
    Worker &worker = pool->workers_[i - 1];
    worker.pool = pool.get();
    worker.index = i;
    worker.processor = options.pin && fits ? processors[i] : -1;
    if (!options.pin && pool->callerPinned_)
      worker.processor = -2; // gets the caller's old mask back
    int failure = pthread_create(&worker.thread, nullptr, work, &worker);
    if (failure) {
      pool->workers_.resize(i - 1);
      return environmentError(format("Cannot start thread %d of %d: %s. Ask "
                                     "for fewer threads.",
                                     i + 1, threads, strerror(failure)));
    }
  }
  return pool;
}

ThreadPool::~ThreadPool() {
  stop_.store(true);
  generation_.fetch_add(1);
  syscall(SYS_futex, &generation_, FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr,
          nullptr, 0);
  for (Worker &worker : workers_)
    pthread_join(worker.thread, nullptr);
  if (callerPinned_)
    sched_setaffinity(0, callerMask_.size() * sizeof(unsigned long),
                      reinterpret_cast<cpu_set_t *>(callerMask_.data()));
}

void ThreadPool::pause(uint32_t &spins) const {
  if (spins < spinLimit_) {
    ++spins;
    relax();
  } else {
    sched_yield();
  }
}

void *ThreadPool::work(void *argument) {
  Worker &worker = *static_cast<Worker *>(argument);
  ThreadPool &pool = *worker.pool;
  if (worker.processor >= 0) {
    Mask mask;
    mask.add(worker.processor);
    sched_setaffinity(0, mask.bytes(), mask.set());
  } else if (worker.processor == -2) {
    sched_setaffinity(0, pool.callerMask_.size() * sizeof(unsigned long),
                      reinterpret_cast<cpu_set_t *>(pool.callerMask_.data()));
  }
  uint32_t seen = 0;
  for (;;) {
    // Between tokens only the sampler runs, so the next call is near: spin for
    // some hundred microseconds, then sleep.
    for (uint32_t spins = 0; pool.generation_.load() == seen;) {
      if (spins < 4 * pool.spinLimit_) {
        ++spins;
        relax();
        continue;
      }
      pool.sleepers_.fetch_add(1);
      syscall(SYS_futex, &pool.generation_, FUTEX_WAIT_PRIVATE, seen, nullptr,
              nullptr, 0);
      pool.sleepers_.fetch_sub(1);
    }
    ++seen;
    if (pool.stop_.load())
      return nullptr;
    pool.function_(pool.data_, worker.index);
    pool.pending_.fetch_sub(1, std::memory_order_release);
  }
}

void ThreadPool::run(void (*function)(void *, int64_t), void *data) {
  function_ = function;
  data_ = data;
  pending_.store(size_ - 1, std::memory_order_relaxed);
  generation_.fetch_add(1);
  if (sleepers_.load() > 0)
    syscall(SYS_futex, &generation_, FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr,
            nullptr, 0);
  function(data, 0);
  for (uint32_t spins = 0; pending_.load(std::memory_order_acquire) != 0;)
    pause(spins);
}

void ThreadPool::barrier() {
  if (size_ == 1)
    return;
  uint32_t phase = phase_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == size_ - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    phase_.store(phase + 1, std::memory_order_release);
    return;
  }
  for (uint32_t spins = 0; phase_.load(std::memory_order_acquire) == phase;)
    pause(spins);
}

} // namespace rt
} // namespace compresslib
