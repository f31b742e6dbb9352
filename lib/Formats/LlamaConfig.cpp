//===- LlamaConfig.cpp - config.json of Llama models ----------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/HuggingFace.h"

#include "compress/Support/Text.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace compresslib {
namespace formats {

/// Keys that are read below.
static const char *const knownKeys[] = {
    "architectures",       "model_type",
    "hidden_size",         "intermediate_size",
    "num_hidden_layers",   "num_attention_heads",
    "num_key_value_heads", "head_dim",
    "vocab_size",          "max_position_embeddings",
    "rms_norm_eps",        "rope_theta",
    "rope_scaling",        "rope_parameters",
    "hidden_act",          "tie_word_embeddings",
    "attention_bias",      "mlp_bias",
    "bos_token_id",        "eos_token_id",
    "layer_types",         "partial_rotary_factor",
    "rope_interleaved",    "sliding_window",
    "quantization_config", "is_encoder_decoder",
};

/// Keys that do not change what the network computes: training, generation
/// defaults, bookkeeping, and how the sums are split (pretraining_tp).
static const char *const harmlessKeys[] = {
    "_name_or_path",
    "_attn_implementation",
    "_attn_implementation_autoset",
    "attn_implementation",
    "transformers_version",
    "torch_dtype",
    "dtype",
    "use_cache",
    "initializer_range",
    "pad_token_id",
    "unk_token_id",
    "sep_token_id",
    "decoder_start_token_id",
    "pretraining_tp",
    "attention_dropout",
    "hidden_dropout",
    "resid_pdrop",
    "embd_pdrop",
    "return_dict",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "torchscript",
    "is_llama_config",
    "is_decoder",
    "transformers.js_config",
    "task_specific_params",
    "problem_type",
    "id2label",
    "label2id",
    "num_labels",
    "finetuning_task",
    "tokenizer_class",
    "prefix",
    "max_length",
    "min_length",
    "do_sample",
    "early_stopping",
    "num_beams",
    "num_beam_groups",
    "diversity_penalty",
    "temperature",
    "top_k",
    "top_p",
    "typical_p",
    "repetition_penalty",
    "length_penalty",
    "no_repeat_ngram_size",
    "encoder_no_repeat_ngram_size",
    "bad_words_ids",
    "num_return_sequences",
    "return_dict_in_generate",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "remove_invalid_values",
    "exponential_decay_length_penalty",
    "suppress_tokens",
    "begin_suppress_tokens",
    "chunk_size_feed_forward",
    "tf_legacy_loss",
    "use_bfloat16",
    "gradient_checkpointing",
    "max_sequence_length",
    "model_max_length",
    "unsloth_version",
    "unsloth_fixed",
    "license",
    "_flash_attn_2_enabled",
};

template <size_t N>
static bool contains(const char *const (&keys)[N], const std::string &key) {
  return std::any_of(keys, keys + N, [&](const char *k) { return key == k; });
}

/// Null, false, "", [] and {} say that a feature is not used.
static bool isOff(const json::Value &value) {
  if (const bool *truth = value.getBool())
    return !*truth;
  if (const std::string *text = value.getString())
    return text->empty();
  if (const json::Array *array = value.getArray())
    return array->empty();
  if (const json::Object *object = value.getObject())
    return object->empty();
  return value.isNull();
}

namespace {
class Reader {
public:
  Reader(const json::Value &config, std::vector<std::string> &problems)
      : config_(config), problems_(problems) {}

  void problem(std::string text) { problems_.push_back(std::move(text)); }

  /// The member, or null where it is absent or JSON's null.
  const json::Value *get(const char *key) const {
    const json::Value *value = config_.find(key);
    return value && !value->isNull() ? value : nullptr;
  }

  int64_t integer(const char *key, int64_t most,
                  std::optional<int64_t> otherwise = std::nullopt) {
    const json::Value *value = get(key);
    if (!value) {
      if (!otherwise)
        problem(std::string(key) + " is missing");
      return otherwise.value_or(0);
    }
    std::optional<int64_t> number = value->getInt64();
    if (!number || *number < 1 || *number > most) {
      problem(std::string(key) + " is " + found(*value) +
              ", expected an integer from 1 to " + std::to_string(most));
      return 0;
    }
    return *number;
  }

  double positive(const json::Value *value, const std::string &key,
                  std::optional<double> otherwise = std::nullopt) {
    if (!value) {
      if (!otherwise)
        problem(key + " is missing");
      return otherwise.value_or(1);
    }
    std::optional<double> number = value->getNumber();
    if (!number || !(*number > 0) || !std::isfinite(*number)) {
      problem(key + " is " + found(*value) + ", expected a number above 0");
      return 1;
    }
    return *number;
  }

