//===- Quantized.h - Codes with group scales --------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Groups are of G consecutive inputs of one row; the last group of a row is
// shorter where G does not divide the columns, and G = 0 is the whole row. With
// g the group of element (r, c), its value is
//
//     (code - zero) · scale      zeros, where there are any
//     code · scale + offset      offsets, where there are any
//     code · scale               otherwise
//
// evaluated in f32, each operation rounded.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_ALGORITHMS_QUANTIZED_H
#define COMPRESS_ALGORITHMS_QUANTIZED_H

#include "compress/Algorithms/MatrixRef.h"
#include "compress/Support/Error.h"

#include <cstdint>
#include <vector>

namespace compresslib::algo {

/// The type that a scale, zero point or codebook entry will be stored in.
enum class StorageType { F32, F16, BF16 };

/// The f32 value of `value` rounded to `type`, half to even.
float roundToStorage(float value, StorageType type);

/// The least magnitude a scale may have: 2^-24, the smallest f16 subnormal, or
/// 2^-126, the smallest normal f32 and bf16. A group of zeros gets this scale.
float smallestScale(StorageType type);

/// What every quantiser is asked.
struct QuantizeOptions {
  int bits = 4;
  /// Inputs a group; 0 is the whole row.
  int64_t groupSize = 0;
  /// Of scales and offsets.
  StorageType scaleType = StorageType::F16;
};

struct Quantized {
  int bits = 0;
  int64_t rows = 0;
  int64_t columns = 0;
  /// Inputs a group; never 0 (the whole row is `columns`) unless empty.
  int64_t groupSize = 0;
  /// Whether `codes` hold int8 (two's complement) or uint8.
  bool isSigned = false;
  /// [rows][columns], one a byte.
  std::vector<uint8_t> codes;
  /// [rows][groupsPerRow()], already rounded to the storage type. They may be
  /// negative where codes use the full signed range.
  std::vector<float> scales;
  /// [rows][groupsPerRow()], or empty.
  std::vector<float> zeros;
  /// [rows][groupsPerRow()], rounded to the storage type, or empty.
  std::vector<float> offsets;

  int64_t groupsPerRow() const {
    return groupSize ? (columns + groupSize - 1) / groupSize : 0;
  }
  int code(int64_t index) const {
    return isSigned ? int(int8_t(codes[index])) : int(codes[index]);
  }
  /// [rows][columns].
  std::vector<float> dequantize() const;
};

/// Checks shared by the quantisers: bits in 2..8, a group size that is not
/// negative, as many values as rows × columns, and all of them finite.
Status checkQuantizable(MatrixRef weights, int bits, int64_t groupSize);

/// The names f32, f16, bf16.
const char *nameOf(StorageType type);

} // namespace compresslib::algo

#endif // COMPRESS_ALGORITHMS_QUANTIZED_H
