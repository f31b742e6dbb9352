//===- LlamaConfigKeys.cpp - What keys of a config.json mean --------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "LlamaConfigKeys.h"

#include <algorithm>
#include <cstdlib>

namespace compresslib {
namespace formats {

// Where transformers reads a null as the key's absence, null is a value too.
static const FixedKey fixed[] = {
    {"hidden_act", "\"silu\" \"swish\""},
    {"attention_bias", "false null"},
    {"mlp_bias", "false null"},
    {"is_causal", "true"},
    {"partial_rotary_factor", "1 null"},
    {"rope_interleaved", "false null"},
    {"sliding_window", "null false"},
    {"use_sliding_window", "false null"},
    {"attention_chunk_size", "null"},
    {"num_kv_shared_layers", "0 null"},
    {"kv_sharing_modes", "null {} []"},
    {"per_layer_config", "null {}"},
    {"is_encoder_decoder", "false null"},
    {"add_cross_attention", "false null"},
    {"cross_attention_hidden_size", "null"},
    {"tie_encoder_decoder", "false null"},
    {"pruned_heads", "{} null"},
    {"quantization_config", "null {}",
     "; import the model as it was before quantisation"},
};

// transformers 4.57 and 5: what PretrainedConfig and GenerationConfig write
// beside the model's own keys, and what else stands in published folders.
static const char *const harmless[] = {
    // Bookkeeping.
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_commit_hash",
    "_flash_attn_2_enabled",
    "_from_model_config",
    "_name_or_path",
    "attn_implementation",
    "dtype",
    "finetuning_task",
    "id2label",
    "is_decoder",
    "is_llama_config",
    "label2id",
    "license",
    "max_sequence_length",
    "model_max_length",
    "name_or_path",
    "num_labels",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "prefix",
    "pretraining_tp",
    "problem_type",
    "return_dict",
    "task_specific_params",
    "tie_last_hidden_states",
    "tokenizer_class",
    "torch_dtype",
    "torchscript",
    "transformers.js_config",
    "transformers_version",
    "unsloth_fixed",
    "unsloth_version",
    "use_cache",
    "use_return_dict",
    // Training, and how a product is split.
    "attention_dropout",
    "chunk_size_feed_forward",
    "embd_pdrop",
    "gradient_checkpointing",
    "hidden_dropout",
    "initializer_range",
    "resid_pdrop",
    "tf_legacy_loss",
    "use_bfloat16",
    // Tokens that the network does not know of.
    "decoder_start_token_id",
    "sep_token_id",
    "unk_token_id",
    // Generation.
    "assistant_confidence_threshold",
    "assistant_early_exit",
    "assistant_lookbehind",
    "bad_words_ids",
    "begin_suppress_tokens",
    "cache_config",
    "cache_implementation",
    "compile_config",
    "constraints",
    "disable_compile",
    "diversity_penalty",
    "do_sample",
    "dola_layers",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "encoder_repetition_penalty",
    "epsilon_cutoff",
    "eta_cutoff",
    "exponential_decay_length_penalty",
    "force_words_ids",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "guidance_scale",
    "length_penalty",
    "low_memory",
    "max_length",
    "max_matching_ngram_size",
    "max_new_tokens",
    "max_time",
    "min_length",
    "min_new_tokens",
    "min_p",
    "no_repeat_ngram_size",
    "num_assistant_tokens",
    "num_assistant_tokens_schedule",
    "num_beam_groups",
    "num_beams",
    "num_return_sequences",
    "output_logits",
    "output_scores",
    "penalty_alpha",
    "prefill_chunk_size",
    "prompt_lookup_num_tokens",
    "remove_invalid_values",
    "renormalize_logits",
    "repetition_penalty",
    "return_dict_in_generate",
    "return_legacy_cache",
    "sequence_bias",
    "stop_strings",
    "suppress_tokens",
    "target_lookbehind",
    "temperature",
    "token_healing",
    "top_h",
    "top_k",
    "top_p",
    "typical_p",
    "watermarking_config",
};

Span<const FixedKey> fixedKeys() { return fixed; }

bool isHarmlessKey(std::string_view name) {
  return std::any_of(std::begin(harmless), std::end(harmless),
                     [&](const char *key) { return name == key; });
}

/// Calls `visit` with each of the values in JSON.
template <typename Visit>
static void forEachValue(const char *values, Visit visit) {
  std::string_view rest = values;
  while (!rest.empty()) {
    size_t end = std::min(rest.find(' '), rest.size());
    visit(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

static bool isSpelled(const json::Value &value, std::string_view spelling) {
  if (const bool *truth = value.getBool())
    return spelling == (*truth ? "true" : "false");
  if (const std::string *text = value.getString())
    return spelling == json::quote(*text);
  if (const json::Array *array = value.getArray())
    return array->empty() && spelling == "[]";
  if (const json::Object *object = value.getObject())
    return object->empty() && spelling == "{}";
  if (std::optional<double> number = value.getNumber())
    return spelling[0] >= '0' && spelling[0] <= '9' &&
           *number == std::strtod(std::string(spelling).c_str(), nullptr);
  return spelling == "null";
}

bool isAllowed(const FixedKey &key, const json::Value &value) {
  bool found = false;
  forEachValue(key.values, [&](std::string_view spelling) {
    found |= isSpelled(value, spelling);
  });
  return found;
}

std::string allowedText(const FixedKey &key) {
  std::string text;
  forEachValue(key.values, [&](std::string_view spelling) {
    text += (text.empty() ? "" : " or ") + std::string(spelling);
  });
  return text;
}

} // namespace formats
} // namespace compresslib
