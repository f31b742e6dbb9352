//===- FunctionsTest.cpp - Plain functions against the reference ----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// @network of a module is compiled with compressed weights for every
// instruction set of this machine, run on one, two and three threads, and
// compared with the reference, for the same compressed weights.
//
//===----------------------------------------------------------------------===//

#include "compress/Target/Functions.h"
#include "Harness.h"
#include "compress_runtime/Threads.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <cstdio>
#include <mutex>

using namespace lowering;
using namespace mlir;
using namespace mlir::compress;

namespace {

std::string shape(const std::vector<int64_t> &dims) {
  std::string text = "tensor<";
  for (int64_t d : dims)
    text += std::to_string(d) + "x";
  return text + "f32>";
}

struct Functions : Lowering {
  ~Functions() override { compress_set_threads(1); }

  /// How far the reference's own results move, of the largest, where the
  /// activations change by what sums of f32 in another order do: a last bit
  /// before a rounding to int8 is another code behind it.
  static double getSensitivity(func::FuncOp function,
                               const std::vector<ReferenceTensor> &inputs,
                               ReferenceOptions options,
                               const std::vector<float> &expected) {
    options.jitter = 2e-6f;
    auto moved = evaluateFunction(function, inputs, options);
    if (failed(moved))
      return 0;
    double most = 0, largest = 0;
    for (auto [a, b] : llvm::zip(moved->front().floats, expected)) {
      most = std::max(most, std::fabs(double(a) - double(b)));
      largest = std::max(largest, std::fabs(double(b)));
    }
    // A network whose results say nothing is no test.
    EXPECT_LT(most, 0.05 * largest);
    return 2 * most / largest + 1e-4;
  }

