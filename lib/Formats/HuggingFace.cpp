//===- HuggingFace.cpp - A model folder as Hugging Face lays it out -------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/HuggingFace.h"

#include "compress/Support/Text.h"

#include <algorithm>
#include <cstring>
#include <sys/stat.h>

namespace compresslib {
namespace formats {

static bool exists(const std::string &path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0;
}

namespace {
struct JsonFile {
  std::string text;
  json::Value value;
};
} // namespace

/// A small file of the folder; none if there is no such file.
static Expected<std::optional<MappedFile>>
openSmall(const std::string &folder, const char *name, uint64_t limit) {
  Expected<std::optional<MappedFile>> file = openOfFormat(folder, name);
  if (file && *file && (*file)->size() > limit)
    return badInput("'" + printable((*file)->path(), 400) + "' has " +
                    humanSize((*file)->size()) + ", more than the " +
                    humanSize(limit) + " that are accepted here.");
  return file;
}

/// The JSON object in a file of the folder; none if there is no such file.
static Expected<std::optional<JsonFile>>
readJson(const std::string &folder, const char *name, uint64_t limit) {
  Expected<std::optional<MappedFile>> file = openSmall(folder, name, limit);
  if (!file)
    return file.error();
  if (!*file)
    return std::optional<JsonFile>();
  const std::string &path = (*file)->path();
  std::string where = "'" + printable(path, 400) + "'";
  JsonFile read;
  read.text = asText((*file)->bytes());
  Expected<json::Value> value = json::read(read.text, path);
  if (!value)
    return value.error();
  if (!value->isObject())
    return badInput(where + " holds " + value->kindName() +
                    ", expected a JSON object.");
  read.value = std::move(*value);
  return std::optional<JsonFile>(std::move(read));
}

Expected<HuggingFaceModel> HuggingFaceModel::open(const std::string &folder) {
  HuggingFaceModel model;
  model.folder_ = folder;
  struct stat status;
  std::string where = "'" + printable(folder, 400) + "'";
  if (stat(folder.c_str(), &status) != 0)
    return environmentError("Cannot open the model folder " + where + ": " +
                            std::strerror(errno) + ".");
  if (!S_ISDIR(status.st_mode))
    return badInput(where + " is no folder; name the folder that holds "
                            "config.json and model.safetensors.");
  constexpr uint64_t limit = 16 << 20;
  Expected<std::optional<JsonFile>> config =
      readJson(folder, "config.json", limit);
  if (!config)
    return config.error();
  if (!*config)
    return badInput(where + " holds no config.json; name the folder of a "
                            "Hugging Face model.");
  Expected<std::optional<JsonFile>> generation =
      readJson(folder, "generation_config.json", limit);
  if (!generation)
    return generation.error();
  Expected<std::optional<JsonFile>> tokenizerConfig =
      readJson(folder, "tokenizer_config.json", limit);
  if (!tokenizerConfig)
    return tokenizerConfig.error();
  Expected<LlamaConfig> llama =
      parseLlamaConfig((*config)->value, joinPath(folder, "config.json"),
                       *generation ? &(*generation)->value : nullptr,
                       joinPath(folder, "generation_config.json"));
  if (!llama)
    return llama.error();
  model.config_ = std::move(*llama);
  model.configText_ = std::move((*config)->text);
  if (*generation)
    model.generationText_ = std::move((*generation)->text);
  if (*tokenizerConfig)
    model.tokenizerConfigText_ = std::move((*tokenizerConfig)->text);
  Expected<std::optional<MappedFile>> tokenizer =
      openSmall(folder, "tokenizer.json", 256 << 20);
  if (!tokenizer)
    return tokenizer.error();
  Status tokenizerStatus;
  if (*tokenizer) {
    Expected<TokenizerFile> parsed =
        parseTokenizerJson(asText((*tokenizer)->bytes()), (*tokenizer)->path(),
                           model.config_.vocabularySize);
    tokenizerStatus = parsed.status();
    if (parsed)
      model.tokenizer_ = std::move(*parsed);
  }
  if (Status opened = model.openShards(); !opened)
    return opened.error();
  if (Status checked = model.check(tokenizerStatus); !checked)
    return checked.error();
  return model;
}

Status HuggingFaceModel::openShards() {
  Expected<std::optional<MappedFile>> single =
      openOfFormat(folder_, "model.safetensors");
  if (!single)
    return single.error();
  if (*single) {
    Expected<SafetensorsFile> file =
        SafetensorsFile::fromMapped(std::move(**single));
    if (!file)
      return file.error();
    files_.push_back(std::make_unique<SafetensorsFile>(std::move(*file)));
    for (const SafetensorsTensor &tensor : files_[0]->tensors())
      byName_.emplace(tensor.name, &tensor);
    return {};
  }
  const char *indexName = "model.safetensors.index.json";
  std::string indexPath = joinPath(folder_, indexName);
  std::string where = "'" + printable(indexPath, 400) + "'";
  Expected<std::optional<JsonFile>> index =
      readJson(folder_, indexName, 64 << 20);
  if (!index)
    return index.error();
  if (!*index) {
    std::string text = "'" + printable(folder_, 400) +
                       "' holds neither model.safetensors nor "
                       "model.safetensors.index.json.";
    for (const char *pickle :
         {"pytorch_model.bin", "pytorch_model.bin.index.json"})
      if (exists(joinPath(folder_, pickle)))
        text += " It holds a " + std::string(pickle) +
                ": pickles run code when opened and are never read; convert "
                "the model to safetensors.";
    return badInput(text);
  }
  const json::Value *map = (*index)->value.find("weight_map");
  if (!map || !map->isObject())
    return badInput(where + ": expected \"weight_map\" as an object, found " +
                    (map ? map->kindName() : "none") + ".");
  std::unordered_map<std::string, size_t> shards;
  Problems problems;
  for (const auto &[tensor, shard] : *map->getObject()) {
    if (!shard.isString())
      return badInput(where + ": the file of tensor '" + printable(tensor) +
                      "' is " + shard.kindName() + ", expected a string.");
    auto [at, isNew] = shards.emplace(*shard.getString(), files_.size());
    if (!isNew)
      continue;
    if (files_.size() >= 4096)
      return badInput(where + " names more than 4096 files.");
    Expected<MappedFile> mapped =
        openBeneath(folder_, *shard.getString(), indexPath);
    if (!mapped)
      return mapped.error();
    Expected<SafetensorsFile> file =
        SafetensorsFile::fromMapped(std::move(*mapped));
    if (!file)
      return file.error();
    files_.push_back(std::make_unique<SafetensorsFile>(std::move(*file)));
  }
  for (const auto &[tensor, shard] : *map->getObject()) {
    const SafetensorsFile &file = *files_[shards[*shard.getString()]];
    if (const SafetensorsTensor *found = file.find(tensor))
      byName_.emplace(tensor, found);
    else
      problems.add("tensor '" + printable(tensor) + "' is not in '" +
                   printable(*shard.getString()) + "'");
  }
  for (const auto &file : files_)
    for (const SafetensorsTensor &tensor : file->tensors()) {
      auto found = byName_.find(tensor.name);
      if (found == byName_.end() || found->second != &tensor)
        problems.add("tensor '" + printable(tensor.name) + "' of '" +
                     printable(file->path(), 400) +
                     "' is not in the index under that file");
    }
  if (problems.empty())
    return {};
  return badInput(where + " disagrees with its files: " + problems.text() +
                  ".");
}

Status HuggingFaceModel::check(const Status &tokenizer) {
  Problems problems;
  std::vector<std::string> missing;
  std::unordered_map<std::string, bool> wanted;
  auto check = [&](const SafetensorsTensor &tensor,
                   const std::vector<int64_t> &shape) {
    if (tensor.shape != shape)
      problems.add("tensor '" + printable(tensor.name) + "' has shape " +
                   shapeText(tensor.shape) + ", the config says " +
                   shapeText(shape));
    if (!isFloat(tensor.dtype))
      problems.add("tensor '" + printable(tensor.name) + "' is of type " +
                   dtypeName(tensor.dtype) +
                   ", expected F64, F32, F16 or BF16");
  };
  for (const ExpectedTensor &expected : llamaTensors(config_)) {
    wanted.emplace(expected.name, true);
    auto found = byName_.find(expected.name);
    if (found == byName_.end()) {
      missing.push_back(expected.name);
      continue;
    }
    check(*found->second, expected.shape);
    tensors_.push_back(found->second);
  }
  for (const std::string &name : missing) {
    std::string text = "tensor '" + name + "' is missing";
    if (name == "lm_head.weight")
      text += " (set tie_word_embeddings to true if the output head is the "
              "embedding)";
    problems.add(text);
  }
  auto head = byName_.find("lm_head.weight");
  if (config_.tieWordEmbeddings && head != byName_.end()) {
    auto embedding = byName_.find("model.embed_tokens.weight");
    wanted.emplace("lm_head.weight", true);
    bool same =
        embedding != byName_.end() &&
        embedding->second->dtype == head->second->dtype &&
        embedding->second->shape == head->second->shape &&
        (head->second->data.empty() ||
         std::memcmp(embedding->second->data.data(), head->second->data.data(),
                     head->second->data.size()) == 0);
    if (!same)
      problems.add(
          "tie_word_embeddings is true, but 'lm_head.weight' differs from "
          "'model.embed_tokens.weight' (set it to false to keep both)");
  }
  for (const auto &file : files_)
    for (const SafetensorsTensor &tensor : file->tensors()) {
      const std::string suffix = ".rotary_emb.inv_freq";
      // Old checkpoints store the frequencies, which the config gives.
      bool derived = tensor.name.size() > suffix.size() &&
                     tensor.name.compare(tensor.name.size() - suffix.size(),
                                         suffix.size(), suffix) == 0;
      if (!derived && !wanted.count(tensor.name))
        problems.add("tensor '" + printable(tensor.name) +
                     "' belongs to no part of the model");
    }
  std::string text;
  if (!problems.empty())
    text = "The tensors in '" + printable(folder_, 400) +
           "' do not fit its config.json: " + problems.text() + ".";
  if (!tokenizer)
    text += (text.empty() ? "" : "\n") + tokenizer.error().message;
  if (text.empty())
    return {};
  return badInput(text);
}

const SafetensorsTensor *HuggingFaceModel::find(const std::string &name) const {
  auto found = byName_.find(name);
  return found == byName_.end() ? nullptr : found->second;
}

const SafetensorsFile &
HuggingFaceModel::fileOf(const SafetensorsTensor &tensor) const {
  for (const auto &file : files_)
    if (file->find(tensor.name) == &tensor)
      return *file;
  assert(false && "a tensor of another model");
  return *files_.front();
}

} // namespace formats
} // namespace compresslib
