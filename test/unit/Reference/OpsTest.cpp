//===- OpsTest.cpp - Ops against numbers worked out by hand ---------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Compress/IR/Compress.h"
#include "NN/IR/NN.h"
#include "compress/Reference/Reference.h"
#include "compress/Tools/Register.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Parser/Parser.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace mlir::compress;

namespace {

struct OpsTest : ::testing::Test {
  MLIRContext context;
  std::string message;
  OwningOpRef<ModuleOp> module;

  OpsTest() {
    DialectRegistry registry;
    registerAllDialectsAndExtensions(registry);
    context.appendDialectRegistry(registry);
  }

  /// Results of @f of the module, or none after an error.
  std::vector<ReferenceTensor> evaluate(const std::string &text,
                                        std::vector<ReferenceTensor> inputs,
                                        ReferenceOptions options = {}) {
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      message = diagnostic.str();
      return success();
    });
    module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
    EXPECT_TRUE(module) << message;
    if (!module)
      return {};
    auto results = evaluateFunction(module->lookupSymbol<func::FuncOp>("f"),
                                    std::move(inputs), options);
    return succeeded(results) ? std::move(*results)
                              : std::vector<ReferenceTensor>();
  }

  void expectNear(const std::vector<ReferenceTensor> &results, size_t index,
                  const std::vector<float> &expected, float tolerance = 1e-6f) {
    ASSERT_LT(index, results.size()) << message;
    ASSERT_EQ(results[index].floats.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(results[index].floats[i], expected[i], tolerance) << i;
  }
};

ReferenceTensor floats(ArrayRef<int64_t> shape, std::vector<float> values) {
  return ReferenceTensor::ofFloats(shape, std::move(values));
}
ReferenceTensor integers(ArrayRef<int64_t> shape, std::vector<int64_t> values) {
  return ReferenceTensor::ofIntegers(shape, std::move(values));
}

TEST_F(OpsTest, EmbeddingAndLinear) {
  auto results = evaluate(R"(
    func.func @f(%t: tensor<?xi32>, %b: tensor<3xf32>) -> (tensor<?x2xf32>, tensor<?x3xf32>) {
      %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
      %x = nn.embedding %t, %w : tensor<?xi32>, tensor<3x2xf32> -> tensor<?x2xf32>
      %y = nn.linear %x, %w bias %b : (tensor<?x2xf32>, tensor<3x2xf32>, tensor<3xf32>) -> tensor<?x3xf32>
      return %x, %y : tensor<?x2xf32>, tensor<?x3xf32>
    })",
                          {integers({2}, {2, 0}), floats({3}, {10, 20, 30})});
  expectNear(results, 0, {5, 6, 1, 2});
  expectNear(results, 1, {27, 59, 91, 15, 31, 47});
}

TEST_F(OpsTest, Norms) {
  auto results =
      evaluate(R"(
    func.func @f(%x: tensor<1x4xf32>, %g: tensor<4xf32>, %b: tensor<4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>) {
      %0 = nn.rms_norm %x, %g epsilon 2.5 : tensor<1x4xf32>, tensor<4xf32>
      %1 = nn.layer_norm %x, %g bias %b epsilon 2.75 : tensor<1x4xf32>, tensor<4xf32>, tensor<4xf32>
      return %0, %1 : tensor<1x4xf32>, tensor<1x4xf32>
    })",
               {floats({1, 4}, {1, 2, 3, 4}), floats({4}, {1, 2, 1, 2}),
                floats({4}, {0, 0, 1, 1})});
  // Mean of squares 7.5 + 2.5 = 10; mean 2.5, variance 1.25 + 2.75 = 4.
  float r = std::sqrt(10.0f);
  expectNear(results, 0, {1 / r, 4 / r, 3 / r, 8 / r});
  expectNear(results, 1, {-0.75f, -0.5f, 1.25f, 2.5f});
}

