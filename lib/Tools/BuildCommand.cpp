//===- BuildCommand.cpp - compress build ----------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Compress/IR/Compress.h"
#include "Program.h"
#include "compress/Analysis/StoredSize.h"
#include "compress/Pipelines/Fingerprint.h"
#include "compress/Support/Files.h"
#include "compress/Support/Json.h"
#include "compress/Support/Sha256.h"
#include "compress_runtime/Payload.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;
using namespace mlir::compress;
namespace rt = compresslib::rt;

/// The files that a model is of, under names that do not depend on where they
/// lie or on what a module is called: what makes the same program is the same.
static std::vector<std::pair<std::string, std::string>>
getInputFiles(const std::string &input, ModuleOp module) {
  std::vector<std::pair<std::string, std::string>> files;
  if (llvm::sys::fs::is_directory(input)) {
    for (const std::string &path : getModelFiles(input)) {
      StringRef name = path;
      name.consume_front(input);
      files.emplace_back(name.ltrim('/').str(), path);
    }
    return files;
  }
  // What the module's text says is in its fingerprint.
  for (StoreOp store : module.getOps<StoreOp>())
    files.emplace_back("side-car",
                       compresslib::joinPath(compresslib::parentFolder(input),
                                             store.getFile().str()));
  return files;
}

/// The fingerprint of a module without the paths of origins, whose hashes stay.
static std::string getContentFingerprint(ModuleOp module) {
  OwningOpRef<ModuleOp> copy = module.clone();
  for (WeightOp weight : copy->getOps<WeightOp>())
    if (OriginAttr origin = weight.getOriginAttr())
      weight.setOriginAttr(OriginAttr::get(
          module.getContext(), "", origin.getTensor(), origin.getHash()));
  return getFingerprint(*copy);
}

/// How a recipe is called in a program: a preset's name, a recipe's own, or its
/// pipelines; never the path of its file.
static std::string getRecipeName(const BuildArguments &arguments,
                                 const Recipe &recipe) {
  if (recipe.name != arguments.recipe ||
      !llvm::sys::fs::is_regular_file(arguments.recipe))
    return recipe.name;
  std::vector<std::string> pipelines;
  for (const RecipeStep &step : recipe.steps)
    pipelines.push_back(step.pipeline);
  return llvm::join(pipelines, ",");
}

/// The command that makes the program again for the machine that it is on.
static std::string getRebuildCommand(const BuildArguments &arguments,
                                     const std::string &recipe) {
  std::string command = "compress build MODEL";
  if (!recipe.empty()) {
    command += " --recipe '";
    for (char c : recipe)
      command += c == '\'' ? std::string("'\\''") : std::string(1, c);
    command += "'";
  }
  if (arguments.cacheType != BuildArguments().cacheType)
    command += " --cache-type " + arguments.cacheType;
  return command + " --activations " + arguments.activations +
         " --target native -o PROGRAM";
}

/// What went in: enough to make the same bytes again.
static compresslib::Expected<std::string>
makeManifest(const BuildArguments &arguments, ModuleOp module,
             const Recipe &recipe, const CompileOptions &options) {
  compresslib::json::Writer json;
  json.beginObject();
  json.member("version", COMPRESS_VERSION);
  json.key("inputs").beginArray();
  for (const auto &[name, path] : getInputFiles(arguments.input, module)) {
    compresslib::Expected<compresslib::MappedFile> file =
        compresslib::MappedFile::open(path);
    if (!file)
      return file.error();
    json.beginObject();
    json.member("file", name);
    json.member("sha256", compresslib::sha256(file->bytes()));
    json.endObject();
  }
  json.endArray();
  json.member("module", getContentFingerprint(module));
  json.member("recipe", getRecipeName(arguments, recipe));
  json.key("steps").beginArray();
  for (const RecipeStep &step : recipe.steps)
    json.value(step.pipeline);
  json.endArray();
  json.key("target").beginArray();
  for (const std::string &set : options.instructionSets)
    json.value(set);
  json.endArray();
  json.member("activations", options.activations);
  json.key("cache_types").beginArray();
  for (const std::string &type : options.cacheTypes)
    json.value(type);
  json.endArray();
  json.member("chunk", options.chunk);
  json.endObject();
  return json.text() + "\n";
}

compresslib::Status
mlir::compress::buildCommand(const BuildArguments &arguments) {
  compresslib::Expected<CompileOptions> options =
      getCompileOptions(arguments.target, arguments.activations,
                        arguments.chunk, arguments.cacheType);
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
  if (compresslib::Status status =
          checkRuntime(options->instructionSets.front());
      !status)
    return status;
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
  compresslib::Expected<compresslib::ScratchFolder> folder =
      compresslib::ScratchFolder::create("compress-link-");
  if (!folder)
    return folder.error();
  std::string executable = folder->path() + "/program";
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
  metadata.recipe = getRecipeName(arguments, *recipe);
  metadata.manifest = compresslib::sha256(
      {reinterpret_cast<const uint8_t *>(manifest->data()), manifest->size()});
  metadata.version = COMPRESS_VERSION;
  metadata.target = getMachine(options->instructionSets.front()).triple;
  metadata.parameters = uint64_t(facts->parameters);
  metadata.bytes = uint64_t(size.bytes);
  metadata.endTokens = facts->endTokens;
  metadata.rebuild = getRebuildCommand(arguments, metadata.recipe);
  // The manifest first: what is wrong with it is found before the large files
  // are written.
  std::vector<compresslib::AtomicFile> outputs;
  if (!arguments.manifest.empty()) {
    compresslib::AtomicFileOptions size;
    size.size = manifest->size();
    compresslib::Expected<compresslib::AtomicFile> file =
        compresslib::AtomicFile::create(arguments.manifest, size);
    if (!file)
      return file.error();
    if (compresslib::Status status = file->write(*manifest); !status)
      return status;
    outputs.push_back(std::move(*file));
  }
  compresslib::Expected<std::vector<compresslib::AtomicFile>> program =
      rt::makeEdgeBinary(arguments.output, binary);
  if (!program)
    return program.error();
  for (compresslib::AtomicFile &file : *program)
    outputs.push_back(std::move(file));
  return compresslib::commitTogether(std::move(outputs));
}
