//===- ExpressionsTest.cpp - Every expression, executed and compared ------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cases.h"
#include "compress/InstructionSets/InstructionSet.h"

using namespace lowering;

namespace {

struct F32Expressions : Expressions {};
struct Int8Expressions : Expressions {};

TEST_P(F32Expressions, Compared) {
  parse(tiedModel(GetParam()));
  setTokens(llvm::cast<mlir::compress::WeightOp>(module->lookupSymbol("w"))
                .getWeightType()
                .getDimSize(0));
  // Sums of some hundred products in another order.
  compare("f32", {runnableSets().front()}, 1e-5);
}

TEST_P(Int8Expressions, Compared) {
  parse(hiddenModel(GetParam()));
  setTokens(37);
  // Beside a factor's inputs, which are sums, nothing rounds otherwise.
  bool factors = std::string(GetParam().name).find("product") == 0;
  compare("int8", {runnableSets().front()}, factors ? 5e-3 : 1e-5);
}

INSTANTIATE_TEST_SUITE_P(All, F32Expressions, ::testing::ValuesIn(cases()),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(All, Int8Expressions,
                         ::testing::ValuesIn(int8Of(cases())), nameOf);

/// Fewer expressions, on the other instruction sets that this machine runs.
struct F32InstructionSets : Expressions {};
struct Int8InstructionSets : Expressions {};

TEST_P(F32InstructionSets, Compared) {
  std::vector<std::string> sets = runnableSets();
  sets.erase(sets.begin());
  parse(tiedModel(GetParam()));
  setTokens(llvm::cast<mlir::compress::WeightOp>(module->lookupSymbol("w"))
                .getWeightType()
                .getDimSize(0));
  compare("f32", sets, 1e-5);
}

TEST_P(Int8InstructionSets, Compared) {
  std::vector<std::string> sets = runnableSets();
  sets.erase(sets.begin());
  parse(hiddenModel(GetParam()));
  setTokens(37);
  compare("int8", sets, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(All, F32InstructionSets,
                         ::testing::ValuesIn(fewCases()), nameOf);
INSTANTIATE_TEST_SUITE_P(All, Int8InstructionSets,
                         ::testing::ValuesIn(int8Of(fewCases())), nameOf);

struct Rounding : Lowering {};

// a * b, less its rounding: nothing is left where product and sum round twice.
TEST_F(Rounding, ProductsAreFused) {
  auto row = [](const char *first, const char *second) {
    return [=](Expression &e) {
      return e.leaf({1, 32}, "f32", [&](int64_t i) {
        return std::string(i == 0 ? first : i == 16 ? second : "0.0");
      });
    };
  };
  parse(weight("e", row("1.00048828125", "1.000244140625")) +
        weight("w", row("-1.0", "1.000244140625")) + R"(
    func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x1xf32> {
      %e = compress.use @e : tensor<1x32xf32>
      %w = compress.use @w : tensor<1x32xf32>
      %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<1x32xf32> -> tensor<?x32xf32>
      %l = nn.linear %x, %w : (tensor<?x32xf32>, tensor<1x32xf32>) -> tensor<?x1xf32>
      return %l : tensor<?x1xf32>
    })");
  ids = {0};
  for (const std::string &set : runnableSets()) {
    if (set == "generic")
      continue;
    auto program = compile("f32", {set});
    ASSERT_TRUE(program);
    EXPECT_EQ(run(*program, set, 1, {1}), std::vector<float>{0x1p-24f}) << set;
  }
}

struct Order : Lowering {};

// A set that keeps the order of its kernels has other code than one that lets
// LLVM's scheduler change it.
TEST_F(Order, IsKept) {
  for (Case &c : cases())
    if (std::string(c.name) == "si4")
      parse(hiddenModel(c));
  ASSERT_TRUE(module);
  auto bytesOf = [&](bool keepsOrder) {
    mlir::kernel::InstructionSet set =
        *mlir::kernel::findInstructionSet("avx2");
    set.name = "ordered";
    set.inFamily = false;
    set.keepsOrder = keepsOrder;
    mlir::kernel::RegisterInstructionSet registered(std::move(set));
    mlir::compress::CompileOptions options;
    options.instructionSets = {"ordered"};
    options.activations = "int8";
    auto compiled = mlir::compress::compileModel(*module, options);
    EXPECT_TRUE(succeeded(compiled));
    std::vector<char> bytes;
    for (auto &object : compiled->objects)
      bytes.insert(bytes.end(), object.bytes.begin(), object.bytes.end());
    return bytes;
  };
  std::vector<char> kept = bytesOf(true);
  EXPECT_EQ(kept, bytesOf(true));
  EXPECT_NE(kept, bytesOf(false));
}

} // namespace
