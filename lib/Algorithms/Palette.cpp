//===- Palette.cpp - Weights that share K values --------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/Palette.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace compresslib::algo {

namespace {

/// Weights of equal value, or of one bin: Σh and Σhw; and with values about the
/// mean of all, so that squares do not cancel, Σhw and Σhw².
struct Atom {
  double weight = 0, sum = 0, first = 0, second = 0;
};

struct Weighted {
  float value;
  float weight;
};

/// Distinct values, ascending, with prefix sums of their weights and of weight
/// times value (one element more, from 0). Sums run over single weights in
/// sorted order, so they do not depend on how many are equal.
struct Runs {
  std::vector<float> values;
  std::vector<double> weights{0}, sums{0};

  void add(float value, float weight) {
    if (values.empty() || values.back() != value) {
      values.push_back(value);
      weights.push_back(weights.back());
      sums.push_back(sums.back());
    }
    weights.back() += double(weight);
    sums.back() += double(weight) * double(value);
  }
};

} // namespace

std::vector<float> Palette::decode() const {
  std::vector<float> values(codes.size());
  int64_t perRow = groupsPerRow();
  for (int64_t row = 0, index = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column, ++index) {
      int64_t group = row / rowsPerGroup * perRow + column / columnsPerGroup;
      values[size_t(index)] =
          codebooks[size_t(group * entries + codes[size_t(index)])];
    }
  return values;
}

/// The runs that weigh anything as atoms, or bins of equal width of them.
static std::vector<Atom> atomsOf(const Runs &runs, int64_t maximum,
                                 double origin) {
  const int64_t count = int64_t(runs.values.size());
  double low = runs.values.front(), high = runs.values.back();
  std::vector<Atom> atoms;
  int64_t last = -1;
  for (int64_t i = 0; i < count; ++i) {
    double weight = runs.weights[i + 1] - runs.weights[i];
    if (weight <= 0)
      continue;
    double value = runs.values[i];
    int64_t bin = i;
    if (count > maximum)
      bin = std::min(int64_t((value - low) / (high - low) * double(maximum)),
                     maximum - 1);
    if (bin != last)
      atoms.emplace_back();
    last = bin;
    atoms.back().weight += weight;
    atoms.back().sum += weight * value;
    value -= origin;
    atoms.back().first += weight * value;
    atoms.back().second += weight * value * value;
  }
  return atoms;
}

/// The best division of the atoms into at most K intervals: the mean of each.
/// cost[k][j] is the least cost of the first j atoms in k intervals, and the
/// best start of the last of them does not fall as j grows.
static std::vector<float> exactCodebook(const Runs &runs, int entries,
                                        int64_t maximumDistinct) {
  const double origin = runs.sums.back() / runs.weights.back();
  std::vector<Atom> atoms = atomsOf(runs, maximumDistinct, origin);
  const int64_t count = int64_t(atoms.size());
  const int64_t cells = std::min<int64_t>(entries, count);
  std::vector<Atom> prefix(size_t(count + 1));
  for (int64_t i = 0; i < count; ++i) {
    prefix[i + 1].weight = prefix[i].weight + atoms[i].weight;
    prefix[i + 1].first = prefix[i].first + atoms[i].first;
    prefix[i + 1].second = prefix[i].second + atoms[i].second;
  }
  auto costOf = [&](int64_t begin, int64_t end) {
    double weight = prefix[end].weight - prefix[begin].weight;
    if (weight <= 0)
      return 0.0;
    double first = prefix[end].first - prefix[begin].first;
    double second = prefix[end].second - prefix[begin].second;
    return std::max(second - first * first / weight, 0.0);
  };
  std::vector<double> before(size_t(count + 1)), now(size_t(count + 1));
  std::vector<int32_t> starts(size_t((cells + 1) * (count + 1)));
  for (int64_t end = 0; end <= count; ++end)
    now[end] = costOf(0, end);
  struct Range {
    int64_t low, high, startLow, startHigh;
  };
  std::vector<Range> stack;
  for (int64_t cell = 2; cell <= cells; ++cell) {
    std::swap(before, now);
    int32_t *start = starts.data() + cell * (count + 1);
    stack.push_back({cell, count, cell - 1, count - 1});
    while (!stack.empty()) {
      Range range = stack.back();
      stack.pop_back();
      if (range.low > range.high)
        continue;
      int64_t end = (range.low + range.high) / 2;
      double best = std::numeric_limits<double>::infinity();
      int64_t bestStart = range.startLow;
      int64_t last = std::min(range.startHigh, end - 1);
      for (int64_t at = range.startLow; at <= last; ++at) {
        double cost = before[at] + costOf(at, end);
        if (cost < best) {
          best = cost;
          bestStart = at;
        }
      }
      now[end] = best;
      start[end] = int32_t(bestStart);
      stack.push_back({range.low, end - 1, range.startLow, bestStart});
      stack.push_back({end + 1, range.high, bestStart, range.startHigh});
    }
  }
  std::vector<float> codebook(static_cast<size_t>(cells));
  int64_t end = count;
  for (int64_t cell = cells; cell >= 1; --cell) {
    int64_t begin = cell == 1 ? 0 : starts[cell * (count + 1) + end];
    // Not from the prefix sums: a cell of one value is to be that value, and
    // one of zeros 0.
    double weight = 0, sum = 0;
    for (int64_t atom = begin; atom < end; ++atom) {
      weight += atoms[atom].weight;
      sum += atoms[atom].sum;
    }
    codebook[cell - 1] = float(sum / weight);
    end = begin;
  }
  return codebook;
}

