//===- Report.h - Steps of a recipe as a table and as JSON ---- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_EVALUATION_REPORT_H
#define COMPRESS_EVALUATION_REPORT_H

#include "compress/Evaluation/Compare.h"
#include "compress/Evaluation/Tasks.h"
#include "compress/Support/Json.h"

#include <optional>

namespace compresslib {
namespace eval {

/// One row: a model after one step of a recipe.
struct Step {
  std::string name;
  uint64_t bytes = 0;      ///< of weights
  double parameters = 0;   ///< of the untouched model, tied ones once
  std::string activations; ///< "f32" or "int8"
  std::optional<TextScore> text;
  std::optional<Accuracy> accuracy;
  /// Negative log likelihood by the independent reference evaluator.
  std::optional<double> referenceNll;
  double bitsPerWeight() const {
    return parameters ? 8.0 * bytes / parameters : 0.0;
  }
};

/// An aligned table with only the columns that some step has.
std::string stepsTable(const std::vector<Step> &steps);

/// One object: name, nll, nll_error, perplexity, scored, reference_nll, kl, kl_error, kl_p99,
/// kl_max, same_top, bytes, bits_per_weight, accuracy (a share), right and
/// items of each kind, activations; what was not measured is left out.
void writeStep(json::Writer &json, const Step &step);

} // namespace eval
} // namespace compresslib

#endif // COMPRESS_EVALUATION_REPORT_H
