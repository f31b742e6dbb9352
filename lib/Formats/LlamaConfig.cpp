//===- LlamaConfig.cpp - config.json of Llama models ----------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "LlamaConfigKeys.h"
#include "compress/Formats/HuggingFace.h"
#include "compress/Support/Text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace compresslib {
namespace formats {

/// Keys that are read below, beside the fixed ones.
static const char *const readKeys[] = {
    "architectures",       "model_type",
    "hidden_size",         "intermediate_size",
    "num_hidden_layers",   "num_attention_heads",
    "num_key_value_heads", "head_dim",
    "vocab_size",          "max_position_embeddings",
    "rms_norm_eps",        "rope_theta",
    "rope_scaling",        "rope_parameters",
    "tie_word_embeddings", "layer_types",
    "bos_token_id",        "eos_token_id",
    "pad_token_id",
};

static bool isReadKey(const std::string &key) {
  return std::any_of(std::begin(readKeys), std::end(readKeys),
                     [&](const char *one) { return key == one; });
}

static bool isFixedKey(const std::string &key) {
  Span<const FixedKey> keys = fixedKeys();
  return std::any_of(keys.begin(), keys.end(),
                     [&](const FixedKey &one) { return key == one.name; });
}

// Ranges in which the f32 mathematics is finite and means what it says.
//
/// Positions are f32 numbers in a rotation, and beyond 2^24 no longer exact.
constexpr int64_t mostPositions = 1 << 24;
/// A stored tokenizer counts its tokens in 24 bits.
constexpr int64_t mostTokens = (1 << 24) - 1;
/// The slowest pair of a rotation turns by theta^-1 or more a position: at 1e15
/// by nothing that f32 could tell, over any context. Below 1 it were the
/// fastest.
constexpr double leastTheta = 1, mostTheta = 1e15;
/// Its inverse root is finite in f32; above 1 it would outweigh the values.
constexpr double leastEpsilon = 1e-30, mostEpsilon = 1;
/// Factors of llama3's frequencies.
constexpr double leastFactor = 1e-3, mostFactor = 1e6;
/// Products of sizes: parameters, and values of the caches.
constexpr double mostValues = 1e15;
constexpr size_t mostEndTokens = 1024;

namespace {
class Reader {
public:
  Reader(const json::Value &config, Problems &problems)
      : config_(config), problems_(problems) {}

  void problem(const std::string &text) { problems_.add(text); }

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

  double number(const json::Value *value, const std::string &key, double least,
                double most, std::optional<double> otherwise = std::nullopt) {
    if (!value) {
      if (!otherwise)
        problem(key + " is missing");
      return otherwise.value_or(least);
    }
    std::optional<double> number = value->getNumber();
    if (number && *number >= least && *number <= most)
      return *number;
    problem(key + " is " + found(*value) + ", expected a number from " +
            text(least) + " to " + text(most));
    return least;
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
    if (std::optional<double> number = value.getNumber())
      return text(*number);
    return value.kindName();
  }
  static std::string text(double number) {
    char digits[40];
    bool isWhole = number == std::floor(number) && std::fabs(number) < 1e12;
    std::snprintf(digits, sizeof digits, isWhole ? "%.0f" : "%.9g", number);
    return digits;
  }

private:
  const json::Value &config_;
  Problems &problems_;
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
    // Below 1 it would stretch no context.
    llama3.factor =
        reader.number(get("factor"), key + ".factor", 1, mostFactor);
    llama3.lowFreqFactor =
        reader.number(get("low_freq_factor"), key + ".low_freq_factor",
                      leastFactor, mostFactor);
    llama3.highFreqFactor =
        reader.number(get("high_freq_factor"), key + ".high_freq_factor",
                      leastFactor, mostFactor);
    const json::Value *original = get("original_max_position_embeddings");
    std::optional<int64_t> positions =
        original ? original->getInt64() : std::nullopt;
    if (!positions || *positions < 1 || *positions > mostPositions)
      reader.problem(
          key + ".original_max_position_embeddings is " +
          (original ? Reader::found(*original) : std::string("missing")) +
          ", expected an integer from 1 to " + std::to_string(mostPositions));
    else
      llama3.originalMaxPosition = *positions;
    if (get("low_freq_factor") && get("high_freq_factor") &&
        !(llama3.highFreqFactor > llama3.lowFreqFactor))
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
    config.ropeTheta =
        reader.number(theta, key + ".rope_theta", leastTheta, mostTheta);
  for (const auto &[name, value] : *rope.getObject())
    if (std::find(known.begin(), known.end(), name) == known.end())
      reader.problem("unknown key \"" + key + "." + printable(name) + "\" = " +
                     Reader::found(value) + ", which may change the model");
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
  Problems problems(2400);
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

