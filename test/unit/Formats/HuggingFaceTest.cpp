//===- HuggingFaceTest.cpp - Model folders --------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/HuggingFace.h"
#include "../TestData.h"
#include "compress/Formats/ModelFiles.h"

#include <algorithm>
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
      R"("logit_scale":0.5,"sliding_window":4096,"head_dim":3)",
      R"({"eos_token_id":-1})");
  for (const char *part :
       {"hidden_size is 0, expected an integer from 1 to",
        "intermediate_size is 1.5", "num_hidden_layers is missing",
        "vocab_size is \"x\"", "attention_bias is true", "mlp_bias is true",
        "hidden_act is \"gelu\"", "unknown key \"logit_scale\" = 0.5",
        "sliding_window is 4096", "3 is no multiple of num_key_value_heads 2",
        "'generation_config.json' cannot be imported: eos_token_id holds -1"})
    expectHas(text, part);
}

TEST(LlamaConfig, OnlyHarmlessKeysAreIgnored) {
  for (const char *value : {"false", "true", "null", "\"\"", "[]", "{}", "0"})
    expectHas(refusal(smallConfig + R"(,"some_feature":)" + value),
              "unknown key \"some_feature\" = ");
  expectHas(refusal(smallConfig + R"(,"rope_scaling":{"rope_type":"default",)"
                                  R"("truncate":false})"),
            "unknown key \"rope_scaling.truncate\" = false");
  for (const char *key : {"use_cache", "temperature", "torch_dtype", "prefix"})
    for (const char *value : {"false", "null", "\"x\"", "[1]", "{\"a\":1}"})
      EXPECT_EQ(refusal(smallConfig + ",\"" + key + "\":" + value), "");
}

// The key's values that mean what is computed, and one that does not.
TEST(LlamaConfig, KeysThatMatterHaveOneMeaning) {
  struct {
    const char *key;
    std::vector<const char *> taken, refused;
  } cases[] = {
      {"is_causal", {"true"}, {"false", "null", "1"}},
      {"hidden_act", {"\"silu\"", "\"swish\""}, {"\"gelu\"", "\"\"", "null"}},
      {"attention_bias", {"false", "null"}, {"true", "0", "\"\""}},
      {"mlp_bias", {"false", "null"}, {"true"}},
      {"partial_rotary_factor", {"1", "1.0", "null"}, {"0.5", "1.000000001"}},
      {"rope_interleaved", {"false"}, {"true", "[]"}},
      {"sliding_window", {"null", "false"}, {"4096", "0"}},
      {"use_sliding_window", {"false"}, {"true"}},
      {"attention_chunk_size", {"null"}, {"8192"}},
      {"pruned_heads", {"{}"}, {"{\"1\":[0]}"}},
      {"add_cross_attention", {"false"}, {"true"}},
      {"quantization_config", {"null", "{}"}, {"{\"bits\":4}"}},
      {"per_layer_config", {"{}"}, {"{\"0\":{\"hidden_size\":8}}"}},
      {"layer_types", {"[\"full_attention\"]"}, {"[\"sliding_attention\"]"}},
  };
  for (const auto &one : cases) {
    std::string member = smallConfig + ",\"" + one.key + "\":";
    for (const char *value : one.taken)
      EXPECT_EQ(refusal(member + value), "");
    for (const char *value : one.refused)
      expectHas(refusal(member + value), one.key);
  }
}

