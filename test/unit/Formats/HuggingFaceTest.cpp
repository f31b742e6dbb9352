//===- HuggingFaceTest.cpp - Model folders --------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/HuggingFace.h"
#include "../TestData.h"

#include <cmath>

#include <gtest/gtest.h>

using namespace compresslib;
using namespace compresslib::formats;

namespace {

const std::string smallConfig =
    R"("model_type":"llama","hidden_size":4,"intermediate_size":6,)"
    R"("num_hidden_layers":1,"num_attention_heads":2,"vocab_size":5)";

Expected<LlamaConfig> parse(const std::string &members,
                            const std::string &generation = "") {
  auto value = json::read("{" + members + "}", "config.json");
  EXPECT_TRUE(value) << value.error().message;
  if (generation.empty())
    return parseLlamaConfig(*value, "config.json", nullptr, "");
  auto other = json::read(generation, "generation_config.json");
  return parseLlamaConfig(*value, "config.json", &*other,
                          "generation_config.json");
}

std::string refusal(const std::string &members,
                    const std::string &generation = "") {
  auto config = parse(members, generation);
  if (config)
    return "";
  EXPECT_EQ(config.error().kind, ErrorKind::BadInput);
  return config.error().message;
}

void expectHas(const std::string &text, const std::string &part) {
  EXPECT_NE(text.find(part), std::string::npos)
      << "'" << part << "' is not in: " << text;
}

TEST(LlamaConfig, Defaults) {
  auto config = parse(smallConfig);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->kvHeads, 2);
  EXPECT_EQ(config->headDim, 2);
  EXPECT_EQ(config->maxPosition, 2048);
  EXPECT_EQ(config->rmsNormEpsilon, 1e-6);
  EXPECT_EQ(config->ropeTheta, 10000);
  EXPECT_FALSE(config->tieWordEmbeddings);
  EXPECT_FALSE(config->bosId);
  EXPECT_TRUE(config->eosIds.empty());
}

TEST(LlamaConfig, BothSpellingsOfRope) {
  const std::string llama3 =
      R"("factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,)"
      R"("original_max_position_embeddings":8192)";
  auto four = parse(smallConfig +
                    R"(,"rope_theta":500000.0,"rope_scaling":{)"
                    R"("rope_type":"llama3",)" +
                    llama3 + "}");
  ASSERT_TRUE(four) << four.error().message;
  auto five = parse(smallConfig +
                    R"(,"rope_parameters":{"rope_theta":)"
                    R"(500000.0,"rope_type":"llama3",)" +
                    llama3 + "}");
  ASSERT_TRUE(five) << five.error().message;
  EXPECT_EQ(four->ropeTheta, five->ropeTheta);
  EXPECT_EQ(four->inverseFrequencies(), five->inverseFrequencies());
  auto plain = parse(smallConfig + R"(,"rope_parameters":{"rope_theta":7.5,)"
                                   R"("rope_type":"default"})");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->ropeTheta, 7.5);
  EXPECT_FALSE(plain->llama3Rope);
  expectHas(
      refusal(smallConfig + R"(,"rope_scaling":{"type":"linear","factor":2})"),
      "the rotary type \"linear\"");
  expectHas(refusal(smallConfig + R"(,"rope_theta":1.0,"rope_parameters":{)"
                                  R"("rope_theta":2.0})"),
            "given twice");
  expectHas(refusal(smallConfig + R"(,"rope_scaling":{"rope_type":"llama3"})"),
            "rope_scaling.factor is missing");
  expectHas(refusal(smallConfig + R"(,"rope_parameters":{"rope_theta":2.0,)"
                                  R"("attention_factor":2})"),
            "unknown key \"rope_parameters.attention_factor\"");
}

