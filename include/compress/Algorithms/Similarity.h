//===- Similarity.h - Equal and nearly equal tensors ------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_ALGORITHMS_SIMILARITY_H
#define COMPRESS_ALGORITHMS_SIMILARITY_H

#include "compress/Algorithms/MatrixRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace compresslib::algo {

/// XXH3, 128 bits. Not cryptographic: equal hashes are confirmed by comparing.
struct ContentHash {
  uint64_t high = 0, low = 0;

  bool operator==(const ContentHash &other) const {
    return high == other.high && low == other.low;
  }
  bool operator!=(const ContentHash &other) const { return !(*this == other); }
  bool operator<(const ContentHash &other) const {
    return high < other.high || (high == other.high && low < other.low);
  }
  /// 32 hexadecimal digits, as xxh128sum prints them.
  std::string hex() const;
};

ContentHash contentHash(Span<const uint8_t> bytes);

/// For each content the index of the first that has the same bytes: its own
/// where there is none before it.
std::vector<size_t> firstEqual(Span<const Span<const uint8_t>> contents);

/// ‖other - base‖ / ‖base‖ in the Frobenius norm; both sizes must agree. 0 for
/// two zero matrices, infinite where only the base is zero.
double relativeDistance(Span<const float> base, Span<const float> other);

struct NearDuplicate {
  size_t base, other;
  double distance;
};

/// Greedily in order: each matrix either becomes a base, or is tied to the
/// nearest base before it (the first of equals) of the same shape with
/// relativeDistance() <= tolerance.
std::vector<NearDuplicate> nearDuplicates(Span<const MatrixRef> matrices,
                                          double tolerance);

} // namespace compresslib::algo

#endif // COMPRESS_ALGORITHMS_SIMILARITY_H