// Each number of the config just within its range and just out of it.
TEST(LlamaConfig, Ranges) {
  const std::string llama3 =
      R"(,"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,)"
      R"("high_freq_factor":4,"original_max_position_embeddings":8192})";
  struct {
    const char *key;
    std::vector<const char *> taken, refused;
  } cases[] = {
      {"rope_theta",
       {"1", "1e4", "45300984832.0", "1e15"},
       {"1e-308", "0.99", "0", "-1", "1.1e15", "1e308", "\"1e4\""}},
      {"rms_norm_eps",
       {"1e-30", "1e-12", "1e-5", "1"},
       {"1e39", "1.1", "0", "1e-31", "1e-45", "1e-308", "-1e-5"}},
      {"max_position_embeddings", {"1", "16777216"}, {"0", "16777217", "1e3"}},
      {"vocab_size", {"16777215"}, {"16777216", "0"}},
      {"num_hidden_layers", {"10000"}, {"10001"}},
      {"hidden_size", {"4194304"}, {"4194306", "9223372036854775807"}},
      {"intermediate_size", {"4194304"}, {"4194305"}},
      {"head_dim", {"65536"}, {"65538", "-2", "3"}},
      {"factor", {"1", "1e6"}, {"0.5", "1e7", "1e-308"}},
      {"low_freq_factor", {"1e-3"}, {"1e-4", "4", "1e308"}},
      {"high_freq_factor", {"1e6"}, {"1e7", "1"}},
      {"original_max_position_embeddings",
       {"16777216"},
       {"16777217", "0", "9223372036854775807"}},
      {"pad_token_id", {"-1", "4"}, {"5", "16777215"}},
      {"bos_token_id", {"0", "4"}, {"5", "-1", "16777215"}},
      {"eos_token_id", {"[0,4]"}, {"[0,16777215]"}},
  };
  for (const auto &one : cases) {
    auto with = [&](const char *value) {
      std::string text = smallConfig + llama3, key = one.key;
      std::string member = "\"" + key + "\":";
      size_t at = text.find(member);
      if (at == std::string::npos)
        return text + "," + member + value;
      at += member.size();
      return text.replace(at, text.find_first_of(",}", at) - at, value);
    };
    for (const char *value : one.taken)
      EXPECT_EQ(refusal(with(value)), "") << one.key << " " << value;
    for (const char *value : one.refused)
      expectHas(refusal(with(value)), one.key);
  }
}

TEST(LlamaConfig, ProductsOfSizes) {
  auto with = [](const std::string &sizes) {
    return refusal(R"("model_type":"llama",)" + sizes);
  };
  expectHas(with(R"("hidden_size":64,"intermediate_size":64,"vocab_size":64,)"
                 R"("num_hidden_layers":1,"num_attention_heads":65536,)"
                 R"("head_dim":65536)"),
            "num_attention_heads x head_dim is 4294967296");
  expectHas(with(R"("hidden_size":4194304,"intermediate_size":4194304,)"
                 R"("vocab_size":64,"num_hidden_layers":10000,)"
                 R"("num_attention_heads":64)"),
            "the number of parameters");
  expectHas(with(R"("hidden_size":4194304,"intermediate_size":1,)"
                 R"("vocab_size":1,"num_hidden_layers":10,)"
                 R"("num_attention_heads":65536,)"
                 R"("max_position_embeddings":16777216)"),
            "the values of the caches");
  // Llama 3.1 405B.
  EXPECT_EQ(with(R"("hidden_size":16384,"intermediate_size":53248,)"
                 R"("vocab_size":128256,"num_hidden_layers":126,)"
                 R"("num_attention_heads":128,"num_key_value_heads":8,)"
                 R"("max_position_embeddings":131072)"),
            "");
}