  constexpr int64_t wide = 1 << 22;
  config.hiddenSize = reader.integer("hidden_size", wide);
  config.intermediateSize = reader.integer("intermediate_size", wide);
  config.layers = reader.integer("num_hidden_layers", 10000);
  config.heads = reader.integer("num_attention_heads", 65536);
  config.kvHeads = reader.integer("num_key_value_heads", 65536,
                                  std::max<int64_t>(config.heads, 1));
  config.vocabularySize = reader.integer("vocab_size", mostTokens);
  config.maxPosition =
      reader.integer("max_position_embeddings", mostPositions, 2048);
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
  // As doubles, which do not overflow.
  double width = double(config.heads) * double(config.headDim);
  double hidden = double(config.hiddenSize), layers = double(config.layers);
  double keys = double(config.kvHeads) * double(config.headDim);
  auto bound = [&](double values, double most, const char *what) {
    if (values > most)
      reader.problem(std::string(what) + " is " + Reader::text(values) +
                     ", expected at most " + Reader::text(most));
  };
  bound(width, wide, "num_attention_heads x head_dim");
  bound(hidden * (2 * double(config.vocabularySize) +
                  layers * (2 * width + 2 * keys +
                            3 * double(config.intermediateSize))),
        mostValues,
        "the number of parameters that vocab_size, hidden_size, "
        "intermediate_size, num_hidden_layers and the heads make");
  bound(2 * layers * keys * double(config.maxPosition), mostValues,
        "2 x num_hidden_layers x num_key_value_heads x head_dim x "
        "max_position_embeddings, the values of the caches,");

  config.rmsNormEpsilon =
      reader.number(reader.get("rms_norm_eps"), "rms_norm_eps", leastEpsilon,
                    mostEpsilon, 1e-6);

  const json::Value *theta = reader.get("rope_theta");
  config.ropeTheta =
      reader.number(theta, "rope_theta", leastTheta, mostTheta, 10000.0);
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
  config.tieWordEmbeddings = reader.boolean("tie_word_embeddings", false);
  for (const FixedKey &key : fixedKeys())
    if (const json::Value *value = root.find(key.name);
        value && !isAllowed(key, *value))
      reader.problem(std::string(key.name) + " is " + Reader::found(*value) +
                     ", expected " + allowedText(key) +
                     ", which is what is supported" + key.remedy);
  if (const json::Value *layers = reader.get("layer_types")) {
    bool full = layers->isArray();
    if (full)
      for (const json::Value &layer : *layers->getArray())
        full &= layer.isString() && *layer.getString() == "full_attention";
    if (!full)
      reader.problem("layer_types is no list of \"full_attention\" only, which "
                     "is what is supported");
  }

  auto checkIds = [&](const std::vector<int64_t> &ids, const char *key,
                      Reader &reader) {
    for (int64_t id : ids)
      if (config.vocabularySize && id >= config.vocabularySize)
        reader.problem(std::string(key) + " " + std::to_string(id) +
                       " is not below vocab_size " +
                       std::to_string(config.vocabularySize));
    if (ids.size() > mostEndTokens)
      reader.problem(std::string(key) + " holds " + std::to_string(ids.size()) +
                     " ids, expected at most " + std::to_string(mostEndTokens));
  };
  auto readIds = [&](Reader &reader) {
    if (const json::Value *bos = reader.get("bos_token_id")) {
      std::vector<int64_t> ids = tokenIds(*bos, "bos_token_id", reader);
      checkIds(ids, "bos_token_id", reader);
      if (!ids.empty())
        config.bosId = ids.front();
    }
    if (const json::Value *eos = reader.get("eos_token_id")) {
      config.eosIds = tokenIds(*eos, "eos_token_id", reader);
      checkIds(config.eosIds, "eos_token_id", reader);
    }
    // Read by no one, but no embedding could be made with it; -1 is none.
    if (const json::Value *pad = reader.get("pad_token_id");
        pad && pad->getInt64())
      checkIds({*pad->getInt64()}, "pad_token_id", reader);
  };
  readIds(reader);

  for (const auto &[key, value] : *object) {
    if (!isReadKey(key) && !isFixedKey(key) && !isHarmlessKey(key))
      reader.problem("unknown key \"" + printable(key) +
                     "\" = " + Reader::found(value) +
                     ", which may change the model; remove it if it does not");
  }
  Problems generationProblems(800);
  if (generation) {
    Reader generationReader(*generation, generationProblems);
    readIds(generationReader);
  }

  if (problems.empty() && generationProblems.empty())
    return config;
  std::string text;
  if (!problems.empty())
    text = where + " cannot be imported: " + problems.text() + ".";
  if (!generationProblems.empty())
    text += (text.empty() ? "'" : " '") + printable(generationPath, 400) +
            "' cannot be imported: " + generationProblems.text() + ".";
  return badInput(text);
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
