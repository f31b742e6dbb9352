//===- Products.cpp - Decompressed weights and their products -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Products.h"
#include "Compress/IR/Store.h"
#include "mlir/IR/Threading.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstring>

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::compress::reference;

//===----------------------------------------------------------------------===//
// Products of matrices
//===----------------------------------------------------------------------===//

Panels::Panels(int64_t outputs, int64_t inputs)
    : outputs(outputs), inputs(inputs),
      values(llvm::divideCeil(outputs, width) * width * inputs) {}

void Panels::setRow(int64_t output, const float *row) {
  float *lane =
      values.data() + output / width * width * inputs + output % width;
  for (int64_t i = 0; i < inputs; ++i)
    lane[i * width] = row[i];
}

namespace {
typedef float Lanes __attribute__((vector_size(64), aligned(4)));
} // namespace

/// Four tokens at a time, so that a panel is read once for four.
static inline __attribute__((always_inline)) void
multiplyPanel(const float *x, int64_t tokens, int64_t inputs,
              const float *panel, int64_t lanes, int64_t outputs,
              float *result) {
  auto *weights = reinterpret_cast<const Lanes *>(panel);
  auto run = [&](int64_t t, auto count) __attribute__((always_inline)) {
    constexpr int n = decltype(count)::value;
    Lanes sum[n] = {};
    for (int64_t i = 0; i < inputs; ++i) {
      Lanes w = weights[i];
      for (int k = 0; k < n; ++k)
        sum[k] += w * x[(t + k) * inputs + i];
    }
    for (int k = 0; k < n; ++k)
      std::memcpy(result + (t + k) * outputs, &sum[k], lanes * sizeof(float));
  };
  int64_t t = 0;
  for (; t + 4 <= tokens; t += 4)
    run(t, std::integral_constant<int, 4>());
  for (; t < tokens; ++t)
    run(t, std::integral_constant<int, 1>());
}

using MultiplyPanel = void (*)(const float *, int64_t, int64_t, const float *,
                               int64_t, int64_t, float *);

static void multiplyPanelGeneric(const float *x, int64_t tokens, int64_t inputs,
                                 const float *panel, int64_t lanes,
                                 int64_t outputs, float *result) {
  multiplyPanel(x, tokens, inputs, panel, lanes, outputs, result);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void
multiplyPanelAvx2(const float *x, int64_t tokens, int64_t inputs,
                  const float *panel, int64_t lanes, int64_t outputs,
                  float *result) {
  multiplyPanel(x, tokens, inputs, panel, lanes, outputs, result);
}
__attribute__((target("avx512f"))) static void
multiplyPanelAvx512(const float *x, int64_t tokens, int64_t inputs,
                    const float *panel, int64_t lanes, int64_t outputs,
                    float *result) {
  multiplyPanel(x, tokens, inputs, panel, lanes, outputs, result);
}
#endif

/// The same arithmetic, lane by lane, in the widest registers.
static MultiplyPanel selectMultiplyPanel() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f"))
    return multiplyPanelAvx512;
  if (__builtin_cpu_supports("avx2"))
    return multiplyPanelAvx2;
#endif
  return multiplyPanelGeneric;
}

void reference::multiply(MLIRContext *context, const float *x, int64_t tokens,
                         const Panels &matrix, float *result) {
  static const MultiplyPanel multiplyOne = selectMultiplyPanel();
  constexpr int64_t width = Panels::width;
  parallelFor(context, 0, llvm::divideCeil(matrix.outputs, width),
              [&](size_t p) {
                int64_t first = int64_t(p) * width;
                multiplyOne(x, tokens, matrix.inputs,
                            matrix.values.data() + first * matrix.inputs,
                            std::min(width, matrix.outputs - first),
                            matrix.outputs, result + first);
              });
}

void reference::quantizeActivations(float *x, int64_t tokens, int64_t inputs) {
  constexpr int64_t block = 32;
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t begin = 0; begin < inputs; begin += block) {
      MutableArrayRef<float> values(x + t * inputs + begin,
                                    std::min(block, inputs - begin));
      float amax = 0;
      for (float value : values)
        amax = std::max(amax, std::fabs(value));
      float inverse = 127.0f / amax, scale = amax / 127.0f;
      for (float &value : values)
        value = amax == 0 ? 0 : std::nearbyintf(value * inverse) * scale;
    }
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

Products::Products(MLIRContext *context, Activations activations, float jitter)
    : context(context),
      store(context->getOrLoadDialect<CompressDialect>()->getStore()),
      activations(activations), jitter(jitter) {}

