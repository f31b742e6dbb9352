//===- RoundToNearest.cpp - Nearest codes ---------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/RoundToNearest.h"

#include "Rounding.h"

namespace compresslib::algo {

// |w / scale| stays within 2^bits times the rounding of the scale; the limit
// only keeps roundHalfEven() within its range whatever the scale.
static constexpr float quotientLimit = 4096;

static void symmetricCodes(const float *values, int64_t count, float scale,
                           float low, float high, uint8_t *codes) {
  for (int64_t i = 0; i < count; ++i)
    codes[i] = uint8_t(
        int8_t(int(roundHalfEven(clampTo(values[i] / scale, low, high)))));
}

static void asymmetricCodes(const float *values, int64_t count, float scale,
                            float zero, float high, uint8_t *codes) {
  for (int64_t i = 0; i < count; ++i) {
    float steps = roundHalfEven(
        clampTo(values[i] / scale, -quotientLimit, quotientLimit));
    codes[i] = uint8_t(int(clampTo(steps + zero, 0, high)));
  }
}

Expected<Quantized> roundToNearest(MatrixRef weights,
                                   const RoundToNearestOptions &options) {
  if (Status status =
          checkQuantizable(weights, options.bits, options.groupSize);
      !status)
    return status.error();
  if (options.fullRange && !options.symmetric)
    return usageError("The full signed range was asked for with zero points; "
                      "it is an option of symmetric quantisation.");
  Quantized result =
      emptyQuantized(weights, options.bits, options.groupSize,
                     options.symmetric, /*withZeros=*/!options.symmetric);
  const float half = float(1 << (options.bits - 1));
  const float most = float((1 << options.bits) - 1);
  Status status = forEachGroup(
      weights, result,
      [&](const float *values, int64_t count, int64_t first,
          int64_t group) -> Status {
        float low, high;
        rangeOf(values, count, low, high);
        float scale;
        if (!options.symmetric) {
          low = low < 0 ? low : 0;
          high = high > 0 ? high : 0;
          scale = (high - low) / most;
        } else if (options.fullRange) {
          scale = extremeOf(values, count) / -half;
        } else {
          scale = (high > -low ? high : -low) / (half - 1);
        }
        scale = storedScale(scale, options.scaleType);
        if (Status status =
                checkScale(scale, options.scaleType, first, weights.columns);
            !status)
          return status;
        result.scales[group] = scale;
        uint8_t *codes = result.codes.data() + first;
        if (options.symmetric) {
          symmetricCodes(values, count, scale,
                         options.fullRange ? -half : 1 - half, half - 1, codes);
          return {};
        }
        // low is 0 or less, so adding 0 only turns -0 into 0.
        float zero =
            clampTo(roundHalfEven(clampTo(-low / scale, 0, quotientLimit)), 0,
                    most) +
            0.0f;
        result.zeros[group] = zero;
        asymmetricCodes(values, count, scale, zero, most, codes);
        return {};
      });
  if (!status)
    return status.error();
  return result;
}

} // namespace compresslib::algo