TEST_F(OpsTest, Rotary) {
  auto results = evaluate(R"(
    func.func @f(%x: tensor<2x8xf32>, %p: index, %w: tensor<2xf32>) -> tensor<2x8xf32> {
      %0 = nn.rotary %x at %p, %w : tensor<2x8xf32>, tensor<2xf32>
      return %0 : tensor<2x8xf32>
    })",
                          {floats({2, 8}, {1, 0, 0, 2, 1, 1, 0, 0, //
                                           1, 0, 0, 2, 1, 1, 0, 0}),
                           integers({}, {3}), floats({2}, {0.5, 0.1})});
  std::vector<float> expected;
  for (double p : {3.0, 4.0}) {
    double c = std::cos(p * .5), s = std::sin(p * .5), d = std::cos(p * .1),
           z = std::sin(p * .1);
    for (double value : {c, -2 * z, s, 2 * d, c, d, s, z})
      expected.push_back(float(value));
  }
  expectNear(results, 0, expected);
}

TEST_F(OpsTest, Attention) {
  // Two heads share the keys and values of one; a cache with one position.
  auto results =
      evaluate(R"(
    func.func @f(%q: tensor<2x4xf32>, %k: tensor<2x2xf32>, %v: tensor<2x2xf32>, %c: tensor<2x?x1x2xf32>, %p: index)
        -> (tensor<2x4xf32>, tensor<2x?x1x2xf32>) {
      %0, %1 = nn.attention %q, %k, %v, %c at %p heads 2 kv_heads 1 scale 1.0
        : tensor<2x4xf32>, tensor<2x2xf32>, tensor<2x?x1x2xf32>
      return %0, %1 : tensor<2x4xf32>, tensor<2x?x1x2xf32>
    })",
               {floats({2, 4}, {0, 0, 1, 0, 0, 1, 0, 0}),
                floats({2, 2}, {1, 0, 0, 1}), floats({2, 2}, {10, 20, 30, 40}),
                floats({2, 4, 1, 2}, {0, 0, 9, 9, 9, 9, 9, 9, //
                                      1, 2, 8, 8, 8, 8, 8, 8}),
                integers({}, {1})});
  double e = std::exp(1.0);
  std::vector<double> expected = {
      // token 0 sees two positions: scores (0, 0) and (0, 1)
      5.5, 11, (1 + 10 * e) / (1 + e), (2 + 20 * e) / (1 + e),
      // token 1 sees three: scores (0, 0, 1) and (0, 0, 0)
      (1 + 10 + 30 * e) / (2 + e), (2 + 20 + 40 * e) / (2 + e), 41. / 3,
      62. / 3};
  expectNear(results, 0, {expected.begin(), expected.end()}, 1e-5f);
  expectNear(results, 1, {0, 0, 1, 0, 0, 1, 9, 9, 1, 2, 10, 20, 30, 40, 8, 8});
}

TEST_F(OpsTest, Activations) {
  auto results = evaluate(R"(
    func.func @f(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
      %0 = nn.activation silu %x : tensor<3xf32>
      %1 = nn.activation gelu %x : tensor<3xf32>
      %2 = nn.activation gelu_tanh %x : tensor<3xf32>
      %3 = nn.activation relu %x : tensor<3xf32>
      return %0, %1, %2, %3 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
    })",
                          {floats({3}, {-1, 0, 2})});
  // Values as PyTorch's documentation and scipy give them.
  expectNear(results, 0, {-0.26894142f, 0, 1.76159416f});
  expectNear(results, 1, {-0.15865525f, 0, 1.95449974f});
  expectNear(results, 2, {-0.15880801f, 0, 1.95459769f});
  expectNear(results, 3, {0, 0, 2});
}

//===----------------------------------------------------------------------===//
// int8 activations
//===----------------------------------------------------------------------===//

