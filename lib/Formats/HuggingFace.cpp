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

static Expected<json::Value> readJsonFile(const std::string &path,
                                          std::string *text = nullptr) {
  Expected<std::string> content = readFile(path, 64 << 20);
  if (!content)
    return content.error();
  Expected<json::Value> value = json::read(*content, path);
  if (text)
    *text = std::move(*content);
  return value;
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
  std::string configPath = joinPath(folder, "config.json");
  if (!exists(configPath))
    return badInput(where + " holds no config.json; name the folder of a "
                            "Hugging Face model.");
  Expected<json::Value> config = readJsonFile(configPath, &model.configText_);
  if (!config)
    return config.error();
  std::string generationPath = joinPath(folder, "generation_config.json");
  std::optional<json::Value> generation;
  if (exists(generationPath)) {
    Expected<json::Value> value = readJsonFile(generationPath);
    if (!value)
      return value.error();
    generation = std::move(*value);
  }
  Expected<LlamaConfig> llama = parseLlamaConfig(
      *config, configPath, generation ? &*generation : nullptr, generationPath);
  if (!llama)
    return llama.error();
  model.config_ = std::move(*llama);
  for (auto [name, path] :
       {std::make_pair("tokenizer.json", &model.tokenizerJsonPath_),
        std::make_pair("tokenizer_config.json", &model.tokenizerConfigPath_)})
    if (std::string candidate = joinPath(folder, name); exists(candidate))
      *path = candidate;
  if (Status opened = model.openShards(); !opened)
    return opened.error();
  if (Status checked = model.checkTensors(); !checked)
    return checked.error();
  return model;
}

Status HuggingFaceModel::openShards() {
  std::string single = joinPath(folder_, "model.safetensors");
  std::string indexPath = joinPath(folder_, "model.safetensors.index.json");
  if (exists(single)) {
    Expected<SafetensorsFile> file = SafetensorsFile::open(single);
    if (!file)
      return file.error();
    files_.push_back(std::make_unique<SafetensorsFile>(std::move(*file)));
    for (const SafetensorsTensor &tensor : files_[0]->tensors())
      byName_.emplace(tensor.name, &tensor);
    return {};
  }
  std::string where = "'" + printable(indexPath, 400) + "'";
  if (!exists(indexPath)) {
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
  Expected<json::Value> index = readJsonFile(indexPath);
  if (!index)
    return index.error();
  const json::Value *map = index->find("weight_map");
  if (!map || !map->isObject())
    return badInput(where + ": expected \"weight_map\" as an object, found " +
                    (map ? map->kindName() : "none") + ".");
  std::unordered_map<std::string, size_t> shards;
  std::vector<std::string> problems;
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
      problems.push_back("tensor '" + printable(tensor) + "' is not in '" +
                         printable(*shard.getString()) + "'");
  }
  for (const auto &file : files_)
    for (const SafetensorsTensor &tensor : file->tensors()) {
      auto found = byName_.find(tensor.name);
      if (found == byName_.end() || found->second != &tensor)
        problems.push_back("tensor '" + printable(tensor.name) + "' of '" +
                           printable(file->path(), 400) +
                           "' is not in the index under that file");
    }
  if (problems.empty())
    return {};
  std::string text = where + " disagrees with its files: ";
  size_t shown = std::min<size_t>(problems.size(), 50);
  for (size_t i = 0; i < shown; ++i)
    text += (i ? "; " : "") + problems[i];
  if (shown < problems.size())
    text += "; and " + std::to_string(problems.size() - shown) + " more";
  return badInput(text + ".");
}

Status HuggingFaceModel::checkTensors() {
  std::vector<std::string> problems;
  std::vector<std::string> missing;
  std::unordered_map<std::string, bool> wanted;
  auto check = [&](const SafetensorsTensor &tensor,
                   const std::vector<int64_t> &shape) {
    if (tensor.shape != shape)
      problems.push_back("tensor '" + printable(tensor.name) + "' has shape " +
                         shapeText(tensor.shape) + ", the config says " +
                         shapeText(shape));
    if (!isFloat(tensor.dtype))
      problems.push_back("tensor '" + printable(tensor.name) + "' is of type " +
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
    problems.push_back(text);
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
      problems.push_back(
          "tie_word_embeddings is true, but 'lm_head.weight' differs from "
          "'model.embed_tokens.weight' (set it to false to keep both)");
  }
  std::vector<std::string> extra;
  for (const auto &file : files_)
    for (const SafetensorsTensor &tensor : file->tensors()) {
      const std::string suffix = ".rotary_emb.inv_freq";
      // Old checkpoints store the frequencies, which the config gives.
      bool derived = tensor.name.size() > suffix.size() &&
                     tensor.name.compare(tensor.name.size() - suffix.size(),
                                         suffix.size(), suffix) == 0;
      if (!derived && !wanted.count(tensor.name))
        extra.push_back(tensor.name);
    }
  for (const std::string &name : extra)
    problems.push_back("tensor '" + printable(name) +
                       "' belongs to no part of the model");
  if (problems.empty())
    return {};
  std::string text = "The tensors in '" + printable(folder_, 400) +
                     "' do not fit its config.json: ";
  size_t shown = std::min<size_t>(problems.size(), 50);
  for (size_t i = 0; i < shown; ++i)
    text += (i ? "; " : "") + problems[i];
  if (shown < problems.size())
    text += "; and " + std::to_string(problems.size() - shown) + " more";
  return badInput(text + ".");
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
