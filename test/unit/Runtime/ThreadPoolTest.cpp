//===- ThreadPoolTest.cpp - Calls, barriers, more threads than cores - -*- C++
//-*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/ThreadPool.h"

#include <chrono>
#include <gtest/gtest.h>
#include <sched.h>
#include <thread>

using namespace compresslib;
using namespace compresslib::rt;

TEST(ThreadPool, EveryThreadOnce) {
  for (int threads : {1, 2, 3, 8, 33}) {
    auto pool = ThreadPool::create({threads, true, true});
    ASSERT_TRUE(pool.ok());
    for (int round = 0; round < 200; ++round) {
      std::vector<int> seen(threads);
      (*pool)->run([&](int64_t thread) { ++seen[thread]; });
      EXPECT_EQ(seen, std::vector<int>(threads, 1));
    }
  }
}

TEST(ThreadPool, BarrierOrdersPhases) {
  for (int threads : {2, 5}) {
    auto pool = ThreadPool::create({threads, false, false});
    const int phases = 300;
    std::vector<std::vector<int>> value(phases, std::vector<int>(threads));
    std::atomic<int> wrong{0};
    (*pool)->run([&](int64_t thread) {
      for (int phase = 0; phase < phases; ++phase) {
        value[phase][thread] = phase + 1;
        (*pool)->barrier(thread);
        for (int other = 0; other < threads; ++other)
          if (value[phase][other] != phase + 1)
            ++wrong;
      }
    });
    EXPECT_EQ(wrong, 0);
  }
}

TEST(ThreadPool, TakesEveryIterationOnce) {
  // Two million: more than a range counts.
  for (int threads : {1, 2, 3, 8})
    for (int64_t count : {0, 1, 5, 64, 1001, 2000001}) {
      int64_t grain = threads * count % 5 + 1;
      auto pool = ThreadPool::create({threads, false, false});
      std::vector<std::atomic<int>> seen(count);
      (*pool)->run([&](int64_t thread) {
        for (int loop = 0; loop < (count > 2000 ? 2 : 300); ++loop) {
          bool first = true;
          for (;;) {
            compress_range range = (*pool)->take(thread, count, grain, first);
            first = false;
            if (range.begin >= range.end)
              break;
            for (int64_t i = range.begin; i < range.end; ++i)
              ++seen[i];
            if ((thread + loop) % 7 == 3)
              sched_yield(); // late, and others take what is its
          }
        }
      });
      for (auto &times : seen)
        ASSERT_EQ(times, count > 2000 ? 2 : 300) << threads << " " << count;
    }
}

// A thread that the system keeps from its processor holds nobody up: it is
// taken to another's.
TEST(ThreadPool, LateThreadsAreFetched) {
  if (availableProcessors().size() < 2)
    GTEST_SKIP() << "one processor";
  std::vector<int> processors = availableProcessors();
  std::atomic<bool> stop{false};
  auto pool = ThreadPool::create({2, true, true});
  ASSERT_TRUE(pool.ok());
  std::atomic<int> busy{-1};
  std::thread neighbour([&] {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processors[1], &set);
    sched_setaffinity(0, sizeof(set), &set);
    busy = sched_getcpu();
    while (!stop)
      ;
  });
  while (busy < 0)
    sched_yield();
  int moved = 0;
  // Until the system has given the neighbour its turn.
  auto began = std::chrono::steady_clock::now();
  while (!moved &&
         std::chrono::steady_clock::now() - began < std::chrono::seconds(20))
    (*pool)->run([&](int64_t thread) {
      for (int phase = 0; phase < 100; ++phase) {
        if (thread == 1 && sched_getcpu() != busy)
          ++moved;
        (*pool)->barrier(thread);
      }
    });
  stop = true;
  neighbour.join();
  EXPECT_GT(moved, 0);
}

TEST(ThreadPool, ForEachOnce) {
  auto pool = ThreadPool::create({3, false, false});
  std::vector<std::atomic<int>> seen(1000);
  (*pool)->forEach(1000, [&](int64_t i) { ++seen[i]; });
  for (auto &count : seen)
    EXPECT_EQ(count, 1);
}

TEST(ThreadPool, WakesAfterSleep) {
  auto pool = ThreadPool::create({2, false, false});
  for (int round = 0; round < 3; ++round) {
    std::atomic<int> calls{0};
    (*pool)->run([&](int64_t) { ++calls; });
    EXPECT_EQ(calls, 2);
    usleep(20000);
  }
}

TEST(ThreadPool, CallerIsFreedAgain) {
  cpu_set_t before, after;
  sched_getaffinity(0, sizeof(before), &before);
  {
    auto pool = ThreadPool::create({0, true, true});
  }
  sched_getaffinity(0, sizeof(after), &after);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST(ThreadPool, RefusesImpossibleNumbers) {
  for (int threads : {-1, 1025}) {
    auto pool = ThreadPool::create({threads, false, false});
    ASSERT_FALSE(pool.ok());
    EXPECT_EQ(pool.error().kind, ErrorKind::Usage);
  }
}