/// The definition, in its own words.
std::vector<float> quantized(const std::vector<float> &x) {
  std::vector<float> result;
  for (size_t begin = 0; begin < x.size(); begin += 32) {
    size_t end = std::min(begin + 32, x.size());
    float amax = 0;
    for (size_t i = begin; i < end; ++i)
      amax = std::max(amax, std::abs(x[i]));
    for (size_t i = begin; i < end; ++i) {
      float q = amax == 0 ? 0 : std::nearbyint(x[i] * (127 / amax));
      result.push_back(q * (amax / 127));
    }
  }
  return result;
}

std::vector<float> randomValues(size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<float> values(count);
  for (float &value : values)
    value = float(int(generator() % 2001) - 1000) / 500.0f;
  return values;
}

TEST_F(OpsTest, Integer8Activations) {
  // 1 x 48 codes in groups of 32: a block of 32 and one of 16, which is zeros
  // but for one token.
  std::vector<float> x = randomValues(96, 1);
  std::fill(x.begin() + 32, x.begin() + 48, 0.0f);
  std::string text = R"(
    compress.weight @w : tensor<1x48xf32> {
      %c = compress.constant dense<3> : tensor<1x48xsi4>
      %s = compress.constant dense<[[0.5, 0.25]]> : tensor<1x2xf16>
      %0 = compress.dequantize %c, %s group_size 32 : (tensor<1x48xsi4>, tensor<1x2xf16>) -> tensor<1x48xf32>
      compress.yield %0 : tensor<1x48xf32>
    }
    func.func @f(%x: tensor<2x48xf32>) -> tensor<2x1xf32> {
      %w = compress.use @w : tensor<1x48xf32>
      %y = nn.linear %x, %w : (tensor<2x48xf32>, tensor<1x48xf32>) -> tensor<2x1xf32>
      return %y : tensor<2x1xf32>
    })";
  for (Activations activations : {Activations::f32, Activations::int8}) {
    ReferenceOptions options;
    options.activations = activations;
    auto results = evaluate(text, {floats({2, 48}, x)}, options);
    std::vector<float> expected;
    for (int t = 0; t < 2; ++t) {
      std::vector<float> row(x.begin() + t * 48, x.begin() + (t + 1) * 48);
      if (activations == Activations::int8)
        row = quantized(row);
      double sum = 0;
      for (int i = 0; i < 48; ++i)
        sum += row[i] * 3.0 * (i < 32 ? 0.5 : 0.25);
      expected.push_back(float(sum));
    }
    expectNear(results, 0, expected, 1e-4f);
  }
}

TEST_F(OpsTest, WhatTakesInteger8Activations) {
  auto parsed = parseSourceString<ModuleOp>(R"(
    compress.weight @w : tensor<2x64xf32> {
      %c = compress.constant dense<1> : tensor<2x64xsi4>
      %s1 = compress.constant dense<1.0> : tensor<2x1xf16>
      %s2 = compress.constant dense<1.0> : tensor<2x2xf16>
      %s4 = compress.constant dense<1.0> : tensor<2x4xf16>
      %row = compress.dequantize %c, %s1 : (tensor<2x64xsi4>, tensor<2x1xf16>) -> tensor<2x64xf32>
      %g32 = compress.dequantize %c, %s2 group_size 32 : (tensor<2x64xsi4>, tensor<2x2xf16>) -> tensor<2x64xf32>
      %g16 = compress.dequantize %c, %s4 group_size 16 : (tensor<2x64xsi4>, tensor<2x4xf16>) -> tensor<2x64xf32>
      %s8 = compress.constant dense<1.0> : tensor<2x8xf16>
      %g8 = compress.dequantize %c, %s8 group_size 8 : (tensor<2x64xsi4>, tensor<2x8xf16>) -> tensor<2x64xf32>
      %f = compress.constant dense<1.0> : tensor<2x64xf16>
      %sum = compress.sum %row, %g32, %g16, %g8, %f : (tensor<2x64xf32>, tensor<2x64xf32>, tensor<2x64xf32>, tensor<2x64xf32>, tensor<2x64xf16>) -> tensor<2x64xf32>
      compress.yield %sum : tensor<2x64xf32>
    })",
                                            ParserConfig(&context));
  ASSERT_TRUE(parsed);
  auto weight = *parsed->getOps<WeightOp>().begin();
  auto sum = weight.getResultValue().getDefiningOp<SumOp>();
  EXPECT_FALSE(takesInteger8Activations(sum));
  EXPECT_TRUE(takesInteger8Activations(sum.getTerms()[0]));
  EXPECT_TRUE(takesInteger8Activations(sum.getTerms()[1]));
  EXPECT_TRUE(takesInteger8Activations(sum.getTerms()[2]));
  EXPECT_FALSE(takesInteger8Activations(sum.getTerms()[3]));
  EXPECT_FALSE(takesInteger8Activations(sum.getTerms()[4]));
}

