//===- Half.h - fp16 and bf16 to and from f32 -------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bit patterns of IEEE binary16 and bfloat16. Rounding is to nearest, ties to
// even; subnormals are kept; what exceeds the range becomes infinite; NaN stays
// a (quiet) NaN. Widening is exact.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_SUPPORT_HALF_H
#define COMPRESS_SUPPORT_HALF_H

#include <cstdint>
#include <cstring>

namespace compresslib {

inline uint32_t bitsOfFloat(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float floatOfBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// The value of a bfloat16 bit pattern.
inline float floatFromBF16(uint16_t bits) {
  return floatOfBits(uint32_t(bits) << 16);
}

/// The bfloat16 nearest to `value`.
inline uint16_t bf16FromFloat(float value) {
  uint32_t bits = bitsOfFloat(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return uint16_t((bits >> 16) | 0x40u);
  return uint16_t((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

/// The value of a binary16 bit pattern.
inline float floatFromF16(uint16_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000u) << 16;
  uint32_t exponent = (bits >> 10) & 0x1fu, fraction = bits & 0x3ffu;
  if (exponent == 0x1fu)
    return floatOfBits(sign | 0x7f800000u | (fraction << 13));
  if (exponent != 0)
    return floatOfBits(sign | ((exponent + 112u) << 23) | (fraction << 13));
  // Subnormal: fraction · 2^-24, exact in f32.
  float magnitude = float(fraction) * 0x1p-24f;
  return floatOfBits(sign | bitsOfFloat(magnitude));
}

/// The binary16 nearest to `value`.
inline uint16_t f16FromFloat(float value) {
  uint32_t bits = bitsOfFloat(value);
  uint16_t sign = uint16_t((bits >> 16) & 0x8000u);
  uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u)
    return uint16_t(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu));
  // 65520 is half-way between the largest half and the next step; it is a tie
  // whose even neighbour is infinity.
  if (magnitude >= 0x477ff000u)
    return uint16_t(sign | 0x7c00u);
  if (magnitude < 0x38800000u) {
    // Below 2^-14 the spacing is 2^-24; adding 1/2 puts that spacing at the
    // last bit of an f32, so that the addition itself rounds to nearest even.
    float shifted = floatOfBits(magnitude) + 0.5f;
    return uint16_t(sign | (bitsOfFloat(shifted) - bitsOfFloat(0.5f)));
  }
  uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return uint16_t(sign | ((rounded - 0x38000000u) >> 13));
}

/// `value` rounded to binary16 and widened again.
inline float roundToF16(float value) {
  return floatFromF16(f16FromFloat(value));
}

/// `value` rounded to bfloat16 and widened again.
inline float roundToBF16(float value) {
  return floatFromBF16(bf16FromFloat(value));
}

} // namespace compresslib

#endif // COMPRESS_SUPPORT_HALF_H