  bool boolean(const char *key, bool otherwise) {
    const json::Value *value = get(key);
    if (!value)
      return otherwise;
    if (!value->isBool()) {
      problem(std::string(key) + " is " + found(*value) +
              ", expected true or false");
      return otherwise;
    }
    return *value->getBool();
  }

  static std::string found(const json::Value &value) {
    if (const std::string *text = value.getString())
      return "\"" + printable(*text) + "\"";
    if (const bool *truth = value.getBool())
      return *truth ? "true" : "false";
    if (std::optional<int64_t> number = value.getInt64())
      return std::to_string(*number);
    if (std::optional<double> number = value.getNumber()) {
      char text[40];
      std::snprintf(text, sizeof text, "%g", *number);
      return text;
    }
    return value.kindName();
  }

private:
  const json::Value &config_;
  std::vector<std::string> &problems_;
};
} // namespace

/// Token ids: one integer or a list.
static std::vector<int64_t> tokenIds(const json::Value &value,
                                     const std::string &key, Reader &reader) {
  std::vector<int64_t> ids;
  auto add = [&](const json::Value &one) {
    std::optional<int64_t> id = one.getInt64();
    if (!id || *id < 0)
      reader.problem(key + " holds " + Reader::found(one) +
                     ", expected an integer not below 0");
    else
      ids.push_back(*id);
  };
  if (const json::Array *array = value.getArray())
    for (const json::Value &one : *array)
      add(one);
  else
    add(value);
  return ids;
}

/// rope_scaling (transformers 4) or rope_parameters (5).
static void readRope(const json::Value &rope, const std::string &key,
                     LlamaConfig &config, Reader &reader) {
  if (!rope.isObject()) {
    reader.problem(key + " is " + Reader::found(rope) + ", expected an object");
    return;
  }
  auto get = [&](const char *name) {
    const json::Value *value = rope.find(name);
    return value && !value->isNull() ? value : nullptr;
  };
  std::string type = "default";
  for (const char *name : {"rope_type", "type"})
    if (const json::Value *value = get(name)) {
      if (!value->isString()) {
        reader.problem(key + "." + name + " is " + Reader::found(*value) +
                       ", expected a string");
        return;
      }
      type = *value->getString();
      break;
    }
  std::vector<std::string> known = {"rope_type", "type", "rope_theta",
                                    "partial_rotary_factor"};
  if (type == "llama3") {
    Llama3Rope llama3;
    llama3.factor = reader.positive(get("factor"), key + ".factor");
    llama3.lowFreqFactor =
        reader.positive(get("low_freq_factor"), key + ".low_freq_factor");
    llama3.highFreqFactor =
        reader.positive(get("high_freq_factor"), key + ".high_freq_factor");
    const json::Value *original = get("original_max_position_embeddings");
    std::optional<int64_t> positions =
        original ? original->getInt64() : std::nullopt;
    if (!positions || *positions < 1)
      reader.problem(
          key + ".original_max_position_embeddings is " +
          (original ? Reader::found(*original) : std::string("missing")) +
          ", expected an integer above 0");
    else
      llama3.originalMaxPosition = *positions;
    if (!(llama3.highFreqFactor > llama3.lowFreqFactor))
      reader.problem(key + ".high_freq_factor must be above " + key +
                     ".low_freq_factor");
    config.llama3Rope = llama3;
    known.insert(known.end(), {"factor", "low_freq_factor", "high_freq_factor",
                               "original_max_position_embeddings"});
  } else if (type != "default") {
    reader.problem(key + " asks for the rotary type \"" + printable(type) +
                   "\"; default and llama3 are supported");
    return;
  }
  if (const json::Value *partial = get("partial_rotary_factor"))
    if (partial->getNumber() != 1.0)
      reader.problem(key + ".partial_rotary_factor is " +
                     Reader::found(*partial) + "; only 1 is supported");
  if (const json::Value *theta = get("rope_theta"))
    config.ropeTheta = reader.positive(theta, key + ".rope_theta");
  for (const auto &[name, value] : *rope.getObject())
    if (std::find(known.begin(), known.end(), name) == known.end() &&
        !isOff(value))
      reader.problem("unknown key \"" + key + "." + printable(name) +
                     "\", which may change the model");
}

Expected<LlamaConfig> parseLlamaConfig(const json::Value &root,
                                       const std::string &path,
                                       const json::Value *generation,
                                       const std::string &generationPath) {
  std::string where = "'" + printable(path, 400) + "'";
  const json::Object *object = root.getObject();
  if (!object)
    return badInput(where + " holds " + root.kindName() +
                    ", expected a model configuration (a JSON object).");
  std::vector<std::string> problems;
  Reader reader(root, problems);
  LlamaConfig config;

  // Another architecture would only add noise to what follows.
  const json::Value *type = reader.get("model_type");
  const json::Value *architectures = reader.get("architectures");
  bool llama = type && type->isString() && *type->getString() == "llama";
  if (const json::Array *names =
          architectures ? architectures->getArray() : nullptr;
      names && !names->empty()) {
    bool causal =
        std::any_of(names->begin(), names->end(), [](const json::Value &name) {
          return name.isString() && *name.getString() == "LlamaForCausalLM";
        });
    if (!causal)
      return badInput(where + ": the architecture is " +
                      Reader::found(names->front()) +
                      ", expected \"LlamaForCausalLM\", which is what this "
                      "importer supports.");
    if (type && !llama)
      return badInput(where + ": model_type is " + Reader::found(*type) +
                      ", expected \"llama\".");
    llama = true;
  }
  if (!llama)
    return badInput(where + ": model_type is " +
                    (type ? Reader::found(*type) : "missing") +
                    ", expected \"llama\", which is what this importer "
                    "supports.");

  constexpr int64_t wide = 1 << 22, long_ = int64_t(1) << 30;
  config.hiddenSize = reader.integer("hidden_size", wide);
  config.intermediateSize = reader.integer("intermediate_size", wide);
  config.layers = reader.integer("num_hidden_layers", 10000);
  config.heads = reader.integer("num_attention_heads", 65536);
  config.kvHeads = reader.integer("num_key_value_heads", 65536,
                                  std::max<int64_t>(config.heads, 1));
  config.vocabularySize = reader.integer("vocab_size", 1 << 26);
  config.maxPosition = reader.integer("max_position_embeddings", long_, 2048);
  if (config.heads && config.hiddenSize) {
    if (!reader.get("head_dim") && config.hiddenSize % config.heads)
      reader.problem("hidden_size " + std::to_string(config.hiddenSize) +
                     " is no multiple of num_attention_heads " +
                     std::to_string(config.heads) +
                     ", and head_dim is missing");
    config.headDim =
        reader.integer("head_dim", 65536,
                       std::max<int64_t>(config.hiddenSize / config.heads, 1));
  }
  if (config.headDim % 2)
    reader.problem("head_dim " + std::to_string(config.headDim) +
                   " is odd; rotary positions need pairs");
  if (config.heads && config.kvHeads && config.heads % config.kvHeads)
    reader.problem("num_attention_heads " + std::to_string(config.heads) +
                   " is no multiple of num_key_value_heads " +
                   std::to_string(config.kvHeads));
  config.rmsNormEpsilon =
      reader.positive(reader.get("rms_norm_eps"), "rms_norm_eps", 1e-6);

  const json::Value *theta = reader.get("rope_theta");
  config.ropeTheta = reader.positive(theta, "rope_theta", 10000.0);
  double topTheta = config.ropeTheta;
  const json::Value *parameters = reader.get("rope_parameters");
  const json::Value *scaling = reader.get("rope_scaling");
  if (parameters && scaling)
    reader.problem("both rope_parameters and rope_scaling are given; keep one");
  else if (parameters)
    readRope(*parameters, "rope_parameters", config, reader);
  else if (scaling)
    readRope(*scaling, "rope_scaling", config, reader);
  if (theta && config.ropeTheta != topTheta)
    reader.problem("rope_theta is given twice, with different values");

  config.hiddenAct = "silu";
  if (const json::Value *act = reader.get("hidden_act"))
    if (!act->isString() ||
        (*act->getString() != "silu" && *act->getString() != "swish"))
      reader.problem("hidden_act is " + Reader::found(*act) +
                     "; only \"silu\" is supported");
  config.tieWordEmbeddings = reader.boolean("tie_word_embeddings", false);
  for (const char *bias : {"attention_bias", "mlp_bias"})
    if (reader.boolean(bias, false))
      reader.problem(std::string(bias) +
                     " is true; models with biases are not supported");
  for (const char *off : {"rope_interleaved", "sliding_window",
                          "quantization_config", "is_encoder_decoder"})
    if (const json::Value *value = root.find(off); value && !isOff(*value))
      reader.problem(std::string(off) + " is " + Reader::found(*value) +
                     ", which is not supported" +
                     (std::strcmp(off, "quantization_config") == 0
                          ? "; import the model as it was before quantisation"
                          : ""));
  if (const json::Value *partial = reader.get("partial_rotary_factor"))
    if (partial->getNumber() != 1.0)
      reader.problem("partial_rotary_factor is " + Reader::found(*partial) +
                     "; only 1 is supported");
  if (const json::Value *layers = reader.get("layer_types")) {
    bool full = layers->isArray();
    if (full)
      for (const json::Value &layer : *layers->getArray())
        full &= layer.isString() && *layer.getString() == "full_attention";
    if (!full)
      reader.problem("layer_types is no list of \"full_attention\" only, which "
                     "is what is supported");
  }

  auto checkIds = [&](const std::vector<int64_t> &ids, const char *key) {
    for (int64_t id : ids)
      if (config.vocabularySize && id >= config.vocabularySize)
        reader.problem(std::string(key) + " " + std::to_string(id) +
                       " is not below vocab_size " +
                       std::to_string(config.vocabularySize));
  };
  auto readIds = [&](const json::Value *from) {
    if (!from)
      return;
    const json::Value *bos = from->find("bos_token_id");
    const json::Value *eos = from->find("eos_token_id");
    if (bos && !bos->isNull()) {
      std::vector<int64_t> ids = tokenIds(*bos, "bos_token_id", reader);
      checkIds(ids, "bos_token_id");
      if (!ids.empty())
        config.bosId = ids.front();
    }
    if (eos && !eos->isNull()) {
      config.eosIds = tokenIds(*eos, "eos_token_id", reader);
      checkIds(config.eosIds, "eos_token_id");
    }
  };
  readIds(&root);
  size_t own = problems.size();
  readIds(generation);

  for (const auto &[key, value] : *object)
    if (!contains(knownKeys, key) && !contains(harmlessKeys, key) &&
        !isOff(value))
      problems.insert(problems.begin() + long(own++),
                      "unknown key \"" + printable(key) +
                          "\" = " + Reader::found(value) +
                          ", which may change the model; remove it if it "
                          "does not");

  if (problems.empty())
    return config;
  std::string text = where;
  if (own < problems.size())
    text += " (the last " + std::to_string(problems.size() - own) + " in '" +
            printable(generationPath, 400) + "')";
  text += " cannot be imported: ";
  for (size_t i = 0; i < problems.size(); ++i)
    text += (i ? "; " : "") + problems[i];
  return badInput(text + ".");
}

std::vector<float> LlamaConfig::inverseFrequencies() const {
  std::vector<float> result(size_t(headDim / 2));
  const double pi = 3.14159265358979323846;
  for (int64_t i = 0; i < headDim / 2; ++i) {
    double frequency = std::pow(ropeTheta, -2.0 * double(i) / double(headDim));
    if (llama3Rope) {
      const Llama3Rope &rope = *llama3Rope;
      double wavelength = 2 * pi / frequency;
      double original = double(rope.originalMaxPosition);
      if (wavelength > original / rope.lowFreqFactor) {
        frequency /= rope.factor;
      } else if (wavelength >= original / rope.highFreqFactor) {
        double smooth = (original / wavelength - rope.lowFreqFactor) /
                        (rope.highFreqFactor - rope.lowFreqFactor);
        frequency = (1 - smooth) * frequency / rope.factor + smooth * frequency;
      }
    }
    result[size_t(i)] = float(frequency);
  }
  return result;
}

std::vector<ExpectedTensor> llamaTensors(const LlamaConfig &config) {
  int64_t hidden = config.hiddenSize, inner = config.intermediateSize;
  int64_t queries = config.heads * config.headDim;
  int64_t keys = config.kvHeads * config.headDim;
  std::vector<ExpectedTensor> list;
  list.push_back(
      {"model.embed_tokens.weight", {config.vocabularySize, hidden}});
  for (int64_t layer = 0; layer < config.layers; ++layer) {
    std::string in = "model.layers." + std::to_string(layer) + ".";
    list.push_back({in + "input_layernorm.weight", {hidden}});
    list.push_back({in + "self_attn.q_proj.weight", {queries, hidden}});
    list.push_back({in + "self_attn.k_proj.weight", {keys, hidden}});
    list.push_back({in + "self_attn.v_proj.weight", {keys, hidden}});
    list.push_back({in + "self_attn.o_proj.weight", {hidden, queries}});
    list.push_back({in + "post_attention_layernorm.weight", {hidden}});
    list.push_back({in + "mlp.gate_proj.weight", {inner, hidden}});
    list.push_back({in + "mlp.up_proj.weight", {inner, hidden}});
    list.push_back({in + "mlp.down_proj.weight", {hidden, inner}});
  }
  list.push_back({"model.norm.weight", {hidden}});
  if (!config.tieWordEmbeddings)
    list.push_back({"lm_head.weight", {config.vocabularySize, hidden}});
  return list;
}

} // namespace formats
} // namespace compresslib