// transformers 4.57, _compute_llama3_parameters, for Llama 3.1's config:
// theta 500000, factor 8, low 1, high 4, original 8192, head_dim 128.
TEST(LlamaConfig, Llama3Frequencies) {
  LlamaConfig config;
  config.headDim = 128;
  config.ropeTheta = 500000;
  std::vector<float> plain = config.inverseFrequencies();
  config.llama3Rope = Llama3Rope{8, 1, 4, 8192};
  std::vector<float> scaled = config.inverseFrequencies();
  ASSERT_EQ(scaled.size(), 64u);
  EXPECT_NEAR(plain[32], 1 / std::sqrt(500000.0), 1e-9);
  // Above, between and below the two wavelengths.
  const std::pair<int, float> reference[] = {
      {1, 0.814617217f},     {20, 0.0165604409f},   {28, 0.00321144611f},
      {29, 0.00216657063f},  {30, 0.00137189368f},  {31, 0.00085675146f},
      {33, 0.00031269365f},  {34, 0.000178507791f}, {36, 7.78465546e-05f},
      {63, 3.06892588e-07f},
  };
  for (auto [i, value] : reference)
    EXPECT_NEAR(scaled[i], value, value * 5e-7) << i;
}

TEST(LlamaConfig, AllProblemsAtOnce) {
  std::string text = refusal(
      R"("model_type":"llama","hidden_size":0,"intermediate_size":1.5,)"
      R"("num_attention_heads":3,"num_key_value_heads":2,"vocab_size":"x",)"
      R"("attention_bias":true,"mlp_bias":true,"hidden_act":"gelu",)"
      R"("logit_scale":0.5,"sliding_window":4096,"head_dim":3,)"
      R"("some_feature":null,"other_feature":false)");
  for (const char *part :
       {"hidden_size is 0, expected an integer from 1 to",
        "intermediate_size is 1.5", "num_hidden_layers is missing",
        "vocab_size is \"x\"", "attention_bias is true", "mlp_bias is true",
        "hidden_act is \"gelu\"", "unknown key \"logit_scale\" = 0.5",
        "sliding_window is 4096", "3 is no multiple of num_key_value_heads 2"})
    expectHas(text, part);
  EXPECT_EQ(text.find("feature"), std::string::npos);
}

TEST(LlamaConfig, Bounds) {
  auto with = [](const char *layers) {
    return refusal(R"("model_type":"llama","hidden_size":4,)"
                   R"("intermediate_size":6,"num_attention_heads":2,)"
                   R"("vocab_size":5,"num_hidden_layers":)" +
                   std::string(layers));
  };
  EXPECT_EQ(with("1"), "");
  expectHas(with("0"), "num_hidden_layers is 0");
  expectHas(with("1000000"), "num_hidden_layers is 1000000");
  expectHas(with("1e3"), "num_hidden_layers is 1000, expected an integer");
  expectHas(refusal(R"("model_type":"llama","hidden_size":5,)"
                    R"("intermediate_size":6,"num_attention_heads":2,)"
                    R"("vocab_size":5,"num_hidden_layers":1)"),
            "hidden_size 5 is no multiple of num_attention_heads 2");
}

TEST(LlamaConfig, Architectures) {
  expectHas(refusal(R"("model_type":"gemma")"), "model_type is \"gemma\"");
  expectHas(refusal(R"("hidden_size":4)"), "model_type is missing");
  expectHas(refusal(R"("architectures":["MistralForCausalLM"])"),
            "the architecture is \"MistralForCausalLM\"");
  expectHas(refusal(R"("architectures":["LlamaForCausalLM"],)"
                    R"("model_type":"mistral")"),
            "model_type is \"mistral\"");
}

TEST(LlamaConfig, TokenIds) {
  auto config = parse(smallConfig + R"(,"bos_token_id":1,"eos_token_id":2)",
                      R"({"eos_token_id":[3,4]})");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->bosId, 1);
  EXPECT_EQ(config->eosIds, (std::vector<int64_t>{3, 4}));
  expectHas(refusal(smallConfig + R"(,"eos_token_id":5)"),
            "eos_token_id 5 is not below vocab_size 5");
  expectHas(refusal(smallConfig, R"({"bos_token_id":-1})"),
            "bos_token_id holds -1");
}

