//===- MachineLimits.cpp - What this machine can do at most ---------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// machine-limits THREADS MEGABYTES: prints, as JSON,
//
// - the bandwidth of streaming reads over a buffer of that size (huge pages,
//   static split, pinned): the best of several readers, since which prefetch
//   distance and which order are best differs by machine and hour;
// - the peak rates of byte dot products (vpdpbusd, or pmaddubsw with pmaddwd),
//   of f32 multiply-adds and of bfloat dot products (0 without them), an
//   operation being one multiplication or one addition.
//
// Medians of several runs, everything in turn in each.
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
#include <iterator>
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

using Work = std::function<void(int thread)>;

/// Median seconds of `runs` runs of each work, on all threads at once. A run
/// does every work, so that a slow moment is not one work's alone.
static std::vector<double> medianSeconds(int threads, int runs,
                                         const std::vector<Work> &works) {
  std::vector<std::vector<double>> seconds(works.size());
  std::atomic<int64_t> started{0}, finished{0};
  const int64_t count = runs * works.size();
  std::vector<std::thread> others;
  for (int t = 1; t < threads; ++t)
    others.emplace_back([&, t] {
      pin(t);
      for (int64_t r = 0; r < count; ++r) {
        while (started.load(std::memory_order_acquire) <= r)
          _mm_pause();
        works[r % works.size()](t);
        finished.fetch_add(1, std::memory_order_release);
      }
    });
  pin(0);
  for (int64_t r = 0; r < count; ++r) {
    double begin = now();
    started.store(r + 1, std::memory_order_release);
    works[r % works.size()](0);
    while (finished.load(std::memory_order_acquire) < (r + 1) * (threads - 1))
      _mm_pause();
    seconds[r % works.size()].push_back(now() - begin);
  }
  for (std::thread &thread : others)
    thread.join();
  std::vector<double> medians;
  for (std::vector<double> &list : seconds) {
    std::sort(list.begin(), list.end());
    medians.push_back(list[list.size() / 2]);
  }
  return medians;
}

/// Reads `bytes`, a multiple of 512, with `ahead` bytes of prefetch.
template <int Ahead>
__attribute__((target("avx2"))) static void read256(const char *p,
                                                    int64_t bytes) {
  __m256i sums[8] = {};
  for (const char *end = p + bytes; p < end; p += 512)
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; ++i) {
      if (Ahead && i % 2 == 0)
        _mm_prefetch(p + 32 * i + Ahead, _MM_HINT_T0);
      sums[i % 8] = _mm256_xor_si256(sums[i % 8],
                                     reinterpret_cast<const __m256i *>(p)[i]);
    }
  for (__m256i &sum : sums)
    asm volatile("" ::"x"(sum));
}

template <int Ahead>
__attribute__((target("avx512f"))) static void read512(const char *p,
                                                       int64_t bytes) {
  __m512i sums[8] = {};
  for (const char *end = p + bytes; p < end; p += 512)
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; ++i) {
      if (Ahead)
        _mm_prefetch(p + 64 * i + Ahead, _MM_HINT_T0);
      sums[i] =
          _mm512_xor_si512(sums[i], reinterpret_cast<const __m512i *>(p)[i]);
    }
  for (__m512i &sum : sums)
    asm volatile("" ::"v"(sum));
}

/// Reads as products read: `Streams` rows of tiles at once.
template <int Streams>
__attribute__((target("avx2"))) static void readStreams(const char *p,
                                                        int64_t bytes) {
  int64_t each = bytes / Streams / 512 * 512;
  __m256i sums[8] = {};
  for (int64_t at = 0; at < each; at += 128)
#pragma clang loop unroll(full)
    for (int s = 0; s < Streams; ++s) {
      const char *q = p + s * each + at;
      _mm_prefetch(q + 4096, _MM_HINT_T0);
      _mm_prefetch(q + 4160, _MM_HINT_T0);
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; ++i)
        sums[i] =
            _mm256_xor_si256(sums[i], reinterpret_cast<const __m256i *>(q)[i]);
    }
  for (__m256i &sum : sums)
    asm volatile("" ::"x"(sum));
}

