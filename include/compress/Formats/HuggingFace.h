//===- HuggingFace.h - A model folder as Hugging Face has it -----*- C++
//-*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// config.json, generation_config.json, one model.safetensors or the shards of
// a model.safetensors.index.json, tokenizer.json, tokenizer_config.json. All of
// them are untrusted: they are regular files that lie in the folder, or files
// of a Hugging Face cache that its links name (snapshots/<revision>/<name> ->
// ../../blobs/<hash>). What is wrong is said all at once.
//
// A shard may be no hard link, as the index, an untrusted text, chooses its
// name. The names above are the format's: a hard link of theirs was made by who
// owns the folder (`cp -al`, a store without duplicates), and is taken.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_FORMATS_HUGGINGFACE_H
#define COMPRESS_FORMATS_HUGGINGFACE_H

#include "compress/Formats/Safetensors.h"
#include "compress/Formats/TokenizerJson.h"
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

/// A checked LlamaForCausalLM configuration: all sizes are positive and they
/// and their products within bounds, heads is a multiple of kvHeads, headDim is
/// even.
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
/// spellings. A number out of the range in which the f32 mathematics is finite
/// and meaningful is refused, and so is a key that is not known to be harmless:
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
  /// with its shape and a float type, that none is there beside them, and that
  /// every token has a row of the embedding. A tied model may carry an
  /// lm_head.weight equal to its embedding, byte for byte.
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
  /// The configurations byte for byte, which are JSON objects; empty if the
  /// folder has none.
  const std::string &configText() const { return configText_; }
  const std::string &generationConfigText() const { return generationText_; }
  const std::string &tokenizerConfigText() const {
    return tokenizerConfigText_;
  }
  /// None if the folder has none.
  const std::optional<TokenizerFile> &tokenizer() const { return tokenizer_; }

private:
  HuggingFaceModel() = default;
  Status openShards();
  /// The tensors against the configuration; `tokenizer` is said with it.
  Status check(const Status &tokenizer);
  std::string folder_, configText_, generationText_, tokenizerConfigText_;
  LlamaConfig config_;
  std::optional<TokenizerFile> tokenizer_;
  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  std::unordered_map<std::string, const SafetensorsTensor *> byName_;
  std::vector<const SafetensorsTensor *> tensors_;
};

/// Opens the file that an untrusted text names inside `folder`, for reading: a
/// relative path without "..", no hard link, no symbolic link that leaves the
/// folder but those of a Hugging Face cache. BadInput otherwise; `namedBy` is
/// for the message.
Expected<MappedFile> openBeneath(const std::string &folder,
                                 const std::string &name,
                                 const std::string &namedBy);

/// The same for a name that the format fixes: none if there is no such file,
/// and hard links are taken.
Expected<std::optional<MappedFile>> openOfFormat(const std::string &folder,
                                                 const std::string &name);

} // namespace formats
} // namespace compresslib

#endif // COMPRESS_FORMATS_HUGGINGFACE_H