TEST_F(OpsTest, ProductsSplitByTheirRule) {
  // permute(dim 1) of sum(int8 codes, product(int8 codes, f32)).
  std::vector<float> codes(3 * 32), right(2 * 32);
  for (size_t i = 0; i < codes.size(); ++i)
    codes[i] = float(int(i * 7 % 15) - 7);
  for (size_t i = 0; i < right.size(); ++i)
    right[i] = float(int(i * 5 % 11) - 5) / 8;
  auto dense = [](const std::vector<float> &values, int64_t columns,
                  bool integer) {
    std::string text = "dense<[";
    for (size_t i = 0; i < values.size(); ++i) {
      text += i % columns ? ", " : i ? "], [" : "[";
      text +=
          integer ? std::to_string(int(values[i])) : std::to_string(values[i]);
    }
    return text + "]]>";
  };
  std::string indices = "dense<[";
  std::vector<int> order(32);
  for (int i = 0; i < 32; ++i) {
    order[i] = (i * 5 + 3) % 32;
    indices += (i ? ", " : "") + std::to_string(order[i]);
  }
  std::string text = R"(
    compress.weight @w : tensor<3x32xf32> {
      %c = compress.constant )" +
                     dense(codes, 32, true) + R"( : tensor<3x32xsi4>
      %s = compress.constant dense<0.5> : tensor<3x1xf32>
      %a = compress.dequantize %c, %s : (tensor<3x32xsi4>, tensor<3x1xf32>) -> tensor<3x32xf32>
      %lc = compress.constant dense<[[1, -2], [3, 1], [2, 2]]> : tensor<3x2xsi8>
      %ls = compress.constant dense<[[0.25], [0.5], [1.0]]> : tensor<3x1xf32>
      %l = compress.dequantize %lc, %ls : (tensor<3x2xsi8>, tensor<3x1xf32>) -> tensor<3x2xf32>
      %r = compress.constant )" +
                     dense(right, 32, false) + R"( : tensor<2x32xf32>
      %p = compress.product %l, %r : (tensor<3x2xf32>, tensor<2x32xf32>) -> tensor<3x32xf32>
      %0 = compress.sum %a, %p : (tensor<3x32xf32>, tensor<3x32xf32>) -> tensor<3x32xf32>
      %i = compress.constant )" +
                     indices + R"(]> : tensor<32xui8>
      %1 = compress.permute %0 gather %i dim 1 : (tensor<3x32xf32>, tensor<32xui8>) -> tensor<3x32xf32>
      %j = compress.constant dense<[2, 0, 1]> : tensor<3xui8>
      %2 = compress.permute %1 gather %j dim 0 : (tensor<3x32xf32>, tensor<3xui8>) -> tensor<3x32xf32>
      compress.yield %2 : tensor<3x32xf32>
    }
    func.func @f(%x: tensor<1x32xf32>) -> tensor<1x3xf32> {
      %w = compress.use @w : tensor<3x32xf32>
      %y = nn.linear %x, %w : (tensor<1x32xf32>, tensor<3x32xf32>) -> tensor<1x3xf32>
      return %y : tensor<1x3xf32>
    })";
  std::vector<float> x = randomValues(32, 5), gathered(32);
  for (int i = 0; i < 32; ++i)
    gathered[order[i]] = x[i];
  const float left[3][2] = {{.25, -.5}, {1.5, .5}, {2, 2}};
  for (bool int8 : {false, true}) {
    ReferenceOptions options;
    options.activations = int8 ? Activations::int8 : Activations::f32;
    auto results = evaluate(text, {floats({1, 32}, x)}, options);
    std::vector<float> q = int8 ? quantized(gathered) : gathered, inner(2);
    for (int k = 0; k < 2; ++k)
      for (int i = 0; i < 32; ++i)
        inner[k] += gathered[i] * right[k * 32 + i];
    if (int8)
      inner = quantized(inner);
    std::vector<float> rows(3), expected(3);
    for (int o = 0; o < 3; ++o) {
      for (int i = 0; i < 32; ++i)
        rows[o] += q[i] * codes[o * 32 + i] * 0.5f;
      rows[o] += inner[0] * left[o][0] + inner[1] * left[o][1];
    }
    expected = {rows[2], rows[0], rows[1]};
    expectNear(results, 0, expected, 1e-4f);
  }
}

