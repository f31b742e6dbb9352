//===- Similarity.cpp - Equal and nearly equal tensors --------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/Similarity.h"

#include "compress/Algorithms/ErrorMeasure.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>
#include <map>
#include <utility>

namespace compresslib::algo {

std::string ContentHash::hex() const {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (uint64_t half : {high, low})
    for (int shift = 60; shift >= 0; shift -= 4)
      text += digits[(half >> shift) & 15];
  return text;
}

ContentHash contentHash(Span<const uint8_t> bytes) {
  XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

std::vector<size_t> firstEqual(Span<const Span<const uint8_t>> contents) {
  std::vector<size_t> first(contents.size());
  std::multimap<std::pair<ContentHash, size_t>, size_t> seen;
  for (size_t i = 0; i < contents.size(); ++i) {
    Span<const uint8_t> bytes = contents[i];
    auto key = std::make_pair(contentHash(bytes), bytes.size());
    first[i] = i;
    auto [begin, end] = seen.equal_range(key);
    for (auto it = begin; it != end; ++it)
      if (bytes.empty() || std::memcmp(contents[it->second].data(),
                                       bytes.data(), bytes.size()) == 0) {
        first[i] = it->second;
        break;
      }
    if (first[i] == i)
      seen.emplace(key, i);
  }
  return first;
}

double relativeDistance(Span<const float> base, Span<const float> other) {
  ErrorMeasure measure;
  measure.add(base, other);
  return measure.relative();
}

std::vector<NearDuplicate> nearDuplicates(Span<const MatrixRef> matrices,
                                          double tolerance) {
  std::vector<NearDuplicate> pairs;
  std::vector<size_t> bases;
  for (size_t i = 0; i < matrices.size(); ++i) {
    bool found = false;
    NearDuplicate nearest{0, i, 0};
    for (size_t base : bases) {
      if (matrices[base].rows != matrices[i].rows ||
          matrices[base].columns != matrices[i].columns)
        continue;
      double distance =
          relativeDistance(matrices[base].values, matrices[i].values);
      if (distance <= tolerance && (!found || distance < nearest.distance)) {
        nearest.base = base;
        nearest.distance = distance;
        found = true;
      }
    }
    if (found)
      pairs.push_back(nearest);
    else
      bases.push_back(i);
  }
  return pairs;
}

} // namespace compresslib::algo