struct Reader {
  const char *name;
  void (*read)(const char *, int64_t);
  bool wide;
};
static const Reader kReaders[] = {
    {"256, hardware prefetch", read256<0>, false},
    {"256, 2 KB ahead", read256<2048>, false},
    {"256, 4 KB ahead", read256<4096>, false},
    {"256, 8 KB ahead", read256<8192>, false},
    {"256, two streams", readStreams<2>, false},
    {"256, four streams", readStreams<4>, false},
    {"512, hardware prefetch", read512<0>, true},
    {"512, 1 KB ahead", read512<1024>, true},
    {"512, 4 KB ahead", read512<4096>, true},
    {"512, 8 KB ahead", read512<8192>, true},
    {"512, 16 KB ahead", read512<16384>, true},
};

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

__attribute__((target("avx512f"))) static void fma512() {
  __m512 acc[12], a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(0.25f);
  for (__m512 &x : acc)
    x = _mm512_setzero_ps();
  for (int64_t r = 0; r < kRounds; ++r)
#pragma clang loop unroll(full)
    for (__m512 &x : acc) {
      x = _mm512_fmadd_ps(a, b, x);
      asm volatile("" : "+v"(x));
    }
}

__attribute__((target("avx2,fma"))) static void fma256() {
  __m256 acc[12], a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(0.25f);
  for (__m256 &x : acc)
    x = _mm256_setzero_ps();
  for (int64_t r = 0; r < kRounds; ++r)
#pragma clang loop unroll(full)
    for (__m256 &x : acc) {
      x = _mm256_fmadd_ps(a, b, x);
      asm volatile("" : "+x"(x));
    }
}

__attribute__((target("avx512f,avx512bf16"))) static void bfloat512() {
  __m512 acc[12];
  __m512bh a = (__m512bh)_mm512_set1_epi16(0x3f00), b = a;
  for (__m512 &x : acc)
    x = _mm512_setzero_ps();
  for (int64_t r = 0; r < kRounds; ++r)
#pragma clang loop unroll(full)
    for (__m512 &x : acc) {
      x = _mm512_dpbf16_ps(x, a, b);
      asm volatile("" : "+v"(x));
    }
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  int64_t bytes = (argc > 2 ? std::atoll(argv[2]) : 1024) << 20;
  if (threads < 1 || bytes < 1 || !__builtin_cpu_supports("avx2") ||
      !__builtin_cpu_supports("fma")) {
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
  bool wide = __builtin_cpu_supports("avx512f");
  bool vnni = __builtin_cpu_supports("avx512vnni");
  bool bfloat = __builtin_cpu_supports("avx512bf16");
  // A small buffer is read several times, as a model that caches hold is.
  int64_t share = bytes / threads / 2048 * 2048;
  int64_t turns = std::max<int64_t>(1, (int64_t(256) << 20) / bytes);
  std::vector<Work> works;
  std::vector<const char *> names;
  for (const Reader &reader : kReaders)
    if (wide || !reader.wide) {
      names.push_back(reader.name);
      works.push_back([&](int t) {
        for (int64_t turn = 0; turn < turns; ++turn)
          reader.read(data + t * share, share);
      });
    }
  works.push_back([&](int) { vnni ? dot512() : dot256(); });
  works.push_back([&](int) { wide ? fma512() : fma256(); });
  if (bfloat)
    works.push_back([](int) { bfloat512(); });
  std::vector<double> seconds = medianSeconds(threads, 7, works);
  size_t best =
      std::min_element(seconds.begin(), seconds.begin() + names.size()) -
      seconds.begin();
  auto rate = [&](size_t work, double operations) {
    return double(kRounds) * threads * operations / seconds[work];
  };
  size_t dot = names.size();
  std::printf("{\"threads\": %d, \"read_bytes_per_second\": %.0f, "
              "\"reader\": \"%s\", \"dot_operations_per_second\": %.0f, "
              "\"dot\": \"%s\", \"fma_operations_per_second\": %.0f, "
              "\"bfloat_operations_per_second\": %.0f}\n",
              threads, double(share) * threads * turns / seconds[best],
              names[best], rate(dot, vnni ? 12 * 128 : 8 * 64),
              vnni ? "vpdpbusd 512" : "pmaddubsw 256",
              rate(dot + 1, 12 * (wide ? 32 : 16)),
              bfloat ? rate(dot + 2, 12 * 64) : 0.0);
  return 0;
}
