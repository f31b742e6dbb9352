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

/// Codes of w/scale, w less `offset`, from `low` to `high`.
static void nearestCodes(const float *values, int64_t count, float scale,
                         float offset, float low, float high, uint8_t *codes) {
  for (int64_t i = 0; i < count; ++i)
    codes[i] = uint8_t(
        int(roundHalfEven(clampTo((values[i] - offset) / scale, low, high))));
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
  const Scheme scheme = options.scheme;
  Quantized result =
      emptyQuantized(weights, options.bits, options.groupSize,
                     scheme == Scheme::Symmetric || scheme == Scheme::FullRange,
                     /*withZeros=*/scheme == Scheme::Asymmetric);
  if (scheme == Scheme::Offset)
    result.offsets.resize(result.scales.size());
  const float half = float(1 << (options.bits - 1));
  const float most = float((1 << options.bits) - 1);
  Status status = forEachGroup(
      weights, result,
      [&](const float *values, int64_t count, int64_t first,
          int64_t group) -> Status {
        float low, high;
        rangeOf(values, count, low, high);
        low = low < 0 ? low : 0;
        high = high > 0 ? high : 0;
        float scale = 0;
        switch (scheme) {
        case Scheme::Asymmetric:
        case Scheme::Offset:
          scale = (high - low) / most;
          break;
        case Scheme::Symmetric:
          scale = (high > -low ? high : -low) / (half - 1);
          break;
        case Scheme::FullRange:
          scale = extremeOf(values, count) / -half;
          break;
        case Scheme::Unsigned:
          scale = extremeOf(values, count) / most;
          break;
        }
        scale = storedScale(scale, options.scaleType);
        if (Status status =
                checkScale(scale, options.scaleType, first, weights.columns);
            !status)
          return status;
        result.scales[group] = scale;
        uint8_t *codes = result.codes.data() + first;
        switch (scheme) {
        case Scheme::Asymmetric: {
          // low is 0 or less, so adding 0 only turns -0 into 0.
          float zero =
              clampTo(roundHalfEven(clampTo(-low / scale, 0, quotientLimit)), 0,
                      most) +
              0.0f;
          result.zeros[group] = zero;
          asymmetricCodes(values, count, scale, zero, most, codes);
          break;
        }
        case Scheme::Symmetric:
          nearestCodes(values, count, scale, 0, 1 - half, half - 1, codes);
          break;
        case Scheme::FullRange:
          nearestCodes(values, count, scale, 0, -half, half - 1, codes);
          break;
        case Scheme::Unsigned:
          nearestCodes(values, count, scale, 0, 0, most, codes);
          break;
        case Scheme::Offset: {
          float offset = roundToStorage(low, options.scaleType);
          if (Status status = checkScale(offset, options.scaleType, first,
                                         weights.columns, "an offset");
              !status)
            return status;
          result.offsets[group] = offset;
          nearestCodes(values, count, scale, offset, 0, most, codes);
          break;
        }
        }
        return {};
      });
  if (!status)
    return status.error();
  return result;
}

} // namespace compresslib::algo
