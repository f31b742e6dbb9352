//===- Commands.h - The commands of the driver ---------------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_LIB_TOOLS_COMMANDS_H
#define COMPRESS_LIB_TOOLS_COMMANDS_H

#include "compress/Pipelines/Recipe.h"
#include "compress/Support/Error.h"
#include "compress/Support/RunFiles.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include <memory>
#include <string>

namespace mlir {
class OpPassManager;
}

namespace mlir::compress {

/// A context with every dialect, whose errors are gathered rather than printed;
/// warnings and remarks go to standard error.
class ToolContext {
public:
  ToolContext();
  ~ToolContext();
  MLIRContext &operator*() { return *context; }
  MLIRContext *get() { return context.get(); }

  /// A model folder or a module with its side-car. Origins are relative to
  /// `originFolder`.
  compresslib::Expected<OwningOpRef<ModuleOp>>
  load(StringRef path, StringRef originFolder = "",
       bool allowNonFinite = false);

  /// The errors emitted so far as one text, which is then forgotten.
  std::string takeErrors();
  /// An error whose text is followed by what was emitted.
  compresslib::Error fail(const compresslib::Error &error);

  bool showRemarks = true;

private:
  std::unique_ptr<MLIRContext> context;
  std::string errors;
  compresslib::ErrorKind kind = compresslib::ErrorKind::BadInput;
};

/// The files that a model is read from, as they lie there now: those of a
/// folder; or a module and what it names in other files, its side-car first.
/// What is no model gives itself alone.
std::vector<std::string> getModelFiles(const std::string &path);

/// The files that the passes of a pipeline write beside the module.
void addPassOutputs(const OpPassManager &passes, compresslib::RunFiles &files);

/// Makes the executor "jit" known to --compress-check.
void registerJitChecks();

struct ImportArguments {
  std::string input, output;
  bool allowNonFinite = false;
};
compresslib::Status importCommand(const ImportArguments &arguments);
/// Each command's files, declared and checked before it does anything.
compresslib::Status declareFiles(const ImportArguments &arguments);

struct InfoArguments {
  std::string input, recipe;
  bool json = false;
};
compresslib::Status infoCommand(const InfoArguments &arguments);

struct EvalArguments {
  std::string input, recipe, base, text, tasks, activations, target, resume;
  std::string bos = "auto", cache, cacheType = "f32";
  bool documents = false, json = false, reference = false;
  int64_t context = 512, chunks = 0, chunk = 64;
  int threads = 0;
};
compresslib::Status evalCommand(const EvalArguments &arguments);
compresslib::Status declareFiles(const EvalArguments &arguments);

struct BuildArguments {
  std::string input, output, recipe, activations, target, resume, manifest;
  /// "executable", or "object": functions as an object file and a C header.
  std::string emit = "executable", cacheType = "f32";
  bool sideCar = false, dryRun = false;
  int64_t chunk = 64;
};
compresslib::Status buildCommand(const BuildArguments &arguments);
compresslib::Status declareFiles(const BuildArguments &arguments);
/// The header beside an object file.
std::string getHeaderOf(StringRef object);
/// build --emit=object.
compresslib::Status buildObjectCommand(const BuildArguments &arguments);

/// Makes of the module what the recipe would, of tensors without bytes, so
/// that its sizes are known exactly.
compresslib::Status planRecipe(ToolContext &context,
                               OwningOpRef<ModuleOp> &module,
                               const Recipe &recipe);

/// Runs a recipe on a loaded module, with progress on standard error.
/// `resume` is a folder or empty.
compresslib::Status
runRecipeOn(ToolContext &context, OwningOpRef<ModuleOp> &module,
            const Recipe &recipe, StringRef resume,
            std::function<compresslib::Status(size_t, ModuleOp)> afterStep);

} // namespace mlir::compress

#endif // COMPRESS_LIB_TOOLS_COMMANDS_H
