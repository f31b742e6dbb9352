//===- ScaleSearch.h - Group scales by search -------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Symmetric codes -m … m - 1, m = 2^(b-1) (restricted: -(m-1) … m-1). Per group
// x with importances h, for k = -9 … 9, with x* the signed value of largest
// magnitude (the first of equals) and n = m (restricted: m - 1):
//
//   u = -(n + 0.1 k)/x*        l = clip(round(u x))
//
// The l that maximises (Σhxl)²/Σhl² gives the scale s = Σhxl/Σhl², the least
// squares fit to its codes (of equals the first k). The scale is then rounded
// to its storage type, at least smallestScale() in magnitude, and each code is
// the nearest to x/s for this stored s: never worse than l. Scales may be
// negative. (After llama.cpp's search for its symmetric types.)
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_ALGORITHMS_SCALESEARCH_H
#define COMPRESS_ALGORITHMS_SCALESEARCH_H

#include "compress/Algorithms/Quantized.h"

namespace compresslib::algo {

struct ScaleSearchOptions : QuantizeOptions {
  ScaleSearchOptions() { groupSize = 32; }
  /// Codes -(m-1) … m-1.
  bool restricted = false;
};

/// `importance`: empty, or h >= 0 for each column (a diagonal of the Gram
/// matrix). Where all of a group's are 0 they count as 1. Errors as
/// roundToNearest(), and importances that are negative, not finite or not one a
/// column.
Expected<Quantized> searchScales(MatrixRef weights,
                                 const ScaleSearchOptions &options,
                                 Span<const float> importance = {});

} // namespace compresslib::algo

#endif // COMPRESS_ALGORITHMS_SCALESEARCH_H