static std::vector<float> lloydCodebook(const Runs &runs, int entries,
                                        bool weighted, int rounds) {
  std::vector<float> codebook(static_cast<size_t>(entries));
  for (int i = 0; i < entries; ++i) {
    // Whole counts in f32, as the reference has it.
    float share = (float(i) + 0.5f) / float(entries);
    double at = weighted ? double(share) * runs.weights.back()
                         : double(int64_t(share * float(runs.weights.back())));
    auto above =
        std::upper_bound(runs.weights.begin() + 1, runs.weights.end(), at);
    size_t run = size_t(above - runs.weights.begin() - 1);
    codebook[i] = runs.values[std::min(run, runs.values.size() - 1)];
  }
  std::vector<size_t> edges(size_t(entries) + 1);
  edges.back() = runs.values.size();
  for (int round = 0; round < rounds; ++round) {
    for (int i = 1; i < entries; ++i)
      edges[i] = size_t(std::lower_bound(runs.values.begin(), runs.values.end(),
                                         (codebook[i] + codebook[i - 1]) / 2) -
                        runs.values.begin());
    for (int i = 0; i < entries; ++i) {
      double weight = runs.weights[edges[i + 1]] - runs.weights[edges[i]];
      if (weight > 0)
        codebook[i] =
            float((runs.sums[edges[i + 1]] - runs.sums[edges[i]]) / weight);
    }
  }
  return codebook;
}

/// The values of a block, sorted and counted.
static Runs runsOf(MatrixRef weights, int64_t row, int64_t rowEnd,
                   int64_t column, int64_t columnEnd,
                   Span<const float> importance, bool &weighted) {
  Runs runs;
  weighted = false;
  if (!importance.empty()) {
    bool perElement = importance.size() == weights.values.size();
    std::vector<Weighted> sorted;
    for (int64_t r = row; r < rowEnd; ++r)
      for (int64_t c = column; c < columnEnd; ++c) {
        int64_t index = r * weights.columns + c;
        sorted.push_back({weights.values[size_t(index)],
                          importance[size_t(perElement ? index : c)]});
        weighted |= sorted.back().weight > 0;
      }
    if (weighted) {
      std::sort(sorted.begin(), sorted.end(),
                [](const Weighted &a, const Weighted &b) {
                  return a.value < b.value ||
                         (a.value == b.value && a.weight < b.weight);
                });
      for (const Weighted &value : sorted)
        runs.add(value.value, value.weight);
      return runs;
    }
  }
  std::vector<float> sorted;
  sorted.reserve(size_t((rowEnd - row) * (columnEnd - column)));
  for (int64_t r = row; r < rowEnd; ++r)
    sorted.insert(sorted.end(), weights.row(r) + column,
                  weights.row(r) + columnEnd);
  std::sort(sorted.begin(), sorted.end());
  for (float value : sorted)
    runs.add(value, 1);
  return runs;
}

