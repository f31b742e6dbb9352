//===- DeclareFiles.cpp - What each command reads and writes --------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Compress/Transforms/Passes.h"
#include "compress/Formats/ModelFiles.h"
#include "compress/Support/Files.h"
#include "compress_runtime/Payload.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::compress;
using compresslib::RunFiles;
using compresslib::Status;

/// Undoes the escapes of a string in a module's text.
static std::string unescape(StringRef text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size() &&
        llvm::isHexDigit(text[i + 1]) && llvm::isHexDigit(text[i + 2])) {
      plain += char(llvm::hexFromNibbles(text[i + 1], text[i + 2]));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

/// The files that a module names: its side-car and the origins of its weights.
/// A string of text ends at quotation marks, one of bytecode at NULs.
static std::vector<std::string> getNamedFiles(const std::string &module) {
  std::vector<std::string> files;
  compresslib::Expected<compresslib::MappedFile> file =
      compresslib::MappedFile::open(module);
  if (!file)
    return files;
  StringRef bytes(reinterpret_cast<const char *>(file->data()), file->size());
  constexpr StringLiteral ending = ".safetensors";
  llvm::StringSet<> seen;
  for (size_t at = 0; (at = bytes.find(ending, at)) != StringRef::npos;) {
    at += ending.size();
    size_t begin = at;
    while (begin > 0 && uint8_t(bytes[begin - 1]) >= ' ' &&
           bytes[begin - 1] != '"')
      --begin;
    std::string path = compresslib::joinPath(compresslib::parentFolder(module),
                                             unescape(bytes.slice(begin, at)));
    if (seen.insert(path).second && llvm::sys::fs::exists(path))
      files.push_back(path);
  }
  return files;
}

std::vector<std::string>
mlir::compress::getModelFiles(const std::string &path) {
  if (llvm::sys::fs::is_directory(path))
    return compresslib::formats::modelFiles(path);
  std::vector<std::string> files = {path};
  if (StringRef(path).contains(".mlir"))
    llvm::append_range(files, getNamedFiles(path));
  return files;
}

void mlir::compress::addPassOutputs(const OpPassManager &passes,
                                    RunFiles &files) {
  for (const Pass &pass : passes)
    if (auto *known = CompressionPass::get(pass))
      if (StringRef file = known->getOutputFile(); !file.empty())
        files.outputs.push_back(file.str());
}

static void addModel(const std::string &path, RunFiles &files) {
  if (!path.empty())
    llvm::append_range(files.inputs, getModelFiles(path));
}

static void addFile(const std::string &path, std::vector<std::string> &files) {
  if (!path.empty())
    files.push_back(path);
}

/// A recipe's own file, and what its passes write.
static Status addRecipe(const std::string &text, RunFiles &files) {
  if (text.empty())
    return {};
  files.inputs.push_back(text);
  compresslib::Expected<Recipe> recipe = parseRecipe(text);
  if (!recipe)
    return recipe.error();
  for (const RecipeStep &step : recipe->steps) {
    OpPassManager passes(ModuleOp::getOperationName());
    if (succeeded(parsePassPipeline(step.pipeline, passes, llvm::nulls())))
      addPassOutputs(passes, files);
  }
  return {};
}

/// The kept steps of a former run are inputs.
static void addResumeFolder(const std::string &folder, RunFiles &files) {
  if (folder.empty())
    return;
  if (!llvm::sys::fs::exists(folder)) {
    files.newFolders.push_back(folder);
    return;
  }
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(folder, error), end;
       it != end && !error; it.increment(error))
    if (StringRef extension = llvm::sys::path::extension(it->path());
        extension == ".mlir" || extension == ".safetensors")
      files.inputs.push_back(it->path());
}

Status mlir::compress::declareFiles(const ImportArguments &arguments) {
  RunFiles files;
  addModel(arguments.input, files);
  files.outputs = {arguments.output};
  return declareRun(files);
}

Status mlir::compress::declareFiles(const EvalArguments &arguments) {
  RunFiles files;
  addModel(arguments.input, files);
  addModel(arguments.base, files);
  addFile(arguments.text, files.inputs);
  addFile(arguments.tasks, files.inputs);
  if (Status status = addRecipe(arguments.recipe, files); !status)
    return status;
  addResumeFolder(arguments.resume, files);
  return declareRun(files);
}

Status mlir::compress::declareFiles(const BuildArguments &arguments) {
  RunFiles files;
  addModel(arguments.input, files);
  if (Status status = addRecipe(arguments.recipe, files); !status)
    return status;
  if (arguments.dryRun)
    return {};
  addResumeFolder(arguments.resume, files);
  files.outputs.push_back(arguments.output);
  addFile(arguments.manifest, files.outputs);
  if (arguments.emit == "object")
    files.outputs.push_back(getHeaderOf(arguments.output));
  else if (arguments.sideCar)
    files.outputs.push_back(compresslib::rt::sideCarOf(arguments.output));
  return declareRun(files);
}
