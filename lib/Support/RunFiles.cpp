//===- RunFiles.cpp - What a run reads and writes -------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Support/RunFiles.h"

#include "FileKind.h"
#include "RunFilesInternal.h"
#include "compress/Support/Files.h"

#include <mutex>
#include <optional>
#include <tuple>

using namespace compresslib;

namespace {
/// What makes two paths one file: device and inode, or, of a file that is yet
/// to be made, those of its folder and its name.
struct Identity {
  dev_t device;
  ino_t inode;
  std::string name;
  bool operator==(const Identity &other) const {
    return std::tie(device, inode, name) ==
           std::tie(other.device, other.inode, other.name);
  }
};
struct Input {
  std::string path;
  Identity identity;
};
} // namespace

static std::optional<Identity> identify(std::string path) {
  struct stat status;
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  if (stat(path.c_str(), &status) == 0)
    return Identity{status.st_dev, status.st_ino, ""};
  if (stat(parentFolder(path).c_str(), &status) != 0)
    return std::nullopt;
  size_t slash = path.find_last_of('/');
  return Identity{status.st_dev, status.st_ino,
                  slash == std::string::npos ? path : path.substr(slash + 1)};
}

static std::mutex mutex;
static std::vector<Input> inputsOfRun;

std::string compresslib::inputOfRun(const struct stat &status) {
  Identity identity{status.st_dev, status.st_ino, ""};
  std::lock_guard<std::mutex> lock(mutex);
  for (const Input &input : inputsOfRun)
    if (input.identity == identity)
      return input.path;
  return "";
}

Status compresslib::declareRun(const RunFiles &files) {
  std::optional<Identity> inPlace;
  if (!files.inPlace.empty())
    inPlace = identify(files.inPlace);
  std::vector<Input> inputs, outputs;
  for (const std::string &path : files.inputs)
    if (std::optional<Identity> identity = identify(path);
        identity && identity->name.empty() && !(identity == inPlace))
      inputs.push_back({path, *identity});
  {
    std::lock_guard<std::mutex> lock(mutex);
    inputsOfRun = inputs;
  }

  for (const std::string &path : files.newFolders)
    if (std::optional<Identity> identity = identify(path))
      outputs.push_back({path, *identity});
  std::vector<std::string> problems;
  for (const std::string &path : files.outputs) {
    // AtomicFile refuses inputs, folders, devices and what cannot be written.
    if (Status made = AtomicFile::create(path).status(); !made) {
      problems.push_back(made.error().message);
      continue;
    }
    std::optional<Identity> identity = identify(path);
    if (!identity)
      continue;
    for (const Input &other : outputs)
      if (other.identity == *identity)
        problems.push_back("The outputs " + quoted(other.path) + " and " +
                           quoted(path) + " are one file; name two.");
    outputs.push_back({path, *identity});
  }
  if (problems.empty())
    return {};
  std::string text;
  constexpr size_t shown = 8;
  for (size_t i = 0; i < problems.size() && i < shown; ++i)
    text += (i ? " " : "") + problems[i];
  if (problems.size() > shown)
    text += " And " + std::to_string(problems.size() - shown) + " more.";
  return environmentError(text);
}
