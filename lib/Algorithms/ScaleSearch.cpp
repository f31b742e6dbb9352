//===- ScaleSearch.cpp - Group scales by search ---------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/ScaleSearch.h"

#include "Rounding.h"

#include <algorithm>
#include <limits>

namespace compresslib::algo {

Expected<Quantized> searchScales(MatrixRef weights,
                                 const ScaleSearchOptions &options,
                                 Span<const float> importance) {
  if (Status status =
          checkQuantizable(weights, options.bits, options.groupSize);
      !status)
    return status.error();
  if (Status status = checkImportance(importance, weights); !status)
    return status.error();
  Quantized result = emptyQuantized(weights, options.bits, options.groupSize,
                                    /*isSigned=*/true, /*withZeros=*/false);
  const float most = float((1 << (options.bits - 1)) - 1);
  const float least = options.restricted ? -most : -most - 1;
  const std::vector<float> ones(size_t(result.groupSize), 1.0f);
  Status status = forEachGroup(
      weights, result,
      [&](const float *values, int64_t count, int64_t first,
          int64_t group) -> Status {
        const float *h = ones.data();
        if (!importance.empty()) {
          const float *given = importance.data() + first % weights.columns;
          if (std::any_of(given, given + count,
                          [](float weight) { return weight > 0; }))
            h = given;
        }
        float extreme = extremeOf(values, count);
        double best = 0, bestScale = 0;
        for (int k = -9; k <= 9 && extreme != 0; ++k) {
          float u = (least - 0.1f * float(k)) / extreme;
          if (!std::isfinite(u))
            break;
          double xl = 0, ll = 0;
          for (int64_t i = 0; i < count; ++i) {
            double l = roundHalfEven(clampTo(u * values[i], least, most));
            xl += double(h[i]) * double(values[i]) * l;
            ll += double(h[i]) * l * l;
          }
          if (ll > 0 && xl * xl / ll > best) {
            best = xl * xl / ll;
            bestScale = xl / ll;
          }
        }
        // No candidate where the largest magnitude is a denormal, or where what
        // has importance rounds to 0 beside what has none.
        if (best == 0)
          bestScale = extreme / least;
        float scale = storedScale(float(bestScale), options.scaleType);
        if (Status status =
                checkScale(scale, options.scaleType, first, weights.columns);
            !status)
          return status;
        result.scales[group] = scale;
        for (int64_t i = 0; i < count; ++i)
          result.codes[first + i] = uint8_t(int8_t(
              int(roundHalfEven(clampTo(values[i] / scale, least, most)))));
        return {};
      });
  if (!status)
    return status.error();
  return result;
}

} // namespace compresslib::algo
