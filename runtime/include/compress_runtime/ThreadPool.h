//===- ThreadPool.h - Pinned threads with a spinning barrier -- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Generated code is single-program: each call of an entry runs on every thread
// of a pool, and the code splits the work by thread index. A decode step meets
// at a barrier some hundred times, so a barrier spins at first. A thread that
// the system keeps from its processor would hold up all others there: one that
// waits takes it to its own processor, and sleeps until it has arrived.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_THREADPOOL_H
#define COMPRESS_RUNTIME_THREADPOOL_H

#include "compress/Support/Error.h"
#include "compress_runtime.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <pthread.h>
#include <type_traits>
#include <vector>

namespace compresslib {
namespace rt {

/// The processors this process may run on, one of each physical core first,
/// then their siblings. `physical` receives the number of cores.
std::vector<int> availableProcessors(int *physical = nullptr);

struct ThreadPoolOptions {
  /// 0: one a physical core that this process may use.
  int threads = 0;
  /// Pins the workers, where there are no more threads than processors.
  bool pin = false;
  /// Pins the creating thread too, until the pool is destroyed. Threads that it
  /// starts meanwhile inherit that, so only a program that owns the process
  /// should ask for it.
  bool pinCaller = false;
};

class ThreadPool {
public:
  /// At most this many threads; more is a usage error.
  static constexpr int maximum = 1024;

  static Expected<std::unique_ptr<ThreadPool>>
  create(const ThreadPoolOptions &options);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  int size() const { return size_; }

  /// Calls function(data, thread) for every thread in 0 .. size()-1, the
  /// caller being thread 0, and returns when all have returned.
  void run(void (*function)(void *data, int64_t thread), void *data);

  template <typename Function> void run(Function &&function) {
    using F = std::remove_reference_t<Function>;
    run([](void *data, int64_t thread) { (*static_cast<F *>(data))(thread); },
        const_cast<void *>(static_cast<const void *>(&function)));
  }

  /// Calls function(i) once for every i in 0 .. count-1, on any thread.
  template <typename Function>
  void forEach(int64_t count, const Function &function) {
    std::atomic<int64_t> next{0};
    run([&](int64_t) {
      for (int64_t i;
           (i = next.fetch_add(1, std::memory_order_relaxed)) < count;)
        function(i);
    });
  }

  /// Inside run(): returns when every thread of the pool has come here.
  void barrier(int64_t thread);

  /// Inside run(): iterations of a loop that no other thread gets, until none
  /// are left. `first` begins a loop; every thread must come to the same loops,
  /// in the same order, but threads need not meet in between. A thread takes
  /// from a range of its own, so that it reads on where it was, then from the
  /// ends of other threads' ranges, so that a slow one is not waited for;
  /// `grain` iterations are not worth that.
  compress_range take(int64_t thread, int64_t count, int64_t grain, bool first);

private:
  ThreadPool() = default;
  struct alignas(64) Worker {
    ThreadPool *pool;
    pthread_t thread;
    int processor = -1;             ///< -1: not pinned
    std::atomic<int> id{0};         ///< the system's; 0: not known yet
    std::atomic<uint32_t> phase{0}; ///< barriers that it came to
    /// Whose processor it is on while its own is busy, and since when.
    std::atomic<int> host{-1};
    double since = 0, stay = 0;
    std::atomic<int> guests{0}; ///< threads on its processor
    /// What is left of its range: the loop's number (24 bits), begin and end
    /// (20 bits each). The owner begins a loop there, or a thread that finds
    /// nothing left of the one before: a newer loop says that nothing is left.
    alignas(64) std::atomic<uint64_t> left{0};
    uint32_t loop = 0; ///< loops that it began
  };
  static void *work(void *worker);
  void wait(Worker &worker, uint32_t phase);
  bool fetch(Worker &worker, Worker &late);
  void goHome(Worker &worker);

  int size_ = 1, started_ = 1;
  uint32_t spinLimit_ = 0;
  bool callerPinned_ = false;
  std::vector<unsigned long> callerMask_;
  std::unique_ptr<Worker[]> workers_; ///< the caller first
  void (*function_)(void *, int64_t) = nullptr;
  void *data_ = nullptr;
  alignas(64) std::atomic<uint32_t> generation_{0};
  alignas(64) std::atomic<int32_t> sleepers_{0};
  alignas(64) std::atomic<int32_t> arrived_{0};
  alignas(64) std::atomic<uint32_t> phase_{0}; ///< barriers that all came to
  std::atomic<int32_t> dozing_{0};             ///< threads that sleep there
  std::atomic<bool> stop_{false};
};

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_THREADPOOL_H