Expected<std::vector<uint8_t>> nearestEntries(MatrixRef weights,
                                              Span<const float> entries) {
  if (Status status = checkMatrix(weights); !status)
    return status.error();
  std::vector<int> order;
  for (int code = 0; code < int(entries.size()); ++code)
    if (std::isfinite(entries[size_t(code)]))
      order.push_back(code);
  if (order.empty() || entries.size() > 256)
    return usageError("A codebook has 1 to 256 entries, one of them finite.");
  auto entry = [&](size_t i) { return double(entries[size_t(order[i])]); };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return entries[size_t(a)] < entries[size_t(b)];
  });
  order.erase(std::unique(order.begin(), order.end(),
                          [&](int a, int b) {
                            return entries[size_t(a)] == entries[size_t(b)];
                          }),
              order.end());
  std::vector<double> middles(order.size() - 1);
  for (size_t i = 0; i < middles.size(); ++i)
    middles[i] = (entry(i) + entry(i + 1)) / 2;
  std::vector<uint8_t> codes;
  codes.reserve(weights.values.size());
  for (float value : weights.values)
    codes.push_back(uint8_t(order[size_t(
        std::lower_bound(middles.begin(), middles.end(), double(value)) -
        middles.begin())]));
  return codes;
}

Expected<Palette> palettize(MatrixRef weights, const PaletteOptions &options,
                            Span<const float> importance) {
  if (options.entries < 2 || options.entries > 256)
    return usageError("A palette of " + std::to_string(options.entries) +
                      " values was asked for; palettes have 2 to 256.");
  if (options.rowsPerGroup < 0 || options.columnsPerGroup < 0 ||
      options.lloydRounds < 0 || options.maximumDistinct < 2 ||
      options.maximumDistinct > (1 << 24))
    return usageError("A palette's rows and columns a group and its rounds are "
                      "not negative, and it counts 2 to 16777216 distinct "
                      "values.");
  if (Status status = checkMatrix(weights); !status)
    return status.error();
  bool perElement = importance.size() == size_t(weights.size());
  if (!importance.empty() && !perElement &&
      importance.size() != size_t(weights.columns))
    return badInput(std::to_string(importance.size()) +
                    " importances were given for a matrix of " +
                    std::to_string(weights.rows) + " by " +
                    std::to_string(weights.columns) +
                    "; one a column or one an element is expected.");
  for (float value : importance)
    if (!(value >= 0 && value <= std::numeric_limits<float>::max()))
      return badInput("An importance is negative or not finite.");

  Palette result;
  result.entries = options.entries;
  result.rows = weights.rows;
  result.columns = weights.columns;
  auto groupOf = [](int64_t asked, int64_t size) {
    return asked == 0 || asked > size ? size : asked;
  };
  result.rowsPerGroup = groupOf(options.rowsPerGroup, weights.rows);
  result.columnsPerGroup = groupOf(options.columnsPerGroup, weights.columns);
  result.codes.resize(weights.values.size());
  if (weights.values.empty())
    return result;
  result.codebooks.reserve(size_t(result.groups() * result.entries));

  for (int64_t row = 0; row < weights.rows; row += result.rowsPerGroup)
    for (int64_t column = 0; column < weights.columns;
         column += result.columnsPerGroup) {
      int64_t rowEnd = std::min(row + result.rowsPerGroup, weights.rows);
      int64_t columnEnd =
          std::min(column + result.columnsPerGroup, weights.columns);
      bool weighted;
      Runs runs =
          runsOf(weights, row, rowEnd, column, columnEnd, importance, weighted);
      std::vector<float> codebook =
          options.method == PaletteOptions::Method::Exact
              ? exactCodebook(runs, options.entries, options.maximumDistinct)
              : lloydCodebook(runs, options.entries, weighted,
                              options.lloydRounds);
      codebook.resize(size_t(options.entries), codebook.back());
      for (float &value : codebook) {
        value = options.integers ? std::nearbyint(value)
                                 : roundToStorage(value, options.codebookType);
        if (!std::isfinite(value))
          return badInput(
              "A value of the palette that starts at row " +
              std::to_string(row) + ", column " + std::to_string(column) +
              " is beyond the range of " + nameOf(options.codebookType) +
              "; store palettes in a type of wider range (bf16 or f32).");
      }
      std::vector<double> middles(codebook.size() - 1);
      for (size_t i = 0; i < middles.size(); ++i)
        middles[i] = options.method == PaletteOptions::Method::Exact
                         ? (double(codebook[i + 1]) + codebook[i]) / 2
                         : (codebook[i + 1] + codebook[i]) / 2;
      for (int64_t r = row; r < rowEnd; ++r)
        for (int64_t c = column; c < columnEnd; ++c) {
          int64_t index = r * weights.columns + c;
          result.codes[size_t(index)] =
              uint8_t(std::lower_bound(middles.begin(), middles.end(),
                                       double(weights.values[size_t(index)])) -
                      middles.begin());
        }
      result.codebooks.insert(result.codebooks.end(), codebook.begin(),
                              codebook.end());
    }
  return result;
}

} // namespace compresslib::algo
