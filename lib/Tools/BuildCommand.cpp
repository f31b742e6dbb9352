//===- BuildCommand.cpp - compress build ----------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Program.h"
#include "compress/Analysis/StoredSize.h"
#include "compress/Pipelines/Fingerprint.h"
#include "compress/Support/Files.h"
#include "compress/Support/Json.h"
#include "compress/Support/Sha256.h"
#include "compress_runtime/Payload.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::compress;
namespace rt = compresslib::rt;

namespace {
/// A folder for what is linked, removed in the end.
struct TemporaryFolder {
  SmallString<128> path;
  std::error_code error;
  TemporaryFolder() {
    error = llvm::sys::fs::createUniqueDirectory("compress-link", path);
  }
  ~TemporaryFolder() {
    if (!error)
      llvm::sys::fs::remove_directories(path);
  }
};
} // namespace

/// The files that a model is of: the folder's, or the module and its side-car.
static std::vector<std::string> getInputFiles(const std::string &input) {
  std::vector<std::string> files;
  if (!llvm::sys::fs::is_directory(input)) {
    files.push_back(input);
    return files;
  }
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(input, error), end;
       it != end && !error; it.increment(error)) {
    StringRef extension = llvm::sys::path::extension(it->path());
    if ((extension == ".json" || extension == ".safetensors") &&
        llvm::sys::fs::is_regular_file(it->path()))
      files.push_back(it->path());
  }
  llvm::sort(files);
  return files;
}

/// What went in: enough to make the same bytes again.
static compresslib::Expected<std::string>
makeManifest(const BuildArguments &arguments, ModuleOp module,
             const Recipe &recipe, const CompileOptions &options) {
  compresslib::json::Writer json;
  json.beginObject();
  json.member("version", COMPRESS_VERSION);
  json.key("inputs").beginArray();
  for (const std::string &path : getInputFiles(arguments.input)) {
    compresslib::Expected<compresslib::MappedFile> file =
        compresslib::MappedFile::open(path);
    if (!file)
      return file.error();
    json.beginObject();
    json.member("file", llvm::sys::path::filename(path).str());
    json.member("sha256", compresslib::sha256(file->bytes()));
    json.endObject();
  }
  json.endArray();
  // The side-car's name holds its hash, and the module's text its content's.
  json.member("module", getFingerprint(module));
  json.member("recipe", recipe.name);
  json.key("steps").beginArray();
  for (const RecipeStep &step : recipe.steps)
    json.value(step.pipeline);
  json.endArray();
  json.key("target").beginArray();
  for (const std::string &set : options.instructionSets)
    json.value(set);
  json.endArray();
  json.member("activations", options.activations);
  json.member("chunk", options.chunk);
  json.endObject();
  return json.text() + "\n";
}

compresslib::Status
mlir::compress::buildCommand(const BuildArguments &arguments) {
  compresslib::Expected<CompileOptions> options = getCompileOptions(
      arguments.target, arguments.activations, arguments.chunk);
  if (!options)
    return options.error();
  compresslib::Expected<Recipe> recipe = Recipe();
  if (!arguments.recipe.empty())
    recipe = parseRecipe(arguments.recipe);
  if (!recipe)
    return recipe.error();
  if (arguments.dryRun) {
    InfoArguments info;
    info.input = arguments.input;
    info.recipe = arguments.recipe;
    return infoCommand(info);
  }
  // Found out now rather than after minutes.
  if (compresslib::Expected<compresslib::AtomicFile> probe =
          compresslib::AtomicFile::create(arguments.output);
      !probe)
    return probe.error();

  ToolContext context;
  compresslib::Expected<OwningOpRef<ModuleOp>> module =
      context.load(arguments.input);
  if (!module)
    return module.error();
  compresslib::Expected<ModelFacts> facts = getModelFacts(**module);
  if (!facts)
    return facts.error();
  compresslib::Expected<std::string> manifest =
      makeManifest(arguments, **module, *recipe, *options);
  if (!manifest)
    return manifest.error();
  if (!recipe->steps.empty())
    if (compresslib::Status status =
            runRecipeOn(context, *module, *recipe, arguments.resume, nullptr);
        !status)
      return status;

  FailureOr<CompiledModel> compiled = compileModel(**module, *options);
  if (failed(compiled))
    return context.fail(
        compresslib::badInput("The model could not be compiled."));
  TemporaryFolder folder;
  if (folder.error)
    return compresslib::environmentError(
        "Cannot make a temporary folder: " + folder.error.message() + ".");
  std::string executable = (folder.path + "/program").str();
  if (compresslib::Status status = linkExecutable(*compiled, executable);
      !status)
    return context.fail(status.error());
  uint64_t executableBytes = 0;
  if (std::error_code error =
          llvm::sys::fs::file_size(executable, executableBytes))
    return compresslib::environmentError("Cannot examine '" + executable +
                                         "': " + error.message() + ".");
  compresslib::Expected<std::unique_ptr<PackedWeights>> weights =
      PackedWeights::create(context, *compiled);
  if (!weights)
    return weights.error();

  StoredSize size = getStoredSize(**module);
  rt::EdgeBinary binary;
  binary.executable = {rt::Section::ofFile(executable, 0, executableBytes)};
  binary.weights = {
      rt::Section::ofFile((*weights)->path(), 0, (*weights)->size())};
  binary.tokenizer = rt::Section::ofText(facts->tokenizer);
  binary.sideCar = arguments.sideCar;
  rt::Metadata &metadata = binary.metadata;
  metadata.name = facts->name;
  metadata.recipe = recipe->name;
  metadata.manifest = compresslib::sha256(
      {reinterpret_cast<const uint8_t *>(manifest->data()), manifest->size()});
  metadata.version = COMPRESS_VERSION;
  metadata.target = getMachine(options->instructionSets.front()).triple;
  metadata.parameters = uint64_t(facts->parameters);
  metadata.bytes = uint64_t(size.bytes);
  metadata.endTokens = facts->endTokens;
  metadata.rebuild =
      "compress build " + arguments.input +
      (arguments.recipe.empty() ? "" : " --recipe '" + arguments.recipe + "'") +
      " --target native -o " + arguments.output;
  if (compresslib::Status status =
          rt::writeEdgeBinary(arguments.output, binary);
      !status)
    return status;
  if (!arguments.manifest.empty())
    return compresslib::writeFileAtomically(arguments.manifest, *manifest);
  return {};
}
