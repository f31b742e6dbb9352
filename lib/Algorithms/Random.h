//===- Random.h - A seeded generator ----------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_LIB_ALGORITHMS_RANDOM_H
#define COMPRESS_LIB_ALGORITHMS_RANDOM_H

#include <cstdint>

namespace compresslib::algo {

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers on every machine,
/// which the standard library's distributions do not promise.
class RandomNumbers {
public:
  explicit RandomNumbers(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// 0 <= x < 1.
  double unit() { return double(next() >> 11) * 0x1p-53; }
  /// 0 <= x < bound, bound >= 1; the bias of a remainder does not matter here.
  uint64_t below(uint64_t bound) { return next() % bound; }

private:
  uint64_t state_;
};

} // namespace compresslib::algo

#endif // COMPRESS_LIB_ALGORITHMS_RANDOM_H
