//===- HQQ.h - Half-quadratic quantisation ----------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Zero points by half-quadratic optimisation, without data (Badri and Shaji
// 2023). Zero points are fractional; the value of a code is (code -
// zero)·scale. Per group, in f32:
//
//   σ = (2^b - 1)/(max - min), z = -min·σ, β = 10, p = 0.7; at most 20 times
//   q = clip(round(wσ + z)); r = (q - z)/σ; d = w - r
//   stop when mean|d| rises; keep the z of least mean|d|
//   e = sign(d)·max(|d| - |d|^(p-1)/β, 0)
//   z = mean(q - (w - e)σ); β ×= 1.01
//
// Then scale = 1/σ and zero = z, rounded to their storage types (the scale at
// least smallestScale()), and code = clip(round(w/scale + zero)) for what is
// stored. The scale that is stored is the one optimised for: σ is its inverse.
//
// Range: where max - min is so small beside |min| that z would exceed 1024,
// past which fp16 has no fractions, min and max are taken to include 0. A group
// of one value v gets the scale |v|, a zero of 0 or 1 and is exact but for
// rounding the scale.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_ALGORITHMS_HQQ_H
#define COMPRESS_ALGORITHMS_HQQ_H

#include "compress/Algorithms/Quantized.h"

namespace compresslib::algo {

struct HQQOptions : QuantizeOptions {
  HQQOptions() { groupSize = 64; }
  StorageType zeroType = StorageType::F16;
  int iterations = 20;
};

/// Errors as roundToNearest().
Expected<Quantized> quantizeHalfQuadratic(MatrixRef weights,
                                          const HQQOptions &options);

} // namespace compresslib::algo

#endif // COMPRESS_ALGORITHMS_HQQ_H
