//===- Report.cpp - Steps of a recipe as a table and as JSON --------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Evaluation/Report.h"

#include "compress/Support/Text.h"
#include "compress_runtime/Text.h"

#include <algorithm>

using compresslib::rt::format;
using compresslib::rt::rounded;

namespace compresslib {
namespace eval {

std::string stepsTable(const std::vector<Step> &steps) {
  bool text = false, compared = false, tasks = false, reference = false;
  for (const Step &step : steps) {
    text |= step.text.has_value();
    compared |= step.text && step.text->compared;
    tasks |= step.accuracy.has_value();
    reference |= step.referenceNll.has_value();
  }
  std::vector<std::vector<std::string>> table(1);
  table[0] = {"step", "weights", "bits", "act."};
  if (text)
    for (const char *name : {"nll", "+-", "perplexity"})
      table[0].push_back(name);
  if (reference)
    table[0].push_back("reference");
  if (compared)
    for (const char *name : {"KL", "+-", "KL 99 %", "KL max", "same top"})
      table[0].push_back(name);
  if (tasks)
    table[0].push_back("tasks");
  for (const Step &step : steps) {
    std::vector<std::string> row = {step.name, humanSize(step.bytes),
                                    format("%.3f", step.bitsPerWeight()),
                                    step.activations};
    if (text) {
      if (step.text) {
        const rt::Score &s = step.text->score;
        row.push_back(format("%.6f", s.nll));
        row.push_back(format("%.6f", s.nllError));
        row.push_back(format("%.4f", s.perplexity));
      } else {
        row.insert(row.end(), 3, "-");
      }
    }
    if (reference)
      row.push_back(step.referenceNll ? format("%.6f", *step.referenceNll)
                                      : std::string("-"));
    if (compared) {
      if (step.text && step.text->compared) {
        const TextScore &s = *step.text;
        row.push_back(format("%.6f", s.kl));
        row.push_back(format("%.6f", s.klError));
        row.push_back(format("%.5f", s.klP99));
        row.push_back(format("%.4f", s.klMax));
        row.push_back(format("%.2f %%", 100 * s.sameTop));
      } else {
        row.insert(row.end(), 5, "-");
      }
    }
    if (tasks)
      row.push_back(step.accuracy
                        ? format("%lld/%lld", (long long)step.accuracy->right,
                                 (long long)step.accuracy->items)
                        : std::string("-"));
    table.push_back(std::move(row));
  }
  std::vector<size_t> width(table[0].size());
  for (auto &row : table)
    for (size_t c = 0; c < row.size(); ++c)
      width[c] = std::max(width[c], row[c].size());
  std::string result;
  for (auto &row : table) {
    for (size_t c = 0; c < row.size(); ++c) {
      std::string pad(width[c] - row[c].size(), ' ');
      // Names to the left, figures to the right.
      result += c == 0 ? row[c] + pad : "  " + pad + row[c];
    }
    result += '\n';
  }
  return result;
}

void writeStep(json::Writer &json, const Step &step) {
  json.beginObject().member("name", step.name);
  if (step.text) {
    const TextScore &s = *step.text;
    json.member("nll", rounded(s.score.nll));
    json.member("nll_error", rounded(s.score.nllError));
    json.member("perplexity", rounded(s.score.perplexity));
    json.member("scored", s.score.scored);
    if (step.referenceNll)
      json.member("reference_nll", rounded(*step.referenceNll));
    if (s.compared) {
      json.member("kl", rounded(s.kl, 8));
      json.member("kl_error", rounded(s.klError, 8));
      json.member("kl_p99", rounded(s.klP99, 8));
      json.member("kl_max", rounded(s.klMax, 8));
      json.member("same_top", rounded(s.sameTop));
      json.member("same_top_error", rounded(s.sameTopError));
    }
  }
  json.member("bytes", step.bytes);
  json.member("bits_per_weight", rounded(step.bitsPerWeight()));
  if (step.accuracy) {
    json.member("accuracy", rounded(step.accuracy->share()));
    json.member("accuracy_error", rounded(step.accuracy->error()));
    json.key("tasks").beginObject();
    for (const Accuracy::Kind &kind : step.accuracy->kinds) {
      json.key(kind.name).beginObject();
      json.member("right", kind.right).member("items", kind.items);
      json.endObject();
    }
    json.endObject();
  }
  json.member("activations", step.activations).endObject();
}

} // namespace eval
} // namespace compresslib
