//===- ModelFiles.cpp - The files of a model folder -----------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/ModelFiles.h"

#include "compress/Support/Files.h"
#include "compress/Support/Json.h"

#include <set>
#include <sys/stat.h>

namespace compresslib {
namespace formats {

std::vector<std::string> modelFiles(const std::string &folder) {
  std::set<std::string> files;
  auto add = [&](const std::string &name) {
    std::string path = joinPath(folder, name);
    struct stat status;
    bool exists = stat(path.c_str(), &status) == 0;
    if (exists)
      files.insert(path);
    return exists;
  };
  for (const char *name : {"config.json", "generation_config.json",
                           "tokenizer.json", "tokenizer_config.json"})
    add(name);
  const char *index = "model.safetensors.index.json";
  if (!add("model.safetensors") && add(index)) {
    Expected<std::string> text = readFile(joinPath(folder, index), 64 << 20);
    Expected<json::Value> root =
        text ? json::read(*text, index) : Expected<json::Value>(text.error());
    const json::Value *map = root ? root->find("weight_map") : nullptr;
    if (map && map->isObject())
      for (const auto &[tensor, shard] : *map->getObject())
        if (shard.isString())
          add(*shard.getString());
  }
  return {files.begin(), files.end()};
}

} // namespace formats
} // namespace compresslib
