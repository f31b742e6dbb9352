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
#include <ctime>
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

bool setProcessor(int thread, int processor) {
  Mask mask;
  mask.add(processor);
  return sched_setaffinity(thread, mask.bytes(), mask.set()) == 0;
}

void futex(std::atomic<uint32_t> &word, int operation, uint32_t value) {
  syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
}

double seconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
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

  pool->workers_ = std::make_unique<Worker[]>(threads);

  Mask old;
  if (options.pinCaller && fits &&
      sched_getaffinity(0, old.bytes(), old.set()) == 0 &&
      setProcessor(0, processors[0])) {
    pool->callerPinned_ = true;
    pool->callerMask_ = old.words;
    pool->workers_[0].processor = processors[0];
    pool->workers_[0].id = gettid();
  }

  for (int i = 0; i < threads; ++i) {
    Worker &worker = pool->workers_[i];
    worker.pool = pool.get();
    if (i == 0)
      continue;
    worker.processor = options.pin && fits ? processors[i] : -1;
    int failure = pthread_create(&worker.thread, nullptr, work, &worker);
    if (failure)
      return environmentError(format("Cannot start thread %d of %d: %s. Ask "
                                     "for fewer threads.",
                                     i + 1, threads, strerror(failure)));
    ++pool->started_;
  }
  return pool;
}

ThreadPool::~ThreadPool() {
  stop_.store(true);
  generation_.fetch_add(1);
  futex(generation_, FUTEX_WAKE_PRIVATE, INT32_MAX);
  for (int i = 1; i < started_; ++i)
    pthread_join(workers_[i].thread, nullptr);
  if (callerPinned_)
    sched_setaffinity(0, callerMask_.size() * sizeof(unsigned long),
                      reinterpret_cast<cpu_set_t *>(callerMask_.data()));
}

void *ThreadPool::work(void *argument) {
  Worker &worker = *static_cast<Worker *>(argument);
  ThreadPool &pool = *worker.pool;
  if (worker.processor >= 0) {
    if (setProcessor(0, worker.processor))
      worker.id = gettid();
  } else if (pool.callerPinned_) { // gets the caller's old mask back
    sched_setaffinity(0, pool.callerMask_.size() * sizeof(unsigned long),
                      reinterpret_cast<cpu_set_t *>(pool.callerMask_.data()));
  }
  int64_t index = &worker - pool.workers_.get();
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
      futex(pool.generation_, FUTEX_WAIT_PRIVATE, seen);
      pool.sleepers_.fetch_sub(1);
    }
    ++seen;
    if (pool.stop_.load())
      return nullptr;
    pool.function_(pool.data_, index);
    pool.barrier(index);
  }
}

void ThreadPool::run(void (*function)(void *, int64_t), void *data) {
  function_ = function;
  data_ = data;
  generation_.fetch_add(1);
  if (sleepers_.load() > 0)
    futex(generation_, FUTEX_WAKE_PRIVATE, INT32_MAX);
  function(data, 0);
  barrier(0);
}

void ThreadPool::barrier(int64_t thread) {
  if (size_ == 1)
    return;
  Worker &worker = workers_[thread];
  uint32_t phase = phase_.load(std::memory_order_relaxed);
  worker.phase.store(phase + 1, std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == size_ - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    phase_.store(phase + 1);
    if (dozing_.load() > 0)
      futex(phase_, FUTEX_WAKE_PRIVATE, INT32_MAX);
  } else {
    wait(worker, phase);
  }
  if (worker.host.load(std::memory_order_relaxed) >= 0)
    goHome(worker);
}

/// Until all came to barrier `phase`.
void ThreadPool::wait(Worker &worker, uint32_t phase) {
  auto waits = [&] { return phase_.load(std::memory_order_acquire) == phase; };
  // Two threads on one processor do not spin: that is the other's time.
  bool alone = worker.host.load() < 0 && !worker.guests.load();
  for (uint32_t spins = alone ? 0 : spinLimit_; waits();) {
    if (spins++ < spinLimit_) {
      relax();
      continue;
    }
    if (!worker.id.load()) {
      sched_yield();
      continue;
    }
    bool mayRun = worker.host.load() >= 0 || worker.guests.load();
    for (int i = 0; i < size_; ++i)
      if (workers_[i].phase.load() == phase)
        mayRun |= fetch(worker, workers_[i]);
    if (!mayRun) {
      sched_yield();
      continue;
    }
    dozing_.fetch_add(1);
    futex(phase_, FUTEX_WAIT_PRIVATE, phase);
    dozing_.fetch_sub(1);
  }
}

/// Takes a thread that is late to the processor of one that waits.
bool ThreadPool::fetch(Worker &worker, Worker &late) {
  int none = -1, id = late.id.load();
  if (!id || worker.host.load() >= 0 ||
      !late.host.compare_exchange_strong(none, &worker - workers_.get()))
    return false;
  worker.guests.fetch_add(1);
  if (setProcessor(id, worker.processor))
    return true;
  worker.guests.fetch_sub(1);
  late.host.store(-1);
  return false;
}

/// Tries a guest's own processor again after a while, less and less often where
/// it is still busy.
void ThreadPool::goHome(Worker &worker) {
  constexpr double shortest = 1e-3, longest = 8e-3;
  double now = seconds();
  if (!worker.since) {
    worker.since = now;
    worker.stay = shortest;
  }
  if (now - worker.since < worker.stay)
    return;
  workers_[worker.host.load()].guests.fetch_sub(1);
  worker.host.store(-1);
  // Returns when this thread runs there, or was fetched again.
  setProcessor(0, worker.processor);
  worker.since = worker.host.load() < 0 ? 0 : seconds();
  worker.stay = std::min(2 * worker.stay, longest);
}

compress_range ThreadPool::take(int64_t thread, int64_t count, int64_t grain,
                                bool first) {
  if (size_ == 1)
    return {0, first ? count : 0};
  constexpr int64_t most = (1 << 20) - 1;
  int64_t group = count / most + 1, units = (count + group - 1) / group;
  uint32_t loop = workers_[thread].loop += first;
  bool steals = units > size_ * grain;
  for (int64_t i = 0; i < (steals ? size_ : 1); ++i) {
    int64_t owner = thread + i < size_ ? thread + i : thread + i - size_;
    std::atomic<uint64_t> &left = workers_[owner].left;
    for (uint64_t state = left.load(std::memory_order_relaxed);;) {
      // Of numbers of 24 bits, which wrap.
      int32_t ahead = static_cast<int32_t>(
                          (static_cast<uint32_t>(state >> 40) - loop) << 8) >>
                      8;
      if (ahead > 0)
        return {0, 0};
      int64_t begin = state >> 20 & most, end = state & most;
      if (i && (ahead < -1 || (ahead && begin < end)))
        break; // the owner has loops before this to end
      if (ahead) {
        begin = units * owner / size_;
        end = units * (owner + 1) / size_;
      }
      if (end - begin <= (i ? grain : ahead ? -1 : 0))
        break;
      int64_t some = (end - begin + 1) / 2;
      if (!i)
        some = std::max(some, std::min(grain, end - begin));
      int64_t from = i ? end - some : begin;
      (i ? end : begin) += i ? -some : some;
      if (left.compare_exchange_weak(state,
                                     uint64_t(loop) << 40 |
                                         uint64_t(begin) << 20 | uint64_t(end),
                                     std::memory_order_relaxed))
        return {from * group, std::min((from + some) * group, count)};
    }
  }
  return {0, 0};
}

} // namespace rt
} // namespace compresslib
