//===- Untouched.cpp - The model that a module was made of ----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Untouched.h"
#include "Compress/IR/Compress.h"
#include "Compress/Transforms/Reference.h"
#include "compress/Formats/Safetensors.h"
#include "compress/Support/Text.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace mlir::compress;
namespace formats = compresslib::formats;

namespace {
/// Sentences of which a message has room for a few.
class Problems {
public:
  explicit Problems(compresslib::ErrorKind kind) : kind(kind) {}
  void add(std::string text, compresslib::ErrorKind of) {
    if (count++ < 5)
      first += (first.empty() ? "" : "; ") + text;
    // What is gone weighs more than what is changed.
    if (of == compresslib::ErrorKind::Environment)
      kind = of;
  }
  bool any() const { return count != 0; }
  compresslib::Error error(StringRef path) const {
    std::string text = "The untouched model of '" +
                       compresslib::printable(path, 400) +
                       "' is not what its weights' origins say: " + first;
    if (count > 5)
      text += "; and " + std::to_string(count - 5) + " more";
    return {kind, text + ". Restore it, or name the model to measure against "
                         "with --base MODEL (--base none measures alone)."};
  }

private:
  compresslib::ErrorKind kind;
  std::string first;
  size_t count = 0;
};
} // namespace

compresslib::Expected<std::string>
mlir::compress::findUntouchedModel(ModuleOp module, StringRef path) {
  std::string base = compresslib::parentFolder(path.str());
  llvm::StringMap<std::optional<formats::SafetensorsFile>> files;
  Problems problems(compresslib::ErrorKind::BadInput);
  bool isCompressed = false;
  for (WeightOp weight : module.getOps<WeightOp>()) {
    OriginAttr origin = weight.getOriginAttr();
    if (!origin || origin.getFile().empty()) {
      isCompressed |= !isAtOrigin(weight);
      continue;
    }
    std::string file = compresslib::joinPath(base, origin.getFile().str());
    auto [it, isNew] = files.try_emplace(file);
    if (isNew) {
      auto opened = formats::SafetensorsFile::open(file);
      if (opened)
        it->second = std::move(*opened);
      else
        problems.add(StringRef(opened.error().message).rtrim('.').str(),
                     opened.error().kind);
    }
    if (!it->second)
      continue;
    std::string tensor = origin.getTensor().str();
    std::string name = "tensor '" + compresslib::printable(tensor) + "' of '" +
                       compresslib::printable(file, 400) + "' ";
    const formats::SafetensorsTensor *found = it->second->find(tensor);
    if (!found) {
      problems.add(name + "is no longer there",
                   compresslib::ErrorKind::BadInput);
      continue;
    }
    std::string hash =
        llvm::utohexstr(llvm::xxh3_64bits(ArrayRef<uint8_t>(
                            found->data.data(), found->data.size())),
                        /*LowerCase=*/true, /*Width=*/16);
    if (hash != origin.getHash())
      problems.add(name + "has other bytes than when the module was made",
                   compresslib::ErrorKind::BadInput);
  }
  if (problems.any())
    return problems.error(path);
  std::string folder;
  for (const auto &file : files) {
    std::string other = compresslib::parentFolder(file.getKey().str());
    if (!folder.empty() && other != folder) {
      problems.add("they name files of several folders, such as '" +
                       compresslib::printable(folder, 400) + "' and '" +
                       compresslib::printable(other, 400) + "'",
                   compresslib::ErrorKind::BadInput);
      return problems.error(path);
    }
    folder = other;
  }
  if (folder.empty() && isCompressed)
    return compresslib::badInput(
        "The weights of '" + compresslib::printable(path, 400) +
        "' are compressed and name no file that they are from. Name the model "
        "to measure against with --base MODEL (--base none measures alone).");
  return folder;
}
