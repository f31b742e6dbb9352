//===- Lowering.cpp - Pipelines from networks to the LLVM dialect ---------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Pipelines/Lowering.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::compress;

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

static const char *const planWeights =
    "compress.weight(canonicalize,cse),kernel-plan-weights";

static const char *const bufferize =
    "convert-nn-to-linalg,convert-elementwise-to-linalg,canonicalize,cse,"
    "func.func(linalg-fuse-elementwise-ops,kernel-fuse-rows,canonicalize,cse,"
    "eliminate-empty-tensors),"
    "one-shot-bufferize{bufferize-function-boundaries "
    "allow-return-allocs-from-loops "
    "function-boundary-type-conversion=identity-layout-map "
    // All but the weights' own bodies.
    "dialect-filter=arith,bufferization,cf,func,kernel,linalg,math,memref,"
    "scf,tensor,tosa,vector}";

static std::string splitKernels(StringRef activations) {
  return "kernel-split-attention,kernel-split-multiply{activations=" +
         activations.str() + "}";
}

static const char *const makeVectors =
    "kernel-plan-buffers,convert-linalg-to-vector,kernel-expand-math";
static const char *const shareWork =
    "func.func(canonicalize,cse,kernel-insert-barriers)";

//===----------------------------------------------------------------------===//
// Pipelines
//===----------------------------------------------------------------------===//

static std::string getModelPipeline(const ModelLoweringOptions &options) {
  return std::string(planWeights) +
         ",convert-nn-to-kernel{chunk=" + std::to_string(options.chunk) +
         " cache-type=" + llvm::join(options.cacheTypes, ",") + "}," +
         bufferize + ",func.func(canonicalize,cse)," +
         splitKernels(options.activations) + ",func.func(canonicalize,cse)," +
         makeVectors + "," + shareWork;
}

static std::string getFunctionsPipeline(StringRef activations) {
  // Private functions may have dynamic shapes, which neither results written
  // to arguments nor bare pointers can say: they are inlined, and so are those
  // that deallocation makes. Products with weights are kernel ops before
  // anything could make a dense matrix of them.
  return std::string("inline,kernel-unfold-convolutions,") + planWeights +
         ",convert-products-to-kernel," + bufferize +
         ",buffer-results-to-out-params{hoist-static-allocs "
         "modify-public-functions}," +
         splitKernels(activations) +
         // Upstream's buffer-deallocation-pipeline, on functions.
         ",func.func(expand-realloc,canonicalize,"
         "ownership-based-buffer-deallocation,canonicalize,"
         "buffer-deallocation-simplification),"
         "bufferization-lower-deallocations,"
         "convert-bufferization-to-memref,inline,func.func(canonicalize,cse),"
         "kernel-share-functions," +
         makeVectors + ",kernel-call-math," + shareWork;
}

static std::string getLLVMPipeline(StringRef set, bool barePointers) {
  // Kernels are made a format, not a layer; a function of C's convention takes
  // no buffers of dynamic sizes.
  return (barePointers ? "" : "kernel-outline-products,") +
         ("convert-kernel-to-vector{target=" + set.str()) +
         "},kernel-embed-weights,kernel-split-threads,scf-forall-to-for,"
         "canonicalize,cse,loop-invariant-code-motion,"
         "kernel-lower-lane-ops{target=" +
         set.str() +
         "},canonicalize,cse,expand-strided-metadata,"
         "lower-affine,canonicalize,cse,convert-kernel-to-llvm" +
         (barePointers ? "{bare-pointers=true}" : "");
}

void mlir::compress::buildPlanWeightsPipeline(OpPassManager &pm) {
  if (failed(parsePassPipeline(planWeights, pm)))
    llvm::report_fatal_error("passes of the kernel dialect are not registered");
}

LogicalResult
mlir::compress::buildModelPipeline(OpPassManager &pm,
                                   const ModelLoweringOptions &options) {
  return parsePassPipeline(getModelPipeline(options), pm);
}

LogicalResult mlir::compress::buildFunctionsPipeline(OpPassManager &pm,
                                                     StringRef activations) {
  return parsePassPipeline(getFunctionsPipeline(activations), pm);
}

