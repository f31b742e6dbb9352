//===- ModelTest.cpp - Whole models against PyTorch -----------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "../TestData.h"
#include "compress/Import/Import.h"
#include "compress/Reference/Reference.h"
#include "compress/Support/Json.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;
using namespace mlir::compress;

namespace {

struct ModelTest : ::testing::Test {
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::unique_ptr<ReferenceModel> model;

  void load(const std::string &path, ReferenceOptions options = {}) {
    auto imported = importFile(path, &context);
    ASSERT_TRUE(succeeded(imported));
    module = std::move(*imported);
    auto created = ReferenceModel::create(*module, options);
    ASSERT_TRUE(succeeded(created));
    model = std::move(*created);
  }

  std::vector<int32_t> greedy(std::vector<int32_t> tokens, size_t count) {
    ArrayRef<int32_t> next = tokens;
    for (int64_t position = 0; tokens.size() < count;) {
      auto logits = model->forward(next, position);
      EXPECT_TRUE(succeeded(logits));
      auto last = logits->end() - model->getVocabulary();
      position = tokens.size();
      tokens.push_back(std::max_element(last, logits->end()) - last);
      next = ArrayRef<int32_t>(tokens).take_back();
    }
    return tokens;
  }
};

// The first document of models/primer/text/eval.txt and what PyTorch says of
// it, in f32.
const std::vector<int32_t> tokens = {0,   430, 295, 475, 12,  221, 24,  16, 20,
                                     330, 221, 17,  22,  20,  31,  221, 24, 16,
                                     20,  199, 430, 295, 475, 12,  221, 23, 19,
                                     25,  330, 221, 19,  24,  19};
const std::vector<double> losses = {
    2.89963, 0.28715, 0.00337, 0.00108, 5e-05,   2.11945, 2.27308, 2.32021,
    5e-05,   0.00016, 2.17885, 2.32008, 2.28468, 1e-05,   2e-05,   0.00018,
    0.00011, 0.00066, 1e-05,   0.49547, 0.02114, 3e-05,   4e-05,   0.0,
    2.26542, 2.34015, 2.51409, 3e-05,   2e-05,   2.29094, 2.29495, 2.4437};

TEST_F(ModelTest, LossesOfPrimer) {
  load(inSource("models/primer"));
  auto logits = model->forward(ArrayRef<int32_t>(tokens).drop_back(), 0);
  ASSERT_TRUE(succeeded(logits));
  int64_t vocabulary = model->getVocabulary();
  ASSERT_EQ(vocabulary, 4096);
  for (size_t t = 0; t < losses.size(); ++t) {
    const float *row = logits->data() + t * vocabulary;
    double sum = 0;
    for (int64_t v = 0; v < vocabulary; ++v)
      sum += std::exp(double(row[v]));
    EXPECT_NEAR(std::log(sum) - row[tokens[t + 1]], losses[t], 2e-5) << t;
  }

  // One token after another is the same, to the last bit.
  for (size_t t = 0; t < losses.size(); ++t) {
    auto one = model->forward(tokens[t], t);
    ASSERT_TRUE(succeeded(one));
    EXPECT_TRUE(
        std::equal(one->begin(), one->end(), logits->data() + t * vocabulary))
        << t;
  }
}

TEST_F(ModelTest, GreedyTextOfPrimer) {
  load(inSource("models/primer"));
  std::vector<int32_t> expected = {0,   860, 820,  259,  679,  508,  341,  259,
                                   569, 728, 1094, 14,   717,  560,  259,  1048,
                                   599, 14,  718,  1068, 259,  682,  299,  602,
                                   333, 221, 24,   1129, 14,   1094, 585,  1095,
                                   14,  442, 261,  426,  1094, 341,  1095, 14};
  EXPECT_EQ(greedy({0, 860, 820, 259, 679}, expected.size()), expected);
}

TEST_F(ModelTest, GreedyTextOfStories) {
  std::string folder = inTestData("models/stories260K");
  SKIP_WITHOUT(folder);
  load(folder + "/hf");
  auto reference = compresslib::json::read(
      contentOf(folder + "/reference.json"), "reference.json");
  ASSERT_TRUE(reference);
  for (const compresslib::json::Value &prompt :
       *reference->find("prompts")->getArray()) {
    auto ids = [&](const char *key) {
      std::vector<int32_t> ids;
      for (const compresslib::json::Value &id : *prompt.find(key)->getArray())
        ids.push_back(*id.getInt64());
      return ids;
    };
    std::vector<int32_t> expected = ids("greedy_ids");
    EXPECT_EQ(greedy(ids("input_ids"), expected.size()), expected);
    const auto &first = *prompt.find("first_logits")->getArray();
    auto logits = model->forward(ids("input_ids"), 0);
    ASSERT_TRUE(succeeded(logits));
    auto last = logits->end() - model->getVocabulary();
    for (auto [i, value] : llvm::enumerate(first))
      EXPECT_NEAR(last[i], *value.getNumber(), 1e-3);
  }
}

TEST_F(ModelTest, ContextIsKept) {
  ReferenceOptions options;
  options.context = 4;
  load(inSource("models/primer"), options);
  EXPECT_EQ(model->getContext(), 4);
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    message = diagnostic.str();
    return success();
  });
  EXPECT_TRUE(failed(model->forward({1, 2, 3}, 2)));
  EXPECT_NE(message.find("3 tokens at position 2, but the context has 4"),
            std::string::npos)
      << message;
  EXPECT_TRUE(failed(model->forward({4096}, 0)));
  EXPECT_NE(message.find("has token 4096 at position 0"), std::string::npos)
      << message;
  EXPECT_TRUE(succeeded(model->forward({1, 2, 3}, 1)));
}

} // namespace