FailureOr<std::shared_ptr<const ReferenceTensor>>
Products::getDense(WeightOp weight) {
  std::shared_ptr<const ReferenceTensor> &held = dense[weight];
  if (!held) {
    FailureOr<std::vector<float>> values = evaluateWeight(weight, store);
    if (failed(values))
      return failure();
    held = std::make_shared<ReferenceTensor>(ReferenceTensor::ofFloats(
        weight.getWeightType().getShape(), std::move(*values)));
  }
  return held;
}

FailureOr<const Panels *> Products::getPanels(Value expression) {
  std::unique_ptr<Panels> &held = panels[expression];
  if (!held) {
    auto type = cast<RankedTensorType>(expression.getType());
    auto fresh =
        std::make_unique<Panels>(type.getDimSize(0), type.getDimSize(1));
    ExpressionEvaluator evaluator(store);
    constexpr int64_t step = 256;
    for (int64_t begin = 0; begin < fresh->outputs; begin += step) {
      int64_t end = std::min(begin + step, fresh->outputs);
      FailureOr<std::vector<float>> rows =
          evaluator.evaluateRows(expression, begin, end);
      if (failed(rows))
        return failure();
      for (int64_t r = begin; r < end; ++r)
        fresh->setRow(r, rows->data() + (r - begin) * fresh->inputs);
    }
    held = std::move(fresh);
  }
  return held.get();
}

FailureOr<std::vector<float>> Products::plain(ArrayRef<float> x, int64_t tokens,
                                              Value expression) {
  FailureOr<const Panels *> matrix = getPanels(expression);
  if (failed(matrix))
    return failure();
  std::vector<float> result(tokens * (*matrix)->outputs);
  reference::multiply(context, x.data(), tokens, **matrix, result.data());
  return result;
}

FailureOr<std::vector<float>> Products::split(ArrayRef<float> x, int64_t tokens,
                                              Value expression) {
  auto op = cast<DecompressionOpInterface>(expression.getDefiningOp());
  auto type = cast<RankedTensorType>(expression.getType());
  int64_t outputs = type.getDimSize(0), inputs = type.getDimSize(1);
  switch (op.getProductRule()) {
  case ProductRule::Sum: {
    std::vector<float> result;
    for (Value term : op->getOperands()) {
      FailureOr<std::vector<float>> product = split(x, tokens, term);
      if (failed(product))
        return failure();
      if (result.empty())
        result = std::move(*product);
      else
        for (auto [sum, value] : llvm::zip(result, *product))
          sum += value;
    }
    return result;
  }
  case ProductRule::Chain: {
    FailureOr<std::vector<float>> inner = split(x, tokens, op->getOperand(1));
    if (failed(inner))
      return failure();
    return split(*inner, tokens, op->getOperand(0));
  }
  case ProductRule::Permute: {
    auto permute = cast<PermuteOp>(op.getOperation());
    ExpressionEvaluator evaluator(store);
    // The op's own evaluation checks that the indices are a permutation.
    if (failed(evaluator.evaluateRows(expression, 0, outputs ? 1 : 0)))
      return failure();
    FailureOr<std::vector<float>> indices = evaluator.evaluateRows(
        permute.getIndices(), 0, permute.getDim() == 0 ? outputs : inputs);
    if (failed(indices))
      return failure();
    if (permute.getDim() == 0) {
      FailureOr<std::vector<float>> product =
          split(x, tokens, permute.getSource());
      if (failed(product))
        return failure();
      std::vector<float> result(tokens * outputs);
      for (int64_t t = 0; t < tokens; ++t)
        for (int64_t o = 0; o < outputs; ++o)
          result[t * outputs + o] =
              (*product)[t * outputs + int64_t((*indices)[o])];
      return result;
    }
    std::vector<float> gathered(tokens * inputs);
    for (int64_t t = 0; t < tokens; ++t)
      for (int64_t i = 0; i < inputs; ++i)
        gathered[t * inputs + int64_t((*indices)[i])] = x[t * inputs + i];
    return split(gathered, tokens, permute.getSource());
  }
  case ProductRule::Opaque:
  case ProductRule::Elementwise:
    break;
  }
  if (!takesInteger8Activations(expression))
    return plain(x, tokens, expression);
  std::vector<float> quantized(x.begin(), x.end());
  if (jitter)
    for (float &value : quantized)
      value *= 1 + (random() % 2 ? jitter : -jitter);
  quantizeActivations(quantized.data(), tokens, inputs);
  return plain(quantized, tokens, expression);
}

FailureOr<std::vector<float>>
Products::multiply(ArrayRef<float> x, int64_t tokens, WeightOp weight) {
  Value expression = weight.getResultValue();
  return activations == Activations::int8 ? split(x, tokens, expression)
                                          : plain(x, tokens, expression);
}
