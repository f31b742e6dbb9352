//===- Quantized.cpp - Codes with group scales ----------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/Quantized.h"

#include "compress/Support/Half.h"

#include <string>

namespace compresslib::algo {

float roundToStorage(float value, StorageType type) {
  switch (type) {
  case StorageType::F32:
    return value;
  case StorageType::F16:
    return roundToF16(value);
  case StorageType::BF16:
    return roundToBF16(value);
  }
  return value;
}

float smallestScale(StorageType type) {
  return type == StorageType::F16 ? 0x1p-24f : 0x1p-126f;
}

const char *nameOf(StorageType type) {
  switch (type) {
  case StorageType::F32:
    return "f32";
  case StorageType::F16:
    return "f16";
  case StorageType::BF16:
    return "bf16";
  }
  return "";
}

std::vector<float> Quantized::dequantize() const {
  std::vector<float> values(codes.size());
  int64_t index = 0, group = 0;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t start = 0; start < columns; start += groupSize, ++group) {
      int64_t end = start + groupSize < columns ? start + groupSize : columns;
      float zero = zeros.empty() ? 0.0f : zeros[group];
      float offset = offsets.empty() ? 0.0f : offsets[group];
      for (int64_t column = start; column < end; ++column, ++index)
        values[index] = (float(code(index)) - zero) * scales[group] + offset;
    }
  }
  return values;
}

Status checkMatrix(MatrixRef matrix) {
  if (matrix.rows < 0 || matrix.columns < 0 ||
      matrix.values.size() != size_t(matrix.rows) * size_t(matrix.columns))
    return badInput("A matrix of " + std::to_string(matrix.rows) +
                    " rows and " + std::to_string(matrix.columns) +
                    " columns was given " +
                    std::to_string(matrix.values.size()) + " values.");
  // The exponent of infinities and NaN is all ones. Looking at blocks keeps the
  // usual case, no such value, a loop without branches.
  constexpr size_t block = 4096;
  for (size_t start = 0; start < matrix.values.size(); start += block) {
    size_t end = start + block < matrix.values.size() ? start + block
                                                      : matrix.values.size();
    uint32_t bad = 0;
    for (size_t i = start; i < end; ++i)
      bad |= (bitsOfFloat(matrix.values[i]) & 0x7f800000u) == 0x7f800000u;
    if (!bad)
      continue;
    for (size_t i = start; i < end; ++i)
      if ((bitsOfFloat(matrix.values[i]) & 0x7f800000u) == 0x7f800000u)
        return badInput(
            "The value at row " + std::to_string(int64_t(i) / matrix.columns) +
            ", column " + std::to_string(int64_t(i) % matrix.columns) + " is " +
            (matrix.values[i] != matrix.values[i] ? "NaN" : "infinite") +
            "; only finite values can be compressed.");
  }
  return {};
}

Status checkQuantizable(MatrixRef weights, int bits, int64_t groupSize) {
  if (bits < 2 || bits > 8)
    return usageError("Codes of " + std::to_string(bits) +
                      " bits were asked for; codes have 2 to 8 bits.");
  if (groupSize < 0)
    return usageError("A group size of " + std::to_string(groupSize) +
                      " was asked for; it is a number of inputs, or 0 for the "
                      "whole row.");
  return checkMatrix(weights);
}

} // namespace compresslib::algo
