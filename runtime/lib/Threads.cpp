//===- Threads.cpp - Threads for functions of object files - ----*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Threads.h"
#include "compress_runtime/ThreadPool.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>

using namespace compresslib;
using namespace compresslib::rt;

namespace {
/// The memory of one call, kept for the next.
struct Memory {
  uint8_t *bytes = nullptr;
  size_t size = 0;
  ~Memory() { std::free(bytes); }
  uint8_t *get(size_t wanted) {
    wanted = (wanted + 63) / 64 * 64;
    if (wanted > size) {
      std::free(bytes);
      bytes = static_cast<uint8_t *>(std::aligned_alloc(64, wanted));
      size = wanted;
      if (!bytes)
        std::abort();
    }
    return bytes;
  }
};

/// What all calls of a process share.
struct Shared {
  std::mutex mutex;
  std::unique_ptr<ThreadPool> pool;
  Memory memory;
};

/// Never destroyed: a call may come from a destructor.
Shared &shared() {
  static Shared *made = new Shared;
  return *made;
}

void run(compress_context &context, compress_entry entry, Memory &memory,
         ThreadPool *pool, int64_t arenaBytes, int64_t scratchBytes) {
  int64_t threads = pool ? pool->size() : 1;
  context.arena = memory.get(arenaBytes + threads * scratchBytes);
  context.scratch = context.arena + arenaBytes;
  context.scratch_stride = scratchBytes;
  if (!pool) {
    context.threads = 1;
    context.barrier = [](compress_context *, int64_t) {};
    context.take = [](compress_context *, int64_t, int64_t count, int64_t,
                      int64_t first) {
      return compress_range{0, first ? count : 0};
    };
    return entry(&context, 0);
  }
  context.threads = threads;
  context.barrier = [](compress_context *c, int64_t thread) {
    static_cast<ThreadPool *>(c->pool)->barrier(thread);
  };
  context.take = [](compress_context *c, int64_t thread, int64_t count,
                    int64_t grain, int64_t first) {
    return static_cast<ThreadPool *>(c->pool)->take(thread, count, grain,
                                                    first != 0);
  };
  context.pool = pool;
  pool->run([&](int64_t thread) { entry(&context, thread); });
}
} // namespace

int compress_set_threads(int threads) {
  Shared &state = shared();
  std::lock_guard<std::mutex> lock(state.mutex);
  const char *wanted = std::getenv("COMPRESS_THREADS");
  if (threads == 0 && wanted) {
    char *end;
    long value = std::strtol(wanted, &end, 10);
    threads = *wanted && !*end && value > 0 && value <= ThreadPool::maximum
                  ? static_cast<int>(value)
                  : -1;
  }
  ThreadPoolOptions options;
  options.threads = threads;
  state.pool.reset();
  Expected<std::unique_ptr<ThreadPool>> pool = ThreadPool::create(options);
  if (!pool)
    return 0;
  state.pool = std::move(*pool);
  return state.pool->size();
}

void compress_launch(compress_context *context, compress_entry entry,
                     int64_t arena_bytes, int64_t scratch_bytes) {
  Shared &state = shared();
  std::unique_lock<std::mutex> lock(state.mutex, std::try_to_lock);
  if (lock.owns_lock())
    return run(*context, entry, state.memory, state.pool.get(), arena_bytes,
               scratch_bytes);
  // Another call has the threads.
  Memory own;
  run(*context, entry, own, nullptr, arena_bytes, scratch_bytes);
}