//===----------------------------------------------------------------------===//
// Upstream ops
//===----------------------------------------------------------------------===//

TEST_F(OpsTest, LinalgTensorAndControl) {
  auto results = evaluate(R"(
    func.func @double(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
      %0 = arith.addf %x, %x : tensor<2x2xf32>
      return %0 : tensor<2x2xf32>
    }
    func.func @f(%a: tensor<2x3xf32>, %b: tensor<3x2xf32>) -> (tensor<2x2xf32>, tensor<?xf32>, f32, tensor<2x2xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c3 = arith.constant 3 : index
      %zero = arith.constant 0.0 : f32
      %empty = tensor.empty() : tensor<2x2xf32>
      %filled = linalg.fill ins(%zero : f32) outs(%empty : tensor<2x2xf32>) -> tensor<2x2xf32>
      %product = linalg.matmul ins(%a, %b : tensor<2x3xf32>, tensor<3x2xf32>) outs(%filled : tensor<2x2xf32>) -> tensor<2x2xf32>
      %n = tensor.dim %b, %c0 : tensor<3x2xf32>
      %column = tensor.extract_slice %b[0, 1] [%n, 1] [1, 1] : tensor<3x2xf32> to tensor<?xf32>
      %sum = scf.for %i = %c0 to %c3 step %c1 iter_args(%s = %zero) -> f32 {
        %e = tensor.extract %column[%i] : tensor<?xf32>
        %big = arith.cmpf ogt, %e, %zero : f32
        %next = scf.if %big -> f32 {
          %t = arith.addf %s, %e : f32
          scf.yield %t : f32
        } else {
          scf.yield %s : f32
        }
        scf.yield %next : f32
      }
      %twice = func.call @double(%product) : (tensor<2x2xf32>) -> tensor<2x2xf32>
      return %product, %column, %sum, %twice : tensor<2x2xf32>, tensor<?xf32>, f32, tensor<2x2xf32>
    })",
                          {floats({2, 3}, {1, 2, 3, 4, 5, 6}),
                           floats({3, 2}, {1, -1, 0, 2, 1, 5})});
  expectNear(results, 0, {4, 18, 10, 36});
  expectNear(results, 1, {-1, 2, 5});
  expectNear(results, 2, {7});
  expectNear(results, 3, {8, 36, 20, 72});
}