TEST(HuggingFaceModel, Primer) {
  auto model = HuggingFaceModel::open(inSource("models/primer"));
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->config().layers, 6);
  EXPECT_EQ(model->config().headDim, 64);
  EXPECT_TRUE(model->config().tieWordEmbeddings);
  EXPECT_EQ(model->config().eosIds, std::vector<int64_t>{0});
  EXPECT_EQ(model->tensors().size(), 2u + 9 * 6);
  EXPECT_EQ(model->tensors()[0]->name, "model.embed_tokens.weight");
  EXPECT_EQ(model->fileOf(*model->tensors()[0]).path(),
            inSource("models/primer/model.safetensors"));
  for (const SafetensorsTensor *tensor : model->tensors())
    EXPECT_TRUE(checkFinite(*tensor, ""));
  EXPECT_NE(model->tokenizerJsonPath(), "");
}

TEST(HuggingFaceModel, Stories260K) {
  std::string folder = inTestData("models/stories260K/hf");
  SKIP_WITHOUT(folder);
  auto model = HuggingFaceModel::open(folder);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->config().kvHeads, 4);
}

/// A model of one layer, in one file or several.
class ModelFolder : public ::testing::Test {
protected:
  void SetUp() override { config(""); }
  void config(const std::string &more) {
    writeContent(folder_ / "config.json", "{" + smallConfig + more + "}");
  }
  std::vector<ExpectedTensor> tensors(bool tied = false) {
    auto config = parse(smallConfig);
    config->tieWordEmbeddings = tied;
    return llamaTensors(*config);
  }
  void write(const std::string &path,
             const std::vector<ExpectedTensor> &tensors,
             DType type = DType::F32) {
    std::vector<SafetensorsEntry> entries;
    for (const ExpectedTensor &tensor : tensors)
      entries.push_back({tensor.name, type, tensor.shape});
    auto writer = SafetensorsWriter::create(path, entries);
    ASSERT_TRUE(writer) << writer.error().message;
    for (size_t i = 0; i < entries.size(); ++i) {
      std::vector<uint8_t> zeros(writer->bytesOf(i));
      if (entries[i].name == "lm_head.weight" && headDiffers_)
        zeros[0] = 1;
      ASSERT_TRUE(writer->append(i, zeros));
    }
    ASSERT_TRUE(writer->commit());
  }
  std::string refusal() {
    auto model = HuggingFaceModel::open(folder_.path());
    if (model)
      return "";
    EXPECT_EQ(model.error().kind, ErrorKind::BadInput) << model.error().message;
    return model.error().message;
  }
  void index(const std::string &shard) {
    std::vector<ExpectedTensor> all = tensors();
    json::Writer text;
    text.beginObject().key("weight_map").beginObject();
    for (size_t i = 0; i < all.size(); ++i)
      text.member(all[i].name, i < 3 ? std::string("a.safetensors") : shard);
    text.endObject().endObject();
    writeContent(folder_ / "model.safetensors.index.json", text.text());
    write(folder_ / "a.safetensors", {all.begin(), all.begin() + 3});
  }
  std::vector<ExpectedTensor> rest() {
    std::vector<ExpectedTensor> all = tensors();
    return {all.begin() + 3, all.end()};
  }
  bool headDiffers_ = false;
  TemporaryFolder folder_;
};

TEST_F(ModelFolder, TensorsAgainstConfig) {
  std::string path = folder_ / "model.safetensors";
  expectHas(refusal(), "holds neither model.safetensors");
  write(path, tensors());
  EXPECT_EQ(refusal(), "");
  auto wrong = tensors();
  wrong[2].shape = {3, 4};
  wrong.erase(wrong.begin() + 5);
  wrong.push_back({"model.layers.0.self_attn.q_proj.bias", {4}});
  wrong.push_back({"model.layers.0.self_attn.rotary_emb.inv_freq", {1}});
  write(path, wrong);
  std::string text = refusal();
  expectHas(text, "'model.layers.0.self_attn.q_proj.weight' has shape [3, 4], "
                  "the config says [4, 4]");
  expectHas(text, "tensor 'model.layers.0.self_attn.o_proj.weight' is missing");
  expectHas(text, "tensor 'model.layers.0.self_attn.q_proj.bias' belongs to no "
                  "part");
  EXPECT_EQ(text.find("inv_freq"), std::string::npos);
  write(path, tensors(), DType::I8);
  expectHas(refusal(), "is of type I8");
}

