//===- Program.h - A model compiled and loaded for evaluation - -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_LIB_TOOLS_PROGRAM_H
#define COMPRESS_LIB_TOOLS_PROGRAM_H

#include "Commands.h"
#include "compress/Target/Compile.h"
#include "compress_runtime/Generate.h"
#include "compress_runtime/Model.h"

namespace mlir::compress {

/// Packed weights in an unlinked temporary file, mapped: they take no anonymous
/// memory.
class PackedWeights {
public:
  static compresslib::Expected<std::unique_ptr<PackedWeights>>
  create(ToolContext &context, const CompiledModel &model);
  ~PackedWeights();
  const uint8_t *data() const { return bytes; }
  uint64_t size() const { return length; }
  /// Opens the same file again.
  std::string path() const;

private:
  int descriptor = -1;
  const uint8_t *bytes = nullptr;
  uint64_t length = 0;
};

/// The object code that would ship, loaded into this process.
class Program {
public:
  static compresslib::Expected<std::unique_ptr<Program>>
  create(ToolContext &context, ModuleOp module, const CompileOptions &options,
         compresslib::rt::ThreadPool &pool, int64_t positions);
  ~Program();
  compresslib::rt::Model &model() { return *loaded; }

private:
  CompiledModel compiled;
  std::unique_ptr<JitProgram> code;
  std::unique_ptr<PackedWeights> weights;
  std::unique_ptr<compresslib::rt::Model> loaded;
};

/// What nn.model says of a model.
struct ModelFacts {
  std::string name;
  int64_t parameters = 0;
  std::vector<int32_t> endTokens;
  std::string tokenizer; ///< the blob
  std::string config;    ///< the blob, as it came; empty where there is none
};
compresslib::Expected<ModelFacts> getModelFacts(ModuleOp module);

/// "f32" or "int8", a cache's type, and a target, as options.
compresslib::Expected<CompileOptions> getCompileOptions(StringRef target,
                                                        StringRef activations,
                                                        int64_t chunk,
                                                        StringRef cacheTypes);

} // namespace mlir::compress

#endif // COMPRESS_LIB_TOOLS_PROGRAM_H
