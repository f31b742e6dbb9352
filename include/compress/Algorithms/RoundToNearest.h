//===- RoundToNearest.h - Nearest codes -------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Per group (see Quantized.h), with b bits, in f32, rounding half to even:
//
//   asymmetric  lo = min(w, 0), hi = max(w, 0), scale = (hi - lo)/(2^b - 1),
//               zero = clamp(round(-lo/scale), 0, 2^b - 1),
//               code = clamp(round(w/scale) + zero, 0, 2^b - 1)
//   symmetric   n = 2^(b-1) - 1, scale = max|w|/n,
//               code = clamp(round(w/scale), -n, n)
//   full range  m = 2^(b-1), x* the signed value of largest magnitude (the
//               first of equals), scale = -x*/m, which may be negative,
//               code = clamp(round(w/scale), -m, m - 1)
//   unsigned    for values of one sign: scale = x*/(2^b - 1), which may be
//               negative, code = clamp(round(w/scale), 0, 2^b - 1)
//   offset      lo, hi and scale as asymmetric, offset = lo,
//               code = clamp(round((w - offset)/scale), 0, 2^b - 1)
//
// Scales and offsets are rounded to their storage type, and scales at least
// smallestScale(), before anything is divided by them. Rows are independent:
// any split into row ranges gives the same bytes.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_ALGORITHMS_ROUNDTONEAREST_H
#define COMPRESS_ALGORITHMS_ROUNDTONEAREST_H

#include "compress/Algorithms/Quantized.h"

namespace compresslib::algo {

enum class Scheme { Asymmetric, Symmetric, FullRange, Unsigned, Offset };

struct RoundToNearestOptions : QuantizeOptions {
  Scheme scheme = Scheme::Asymmetric;
};

/// Errors: bits or group size out of range, a weight that is not finite, a
/// scale beyond the range of its storage type.
Expected<Quantized> roundToNearest(MatrixRef weights,
                                   const RoundToNearestOptions &options);

} // namespace compresslib::algo

#endif // COMPRESS_ALGORITHMS_ROUNDTONEAREST_H
