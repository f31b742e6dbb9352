//===- Lowering.h - Pipelines from networks to the LLVM dialect -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Models and functions of plain linalg enter by passes of their own and take
// the same ones from there. Pipelines name passes, which the tool must have
// registered.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_PIPELINES_LOWERING_H
#define COMPRESS_PIPELINES_LOWERING_H

#include "mlir/Pass/PassManager.h"
#include <string>
#include <vector>

namespace mlir::compress {

struct ModelLoweringOptions {
  /// "f32", or "int8" where weights are integer codes.
  std::string activations = "int8";
  /// Of keys and values, each with functions of its own: "f32", "f16", "int8".
  std::vector<std::string> cacheTypes = {"f32"};
  /// The most tokens of one prefill call.
  int64_t chunk = 64;
};

/// Adds the passes that give weights their places and formats: weights are
/// simplified before, so that later passes may simplify all of a module.
void buildPlanWeightsPipeline(OpPassManager &pm);

/// Adds the passes from a model's @forward to single-program functions over
/// planned buffers, for all instruction sets.
LogicalResult buildModelPipeline(OpPassManager &pm,
                                 const ModelLoweringOptions &options);
/// The same from functions of linalg and nn with compress.use.
LogicalResult buildFunctionsPipeline(OpPassManager &pm, StringRef activations);

/// Adds the passes from there to the LLVM dialect, for one instruction set.
/// With `barePointers` a buffer of static shape is passed as a pointer, as C
/// does.
LogicalResult buildKernelsToLLVMPipeline(OpPassManager &pm,
                                         StringRef instructionSet,
                                         bool barePointers);

/// Adds upstream's passes from TOSA to linalg on tensors, as
/// --compress-tosa-to-linalg-pipeline.
LogicalResult buildTosaToLinalgPipeline(OpPassManager &pm);

/// --compress-lower-to-llvm, --compress-functions-to-llvm and
/// --compress-tosa-to-linalg-pipeline.
void registerLoweringPipelines();

} // namespace mlir::compress

#endif // COMPRESS_PIPELINES_LOWERING_H
