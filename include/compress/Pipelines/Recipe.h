//===- Recipe.h - Recipes: named lists of compression steps --- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A recipe is a preset's name, a YAML file or a pass pipeline:
//
//   name: mixed
//   steps:
//     - pass: compress-quantize{bits=8 group-size=32}
//       consumer: embedding
//     - pipeline: compress-prune{percent=30},compress-quantize{bits=4}
//       match: "*.mlp.*"
//       except: embedding
//
// Each step is a pipeline; `match` (a glob over weight names), `regex`,
// `consumer` and `except` choose the weights, as compress-for-each does;
// without them it runs on the module. A pipeline given as text is one step a
// pass.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_PIPELINES_RECIPE_H
#define COMPRESS_PIPELINES_RECIPE_H

#include "compress/Support/Error.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/ArrayRef.h"
#include <functional>
#include <string>
#include <vector>

namespace mlir::compress {

struct RecipeStep {
  /// What people read in tables.
  std::string title;
  /// A pipeline anchored on the module.
  std::string pipeline;
};

struct Recipe {
  std::string name;
  std::vector<RecipeStep> steps;
};

struct RecipePreset {
  StringLiteral name;
  /// What it does to every tensor, the embedding included.
  StringLiteral description;
  StringLiteral yaml;
};
ArrayRef<RecipePreset> getRecipePresets();

/// Registers each preset as a pipeline over modules: compress-int4-pipeline, …
void registerRecipePipelines();

/// The recipe that `text` names, is a file of, or is. Its steps' pipelines
/// parse. Errors are of kind Usage, with the nearest names, save for a file
/// that cannot be read.
compresslib::Expected<Recipe> parseRecipe(StringRef text);
/// The recipe in YAML; `source` names it in messages.
compresslib::Expected<Recipe> parseRecipeYaml(StringRef yaml, StringRef source);

/// Whether a store that plans may run the recipe: only passes of the compress
/// dialect know of plans, and write nothing then. A Usage error otherwise.
compresslib::Status checkPlannable(const Recipe &recipe);

struct RunRecipeOptions {
  /// Folder where the module after each step is kept, and taken from if a
  /// step's input and options are those of a former run. Empty: none.
  std::string resumeFolder;
  /// Called before a step runs, or is taken from the folder.
  std::function<void(size_t step, bool isKept)> onStep;
  /// Called after each step; a failure ends the run.
  std::function<compresslib::Status(size_t step, ModuleOp module)> afterStep;
  /// Writes a module to a file, with its side-car.
  std::function<compresslib::Status(ModuleOp, StringRef path)> writeModule;
};

/// Runs the steps on `module`, which a kept step replaces. Diagnostics of
/// passes go to the context's handler; the error then says which step failed.
compresslib::Status runRecipe(const Recipe &recipe,
                              OwningOpRef<ModuleOp> &module,
                              const RunRecipeOptions &options = {});

} // namespace mlir::compress

#endif // COMPRESS_PIPELINES_RECIPE_H
