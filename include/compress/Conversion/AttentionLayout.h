//===- AttentionLayout.h - Caches and states of attention -------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_CONVERSION_ATTENTIONLAYOUT_H
#define COMPRESS_CONVERSION_ATTENTIONLAYOUT_H

#include "compress/Conversion/CodeBuilder.h"

namespace mlir::kernel {

/// Positions whose scores kernel.attend takes together, and the score of those
/// that a query does not see.
constexpr int64_t kAttendPositions = 64;
constexpr float kMaskedScore = -1.0e30f;

/// Positions of a page of the cache, and the most tokens of a run.
constexpr int64_t kPagePositions = 256, kRunTokens = 16;

/// The most lanes, of 16, 8, … that divide a number.
inline int64_t lanesFor(int64_t n) {
  int64_t lanes = kLanes;
  while (n % lanes)
    lanes /= 2;
  return lanes;
}

/// Where a head's parts lie in a cache and in a state. A *record* holds 16
/// positions: with int8, 16 scales of the keys and 16 of the values; then the
/// keys as [channel][16 positions], so that sixteen scores are sums of
/// broadcast products, and the values as [position][channels]. A query's
/// *state* is its weighted values, sixteen partial sums of weights and, sixteen
/// times, the largest score.
struct AttentionLayout {
  int64_t size; ///< channels of a head
  Type element; ///< of the cache

  int64_t lanes() const { return lanesFor(size); }
  int64_t parts() const { return size / lanes(); }
  bool hasScales() const { return element.isInteger(8); }
  int64_t elementBytes() const { return element.getIntOrFloatBitWidth() / 8; }
  int64_t header() const { return hasScales() ? 8 * kLanes : 0; }
  /// Elements of a record, f32 of a state.
  int64_t record() const { return header() + 2 * kLanes * size; }
  int64_t stateFloats() const { return size + 2 * kLanes; }
};

/// Where a state's sums and largest score are, on a builder of code.
struct AttentionCode : AttentionLayout {
  AttentionCode(CodeBuilder &b, AttentionLayout layout)
      : AttentionLayout(layout), b(b) {}
  CodeBuilder &b;

  Value sumAt(Value state) { return b.add(state, b.index(size)); }
  Value bestAt(Value state) { return b.add(state, b.index(size + kLanes)); }
};

} // namespace mlir::kernel

#endif // COMPRESS_CONVERSION_ATTENTIONLAYOUT_H
