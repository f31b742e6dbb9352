//===- Magnitude.h - Which weights to keep ----------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Keep-masks: one byte a weight, 1 to keep and 0 to drop, in the order of the
// matrix. The lowest |value| go first; of equals, the one of lower index.
// Values may be weights or any scores that are not negative.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_ALGORITHMS_MAGNITUDE_H
#define COMPRESS_ALGORITHMS_MAGNITUDE_H

#include "compress/Algorithms/MatrixRef.h"

#include <cstdint>
#include <vector>

namespace compresslib::algo {

/// How many of `size` a percentage drops: ⌊size · percent / 100⌋.
int64_t droppedCount(int64_t size, double percent);

/// Drops droppedCount() of the whole matrix. Errors here and below: a
/// percentage outside 0..100, a value that is not finite.
Expected<std::vector<uint8_t>> keepLargest(MatrixRef scores, double percent);

/// Drops droppedCount() of each row.
Expected<std::vector<uint8_t>> keepLargestPerRow(MatrixRef scores,
                                                 double percent);

/// Keeps `kept` of every `group` consecutive inputs. The columns must be a
/// multiple of `group`, and 1 <= kept <= group <= 64.
Expected<std::vector<uint8_t>> keepNOfM(MatrixRef scores, int kept, int group);

/// Drops droppedCount() of the blocks, those of lowest Euclidean norm (squares
/// summed in f64, row by row); blocks are ordered row-major. Block rows must
/// divide the rows and block columns the columns.
Expected<std::vector<uint8_t>> keepLargestBlocks(MatrixRef scores,
                                                 int64_t blockRows,
                                                 int64_t blockColumns,
                                                 double percent);

} // namespace compresslib::algo

#endif // COMPRESS_ALGORITHMS_MAGNITUDE_H
