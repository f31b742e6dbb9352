//===- StoredSize.h - Exact sizes of weights ------------------ -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_ANALYSIS_STOREDSIZE_H
#define COMPRESS_ANALYSIS_STOREDSIZE_H

#include "Compress/IR/Compress.h"
#include <string>
#include <vector>

namespace mlir::compress {

/// What a weight takes. A stored tensor that several weights name is counted
/// with each of them here, and once in the module's sum.
struct WeightSize {
  WeightOp weight;
  int64_t elements = 0;
  int64_t bits = 0;
  /// The expression in short: "dequantize(si4, f16)".
  std::string expression;
};

struct StoredSize {
  std::vector<WeightSize> weights;
  /// Bits of the distinct leaves of all weights.
  int64_t bits = 0;
  /// The same in bytes, each tensor rounded up to whole ones.
  int64_t bytes = 0;
  /// Bytes of what is no weight: tokenizer, configuration.
  int64_t blobBytes = 0;
  /// Parameters of the untouched model, tied ones once: what nn.model says,
  /// otherwise the elements of all weights.
  int64_t parameters = 0;

  double getBitsPerWeight() const {
    return parameters ? 8.0 * double(bytes) / double(parameters) : 0;
  }
};

/// Reads types only, never a tensor.
StoredSize getStoredSize(ModuleOp module);

/// The expression of a value in short: op names with the element types of the
/// leaves.
std::string getExpressionText(Value value);

} // namespace mlir::compress

#endif // COMPRESS_ANALYSIS_STOREDSIZE_H
