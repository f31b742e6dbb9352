//===- MachineLimits.cpp - What this machine can do at most ---------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// machine-limits THREADS MEGABYTES: prints, as JSON, the bandwidth of streaming
// reads over a buffer of that size (huge pages, prefetch, static split, pinned)
// and the peak rate of byte dot products (vpdpbusd, or pmaddubsw with pmaddwd),
// an operation being one multiplication or one addition. Medians of several
// runs.
//
//===----------------------------------------------------------------------===//

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <immintrin.h>
#include <sched.h>
#include <sys/mman.h>
#include <thread>
#include <vector>

static double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

static void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);
}

/// Median seconds of `runs` runs of work(thread) on all threads at once.
static double medianSeconds(int threads, int runs,
                            const std::function<void(int)> &work) {
  std::vector<double> seconds;
  std::atomic<int> started{0}, finished{0};
  std::vector<std::thread> others;
  for (int t = 1; t < threads; ++t)
    others.emplace_back([&, t] {
      pin(t);
      for (int r = 1; r <= runs; ++r) {
        while (started.load(std::memory_order_acquire) < r)
          _mm_pause();
        work(t);
        finished.fetch_add(1, std::memory_order_release);
      }
    });
  pin(0);
  for (int r = 1; r <= runs; ++r) {
    double begin = now();
    started.store(r, std::memory_order_release);
    work(0);
    while (finished.load(std::memory_order_acquire) < r * (threads - 1))
      _mm_pause();
    seconds.push_back(now() - begin);
  }
  for (std::thread &thread : others)
    thread.join();
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

__attribute__((target("avx2"))) static void readAvx2(const char *begin,
                                                     const char *end) {
  __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
  for (const char *p = begin; p < end; p += 128) {
    _mm_prefetch(p + 4096, _MM_HINT_T0);
    _mm_prefetch(p + 4160, _MM_HINT_T0);
    auto load = [&](int i) __attribute__((target("avx2"))) {
      return _mm256_load_si256(reinterpret_cast<const __m256i *>(p) + i);
    };
    a = _mm256_xor_si256(a, load(0));
    b = _mm256_xor_si256(b, load(1));
    c = _mm256_xor_si256(c, load(2));
    d = _mm256_xor_si256(d, load(3));
  }
  a = _mm256_xor_si256(_mm256_xor_si256(a, b), _mm256_xor_si256(c, d));
  asm volatile("" ::"x"(a));
}

constexpr int64_t kRounds = 4000000;

__attribute__((target("avx512f,avx512bw,avx512vnni"))) static void dot512() {
  __m512i acc[12], a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(5);
  for (__m512i &x : acc)
    x = _mm512_setzero_si512();
  for (int64_t r = 0; r < kRounds; ++r)
#pragma clang loop unroll(full)
    for (int i = 0; i < 12; ++i) {
      acc[i] = _mm512_dpbusd_epi32(acc[i], a, b);
      asm volatile("" : "+v"(acc[i]));
    }
}

__attribute__((target("avx2"))) static void dot256() {
  __m256i acc[8], a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(5),
                  ones = _mm256_set1_epi16(1);
  for (__m256i &x : acc)
    x = _mm256_setzero_si256();
  for (int64_t r = 0; r < kRounds; ++r)
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; ++i) {
      __m256i pairs = _mm256_maddubs_epi16(a, b);
      asm volatile("" : "+x"(pairs));
      acc[i] = _mm256_add_epi32(acc[i], _mm256_madd_epi16(pairs, ones));
      asm volatile("" : "+x"(acc[i]));
    }
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  int64_t bytes = (argc > 2 ? std::atoll(argv[2]) : 1024) << 20;
  if (threads < 1 || bytes < 1 || !__builtin_cpu_supports("avx2")) {
    std::fprintf(stderr, "Usage: machine-limits THREADS MEGABYTES, on a "
                         "processor with AVX2.\n");
    return 2;
  }
  void *map = ::mmap(nullptr, bytes + 8192, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) {
    std::fprintf(stderr, "Cannot have %lld bytes of memory.\n",
                 static_cast<long long>(bytes));
    return 3;
  }
  ::madvise(map, bytes, MADV_HUGEPAGE);
  char *data = static_cast<char *>(map);
  for (int64_t i = 0; i < bytes; i += 4096)
    data[i] = char(i >> 12);
  // At least half a second of reading.
  int64_t share = bytes / threads / 128 * 128;
  double read = medianSeconds(threads, 9, [&](int t) {
    readAvx2(data + t * share, data + (t + 1) * share);
  });
  bool vnni = __builtin_cpu_supports("avx512vnni");
  double dots = medianSeconds(threads, 5, [&](int) { vnni ? dot512() : dot256(); });
  double operations = double(kRounds) * threads * (vnni ? 12 * 128 : 8 * 64);
  std::printf("{\"threads\": %d, \"read_bytes_per_second\": %.0f, "
              "\"dot_operations_per_second\": %.0f, \"dot\": \"%s\"}\n",
              threads, double(share) * threads / read, operations / dots,
              vnni ? "vpdpbusd 512" : "pmaddubsw 256");
  return 0;
}