// config.json as the models have it.
TEST(LlamaConfig, PublishedFolders) {
  std::pair<const char *, const char *> models[] = {
      {"Llama 2",
       R"("_name_or_path":"meta-llama/Llama-2-7b-hf",
          "architectures":["LlamaForCausalLM"],"bos_token_id":1,
          "eos_token_id":2,"hidden_act":"silu","hidden_size":4096,
          "initializer_range":0.02,"intermediate_size":11008,
          "max_position_embeddings":4096,"model_type":"llama",
          "num_attention_heads":32,"num_hidden_layers":32,
          "num_key_value_heads":32,"pretraining_tp":1,"rms_norm_eps":1e-05,
          "rope_scaling":null,"tie_word_embeddings":false,
          "torch_dtype":"float16","transformers_version":"4.31.0.dev0",
          "use_cache":true,"vocab_size":32000)"},
      {"Llama 1, converted early",
       R"("architectures":["LlamaForCausalLM"],"bos_token_id":0,
          "eos_token_id":1,"hidden_act":"silu","hidden_size":4096,
          "intermediate_size":11008,"initializer_range":0.02,
          "max_sequence_length":2048,"model_type":"llama",
          "num_attention_heads":32,"num_hidden_layers":32,"pad_token_id":-1,
          "rms_norm_eps":1e-06,"torch_dtype":"float16",
          "transformers_version":"4.27.0.dev0","use_cache":true,
          "vocab_size":32000)"},
      {"TinyLlama",
       R"("architectures":["LlamaForCausalLM"],"attention_bias":false,
          "bos_token_id":1,"eos_token_id":2,"hidden_act":"silu",
          "hidden_size":2048,"initializer_range":0.02,
          "intermediate_size":5632,"max_position_embeddings":2048,
          "model_type":"llama","num_attention_heads":32,
          "num_hidden_layers":22,"num_key_value_heads":4,"pretraining_tp":1,
          "rms_norm_eps":1e-05,"rope_scaling":null,"rope_theta":10000.0,
          "tie_word_embeddings":false,"torch_dtype":"bfloat16",
          "transformers_version":"4.35.0","use_cache":true,
          "vocab_size":32000)"},
      {"SmolLM2",
       R"("architectures":["LlamaForCausalLM"],"attention_bias":false,
          "attention_dropout":0.0,"bos_token_id":1,"eos_token_id":2,
          "hidden_act":"silu","hidden_size":576,
          "initializer_range":0.041666666666666664,"intermediate_size":1536,
          "is_llama_config":true,"max_position_embeddings":8192,
          "mlp_bias":false,"model_type":"llama","num_attention_heads":9,
          "num_hidden_layers":30,"num_key_value_heads":3,"pad_token_id":2,
          "pretraining_tp":1,"rms_norm_eps":1e-05,"rope_interleaved":false,
          "rope_scaling":null,"rope_theta":100000,"tie_word_embeddings":true,
          "torch_dtype":"bfloat16","transformers_version":"4.42.3",
          "transformers.js_config":{"kv_cache_dtype":{"q4f16":"float16"}},
          "use_cache":true,"vocab_size":49152)"},
      {"Llama 3",
       R"("architectures":["LlamaForCausalLM"],"attention_bias":false,
          "attention_dropout":0.0,"bos_token_id":128000,
          "eos_token_id":128001,"hidden_act":"silu","hidden_size":4096,
          "initializer_range":0.02,"intermediate_size":14336,
          "max_position_embeddings":8192,"model_type":"llama",
          "num_attention_heads":32,"num_hidden_layers":32,
          "num_key_value_heads":8,"pretraining_tp":1,"rms_norm_eps":1e-05,
          "rope_scaling":null,"rope_theta":500000.0,
          "tie_word_embeddings":false,"torch_dtype":"bfloat16",
          "transformers_version":"4.40.0.dev0","use_cache":true,
          "vocab_size":128256)"},
      {"Llama 3.2",
       R"("architectures":["LlamaForCausalLM"],"attention_bias":false,
          "attention_dropout":0.0,"bos_token_id":128000,
          "eos_token_id":[128001,128008,128009],"head_dim":64,
          "hidden_act":"silu","hidden_size":2048,"initializer_range":0.02,
          "intermediate_size":8192,"max_position_embeddings":131072,
          "mlp_bias":false,"model_type":"llama","num_attention_heads":32,
          "num_hidden_layers":16,"num_key_value_heads":8,"pretraining_tp":1,
          "rms_norm_eps":1e-05,"rope_scaling":{"factor":32.0,
          "high_freq_factor":4.0,"low_freq_factor":1.0,
          "original_max_position_embeddings":8192,"rope_type":"llama3"},
          "rope_theta":500000.0,"tie_word_embeddings":true,
          "torch_dtype":"bfloat16","transformers_version":"4.45.0.dev0",
          "use_cache":true,"vocab_size":128256)"},
      // LlamaConfig().to_json_string(use_diff=False) of transformers 4.57.
      {"transformers, every key",
       R"("return_dict":true,"output_hidden_states":false,"torchscript":false,
          "dtype":null,"pruned_heads":{},"tie_word_embeddings":false,
          "chunk_size_feed_forward":0,"is_encoder_decoder":false,
          "is_decoder":false,"cross_attention_hidden_size":null,
          "add_cross_attention":false,"tie_encoder_decoder":false,
          "architectures":null,"finetuning_task":null,
          "id2label":{"0":"LABEL_0","1":"LABEL_1"},
          "label2id":{"LABEL_0":0,"LABEL_1":1},"task_specific_params":null,
          "problem_type":null,"tokenizer_class":null,"prefix":null,
          "bos_token_id":1,"pad_token_id":null,"eos_token_id":2,
          "sep_token_id":null,"decoder_start_token_id":null,"max_length":20,
          "min_length":0,"do_sample":false,"early_stopping":false,
          "num_beams":1,"temperature":1.0,"top_k":50,"top_p":1.0,
          "typical_p":1.0,"repetition_penalty":1.0,"length_penalty":1.0,
          "no_repeat_ngram_size":0,"encoder_no_repeat_ngram_size":0,
          "bad_words_ids":null,"num_return_sequences":1,
          "output_scores":false,"return_dict_in_generate":false,
          "forced_bos_token_id":null,"forced_eos_token_id":null,
          "remove_invalid_values":false,
          "exponential_decay_length_penalty":null,"suppress_tokens":null,
          "begin_suppress_tokens":null,"num_beam_groups":1,
          "diversity_penalty":0.0,"_name_or_path":"",
          "transformers_version":"4.57.1","tf_legacy_loss":false,
          "use_bfloat16":false,"output_attentions":false,
          "model_type":"llama","vocab_size":32000,
          "max_position_embeddings":2048,"hidden_size":4096,
          "intermediate_size":11008,"num_hidden_layers":32,
          "num_attention_heads":32,"num_key_value_heads":32,
          "hidden_act":"silu","initializer_range":0.02,
          "rms_norm_eps":1e-06,"pretraining_tp":1,"use_cache":true,
          "rope_theta":10000.0,"rope_scaling":null,"attention_bias":false,
          "attention_dropout":0.0,"mlp_bias":false,"head_dim":128)"},
  };
  for (auto [name, members] : models)
    EXPECT_EQ(refusal(members), "") << name;
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
  ASSERT_TRUE(model->tokenizer());
  EXPECT_EQ(model->tokenizer()->vocabularySize, 4096);
  EXPECT_EQ(model->generationConfigText(),
            contentOf(inSource("models/primer/generation_config.json")));
  EXPECT_EQ(model->tokenizerConfigText(),
            contentOf(inSource("models/primer/tokenizer_config.json")));
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

TEST_F(ModelFolder, NamesTheFilesThatItReads) {
  for (bool isSharded : {false, true}) {
    if (isSharded) {
      unlink((folder_ / "model.safetensors").c_str());
      index("b.safetensors");
      write(folder_ / "b.safetensors", rest());
    } else {
      write(folder_ / "model.safetensors", tensors());
    }
    for (const char *name :
         {"generation_config.json", "tokenizer_config.json", "other.json"})
      writeContent(folder_ / name, "{}");
    auto model = HuggingFaceModel::open(folder_.path());
    ASSERT_TRUE(model) << model.error().message;
    std::vector<std::string> read = {folder_ / "config.json",
                                     folder_ / "generation_config.json",
                                     folder_ / "tokenizer_config.json"};
    if (isSharded)
      read.push_back(folder_ / "model.safetensors.index.json");
    for (const auto &file : model->files())
      read.push_back(file->path());
    std::sort(read.begin(), read.end());
    EXPECT_EQ(modelFiles(folder_.path()), read);
  }
  EXPECT_TRUE(modelFiles(folder_ / "none").empty());
}

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

const char *const namesOfFormat[] = {
    "config.json",       "generation_config.json",
    "tokenizer.json",    "tokenizer_config.json",
    "model.safetensors", "model.safetensors.index.json",
};
const char tokenizer[] =
    R"({"version":"1.0","added_tokens":[],"normalizer":null,)"
    R"("pre_tokenizer":null,"post_processor":null,"decoder":null,)"
    R"("model":{"type":"BPE","vocab":{"a":0,"b":4},"merges":[]}})";

/// A folder with every file that the format names, of which one is `name`.
class FilesOfFormat : public ModelFolder {
protected:
  void fill(const std::string &name) {
    config("");
    writeContent(folder_ / "generation_config.json", "{}");
    writeContent(folder_ / "tokenizer.json", tokenizer);
    writeContent(folder_ / "tokenizer_config.json", R"({"bos_token":"a"})");
    unlink((folder_ / "model.safetensors").c_str());
    if (name == "model.safetensors.index.json") {
      index("b.safetensors");
      write(folder_ / "b.safetensors", rest());
    } else {
      write(folder_ / "model.safetensors", tensors());
    }
  }
  /// The file, moved to `to`.
  std::string move(const std::string &name, const std::string &to) {
    EXPECT_EQ(rename((folder_ / name).c_str(), to.c_str()), 0);
    return folder_ / name;
  }
};

TEST_F(FilesOfFormat, AreOpenedInTheFolderOnly) {
  TemporaryFolder other;
  for (const char *name : namesOfFormat) {
    fill(name);
    EXPECT_EQ(refusal(), "") << name;
    std::string outside = other / name;
    std::string path = move(name, outside);
    ASSERT_EQ(symlink(outside.c_str(), path.c_str()), 0);
    expectHas(refusal(), "'" + path +
                             "' is a symbolic link that leaves the "
                             "folder. Files of a model must lie in");
    unlink(path.c_str());
    std::string up =
        "../" + other.path().substr(other.path().rfind('/') + 1) + "/" + name;
    ASSERT_EQ(symlink(up.c_str(), path.c_str()), 0);
    expectHas(refusal(), "is a symbolic link that leaves the folder");
    unlink(path.c_str());
    ASSERT_EQ(symlink("nothing", path.c_str()), 0);
    expectHas(refusal(), "'" + path + "' is a symbolic link to no file");
    unlink(path.c_str());
    // A folder of hard links is its owner's own doing.
    ASSERT_EQ(link(outside.c_str(), path.c_str()), 0);
    EXPECT_EQ(refusal(), "") << name;
    unlink(path.c_str());
    // A link within the folder stays in it.
    writeContent(folder_ / "elsewhere", contentOf(outside));
    ASSERT_EQ(symlink("elsewhere", path.c_str()), 0);
    EXPECT_EQ(refusal(), "") << name;
    unlink(path.c_str());
  }
}

TEST_F(FilesOfFormat, AreRegularFiles) {
  for (const char *name : namesOfFormat) {
    fill(name);
    std::string path = folder_ / name;
    auto expectIs = [&](const char *what) {
      auto model = HuggingFaceModel::open(folder_.path());
      ASSERT_FALSE(model) << name;
      EXPECT_EQ(model.error().kind, ErrorKind::Environment);
      expectHas(model.error().message, "'" + path + "' is " + what);
    };
    unlink(path.c_str());
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    expectIs("a FIFO");
    unlink(path.c_str());
    ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
    expectIs("a directory");
    rmdir(path.c_str());
  }
}

TEST_F(FilesOfFormat, AreSmallJsonObjects) {
  for (const char *name :
       {"config.json", "generation_config.json", "tokenizer_config.json",
        "model.safetensors.index.json"}) {
    fill(name);
    std::string path = folder_ / name;
    writeContent(path, "root:x:0:0");
    expectHas(refusal(), "'" + path + "' holds invalid JSON");
    writeContent(path, "[1]");
    expectHas(refusal(), "'" + path + "' holds an array, expected a JSON");
    ASSERT_EQ(truncate(path.c_str(), off_t(1) << 40), 0);
    expectHas(refusal(), "'" + path + "' has 1.1 TB, more than the ");
  }
}

TEST_F(FilesOfFormat, TokensNeedRows) {
  fill("tokenizer.json");
  EXPECT_EQ(refusal(), "");
  auto withId = [](const std::string &id) {
    std::string text = tokenizer;
    return text.replace(text.find("\"b\":4") + 4, 1, id);
  };
  std::string path = folder_ / "tokenizer.json";
  writeContent(path, withId("5"));
  expectHas(refusal(),
            "'" + path +
                "' is a tokenizer that cannot be imported: "
                "the id of token 'b' is 5, expected an integer below "
                "the 5 rows of the embedding");
  writeContent(path, withId("16777215"));
  expectHas(refusal(), "the id of token 'b' is 16777215");
  std::string added = tokenizer;
  std::string list = "\"added_tokens\":[";
  writeContent(path, added.insert(added.find(list) + list.size(),
                                  R"({"id":16777215,"content":"<x>"})"));
  expectHas(refusal(), "added_tokens[0].id is 16777215, expected an integer "
                       "below the 5 rows");
}

// What contradicts the config is said at once, of whatever kind.
TEST_F(FilesOfFormat, EverythingThatContradictsAtOnce) {
  fill("");
  config(R"(,"tie_word_embeddings":true)");
  std::string text = tokenizer;
  writeContent(folder_ / "tokenizer.json",
               text.replace(text.find("\"b\":4") + 4, 1, "9"));
  headDiffers_ = true;
  auto wrong = tensors();
  wrong[2].shape = {3, 4};
  wrong.erase(wrong.begin() + 5);
  wrong.push_back({"model.layers.0.self_attn.q_proj.bias", {4}});
  write(folder_ / "model.safetensors", wrong);
  text = refusal();
  for (const char *part :
       {"'model.layers.0.self_attn.q_proj.weight' has shape [3, 4]",
        "'model.layers.0.self_attn.o_proj.weight' is missing",
        "tie_word_embeddings is true, but 'lm_head.weight' differs",
        "'model.layers.0.self_attn.q_proj.bias' belongs to no part",
        "the id of token 'b' is 9, expected an integer below the 5 rows"})
    expectHas(text, part);
}

TEST_F(FilesOfFormat, HuggingFaceCache) {
  TemporaryFolder cache;
  ASSERT_EQ(std::system(("mkdir -p " + (cache / "blobs") + " " +
                         (cache / "snapshots/0123"))
                            .c_str()),
            0);
  fill("model.safetensors.index.json");
  std::string snapshot = cache / "snapshots/0123";
  std::string digits = "0123456";
  std::string last;
  int i = 0;
  for (const char *name :
       {"a.safetensors", "b.safetensors", "config.json",
        "generation_config.json", "tokenizer.json", "tokenizer_config.json",
        "model.safetensors.index.json"}) {
    last = std::string(i % 2 ? 64 : 40, digits[i]);
    ++i;
    writeContent(cache / ("blobs/" + last), contentOf(folder_ / name));
    ASSERT_EQ(symlink(("../../blobs/" + last).c_str(),
                      (snapshot + "/" + name).c_str()),
              0);
  }
  auto model = HuggingFaceModel::open(snapshot);
  EXPECT_TRUE(model) << model.error().message;
  auto expectRefused = [&](const std::string &part) {
    auto model = HuggingFaceModel::open(snapshot);
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().kind, ErrorKind::BadInput);
    expectHas(model.error().message, part);
  };
  // The cache's file is no link itself, and nor is its folder.
  std::string blob = cache / ("blobs/" + last);
  std::string moved = cache / "moved";
  ASSERT_EQ(rename(blob.c_str(), moved.c_str()), 0);
  expectRefused("is a symbolic link to no file");
  ASSERT_EQ(symlink(moved.c_str(), blob.c_str()), 0);
  expectRefused("is a symbolic link that leaves the folder");
  unlink(blob.c_str());
  ASSERT_EQ(rename(moved.c_str(), blob.c_str()), 0);
  ASSERT_EQ(rename((cache / "blobs").c_str(), moved.c_str()), 0);
  ASSERT_EQ(symlink(moved.c_str(), (cache / "blobs").c_str()), 0);
  expectRefused("is a symbolic link that leaves the folder");
}

} // namespace
