//===- HuggingFace.h - A model folder as Hugging Face has it -----*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// config.json, generation_config.json, one model.safetensors or the shards of
// a model.safetensors.index.json, tokenizer.json. All of them are untrusted.
// What is wrong is said all at once.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_FORMATS_HUGGINGFACE_H
#define COMPRESS_FORMATS_HUGGINGFACE_H

#include "compress/Formats/Safetensors.h"
#include "compress/Support/Json.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace compresslib {
namespace formats {

/// The rescaling of Llama 3.1's rotary frequencies.
struct Llama3Rope {
  double factor = 0;
  double lowFreqFactor = 0;
  double highFreqFactor = 0;
  int64_t originalMaxPosition = 0;
};

/// A checked LlamaForCausalLM configuration: all sizes are positive and within
/// bounds, heads is a multiple of kvHeads, headDim is even.
struct LlamaConfig {
  int64_t hiddenSize = 0;
  int64_t intermediateSize = 0;
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t kvHeads = 0;
  int64_t headDim = 0;
  int64_t vocabularySize = 0;
  int64_t maxPosition = 0;
  double rmsNormEpsilon = 0;
  double ropeTheta = 0;
  std::optional<Llama3Rope> llama3Rope; ///< none: the default rotary
  std::string hiddenAct;                ///< always "silu"
  bool tieWordEmbeddings = false;
  std::optional<int64_t> bosId;
  std::vector<int64_t> eosIds; ///< generation_config.json's list wins

  /// Rotary angles a position, [headDim / 2], as transformers computes them
  /// (in double, rounded once).
  std::vector<float> inverseFrequencies() const;
};

/// Reads both transformers 4 (rope_theta, rope_scaling) and 5 (rope_parameters)
/// spellings. A key that is not known and not null, false or empty is refused:
/// it might change the mathematics. `generation` may be null.
Expected<LlamaConfig> parseLlamaConfig(const json::Value &config,
                                       const std::string &path,
                                       const json::Value *generation,
                                       const std::string &generationPath);

/// The tensors a model of that configuration has.
struct ExpectedTensor {
  std::string name;
  std::vector<int64_t> shape;
};
std::vector<ExpectedTensor> llamaTensors(const LlamaConfig &config);

class HuggingFaceModel {
public:
  /// `folder` holds config.json. Checks that every tensor of the model is there
  /// with its shape and a float type, and that none is there beside them.
  /// A tied model may carry an lm_head.weight equal to its embedding, byte for
  /// byte.
  static Expected<HuggingFaceModel> open(const std::string &folder);

  const std::string &folder() const { return folder_; }
  const LlamaConfig &config() const { return config_; }
  /// The tensors of llamaTensors(config()), in that order.
  const std::vector<const SafetensorsTensor *> &tensors() const {
    return tensors_;
  }
  const SafetensorsTensor *find(const std::string &name) const;
  const std::vector<std::unique_ptr<SafetensorsFile>> &files() const {
    return files_;
  }
  /// The file that holds a tensor of this model.
  const SafetensorsFile &fileOf(const SafetensorsTensor &tensor) const;
  /// config.json, byte for byte.
  const std::string &configText() const { return configText_; }
  /// Empty if the folder has none.
  const std::string &tokenizerJsonPath() const { return tokenizerJsonPath_; }
  const std::string &tokenizerConfigPath() const {
    return tokenizerConfigPath_;
  }

private:
  HuggingFaceModel() = default;
  Status openShards();
  Status checkTensors();
  std::string folder_, configText_, tokenizerJsonPath_, tokenizerConfigPath_;
  LlamaConfig config_;
  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  std::unordered_map<std::string, const SafetensorsTensor *> byName_;
  std::vector<const SafetensorsTensor *> tensors_;
};

/// Opens the file that an untrusted text names inside `folder`, for reading: a
/// relative path without "..", no hard link, no symbolic link that leaves the
/// folder but those of a Hugging Face cache (snapshots/<revision>/<name> ->
/// ../../blobs/<hash>). BadInput otherwise; `namedBy` is for the message.
Expected<MappedFile> openBeneath(const std::string &folder,
                                 const std::string &name,
                                 const std::string &namedBy);

} // namespace formats
} // namespace compresslib

#endif // COMPRESS_FORMATS_HUGGINGFACE_H
