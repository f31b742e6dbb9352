//===- FakeProgram.cpp - A tiny Llama behind the C ABI, by hand - -*- C++
//-*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "FakeProgram.h"

#include <algorithm>
#include <cmath>

namespace fake {

namespace {
constexpr int pagePositions = 16;
constexpr int heads = width / headDim, half = headDim / 2;

/// Offsets in floats.
constexpr int embedding = 0, wq = embedding + vocabulary * width,
              wk = wq + width * width, wv = wk + width * width,
              wo = wv + width * width, up = wo + width * width,
              down = up + hidden * width, total = down + width * hidden;

struct alignas(64) Weights {
  float data[total];
};

float silu(float x) { return x / (1.0f + std::exp(-x)); }

/// y[t][r] = sum of w[r][i] x[t][i] for this thread's rows.
void product(const float *w, int rows, int columns, const float *x, float *y,
             int64_t count, int64_t thread, int64_t threads) {
  for (int64_t r = rows * thread / threads; r < rows * (thread + 1) / threads;
       ++r)
    for (int64_t t = 0; t < count; ++t) {
      float sum = 0;
      for (int i = 0; i < columns; ++i)
        sum += w[r * columns + i] * x[t * columns + i];
      y[t * rows + r] = sum;
    }
}

void norm(const float *x, float *y) {
  float squares = 0;
  for (int i = 0; i < width; ++i)
    squares += x[i] * x[i];
  float scale = 1.0f / std::sqrt(squares / width + 1e-5f);
  for (int i = 0; i < width; ++i)
    y[i] = x[i] * scale;
}

void run(compress_context *c, int64_t thread) {
  const float *w = reinterpret_cast<const float *>(c->weights);
  float *x = reinterpret_cast<float *>(c->arena);
  float *n = x + chunk * width, *q = n + chunk * width, *k = q + chunk * width,
        *v = k + chunk * width, *y = v + chunk * width, *h = y + chunk * width;
  float *keys = reinterpret_cast<float *>(c->cache);
  // A page of 16 positions is their keys and values.
  float *values = keys + pagePositions * width;
  auto place = [&](int32_t slot, int64_t p) {
    int64_t pages = (c->context + pagePositions - 1) / pagePositions;
    int64_t page = c->pages[slot * pages + p / pagePositions];
    return page * 2 * pagePositions + p % pagePositions;
  };
  float *scores = reinterpret_cast<float *>(c->scratch + thread * 8192);
  int64_t begin = c->count * thread / c->threads,
          end = c->count * (thread + 1) / c->threads;
  auto meet = [&] { c->barrier(c, thread); };

  for (int64_t t = begin; t < end; ++t) {
    std::copy_n(w + embedding + c->tokens[t] * width, width, x + t * width);
    norm(x + t * width, n + t * width);
  }
  meet();
  product(w + wq, width, width, n, q, c->count, thread, c->threads);
  product(w + wk, width, width, n, k, c->count, thread, c->threads);
  product(w + wv, width, width, n, v, c->count, thread, c->threads);
  meet();
  for (int64_t t = begin; t < end; ++t) {
    const float *table = c->rotary + c->positions[t] * 2 * half;
    for (float *z : {q + t * width, k + t * width})
      for (int head = 0; head < heads; ++head)
        for (int i = 0; i < half; ++i) {
          float &a = z[head * headDim + i], &b = z[head * headDim + half + i];
          float cosine = table[i], sine = table[half + i], old = a;
          a = a * cosine - b * sine;
          b = b * cosine + old * sine;
        }
    int64_t at = place(c->slots[t], c->positions[t]);
    std::copy_n(k + t * width, width, keys + at * width);
    std::copy_n(v + t * width, width, values + at * width);
  }
  meet();
  for (int64_t t = begin; t < end; ++t)
    for (int head = 0; head < heads; ++head) {
      int64_t length = c->positions[t] + 1;
      float most = -INFINITY, sum = 0;
      for (int64_t p = 0; p < length; ++p) {
        scores[p] = 0;
        for (int i = head * headDim; i < (head + 1) * headDim; ++i)
          scores[p] +=
              q[t * width + i] * keys[place(c->slots[t], p) * width + i];
        scores[p] /= std::sqrt(float(headDim));
        most = std::max(most, scores[p]);
      }
      for (int64_t p = 0; p < length; ++p)
        sum += scores[p] = std::exp(scores[p] - most);
      for (int i = head * headDim; i < (head + 1) * headDim; ++i) {
        float value = 0;
        for (int64_t p = 0; p < length; ++p)
          value += scores[p] / sum * values[place(c->slots[t], p) * width + i];
        y[t * width + i] = value;
      }
    }
  meet();
  product(w + wo, width, width, y, q, c->count, thread, c->threads);
  meet();
  for (int64_t t = begin; t < end; ++t) {
    for (int i = 0; i < width; ++i)
      x[t * width + i] += q[t * width + i];
    norm(x + t * width, n + t * width);
  }
  meet();
  product(w + up, hidden, width, n, h, c->count, thread, c->threads);
  meet();
  for (int64_t i = begin * hidden; i < end * hidden; ++i)
    h[i] = silu(h[i]);
  meet();
  product(w + down, width, hidden, h, q, c->count, thread, c->threads);
  meet();
  for (int64_t t = begin; t < end; ++t) {
    for (int i = 0; i < width; ++i)
      x[t * width + i] += q[t * width + i];
    norm(x + t * width, n + t * width);
  }
  meet();
  product(w + embedding, vocabulary, width, n + c->logits_begin * width,
          c->logits, c->count - c->logits_begin, thread, c->threads);
}
} // namespace

const uint8_t *weights(int variation) {
  static Weights tables[4];
  static bool made[4];
  Weights &table = tables[variation % 4];
  if (!made[variation % 4]) {
    uint64_t state = 12345, other = 999 + variation;
    auto next = [](uint64_t &s) {
      s = s * 6364136223846793005u + 1442695040888963407u;
      return float(int64_t(s >> 33) - (int64_t(1) << 30)) / float(1 << 30);
    };
    for (int i = 0; i < total; ++i) {
      float value = next(state), noise = next(other);
      value *= i < wq ? 2.0f : 0.7f;
      table.data[i] = value + (variation ? 0.1f * variation * noise : 0.0f);
    }
    made[variation % 4] = true;
  }
  return reinterpret_cast<const uint8_t *>(table.data);
}

uint64_t weightsBytes() { return sizeof(Weights::data); }

static const float frequencies[half] = {1.0f, 0.1f, 0.01f, 0.001f};
// No processor has a leaf of that number.
static const compress_feature none[] = {
    {"imagination", 0x7fffffff, 0, COMPRESS_EAX, 1, 0}};
// The same code for both types: it is told how many bytes a position has.
static const compress_entries entries[] = {{run, run}, {run, run}};
static const compress_variant variants[] = {
    {"imagined", none, 1, entries},
    {"generic", nullptr, 0, entries},
};
static const compress_cache caches[] = {
    {2 * width * sizeof(float), COMPRESS_CACHE_F32},
    {4 * width * sizeof(float), COMPRESS_CACHE_INT8}};

} // namespace fake