LogicalResult mlir::compress::buildKernelsToLLVMPipeline(OpPassManager &pm,
                                                         StringRef set,
                                                         bool barePointers) {
  return parsePassPipeline(getLLVMPipeline(set, barePointers), pm);
}

LogicalResult mlir::compress::buildTosaToLinalgPipeline(OpPassManager &pm) {
  // Batches of one that TOSA puts around matrices are folded, so that these are
  // plain products.
  return parsePassPipeline(
      "func.func(tosa-infer-shapes,tosa-make-broadcastable,"
      "tosa-to-linalg-named{prefer-conv2d-kernel-layout-hwcf=false},"
      "canonicalize,tosa-layerwise-constant-fold,tosa-make-broadcastable,"
      "tosa-to-linalg,tosa-to-arith{include-apply-rescale=true},"
      "tosa-to-tensor,tosa-to-scf),"
      "linalg-generalize-named-ops,canonicalize,"
      "linalg-fold-unit-extent-dims,canonicalize,cse",
      pm);
}

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

namespace {
enum class Phase { plan, kernel, llvm };

struct LoweringOptions : PassPipelineOptions<LoweringOptions> {
  Option<std::string> target{*this, "target", llvm::cl::init("generic"),
                             llvm::cl::desc("Instruction set")};
  Option<std::string> activations{
      *this, "activations", llvm::cl::init("int8"),
      llvm::cl::desc("f32, or int8 where weights are integer codes")};
  Option<Phase> stopAfter{
      *this, "stop-after", llvm::cl::init(Phase::llvm),
      llvm::cl::desc("Phase to stop after"),
      llvm::cl::values(
          clEnumValN(Phase::plan, "plan", "Weights have places"),
          clEnumValN(Phase::kernel, "kernel",
                     "Functions over planned buffers, with kernel ops"),
          clEnumValN(Phase::llvm, "llvm", "The LLVM dialect"))};
};

struct ModelOptions : LoweringOptions {
  ListOption<std::string> cacheTypes{
      *this, "cache-type",
      llvm::cl::desc("How keys and values can be stored: f32 (default), f16, "
                     "int8")};
  Option<int64_t> chunk{*this, "chunk", llvm::cl::init(64),
                        llvm::cl::desc("Most tokens of one prefill call")};
};
} // namespace

/// Names of passes are ours: that one is unknown is a mistake of the tool's.
static void require(LogicalResult built) {
  if (failed(built))
    llvm::report_fatal_error("a pass of a pipeline is not registered");
}

static void buildPhases(OpPassManager &pm, const LoweringOptions &options,
                        bool barePointers,
                        llvm::function_ref<LogicalResult()> toKernels) {
  if (options.stopAfter == Phase::plan)
    return buildPlanWeightsPipeline(pm);
  require(toKernels());
  if (options.stopAfter == Phase::llvm)
    require(buildKernelsToLLVMPipeline(pm, options.target, barePointers));
}

void mlir::compress::registerLoweringPipelines() {
  PassPipelineRegistration<ModelOptions>(
      "compress-lower-to-llvm",
      "Lower a model to the LLVM dialect for one instruction set",
      [](OpPassManager &pm, const ModelOptions &options) {
        buildPhases(pm, options, /*barePointers=*/false, [&] {
          ModelLoweringOptions model;
          model.activations = options.activations;
          model.chunk = options.chunk;
          if (!options.cacheTypes.empty())
            model.cacheTypes.assign(options.cacheTypes.begin(),
                                    options.cacheTypes.end());
          return buildModelPipeline(pm, model);
        });
      });
  PassPipelineRegistration<LoweringOptions>(
      "compress-functions-to-llvm",
      "Lower functions of linalg and nn with compressed weights to the LLVM "
      "dialect, with C's calling convention",
      [](OpPassManager &pm, const LoweringOptions &options) {
        buildPhases(pm, options, /*barePointers=*/true, [&] {
          return buildFunctionsPipeline(pm, options.activations);
        });
      });
  PassPipelineRegistration<>(
      "compress-tosa-to-linalg-pipeline",
      "Lower TOSA to linalg by upstream's passes, so that products with its "
      "constants can be compressed",
      [](OpPassManager &pm) { require(buildTosaToLinalgPipeline(pm)); });
}