TEST_F(ModelFolder, Tying) {
  std::string path = folder_ / "model.safetensors";
  write(path, tensors(/*tied=*/true));
  expectHas(refusal(), "'lm_head.weight' is missing (set tie_word_embeddings");
  config(R"(,"tie_word_embeddings":true)");
  EXPECT_EQ(refusal(), "");
  write(path, tensors());
  EXPECT_EQ(refusal(), ""); // beside the embedding, equal to it
  headDiffers_ = true;
  write(path, tensors());
  expectHas(refusal(), "'lm_head.weight' differs from "
                       "'model.embed_tokens.weight'");
}

TEST_F(ModelFolder, Shards) {
  index("b.safetensors");
  expectHas(refusal(), "'b.safetensors', which cannot be opened");
  write(folder_ / "b.safetensors", rest());
  EXPECT_EQ(refusal(), "");
  auto fewer = rest();
  fewer.pop_back();
  fewer.push_back({"stray", {1}});
  write(folder_ / "b.safetensors", fewer);
  std::string text = refusal();
  expectHas(text, "tensor 'lm_head.weight' is not in 'b.safetensors'");
  expectHas(text, "tensor 'stray' of");
}

TEST_F(ModelFolder, ShardsOutside) {
  TemporaryFolder other;
  std::string outside = other / "b.safetensors";
  write(outside, rest());
  index(outside);
  expectHas(refusal(), "an absolute path");
  std::string up = "../" + other.path().substr(other.path().rfind('/') + 1) +
                   "/b.safetensors";
  index(up);
  expectHas(refusal(), "a path with \"..\"");
  index("b.safetensors");
  ASSERT_EQ(symlink(outside.c_str(), (folder_ / "b.safetensors").c_str()), 0);
  expectHas(refusal(), "a symbolic link that leaves the folder");
  unlink((folder_ / "b.safetensors").c_str());
  ASSERT_EQ(symlink(("../../blobs/" + std::string(64, 'a')).c_str(),
                    (folder_ / "b.safetensors").c_str()),
            0);
  expectHas(refusal(), "a symbolic link that leaves the folder");
  unlink((folder_ / "b.safetensors").c_str());
  write(folder_ / "c", rest());
  ASSERT_EQ(link((folder_ / "c").c_str(), (folder_ / "b.safetensors").c_str()),
            0);
  expectHas(refusal(), "a hard link");
}

TEST_F(ModelFolder, HuggingFaceCache) {
  TemporaryFolder cache;
  ASSERT_EQ(std::system(("mkdir -p " + (cache / "blobs") + " " +
                         (cache / "snapshots/0123"))
                            .c_str()),
            0);
  index("b.safetensors");
  write(folder_ / "b.safetensors", rest());
  std::string digit = "0123";
  int i = 0;
  for (const char *name : {"a.safetensors", "b.safetensors", "config.json",
                           "model.safetensors.index.json"}) {
    std::string hash(i % 2 ? 64 : 40, digit[i]);
    ++i;
    writeContent(cache / ("blobs/" + hash), contentOf(folder_ / name));
    ASSERT_EQ(
        symlink(("../../blobs/" + hash).c_str(),
                (cache / ("snapshots/0123/" + std::string(name))).c_str()),
        0);
  }
  auto model = HuggingFaceModel::open(cache / "snapshots/0123");
  EXPECT_TRUE(model) << model.error().message;
}

} // namespace
