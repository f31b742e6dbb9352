//===- NN.cpp - Reference values of the nn ops ----------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interpreter.h"
#include "compress/Support/Half.h"
#include "mlir/IR/Threading.h"

#include <cmath>

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::compress::reference;

LogicalResult Interpreter::runEmbedding(nn::EmbeddingOp op) {
  TensorPtr tokens = get(op.getTokens()), weight = get(op.getWeight());
  if (!tokens || !weight)
    return failure();
  int64_t rows = weight->shape[0], channels = weight->shape[1];
  ReferenceTensor result = ReferenceTensor::zeros({tokens->size(), channels});
  for (auto [t, token] : llvm::enumerate(tokens->integers)) {
    if (token < 0 || token >= rows)
      return op.emitOpError("has token ")
             << token << " at position " << t << ", but its weight has " << rows
             << " rows";
    std::copy_n(weight->floats.begin() + token * channels, channels,
                result.floats.begin() + t * channels);
  }
  set(op.getResult(), std::move(result));
  return success();
}

LogicalResult Interpreter::runLinear(nn::LinearOp op) {
  TensorPtr input = get(op.getInput());
  if (!input)
    return failure();
  int64_t tokens = input->shape[0], outputs, inputs;
  std::vector<float> values;
  if (WeightOp weight = getWeight(op.getWeight())) {
    outputs = weight.getWeightType().getDimSize(0);
    inputs = weight.getWeightType().getDimSize(1);
    if (inputs == input->shape[1]) {
      FailureOr<std::vector<float>> product =
          products.multiply(input->floats, tokens, weight);
      if (failed(product))
        return failure();
      values = std::move(*product);
    }
  } else {
    TensorPtr matrix = get(op.getWeight());
    if (!matrix)
      return failure();
    outputs = matrix->shape[0], inputs = matrix->shape[1];
    if (inputs == input->shape[1]) {
      Panels panels(outputs, inputs);
      for (int64_t o = 0; o < outputs; ++o)
        panels.setRow(o, matrix->floats.data() + o * inputs);
      values.resize(tokens * outputs);
      reference::multiply(op.getContext(), input->floats.data(), tokens, panels,
                          values.data());
    }
  }
  if (inputs != input->shape[1])
    return op.emitOpError("has inputs of ")
           << input->shape[1] << " channels, but a weight for " << inputs;
  if (op.getBias()) {
    TensorPtr bias = get(op.getBias());
    if (!bias)
      return failure();
    for (int64_t e = 0, n = values.size(); e < n; ++e)
      values[e] += bias->floats[e % outputs];
  }
  set(op.getResult(),
      ReferenceTensor::ofFloats({tokens, outputs}, std::move(values)));
  return success();
}

LogicalResult Interpreter::runNorm(Operation *op) {
  auto rms = dyn_cast<nn::RMSNormOp>(op);
  auto layer = dyn_cast<nn::LayerNormOp>(op);
  TensorPtr input = get(op->getOperand(0)), gain = get(op->getOperand(1)), bias;
  if (layer && layer.getBias()) {
    bias = get(layer.getBias());
    if (!bias)
      return failure();
  }
  if (!input || !gain)
    return failure();
  float epsilon =
      (rms ? rms.getEpsilon() : layer.getEpsilon()).convertToFloat();
  int64_t channels = input->shape[1];
  ReferenceTensor result = *input;
  for (int64_t t = 0; t < input->shape[0]; ++t) {
    MutableArrayRef<float> row(result.floats.data() + t * channels, channels);
    float mean = 0, squares = 0;
    if (layer) {
      for (float x : row)
        mean += x;
      mean /= float(channels);
    }
    for (float x : row)
      squares += (x - mean) * (x - mean);
    float root = std::sqrt(squares / float(channels) + epsilon);
    for (auto [c, x] : llvm::enumerate(row)) {
      x = (x - mean) / root * gain->floats[c];
      if (bias)
        x += bias->floats[c];
    }
  }
  set(op->getResult(0), std::move(result));
  return success();
}

LogicalResult Interpreter::runRotary(nn::RotaryOp op) {
  TensorPtr input = get(op.getInput()), frequencies = get(op.getFrequencies());
  if (!input || !frequencies)
    return failure();
  int64_t position = getIndex(op.getPosition()), half = frequencies->size();
  int64_t channels = input->shape[1];
  ReferenceTensor result = *input;
  for (int64_t t = 0; t < input->shape[0]; ++t)
    for (int64_t j = 0; j < half; ++j) {
      float angle = float(position + t) * frequencies->floats[j];
      float cosine = float(std::cos(double(angle)));
      float sine = float(std::sin(double(angle)));
      for (int64_t head = 0; head < channels; head += 2 * half) {
        float *x = result.floats.data() + t * channels + head + j;
        float a = x[0], b = x[half];
        x[0] = a * cosine - b * sine;
        x[half] = b * cosine + a * sine;
      }
    }
  set(op.getResult(), std::move(result));
  return success();
}

