//===- Compare.cpp - A model against the untouched one --------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Evaluation/Compare.h"

#include "compress/Support/Files.h"
#include "compress/Support/Hash.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace compresslib {
namespace eval {

double divergence(const float *base, const float *model, double modelLogSum,
                  int64_t count) {
  const int lanes = 8, block = 128 * lanes;
  float shift = static_cast<float>(modelLogSum);
  auto term = [shift](float b, float m) {
    float value = rt::expNonPositive(b) * ((b - m) + shift);
    return b > -87.0f ? value : 0.0f; // also where b is minus infinity
  };
  double sum = 0;
  for (int64_t begin = 0; begin < count; begin += block) {
    int64_t end = std::min<int64_t>(begin + block, count);
    float part[lanes] = {};
    int64_t i = begin;
    for (; i + lanes <= end; i += lanes)
      for (int j = 0; j < lanes; ++j)
        part[j] += term(base[i + j], model[i + j]);
    for (; i < end; ++i)
      part[0] += term(base[i], model[i]);
    for (float value : part)
      sum += value;
  }
  // What the rounding of shift leaves out; the probabilities sum to one.
  return sum + (modelLogSum - shift);
}

double percentile(std::vector<float> values, double share) {
  if (values.empty())
    return 0;
  double at = share * (values.size() - 1);
  size_t low = static_cast<size_t>(at);
  std::nth_element(values.begin(), values.begin() + low, values.end());
  double value = values[low];
  if (low + 1 < values.size())
    value +=
        (at - low) *
        (*std::min_element(values.begin() + low + 1, values.end()) - value);
  return value;
}

namespace {

/// The base on disk: rows of log-probabilities in f32, the negative log
/// likelihood of every position in f64, then this.
struct CacheFooter {
  char magic[8];
  uint32_t version;
  uint32_t vocabulary;
  uint64_t rows;
  uint64_t key;
  uint64_t checksum; ///< XXH3 of what is before
  uint64_t reserved[3];
};
static_assert(sizeof(CacheFooter) == 64, "the cache is a file format");
constexpr char cacheMagic[9] = "CMPRSLGP";

CacheFooter footerOf(const std::string &key, int64_t vocabulary, int64_t rows) {
  CacheFooter footer = {};
  memcpy(footer.magic, cacheMagic, 8);
  footer.version = 2;
  footer.vocabulary = vocabulary;
  footer.rows = rows;
  footer.key = xxh3(asBytes(key));
  return footer;
}

/// A cache that is whole and of this key, or nothing.
std::optional<MappedFile> openCache(const CompareOptions &options,
                                    const CacheFooter &expected,
                                    uint64_t bytes) {
  auto file = MappedFile::open(options.cachePath);
  CacheFooter footer;
  if (!file || file->size() != sizeof(footer) + bytes)
    return std::nullopt;
  memcpy(&footer, file->data() + bytes, sizeof(footer));
  uint64_t checksum = footer.checksum;
  footer.checksum = 0;
  if (memcmp(&footer, &expected, sizeof(footer)) != 0 ||
      checksum != xxh3(file->bytes().subspan(0, bytes)))
    return std::nullopt;
  return std::move(*file);
}

/// Figures of one model that grow position by position.
struct Sums {
  rt::Mean nll, kl, same;
  std::vector<float> divergences;

