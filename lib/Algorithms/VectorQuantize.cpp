//===- VectorQuantize.cpp - Cells of weights that share vectors -----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/VectorQuantize.h"

#include "Random.h"
#include "Rounding.h"

#include <algorithm>
#include <limits>

namespace compresslib::algo {

namespace {

/// Cells to be clustered: values and importances, [count][cell].
struct Cells {
  int cell;
  std::vector<float> values, weights;

  int64_t count() const { return int64_t(values.size()) / cell; }
};

/// Vectors stored by dimension, [cell][entries], so that the distances from one
/// cell to all of them are computed side by side.
struct Codebook {
  int cell;
  int64_t entries;
  std::vector<float> values;

  float &at(int64_t entry, int dimension) {
    return values[size_t(dimension * entries + entry)];
  }
};

struct Nearest {
  int64_t entry;
  float cost;
};

} // namespace

static Nearest nearest(const Codebook &codebook, const float *values,
                       const float *weights, std::vector<float> &costs) {
  const int64_t entries = codebook.entries;
  float *cost = costs.data();
  std::fill(cost, cost + entries, 0.0f);
  for (int d = 0; d < codebook.cell; ++d) {
    const float *vectors = codebook.values.data() + d * entries;
    const float value = values[d], weight = weights[d];
    for (int64_t k = 0; k < entries; ++k) {
      float distance = value - vectors[k];
      cost[k] += weight * (distance * distance);
    }
  }
  float least, most;
  rangeOf(cost, entries, least, most);
  return {std::find(cost, cost + entries, least) - cost, least};
}

/// Fills `codebook` and returns how many of its vectors differ.
static int64_t chooseStart(const Cells &cells, Codebook &codebook,
                           RandomNumbers &random) {
  const int cell = cells.cell;
  std::vector<float> costs(size_t(cells.count()),
                           std::numeric_limits<float>::infinity());
  int64_t chosen = int64_t(random.below(uint64_t(cells.count())));
  for (int64_t entry = 0; entry < codebook.entries; ++entry) {
    const float *center = cells.values.data() + chosen * cell;
    for (int d = 0; d < cell; ++d)
      codebook.at(entry, d) = center[d];
    double total = 0;
    for (int64_t i = 0; i < cells.count(); ++i) {
      float cost = 0;
      for (int d = 0; d < cell; ++d) {
        float distance = cells.values[size_t(i * cell + d)] - center[d];
        cost += cells.weights[size_t(i * cell + d)] * (distance * distance);
      }
      costs[size_t(i)] = std::min(costs[size_t(i)], cost);
      total += costs[size_t(i)];
    }
    if (!(total > 0))
      return entry + 1;
    double left = random.unit() * total;
    // Rounding may leave a rest after the last cell; the last that costs
    // anything is then the one.
    for (int64_t i = 0; i < cells.count(); ++i) {
      if (costs[size_t(i)] == 0)
        continue;
      chosen = i;
      left -= costs[size_t(i)];
      if (left < 0)
        break;
    }
  }
  return codebook.entries;
}

/// One round; returns whether any cell changed its vector.
static bool improve(const Cells &cells, Codebook &codebook,
                    std::vector<int64_t> &assigned,
                    std::vector<float> &scratch) {
  const int cell = cells.cell;
  const int64_t entries = codebook.entries;
  bool changed = false;
  std::vector<float> costs(size_t(cells.count()));
  std::vector<double> sums(size_t(entries * cell)), norms(sums.size()),
      plain(sums.size());
  std::vector<int64_t> members(static_cast<size_t>(entries));
  for (int64_t i = 0; i < cells.count(); ++i) {
    const float *values = cells.values.data() + i * cell;
    const float *weights = cells.weights.data() + i * cell;
    Nearest found = nearest(codebook, values, weights, scratch);
    changed |= assigned[size_t(i)] != found.entry;
    assigned[size_t(i)] = found.entry;
    costs[size_t(i)] = found.cost;
    ++members[size_t(found.entry)];
    for (int d = 0; d < cell; ++d) {
      size_t at = size_t(found.entry * cell + d);
      sums[at] += double(weights[d]) * double(values[d]);
      norms[at] += weights[d];
      plain[at] += values[d];
    }
  }
  for (int64_t entry = 0; entry < entries; ++entry) {
    if (members[size_t(entry)] > 0) {
      for (int d = 0; d < cell; ++d) {
        size_t at = size_t(entry * cell + d);
        codebook.at(entry, d) =
            float(norms[at] > 0 ? sums[at] / norms[at]
                                : plain[at] / double(members[size_t(entry)]));
      }
      continue;
    }
    auto worst = std::max_element(costs.begin(), costs.end());
    if (*worst == 0)
      continue;
    *worst = 0;
    for (int d = 0; d < cell; ++d)
      codebook.at(entry, d) =
          cells.values[size_t((worst - costs.begin()) * cell + d)];
    changed = true;
  }
  return changed;
}

std::vector<float> VectorQuantized::decode() const {
  std::vector<float> values;
  values.reserve(codes.size() * size_t(cell));
  for (uint16_t code : codes)
    values.insert(values.end(), codebook.begin() + code * cell,
                  codebook.begin() + (code + 1) * cell);
  return values;
}

Expected<VectorQuantized> vectorQuantize(MatrixRef weights,
                                         const VectorQuantizeOptions &options,
                                         Span<const float> importance) {
  const int cell = options.cell;
  if (cell != 2 && cell != 4 && cell != 8)
    return usageError("Cells of " + std::to_string(cell) +
                      " inputs were asked for; cells have 2, 4 or 8.");
  if (options.entries < 2 || options.entries > 65536)
    return usageError("A codebook of " + std::to_string(options.entries) +
                      " vectors was asked for; codebooks have 2 to 65536.");
  if (options.rounds < 0 || options.maximumTraining < 1)
    return usageError("Rounds are not negative, and at least one cell is "
                      "needed to make a codebook.");
  if (weights.columns % cell != 0)
    return badInput("The " + std::to_string(weights.columns) +
                    " inputs of a row are not a multiple of " +
                    std::to_string(cell) +
                    ", the inputs of a cell; use cells that divide them, or "
                    "scalar palettes.");
  if (Status status = checkMatrix(weights); !status)
    return status.error();
  if (Status status = checkImportance(importance, weights); !status)
    return status.error();

  VectorQuantized result;
  result.cell = cell;
  result.entries = options.entries;
  result.rows = weights.rows;
  result.columns = weights.columns;
  if (weights.values.empty())
    return result;

  // Values and importances are brought near 1 by powers of two, which is exact,
  // so that no square overflows or vanishes.
  int exponent = 0, importanceExponent = 0;
  std::frexp(extremeOf(weights.values.data(), weights.size()), &exponent);
  float mostImportant = 0;
  for (float value : importance)
    mostImportant = std::max(mostImportant, value);
  std::frexp(mostImportant, &importanceExponent);
  auto loadCell = [&](int64_t index, float *values, float *h) {
    for (int d = 0; d < cell; ++d) {
      int64_t at = index * cell + d;
      values[d] = std::ldexp(weights.values[size_t(at)], -exponent);
      h[d] = mostImportant > 0
                 ? std::ldexp(importance[size_t(at % weights.columns)],
                              -importanceExponent)
                 : 1.0f;
    }
  };

  RandomNumbers random(options.seed);
  const int64_t count = weights.size() / cell;
  Cells cells;
  cells.cell = cell;
  int64_t training = std::min(count, options.maximumTraining);
  cells.values.resize(size_t(training * cell));
  cells.weights.resize(size_t(training * cell));
  for (int64_t i = 0; i < training; ++i) {
    int64_t from = i;
    if (training < count) {
      int64_t begin = int64_t(double(i) * double(count) / double(training));
      int64_t end = int64_t(double(i + 1) * double(count) / double(training));
      from = begin + int64_t(random.below(uint64_t(end - begin)));
    }
    loadCell(from, &cells.values[size_t(i * cell)],
             &cells.weights[size_t(i * cell)]);
  }

  Codebook codebook{cell, options.entries, {}};
  codebook.values.resize(size_t(codebook.entries * cell));
  int64_t distinct = chooseStart(cells, codebook, random);
  if (distinct < codebook.entries) {
    Codebook used{cell, distinct, {}};
    used.values.resize(size_t(distinct * cell));
    for (int64_t entry = 0; entry < distinct; ++entry)
      for (int d = 0; d < cell; ++d)
        used.at(entry, d) = codebook.at(entry, d);
    codebook = std::move(used);
  }
  std::vector<int64_t> assigned(size_t(training), -1);
  std::vector<float> scratch(static_cast<size_t>(codebook.entries));
  for (int round = 0; round < options.rounds; ++round)
    if (!improve(cells, codebook, assigned, scratch))
      break;

  result.codebook.resize(size_t(options.entries) * size_t(cell));
  for (int64_t entry = 0; entry < codebook.entries; ++entry)
    for (int d = 0; d < cell; ++d) {
      float value = std::ldexp(codebook.at(entry, d), exponent);
      value = options.integers ? std::nearbyint(value)
                               : roundToStorage(value, options.codebookType);
      if (!std::isfinite(value))
        return badInput(std::string("A vector of the codebook is beyond the "
                                    "range of ") +
                        nameOf(options.codebookType) +
                        "; store it in a type of wider range (bf16 or f32).");
      result.codebook[size_t(entry * cell + d)] = value;
      codebook.at(entry, d) = std::ldexp(value, -exponent);
    }
  for (int64_t entry = codebook.entries; entry < options.entries; ++entry)
    std::copy_n(result.codebook.begin(), cell,
                result.codebook.begin() + entry * cell);
  result.codes.resize(size_t(count));
  float values[8], h[8];
  for (int64_t i = 0; i < count; ++i) {
    loadCell(i, values, h);
    result.codes[size_t(i)] =
        uint16_t(nearest(codebook, values, h, scratch).entry);
  }
  return result;
}

} // namespace compresslib::algo