extern "C" const compress_program compress_program_v2 = {
    COMPRESS_ABI_VERSION,
    2,
    fake::variants,
    fake::chunk * (6 * fake::width + fake::hidden) * sizeof(float),
    8192,
    2,
    fake::caches,
    0,
    sizeof(fake::Weights::data),
    fake::frequencies,
    fake::headDim,
    fake::vocabulary,
    fake::chunk,
    64,
    0,
    fake::pagePositions,
    16};

namespace fake {

const compress_program &program() { return compress_program_v2; }

std::vector<std::vector<double>> logits(const std::vector<int32_t> &tokens,
                                        int variation) {
  const float *w = reinterpret_cast<const float *>(weights(variation));
  using Row = std::vector<double>;
  auto multiply = [&](int at, int rows, const Row &x) {
    Row y(rows);
    for (int r = 0; r < rows; ++r)
      for (size_t i = 0; i < x.size(); ++i)
        y[r] += double(w[at + r * x.size() + i]) * x[i];
    return y;
  };
  auto normed = [](const Row &x) {
    double squares = 0;
    for (double value : x)
      squares += value * value;
    Row y = x;
    for (double &value : y)
      value /= std::sqrt(squares / x.size() + 1e-5);
    return y;
  };
  auto turned = [](Row x, int64_t position) {
    double frequency = 1;
    for (int i = 0; i < half; ++i, frequency /= 10)
      for (int head = 0; head < heads; ++head) {
        double &a = x[head * headDim + i], &b = x[head * headDim + half + i];
        double angle = position * frequency, old = a;
        a = a * std::cos(angle) - b * std::sin(angle);
        b = b * std::cos(angle) + old * std::sin(angle);
      }
    return x;
  };
  std::vector<Row> keys, values, result;
  for (size_t t = 0; t < tokens.size(); ++t) {
    Row x(w + embedding + tokens[t] * width,
          w + embedding + (tokens[t] + 1) * width);
    Row n = normed(x);
    Row q = turned(multiply(wq, width, n), t);
    keys.push_back(turned(multiply(wk, width, n), t));
    values.push_back(multiply(wv, width, n));
    Row y(width);
    for (int head = 0; head < heads; ++head) {
      Row weight;
      double sum = 0;
      for (const Row &key : keys) {
        double score = 0;
        for (int i = head * headDim; i < (head + 1) * headDim; ++i)
          score += q[i] * key[i];
        weight.push_back(std::exp(score / std::sqrt(double(headDim))));
        sum += weight.back();
      }
      for (int i = head * headDim; i < (head + 1) * headDim; ++i)
        for (size_t p = 0; p < values.size(); ++p)
          y[i] += weight[p] / sum * values[p][i];
    }
    Row o = multiply(wo, width, y);
    for (int i = 0; i < width; ++i)
      x[i] += o[i];
    Row h = multiply(up, hidden, normed(x));
    for (double &value : h)
      value = value / (1 + std::exp(-value));
    Row d = multiply(down, width, h);
    for (int i = 0; i < width; ++i)
      x[i] += d[i];
    result.push_back(multiply(embedding, vocabulary, normed(x)));
  }
  return result;
}

} // namespace fake