/// One query head of `size` channels over `count` positions of a cache whose
/// keys and values lie `stride` apart.
static void attend(const float *query, const float *keys, const float *values,
                   int64_t count, int64_t size, int64_t stride, float scale,
                   float *result) {
  // Sums run over ascending channels and positions; four positions, or the
  // channels, side by side.
  std::vector<float> scores(count);
  int64_t p = 0;
  for (; p + 4 <= count; p += 4) {
    const float *k = keys + p * stride;
    float sum[4] = {};
    for (int64_t d = 0; d < size; ++d)
      for (int n = 0; n < 4; ++n)
        sum[n] += query[d] * k[n * stride + d];
    for (int n = 0; n < 4; ++n)
      scores[p + n] = sum[n] * scale;
  }
  for (; p < count; ++p) {
    float sum = 0;
    for (int64_t d = 0; d < size; ++d)
      sum += query[d] * keys[p * stride + d];
    scores[p] = sum * scale;
  }
  float largest = scores[0], total = 0;
  for (float score : scores)
    largest = std::max(largest, score);
  for (float &score : scores) {
    score = std::exp(score - largest);
    total += score;
  }
  std::fill_n(result, size, 0.0f);
  for (int64_t q = 0; q < count; ++q) {
    float share = scores[q] / total;
    for (int64_t d = 0; d < size; ++d)
      result[d] += share * values[q * stride + d];
  }
}

static void roundToCache(CacheType type, ArrayRef<float> from, float *to) {
  float largest = 0;
  for (float x : from)
    largest = std::max(largest, std::fabs(x));
  for (float x : from) {
    if (type == CacheType::f16)
      x = compresslib::floatFromF16(compresslib::f16FromFloat(x));
    if (type == CacheType::int8)
      x = largest > 0 ? std::nearbyint(x * (127 / largest)) * (largest / 127)
                      : 0;
    *to++ = x;
  }
}

LogicalResult Interpreter::runAttention(nn::AttentionOp op) {
  TensorPtr query = get(op.getQuery()), key = get(op.getKey()),
            value = get(op.getValue()), cache = get(op.getCache());
  if (!query || !key || !value || !cache)
    return failure();
  int64_t position = getIndex(op.getPosition()), tokens = query->shape[0];
  int64_t heads = op.getHeads(), kvHeads = op.getKvHeads();
  int64_t context = cache->shape[1], size = cache->shape[3];
  int64_t stride = kvHeads * size, values = context * stride;
  if (key->shape[0] != tokens || value->shape[0] != tokens)
    return op.emitOpError("has ")
           << tokens << " queries, but " << key->shape[0] << " keys and "
           << value->shape[0] << " values";
  if (position < 0 || position + tokens > context)
    return op.emitOpError("puts ")
           << tokens << " tokens at position " << position << " of a cache of "
           << context << " positions";
  ReferenceTensor updated = *cache;
  auto store = [&](const std::vector<float> &from, int64_t to) {
    for (size_t head = 0; head < from.size(); head += size)
      roundToCache(cacheType, ArrayRef(from).slice(head, size),
                   updated.floats.data() + to + head);
  };
  store(key->floats, position * stride);
  store(value->floats, values + position * stride);
  ReferenceTensor result = ReferenceTensor::zeros(query->shape);
  float scale = op.getEffectiveScale();
  parallelFor(op.getContext(), 0, tokens, [&](size_t t) {
    for (int64_t h = 0; h < heads; ++h) {
      const float *head = updated.floats.data() + h / (heads / kvHeads) * size;
      int64_t at = (int64_t(t) * heads + h) * size;
      attend(query->floats.data() + at, head, head + values, position + t + 1,
             size, stride, scale, result.floats.data() + at);
    }
  });
  set(op.getResult(), std::move(result));
  set(op.getNewCache(), std::move(updated));
  return success();
}

static float activate(nn::ActivationKind kind, float x) {
  switch (kind) {
  case nn::ActivationKind::silu:
    return x / (1.0f + std::exp(-x));
  case nn::ActivationKind::gelu:
    return 0.5f * x * (1.0f + std::erf(x * float(M_SQRT1_2)));
  case nn::ActivationKind::gelu_tanh:
    return 0.5f * x *
           (1.0f + std::tanh(float(M_2_SQRTPI * M_SQRT1_2) *
                             (x + 0.044715f * x * x * x)));
  case nn::ActivationKind::relu:
    return x < 0 ? 0 : x;
  }
  llvm_unreachable("kind of nn.activation");
}

LogicalResult Interpreter::runActivation(nn::ActivationOp op) {
  TensorPtr input = get(op.getInput());
  if (!input)
    return failure();
  ReferenceTensor result = *input;
  for (float &x : result.floats)
    x = activate(op.getKind(), x);
  set(op.getResult(), std::move(result));
  return success();
}
