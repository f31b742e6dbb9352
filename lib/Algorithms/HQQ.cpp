//===- HQQ.cpp - Half-quadratic quantisation ------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/HQQ.h"

#include "Rounding.h"

namespace compresslib::algo {

// Steps from zero point to code never exceed this by more than the codes'
// range; it keeps roundHalfEven() exact.
static constexpr float largestZero = 1024;

/// The zero point of least mean|w - r|.
static float optimiseZero(const float *values, int64_t count, float scale,
                          float start, float most, int iterations) {
  const float inverse = 1 / scale;
  float zero = start, best = start, beta = 10;
  double least = -1;
  for (int iteration = 0; iteration < iterations; ++iteration) {
    double error = 0, sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      float code = roundHalfEven(clampTo(values[i] * inverse + zero, 0, most));
      float distance = values[i] - (code - zero) * scale;
      float magnitude = std::fabs(distance);
      // |d|^(p-1) is infinite at 0: nothing is left of d there.
      float shrunk =
          magnitude > 0 ? magnitude - std::pow(magnitude, -0.3f) / beta : 0;
      float kept = std::copysign(shrunk > 0 ? shrunk : 0, distance);
      error += magnitude;
      sum += code - (values[i] - kept) * inverse;
    }
    if (least >= 0 && error > least)
      break;
    if (least < 0 || error < least) {
      least = error;
      best = zero;
    }
    zero = float(sum / double(count));
    beta *= 1.01f;
  }
  return best;
}

Expected<Quantized> quantizeHalfQuadratic(MatrixRef weights,
                                          const HQQOptions &options) {
  if (Status status =
          checkQuantizable(weights, options.bits, options.groupSize);
      !status)
    return status.error();
  if (options.iterations < 1)
    return usageError(
        "Half-quadratic quantisation needs at least 1 iteration.");
  Quantized result = emptyQuantized(weights, options.bits, options.groupSize,
                                    /*isSigned=*/false, /*withZeros=*/true);
  const float most = float((1 << options.bits) - 1);
  Status status = forEachGroup(
      weights, result,
      [&](const float *values, int64_t count, int64_t first,
          int64_t group) -> Status {
        float low, high;
        rangeOf(values, count, low, high);
        float scale, zero;
        if (low == high) {
          scale = storedScale(std::fabs(low), options.scaleType);
          zero = low < 0 ? 1 : 0;
        } else {
          float step = (high - low) / most;
          if (std::fabs(low) > largestZero * step) {
            low = low < 0 ? low : 0;
            high = high > 0 ? high : 0;
            step = (high - low) / most;
          }
          scale = storedScale(step, options.scaleType);
          // Only denormal steps are raised so far that this matters.
          zero = clampTo(-low / scale, -largestZero, largestZero);
          if (std::isfinite(scale) && std::isfinite(1 / scale))
            zero = optimiseZero(values, count, scale, zero, most,
                                options.iterations);
          zero = roundToStorage(zero, options.zeroType);
        }
        if (Status status =
                checkScale(scale, options.scaleType, first, weights.columns);
            !status)
          return status;
        result.scales[group] = scale;
        result.zeros[group] = zero;
        for (int64_t i = 0; i < count; ++i)
          result.codes[first + i] = uint8_t(
              int(roundHalfEven(clampTo(values[i] / scale + zero, 0, most))));
        return {};
      });
  if (!status)
    return status.error();
  return result;
}

} // namespace compresslib::algo