TEST_F(OpsTest, SoftmaxAndPad) {
  auto results = evaluate(R"(
    func.func @f(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<4x4xf32>) {
      %c2 = arith.constant 2 : index
      %half = arith.constant 0.5 : f32
      %e = tensor.empty() : tensor<2x3xf32>
      %rows = linalg.softmax dimension(1) ins(%x : tensor<2x3xf32>) outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
      %columns = linalg.softmax dimension(0) ins(%x : tensor<2x3xf32>) outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
      %p = tensor.pad %x low[0, 1] high[2, 0] {
      ^bb0(%i: index, %j: index):
        %last = arith.cmpi eq, %i, %c2 : index
        %v = arith.select %last, %half, %half : f32
        tensor.yield %v : f32
      } : tensor<2x3xf32> to tensor<4x4xf32>
      return %rows, %columns, %p : tensor<2x3xf32>, tensor<2x3xf32>, tensor<4x4xf32>
    })",
                          {floats({2, 3}, {0, 1, 2, 1000, 1000, 1003})});
  const float e = std::exp(1.0f), sum = 1 + e + e * e;
  const float f = std::exp(3.0f);
  expectNear(
      results, 0,
      {1 / sum, e / sum, e * e / sum, 1 / (2 + f), 1 / (2 + f), f / (2 + f)});
  expectNear(results, 1, {0, 0, 0, 1, 1, 1});
  expectNear(results, 2,
             {0.5f, 0, 1, 2, 0.5f, 1000, 1000, 1003, 0.5f, 0.5f, 0.5f, 0.5f,
              0.5f, 0.5f, 0.5f, 0.5f});
}

TEST_F(OpsTest, ArithmeticRoundsToItsType) {
  auto results = evaluate(R"(
    func.func @f(%x: f32) -> (f32, i8, index) {
      %h = arith.truncf %x : f32 to f16
      %y = arith.extf %h : f16 to f32
      %a = arith.constant 100 : i8
      %b = arith.addi %a, %a : i8
      %c = arith.index_castui %b : i8 to index
      return %y, %b, %c : f32, i8, index
    })",
                          {floats({}, {1.0f + 1.0f / 4096})});
  expectNear(results, 0, {1.0f}, 0);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[1].integers[0], -56);
  EXPECT_EQ(results[2].integers[0], 200);
}

TEST_F(OpsTest, Refusals) {
  EXPECT_TRUE(evaluate(R"(
    func.func @f(%x: f32) -> f32 {
      %0 = math.atan %x : f32
      return %0 : f32
    })",
                       {floats({}, {1})})
                  .empty());
  EXPECT_EQ(message, "'math.atan' op has no reference evaluation");
  EXPECT_TRUE(evaluate(R"(
    func.func @f(%x: f32) -> f32 {
      %0 = arith.extf %x : f32 to f64
      %1 = arith.truncf %0 : f64 to f32
      return %1 : f32
    })",
                       {floats({}, {1})})
                  .empty());
  EXPECT_EQ(message,
            "'arith.extf' op gives f64, which has no reference evaluation");
  EXPECT_TRUE(evaluate(R"(
    func.func @f(%x: tensor<2xf32>) -> tensor<1xf32> {
      %zero = arith.constant 0.0 : f32
      %p = tensor.pad %x low[-1] high[0] {
      ^bb0(%i: index):
        tensor.yield %zero : f32
      } : tensor<2xf32> to tensor<1xf32>
      return %p : tensor<1xf32>
    })",
                       {floats({2}, {1, 2})})
                  .empty());
  EXPECT_EQ(message, "'tensor.pad' op takes away elements, which has no "
                     "reference evaluation");
  EXPECT_TRUE(evaluate(R"(
    func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {
      return %x : tensor<2xf32>
    })",
                       {floats({3}, {1, 2, 3})})
                  .empty());
  EXPECT_EQ(message, "'func.func' op was given an input 0 that is no "
                     "'tensor<2xf32>'");
}

} // namespace
