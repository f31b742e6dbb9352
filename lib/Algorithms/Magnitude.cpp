//===- Magnitude.cpp - Which weights to keep ------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/Magnitude.h"

#include "compress/Support/Half.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace compresslib::algo {

int64_t droppedCount(int64_t size, double percent) {
  return int64_t(double(size) * percent / 100);
}

static Status checkPercent(MatrixRef scores, double percent) {
  if (!(percent >= 0 && percent <= 100))
    return usageError("Pruning " + std::to_string(percent) +
                      " % was asked for; a percentage is from 0 to 100.");
  return checkMatrix(scores);
}

/// Clears `keep` for the `count` lowest |scores|, of equals the first. The bits
/// of magnitudes order as the magnitudes do, so two counting passes over 16
/// bits each find the threshold without a copy or a sort.
static void dropLowest(Span<const float> scores, int64_t count, uint8_t *keep) {
  if (count <= 0)
    return;
  auto bitsOf = [&](size_t i) { return bitsOfFloat(scores[i]) & 0x7fffffffu; };
  std::vector<int64_t> histogram(1 << 16);
  for (size_t i = 0; i < scores.size(); ++i)
    ++histogram[bitsOf(i) >> 16];
  int64_t left = count;
  uint32_t high = 0;
  while (left > histogram[high])
    left -= histogram[high++];
  std::fill(histogram.begin(), histogram.end(), 0);
  for (size_t i = 0; i < scores.size(); ++i)
    if (uint32_t bits = bitsOf(i); bits >> 16 == high)
      ++histogram[bits & 0xffffu];
  uint32_t low = 0;
  while (left > histogram[low])
    left -= histogram[low++];
  uint32_t threshold = high << 16 | low;
  for (size_t i = 0; i < scores.size(); ++i) {
    uint32_t bits = bitsOf(i);
    if (bits < threshold || (bits == threshold && left-- > 0))
      keep[i] = 0;
  }
}

/// The same for few scores.
static void dropLowestOfFew(const float *scores, int count, int drop,
                            uint8_t *keep) {
  for (int i = 0; i < count; ++i) {
    float magnitude = std::fabs(scores[i]);
    int lower = 0;
    for (int j = 0; j < count; ++j) {
      float other = std::fabs(scores[j]);
      lower += other < magnitude || (other == magnitude && j < i);
    }
    if (lower < drop)
      keep[i] = 0;
  }
}

Expected<std::vector<uint8_t>> keepLargest(MatrixRef scores, double percent) {
  if (Status status = checkPercent(scores, percent); !status)
    return status.error();
  std::vector<uint8_t> keep(scores.values.size(), 1);
  dropLowest(scores.values, droppedCount(scores.size(), percent), keep.data());
  return keep;
}

Expected<std::vector<uint8_t>> keepLargestPerRow(MatrixRef scores,
                                                 double percent) {
  if (Status status = checkPercent(scores, percent); !status)
    return status.error();
  std::vector<uint8_t> keep(scores.values.size(), 1);
  int64_t drop = droppedCount(scores.columns, percent);
  std::vector<int64_t> order(size_t(scores.columns));
  for (int64_t row = 0; row < scores.rows && drop > 0; ++row) {
    const float *values = scores.row(row);
    std::iota(order.begin(), order.end(), 0);
    std::nth_element(order.begin(), order.begin() + (drop - 1), order.end(),
                     [&](int64_t a, int64_t b) {
                       float left = std::fabs(values[a]);
                       float right = std::fabs(values[b]);
                       return left < right || (left == right && a < b);
                     });
    for (int64_t i = 0; i < drop; ++i)
      keep[size_t(row * scores.columns + order[size_t(i)])] = 0;
  }
  return keep;
}

Expected<std::vector<uint8_t>> keepNOfM(MatrixRef scores, int kept, int group) {
  if (group < 1 || group > 64 || kept < 1 || kept > group)
    return usageError("Keeping " + std::to_string(kept) + " of every " +
                      std::to_string(group) +
                      " was asked for; groups have 1 to 64 inputs, of which at "
                      "least one and at most all are kept.");
  if (scores.columns % group != 0)
    return badInput("The " + std::to_string(scores.columns) +
                    " inputs of a row are not a multiple of " +
                    std::to_string(group) + ", so " + std::to_string(kept) +
                    " of every " + std::to_string(group) +
                    " cannot be kept; use a group that divides them, or prune "
                    "without a pattern.");
  if (Status status = checkMatrix(scores); !status)
    return status.error();
  std::vector<uint8_t> keep(scores.values.size(), 1);
  // The columns are a multiple of the group, so groups never cross rows.
  for (size_t start = 0; start < keep.size(); start += size_t(group))
    dropLowestOfFew(scores.values.data() + start, group, group - kept,
                    keep.data() + start);
  return keep;
}

Expected<std::vector<uint8_t>> keepLargestBlocks(MatrixRef scores,
                                                 int64_t blockRows,
                                                 int64_t blockColumns,
                                                 double percent) {
  if (Status status = checkPercent(scores, percent); !status)
    return status.error();
  if (blockRows < 1 || blockColumns < 1)
    return usageError("Blocks of " + std::to_string(blockRows) + " by " +
                      std::to_string(blockColumns) +
                      " were asked for; both sizes are at least 1.");
  if (scores.rows % blockRows != 0 || scores.columns % blockColumns != 0)
    return badInput("Blocks of " + std::to_string(blockRows) + " by " +
                    std::to_string(blockColumns) + " do not tile a matrix of " +
                    std::to_string(scores.rows) + " by " +
                    std::to_string(scores.columns) +
                    "; block sizes must divide the rows and the columns.");
  std::vector<uint8_t> keep(scores.values.size(), 1);
  if (keep.empty())
    return keep;
  int64_t across = scores.columns / blockColumns;
  int64_t blocks = scores.rows / blockRows * across;
  std::vector<double> squares(static_cast<size_t>(blocks));
  for (int64_t row = 0; row < scores.rows; ++row)
    for (int64_t column = 0; column < scores.columns; ++column) {
      double value = scores.row(row)[column];
      squares[size_t(row / blockRows * across + column / blockColumns)] +=
          value * value;
    }
  std::vector<int64_t> order(static_cast<size_t>(blocks));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    double left = squares[size_t(a)], right = squares[size_t(b)];
    return left < right || (left == right && a < b);
  });
  int64_t drop = droppedCount(blocks, percent);
  for (int64_t i = 0; i < drop; ++i) {
    int64_t firstRow = order[size_t(i)] / across * blockRows;
    int64_t firstColumn = order[size_t(i)] % across * blockColumns;
    for (int64_t row = 0; row < blockRows; ++row) {
      auto start =
          keep.begin() + (firstRow + row) * scores.columns + firstColumn;
      std::fill(start, start + blockColumns, 0);
    }
  }
  return keep;
}

} // namespace compresslib::algo
