//===- Program.cpp - A model compiled and loaded for evaluation -----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "NN/IR/NN.h"
#include "compress/Support/Files.h"
#include "compress/Support/Text.h"
#include "llvm/ADT/StringExtras.h"
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;
using namespace mlir::compress;
using compresslib::environmentError;

compresslib::Expected<std::unique_ptr<PackedWeights>>
PackedWeights::create(ToolContext &context, const CompiledModel &model) {
  std::unique_ptr<PackedWeights> weights(new PackedWeights());
  compresslib::Expected<int> opened =
      compresslib::openUnnamedTemporary("the packed weights");
  if (!opened)
    return opened.error();
  weights->descriptor = *opened;
  int code = 0;
  auto sink = [&](const uint8_t *data, size_t size) {
    while (size) {
      ssize_t n = ::write(weights->descriptor, data, size);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno == EFAULT)
        compresslib::touch({data, size});
      if (n <= 0) {
        code = n < 0 ? errno : ENOSPC;
        return false;
      }
      data += n;
      size -= size_t(n);
      weights->length += uint64_t(n);
    }
    return true;
  };
  if (failed(writePackedWeights(model, sink))) {
    if (code)
      return environmentError(
          "Cannot write the packed weights (" +
          compresslib::humanSize(uint64_t(model.weightsBytes)) +
          " needed) to a temporary file: " + std::strerror(code) +
          ". Free some space, or set TMPDIR to a folder that has it.");
    return context.fail(
        compresslib::badInput("The weights could not be packed."));
  }
  if (!weights->length)
    return weights;
  void *base = ::mmap(nullptr, weights->length, PROT_READ, MAP_SHARED,
                      weights->descriptor, 0);
  if (base == MAP_FAILED)
    return environmentError(
        "Cannot map the packed weights (" +
        compresslib::humanSize(weights->length) +
        " of address space needed): " + std::strerror(errno) + ".");
  weights->bytes = static_cast<const uint8_t *>(base);
  return weights;
}

PackedWeights::~PackedWeights() {
  if (bytes)
    ::munmap(const_cast<uint8_t *>(bytes), length);
  if (descriptor >= 0)
    ::close(descriptor);
}

std::string PackedWeights::path() const {
  return "/proc/self/fd/" + std::to_string(descriptor);
}

compresslib::Expected<std::unique_ptr<Program>>
Program::create(ToolContext &context, ModuleOp module,
                const CompileOptions &options,
                compresslib::rt::ThreadPool &pool, int64_t positions) {
  std::unique_ptr<Program> program(new Program());
  FailureOr<CompiledModel> compiled = compileModel(module, options);
  if (failed(compiled))
    return context.fail(
        compresslib::badInput("The model could not be compiled."));
  program->compiled = std::move(*compiled);
  compresslib::Expected<std::unique_ptr<PackedWeights>> weights =
      PackedWeights::create(context, program->compiled);
  if (!weights)
    return weights.error();
  program->weights = std::move(*weights);
  FailureOr<std::unique_ptr<JitProgram>> code =
      JitProgram::create(program->compiled, context.get());
  if (failed(code))
    return context.fail(
        compresslib::badInput("The compiled model could not be loaded."));
  program->code = std::move(*code);
  compresslib::rt::ModelOptions modelOptions;
  modelOptions.context = positions;
  compresslib::Expected<std::unique_ptr<compresslib::rt::Model>> loaded =
      compresslib::rt::Model::create(
          program->code->get(), program->weights->data(),
          program->weights->size(), pool, modelOptions);
  if (!loaded)
    return loaded.error();
  program->loaded = std::move(*loaded);
  return program;
}

Program::~Program() = default;

compresslib::Expected<ModelFacts>
mlir::compress::getModelFacts(ModuleOp module) {
  nn::ModelOp op;
  for (nn::ModelOp found : module.getOps<nn::ModelOp>())
    op = found;
  if (!op)
    return compresslib::badInput(
        "The module has no nn.model, which a language model has: import it "
        "with compress import.");
  ModelFacts facts;
  facts.name = op.getModelName().str();
  facts.parameters = op.getParameters();
  for (int64_t token : op.getEos())
    facts.endTokens.push_back(int32_t(token));
  auto blobs = op->getAttrOfType<DictionaryAttr>("compress.blobs");
  auto keyOf = [&](StringRef name) {
    return blobs ? blobs.getAs<StringAttr>(name) : StringAttr();
  };
  const WeightStore &store =
      module.getContext()->getLoadedDialect<CompressDialect>()->getStore();
  auto read = [&](StringAttr key, std::string &text) {
    std::optional<WeightStore::Blob> blob = store.lookup(key.getValue());
    if (blob)
      text = llvm::toStringRef(blob->bytes).str();
    return blob.has_value();
  };
  StringAttr tokenizer = keyOf("tokenizer"), config = keyOf("config");
  if (!tokenizer)
    return compresslib::badInput(
        "The model '" + facts.name +
        "' has no tokenizer: was there no tokenizer.json beside its weights?");
  if (!read(tokenizer, facts.tokenizer))
    return compresslib::badInput("The model's tokenizer \"" + tokenizer.str() +
                                 "\" is not in the weight store.");
  if (config && !read(config, facts.config))
    return compresslib::badInput("The model's configuration \"" + config.str() +
                                 "\" is not in the weight store.");
  return facts;
}

compresslib::Expected<CompileOptions>
mlir::compress::getCompileOptions(StringRef target, StringRef activations,
                                  int64_t chunk, StringRef cacheTypes) {
  CompileOptions options;
  std::string error;
  FailureOr<std::vector<std::string>> sets = parseTarget(target, error);
  if (failed(sets))
    return compresslib::usageError(error);
  options.instructionSets = *sets;
  if (activations != "f32" && activations != "int8")
    return compresslib::usageError("Activations are f32 or int8, not '" +
                                   activations.str() + "'.");
  options.activations = activations.str();
  options.cacheTypes.clear();
  for (StringRef type : llvm::split(cacheTypes, ',')) {
    if (type != "f32" && type != "f16" && type != "int8")
      return compresslib::usageError("A cache is of f32, f16 or int8, not '" +
                                     type.str() + "'.");
    if (!llvm::is_contained(options.cacheTypes, type))
      options.cacheTypes.push_back(type.str());
  }
  if (chunk < 1 || chunk > 4096)
    return compresslib::usageError("A chunk is 1 to 4096 tokens, not " +
                                   std::to_string(chunk) + ".");
  options.chunk = chunk;
  return options;
}