  TextScore result(bool compared) const {
    TextScore s;
    s.score = {nll.mean(), nll.error(), std::exp(nll.mean()), nll.count()};
    s.compared = compared;
    if (compared) {
      s.kl = kl.mean();
      s.klError = kl.error();
      s.klP99 = percentile(divergences, 0.99);
      s.klMax = divergences.empty()
                    ? 0
                    : *std::max_element(divergences.begin(), divergences.end());
      s.sameTop = same.mean();
      s.sameTopError = same.error();
    }
    return s;
  }
};

struct Row {
  double nll = 0, kl = 0;
  bool same = false;
};

} // namespace

Expected<Comparison> compareModels(rt::Model *base,
                                   const std::vector<rt::Model *> &models,
                                   const std::vector<rt::Sequence> &sequences,
                                   const CompareOptions &options) {
  rt::Model *any = base ? base : models.empty() ? nullptr : models[0];
  if (!any)
    return usageError("There is no model to evaluate.");
  const int64_t vocabulary = any->vocabulary();
  for (rt::Model *model : models)
    if (model->vocabulary() != vocabulary)
      return badInput("The models have vocabularies of " +
                      std::to_string(vocabulary) + " and " +
                      std::to_string(model->vocabulary()) +
                      " tokens: they cannot be compared.");
  int64_t positions = 0;
  for (const rt::Sequence &sequence : sequences)
    positions += sequence.scored();

  // The base's rows: mapped from the cache, or computed and perhaps written.
  Comparison comparison;
  const uint64_t rowsBytes = uint64_t(positions) * vocabulary * sizeof(float);
  const uint64_t cacheBytes = rowsBytes + positions * sizeof(double);
  CacheFooter footer = footerOf(options.cacheKey, vocabulary, positions);
  std::optional<MappedFile> cache;
  std::optional<AtomicFile> newCache;
  if (base && !options.cachePath.empty()) {
    cache = openCache(options, footer, cacheBytes);
    comparison.cached = cache.has_value();
    if (!cache && cacheBytes <= options.cacheLimit) {
      AtomicFileOptions file;
      file.size = sizeof(footer) + cacheBytes;
      // Without room for the cache the evaluation goes on without one.
      auto created = AtomicFile::create(options.cachePath, file);
      if (created)
        newCache = std::move(*created);
    }
  }
  Xxh3 checksum;

  Sums baseSums;
  std::vector<Sums> sums(models.size());
  std::vector<float> baseRows;
  std::vector<double> baseNll; // of all positions so far
  std::vector<Row> rows;
  int64_t before = 0; // positions of the sequences that are done
  bool finite = true, stopped = false;
  auto note = [&](Sums &into) {
    for (const Row &row : rows) {
      finite &= std::isfinite(row.nll) && std::isfinite(row.kl);
      into.nll.add(row.nll);
      if (base) {
        // Rounding can leave a divergence a little below nothing.
        double kl = std::max(row.kl, 0.0);
        into.kl.add(kl);
        into.same.add(row.same);
        into.divergences.push_back(static_cast<float>(kl));
      }
    }
  };

  for (size_t i = 0; i < sequences.size() && finite && !stopped; ++i) {
    const rt::Sequence &sequence = sequences[i];
    const int64_t scored = sequence.scored();
    const int32_t *targets = sequence.tokens.data() + sequence.firstScored + 1;
    const float *logProbabilities = nullptr;
    if (cache) {
      logProbabilities =
          reinterpret_cast<const float *>(cache->data()) + before * vocabulary;
      baseNll.resize(before + scored);
      memcpy(baseNll.data() + before,
             cache->data() + rowsBytes + before * sizeof(double),
             scored * sizeof(double));
    } else if (base) {
      baseRows.resize(scored * vocabulary);
      baseNll.resize(before + scored);
      int64_t at = 0;
      Status status =
          rt::visit(*base, sequence,
                    [&](const float *logits, const int32_t *, int64_t count) {
                      float *out = baseRows.data() + at * vocabulary;
                      base->pool().forEach(count, [&](int64_t r) {
                        const float *in = logits + r * vocabulary;
                        double sum = rt::logSumExp(in, vocabulary);
                        baseNll[before + at + r] = sum - in[targets[at + r]];
                        for (int64_t v = 0; v < vocabulary; ++v)
                          out[r * vocabulary + v] =
                              static_cast<float>(in[v] - sum);
                      });
                      at += count;
                    });
      if (!status)
        return status.error();
      logProbabilities = baseRows.data();
      if (newCache) {
        Bytes bytes(reinterpret_cast<const uint8_t *>(baseRows.data()),
                    baseRows.size() * sizeof(float));
        checksum.update(bytes);
        if (!newCache->write(bytes))
          newCache.reset();
      }
    }
    if (base) {
      rows.assign(scored, {});
      for (int64_t r = 0; r < scored; ++r) {
        rows[r].nll = baseNll[before + r];
        rows[r].same = true;
      }
      note(baseSums);
    }

    for (size_t m = 0; m < models.size(); ++m) {
      rows.assign(scored, {});
      int64_t at = 0;
      Status status = rt::visit(
          *models[m], sequence,
          [&](const float *logits, const int32_t *, int64_t count) {
            models[m]->pool().forEach(count, [&](int64_t r) {
              const float *row = logits + r * vocabulary;
              Row &result = rows[at + r];
              double sum = rt::logSumExp(row, vocabulary);
              result.nll = sum - row[targets[at + r]];
              if (logProbabilities) {
                const float *b = logProbabilities + (at + r) * vocabulary;
                result.kl = divergence(b, row, sum, vocabulary);
                result.same =
                    rt::argmax(b, vocabulary) == rt::argmax(row, vocabulary);
              }
            });
            at += count;
          });
      if (!status)
        return status.error();
      note(sums[m]);
    }
    before += scored;
    if (options.progress && !options.progress(i + 1, sequences.size()))
      stopped = i + 1 < sequences.size();
  }
  if (!finite)
    return badInput("A logit is not finite: the weights hold NaN or infinite "
                    "values.");
  if (newCache && !stopped) {
    Bytes nll(reinterpret_cast<const uint8_t *>(baseNll.data()),
              baseNll.size() * sizeof(double));
    checksum.update(nll);
    footer.checksum = checksum.digest();
    if (newCache->write(nll) &&
        newCache->write(
            Bytes(reinterpret_cast<const uint8_t *>(&footer), sizeof(footer))))
      (void)newCache->commit().ok();
  }
  if (base)
    comparison.base = baseSums.result(true);
  for (const Sums &s : sums)
    comparison.models.push_back(s.result(base != nullptr));
  return Expected<Comparison>(std::move(comparison));
}

} // namespace eval
} // namespace compresslib
