//===- Perplexity.cpp - How well a model predicts a text ------ -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Perplexity.h"
#include "compress_runtime/Text.h"

#include <algorithm>
#include <cmath>

namespace compresslib {
namespace rt {

/// Bytes of white space at the beginning of `text`, as Python's str.isspace().
static size_t leadingSpace(std::string_view text) {
  auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  unsigned c = byte(0);
  if ((c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20))
    return 1;
  if (c == 0xC2)
    return byte(1) == 0x85 || byte(1) == 0xA0 ? 2 : 0;
  if (c < 0xE0 || c > 0xEF)
    return 0;
  unsigned point = (c & 15) << 12 | (byte(1) & 63) << 6 | (byte(2) & 63);
  bool space = point == 0x1680 || (point >= 0x2000 && point <= 0x200A) ||
               point == 0x2028 || point == 0x2029 || point == 0x202F ||
               point == 0x205F || point == 0x3000;
  return space ? 3 : 0;
}

std::string_view stripped(std::string_view text) {
  while (size_t n = text.empty() ? 0 : leadingSpace(text))
    text.remove_prefix(n);
  for (bool found = true; found && !text.empty();) {
    found = false;
    for (size_t n = 1; n <= 3 && n <= text.size() && !found; ++n)
      if (leadingSpace(text.substr(text.size() - n)) == n) {
        text.remove_suffix(n);
        found = true;
      }
  }
  return text;
}

Expected<std::vector<Sequence>> cutText(std::string_view text,
                                        const TextOptions &options,
                                        const Encode &encode) {
  const int64_t context = options.context;
  if (context < 4 || context > (int64_t(1) << 30))
    return usageError(format("A window must have 4 or more tokens; %lld were "
                             "asked for.",
                             static_cast<long long>(context)));
  if (options.chunks < 0)
    return usageError("The number of chunks must not be negative.");
  std::vector<Sequence> sequences;
  auto full = [&] {
    return options.chunks &&
           static_cast<int64_t>(sequences.size()) >= options.chunks;
  };

  if (!options.documents) {
    std::vector<int32_t> all;
    if (options.bos >= 0)
      all.push_back(options.bos);
    auto ids = encode(text, false);
    if (!ids)
      return ids.error();
    all.insert(all.end(), ids->begin(), ids->end());
    int64_t windows = all.size() / context;
    for (int64_t i = 0; i < windows && !full(); ++i) {
      Sequence s;
      s.tokens.assign(all.begin() + i * context,
                      all.begin() + (i + 1) * context);
      if (options.bos >= 0)
        s.tokens[0] = options.bos;
      s.firstScored = context / 2;
      sequences.push_back(std::move(s));
    }
    if (sequences.empty())
      return badInput(format("The text has %zu tokens; a window takes %lld. "
                             "Give more text or a shorter --context.",
                             all.size(), static_cast<long long>(context)));
    return sequences;
  }

  const std::string_view mark = "<|endoftext|>";
  for (size_t at = 0; at <= text.size() && !full();) {
    size_t end = std::min(text.find(mark, at), text.size());
    std::string_view document = stripped(text.substr(at, end - at));
    at = end + mark.size();
    if (document.empty())
      continue;
    Sequence s;
    if (options.bos >= 0)
      s.tokens.push_back(options.bos);
    auto ids = encode(document, false);
    if (!ids)
      return ids.error();
    s.tokens.insert(s.tokens.end(), ids->begin(), ids->end());
    if (static_cast<int64_t>(s.tokens.size()) > context + 1)
      s.tokens.resize(context + 1);
    if (s.tokens.size() >= 2)
      sequences.push_back(std::move(s));
  }
  if (sequences.empty())
    return badInput("The text has no document with a token to predict.");
  return sequences;
}

Status visit(Model &model, const Sequence &sequence, const VisitRows &visitor) {
  // The last token is only predicted.
  int64_t count = static_cast<int64_t>(sequence.tokens.size()) - 1;
  int64_t chunk = model.prefillChunk();
  for (int64_t begin = 0; begin < count; begin += chunk) {
    int64_t size = std::min(chunk, count - begin);
    int64_t skip = std::clamp<int64_t>(sequence.firstScored - begin, 0, size);
    auto logits =
        model.forward(sequence.tokens.data() + begin, size, begin, skip);
    if (!logits)
      return logits.error();
    if (skip < size)
      visitor(*logits, sequence.tokens.data() + begin + skip + 1, size - skip);
  }
  return {};
}

double logSumExp(const float *row, int64_t count) {
  float most = row[argmax(row, count)];
  if (!std::isfinite(most))
    return NAN;
  double sum = 0;
  const int lanes = 8, block = 128 * lanes;
  for (int64_t begin = 0; begin < count; begin += block) {
    int64_t end = std::min<int64_t>(begin + block, count);
    float part[lanes] = {};
    int64_t i = begin;
    for (; i + lanes <= end; i += lanes)
      for (int j = 0; j < lanes; ++j)
        part[j] += expNonPositive(row[i + j] - most);
    for (; i < end; ++i)
      part[0] += expNonPositive(row[i] - most);
    for (float value : part)
      sum += value;
  }
  return most + std::log(sum);
}

double Mean::deviation() const {
  return count_ > 1 ? std::sqrt(squares_ / (count_ - 1)) : 0.0;
}
double Mean::error() const {
  return count_ > 1 ? deviation() / std::sqrt(double(count_)) : 0.0;
}

Expected<Score>
perplexity(Model &model, const std::vector<Sequence> &sequences,
           const std::function<bool(size_t, const Score &)> &progress) {
  Mean mean;
  Score score;
  std::vector<double> rows;
  int64_t vocabulary = model.vocabulary();
  for (size_t i = 0; i < sequences.size(); ++i) {
    Status status =
        visit(model, sequences[i],
              [&](const float *logits, const int32_t *targets, int64_t count) {
                rows.resize(count);
                model.pool().forEach(count, [&](int64_t r) {
                  const float *row = logits + r * vocabulary;
                  rows[r] = logSumExp(row, vocabulary) - row[targets[r]];
                });
                for (double nll : rows)
                  mean.add(nll);
              });
    if (!status)
      return status.error();
    score = {mean.mean(), mean.error(), std::exp(mean.mean()), mean.count()};
    if (progress && !progress(i + 1, score))
      break;
  }
  return score;
}

} // namespace rt
} // namespace compresslib