  void compare(const std::string &text, const std::string &passes,
               const std::string &activations, double tolerance,
               std::vector<std::string> sets = runnableSets(),
               bool sensitive = false) {
    parse(text);
    PassManager pm(&context, ModuleOp::getOperationName());
    ASSERT_TRUE(succeeded(parsePassPipeline(passes, pm)));
    ASSERT_TRUE(succeeded(pm.run(*module)));
    auto function = module->lookupSymbol<func::FuncOp>("network");
    Expression random(5);
    std::vector<std::vector<float>> memory;
    std::vector<ReferenceTensor> inputs;
    for (Type type : function.getArgumentTypes()) {
      auto tensor = cast<RankedTensorType>(type);
      std::vector<float> values(tensor.getNumElements());
      for (float &value : values)
        value = float(random.uniform());
      inputs.push_back(ReferenceTensor::ofFloats(tensor.getShape(), values));
      memory.push_back(std::move(values));
    }
    ReferenceOptions options;
    options.activations =
        activations == "int8" ? Activations::int8 : Activations::f32;
    auto results = evaluateFunction(function, inputs, options);
    ASSERT_TRUE(succeeded(results));
    const std::vector<float> &expected = results->front().floats;
    if (sensitive)
      tolerance = getSensitivity(function, inputs, options, expected);
    double largest = 0;
    for (float value : expected)
      largest = std::max(largest, std::fabs(double(value)));
    ASSERT_GT(largest, 0);

    for (const std::string &set : sets) {
      FunctionsOptions compile;
      compile.instructionSet = set;
      compile.activations = activations;
      auto compiled = compileFunctions(*module, compile);
      ASSERT_TRUE(succeeded(compiled)) << set;
      std::vector<float> first;
      for (int threads : {1, 2, 3}) {
        ASSERT_EQ(compress_set_threads(threads), threads);
        std::vector<float> result(expected.size(), NAN);
        std::vector<void *> pointers;
        for (std::vector<float> &values : memory)
          pointers.push_back(values.data());
        pointers.push_back(result.data());
        ASSERT_TRUE(succeeded(
            callFunction(&context, compiled->object, "network", pointers)));
        double worst = 0;
        for (size_t i = 0; i < result.size(); ++i)
          worst = std::max(
              worst, std::isnan(result[i])
                         ? INFINITY
                         : std::fabs(double(result[i]) - double(expected[i])));
        EXPECT_LE(worst, tolerance * largest) << set << " " << threads;
        // Threads split no sum.
        if (threads == 1)
          first = result;
        else
          EXPECT_EQ(std::memcmp(first.data(), result.data(), 4 * result.size()),
                    0)
              << set << " " << threads;
      }
    }
  }
};

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

struct Convolution {
  const char *name, *op;
  std::vector<int64_t> x, w, y;
  int64_t stride, dilation;
  bool fromInit; ///< whether it adds to an argument
};

std::ostream &operator<<(std::ostream &os, const Convolution &c) {
  return os << c.name;
}

std::string write(const Convolution &c) {
  Expression random(3);
  int64_t count = 1;
  for (int64_t d : c.w)
    count *= d;
  std::string data = "\"0x";
  for (int64_t i = 0; i < count; ++i) {
    float value = float(random.uniform());
    unsigned char bytes[4];
    std::memcpy(bytes, &value, 4);
    for (unsigned char byte : bytes)
      data += llvm::formatv("{0:X-2}", byte).str();
  }
  data += "\"";
  size_t axes = std::string(c.op).find("3d") != std::string::npos   ? 3
                : std::string(c.op).find("1d") != std::string::npos ? 1
                                                                    : 2;
  auto per = [&](const char *name, int64_t value) {
    return std::string(name) + " = dense<" + std::to_string(value) +
           "> : tensor<" + std::to_string(axes) + "xi64>";
  };
  std::string x = shape(c.x), w = shape(c.w), y = shape(c.y);
  std::string text = "func.func @network(%x: " + x +
                     (c.fromInit ? ", %init: " + y : "") + ") -> " + y +
                     " {\n  %w = arith.constant dense<" + data + "> : " + w +
                     "\n";
  if (!c.fromInit)
    text += "  %zero = arith.constant 0.0 : f32\n  %e = tensor.empty() : " + y +
            "\n  %init = linalg.fill ins(%zero : f32) outs(%e : " + y +
            ") -> " + y + "\n";
  return text + "  %y = linalg." + c.op + " {" + per("strides", c.stride) +
         ", " + per("dilations", c.dilation) + "} ins(%x, %w : " + x + ", " +
         w + ") outs(%init : " + y + ") -> " + y + "\n  return %y : " + y +
         "\n}\n";
}

struct Convolutions : Functions, ::testing::WithParamInterface<Convolution> {};

constexpr char kOutline[] = "compress-outline-weights{min-elements=2}";
constexpr char kInt8[] = ",compress-quantize{bits=8 group-size=32}";
constexpr char kPrune[] = ",compress-prune{kind=n-of-m n=2 m=4}";

TEST_P(Convolutions, float32) {
  compare(write(GetParam()), kOutline, "f32", 1e-5);
}
TEST_P(Convolutions, int8) {
  compare(write(GetParam()), std::string(kOutline) + kInt8, "int8", 1e-4);
}
TEST_P(Convolutions, pruned) {
  for (const char *odd : {"nhwcHwcf", "depthwise", "depthwiseNchw"})
    if (GetParam().name == std::string(odd))
      GTEST_SKIP() << "four do not divide its filters' inputs";
  compare(write(GetParam()), std::string(kOutline) + kPrune + kInt8, "f32",
          1e-5, {runnableSets().front()});
}

INSTANTIATE_TEST_SUITE_P(
    All, Convolutions,
    ::testing::Values(Convolution{"nchw",
                                  "conv_2d_nchw_fchw",
                                  {1, 32, 22, 22},
                                  {24, 32, 3, 3},
                                  {1, 24, 20, 20},
                                  1,
                                  1,
                                  false},
                      Convolution{"nchwStrided",
                                  "conv_2d_nchw_fchw",
                                  {2, 4, 21, 15},
                                  {8, 4, 3, 4},
                                  {2, 8, 9, 5},
                                  2,
                                  2,
                                  true},
                      Convolution{"nhwcHwcf",
                                  "conv_2d_nhwc_hwcf",
                                  {1, 39, 39, 3},
                                  {7, 7, 3, 16},
                                  {1, 17, 17, 16},
                                  2,
                                  1,
                                  false},
                      Convolution{"nhwcFhwc",
                                  "conv_2d_nhwc_fhwc",
                                  {2, 20, 20, 8},
                                  {20, 3, 3, 8},
                                  {2, 18, 18, 20},
                                  1,
                                  1,
                                  true},
                      Convolution{"pointwise",
                                  "conv_2d_nhwc_hwcf",
                                  {1, 24, 24, 32},
                                  {1, 1, 32, 40},
                                  {1, 24, 24, 40},
                                  1,
                                  1,
                                  false},
                      Convolution{"pointwiseStrided",
                                  "conv_2d_nchw_fchw",
                                  {1, 16, 41, 41},
                                  {24, 16, 1, 1},
                                  {1, 24, 21, 21},
                                  2,
                                  1,
                                  false},
                      Convolution{"small",
                                  "conv_2d_nhwc_hwcf",
                                  {1, 7, 7, 64},
                                  {3, 3, 64, 48},
                                  {1, 5, 5, 48},
                                  1,
                                  1,
                                  false},
                      Convolution{"signal",
                                  "conv_1d_ncw_fcw",
                                  {1, 12, 403},
                                  {16, 12, 4},
                                  {1, 16, 400},
                                  1,
                                  1,
                                  false},
                      Convolution{"signalDilated",
                                  "conv_1d_nwc_wcf",
                                  {2, 170, 8},
                                  {3, 8, 12},
                                  {2, 82, 12},
                                  2,
                                  3,
                                  false},
                      Convolution{"volume",
                                  "conv_3d_ndhwc_dhwcf",
                                  {1, 9, 9, 9, 4},
                                  {3, 3, 3, 4, 8},
                                  {1, 7, 7, 7, 8},
                                  1,
                                  1,
                                  false},
                      Convolution{"depthwise",
                                  "depthwise_conv_2d_nhwc_hwc",
                                  {1, 30, 30, 24},
                                  {3, 3, 24},
                                  {1, 14, 14, 24},
                                  2,
                                  1,
                                  false},
                      Convolution{"depthwiseNchw",
                                  "depthwise_conv_2d_nchw_chw",
                                  {1, 20, 23, 23},
                                  {20, 3, 3},
                                  {1, 20, 21, 21},
                                  1,
                                  1,
                                  true},
                      Convolution{"groups",
                                  "conv_2d_ngchw_gfchw",
                                  {1, 3, 4, 17, 17},
                                  {3, 8, 4, 3, 3},
                                  {1, 3, 8, 15, 15},
                                  1,
                                  1,
                                  false}),
    ::testing::PrintToStringParamName());

//===----------------------------------------------------------------------===//
// Networks
//===----------------------------------------------------------------------===//

struct Network {
  const char *name, *arguments;
};

std::ostream &operator<<(std::ostream &os, const Network &n) {
  return os << n.name;
}

struct Networks : Functions, ::testing::WithParamInterface<Network> {
  /// What networks.py writes, as linalg.
  std::string write() {
    std::string command = std::string("python3 " COMPRESS_SOURCE_DIR
                                      "/test/Target/Functions/Inputs/"
                                      "networks.py ") +
                          GetParam().arguments;
    FILE *pipe = popen(command.c_str(), "r");
    EXPECT_TRUE(pipe);
    std::string text;
    char part[1 << 16];
    while (size_t count = fread(part, 1, sizeof(part), pipe))
      text.append(part, count);
    EXPECT_EQ(pclose(pipe), 0);
    return text;
  }
  std::string start() {
    return StringRef(GetParam().arguments).contains("tosa")
               ? "compress-tosa-to-linalg-pipeline,compress-outline-weights"
               : "compress-outline-weights";
  }
};

TEST_P(Networks, float32) {
  compare(write(), start(), "f32", 1e-4, {runnableSets().front()});
}
TEST_P(Networks, int8) {
  compare(write(), start() + kInt8, "int8", 0, {runnableSets().front()}, true);
}
TEST_P(Networks, pruned) {
  // Three colours of 7 x 7 pixels are no multiple of four.
  std::string most = ",compress-for-each{consumer=linear "
                     "regex=weight_([1-9]|[12][0-9]|30|3[2-9])$ "
                     "pipeline=compress-prune{kind=n-of-m n=2 m=4}}";
  compare(write(), start() + most + kInt8, "int8", 0, {runnableSets().front()},
          true);
}
INSTANTIATE_TEST_SUITE_P(
    All, Networks,
    ::testing::Values(Network{"transformerLinalg", "vit linalg 32 64"},
                      Network{"transformerTosa", "vit tosa 32 64"},
                      Network{"residualLinalg", "resnet18 linalg 32 8"},
                      Network{"residualTosa", "resnet18 tosa 32 8"}),
    ::testing::PrintToStringParamName());

} // namespace
