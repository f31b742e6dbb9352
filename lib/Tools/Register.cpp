//===- Register.cpp - Every dialect, pass and extension -------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/Register.h"
#include "Check/Transforms/Passes.h"
#include "Commands.h"
#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "Compress/Transforms/Passes.h"
#include "Diagnostics.h"
#include "Kernel/Transforms/FunctionPasses.h"
#include "Kernel/Transforms/Passes.h"
#include "NN/IR/NN.h"
#include "NN/IR/WeightConsumers.h"
#include "NN/Transforms/Passes.h"
#include "compress/Conversion/Expander.h"
#include "compress/Conversion/LinalgToKernel.h"
#include "compress/Pipelines/Lowering.h"
#include "compress/Pipelines/Recipe.h"
#include "compress/Target/Compile.h"
#include "compress/Target/Functions.h"
#include "compress/Tools/Plugins.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include <mutex>

using namespace mlir;
using namespace mlir::compress;

void mlir::compress::registerAllDialectsAndExtensions(
    DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllGPUToLLVMIRTranslations(registry);
  registry.insert<CompressDialect, nn::NNDialect, check::CheckDialect,
                  kernel::KernelDialect>();
  kernel::registerTileSources(registry);
  kernel::registerBufferization(registry);
  kernel::registerTiling(registry);
  registerLinalgWeightConsumers(registry);
  nn::registerWeightConsumers(registry);
  registerPluginDialects(registry);
}

void mlir::compress::registerEveryPass() {
  static std::once_flag once;
  std::call_once(once, [] {
    registerAllPasses();
    registerCompressPasses();
    registerRecipePipelines();
    nn::registerNNPasses();
    check::registerCheckPasses();
    kernel::registerKernelPasses();
    kernel::registerKernelFunctionPasses();
    registerLoweringPipelines();
    registerJitChecks();
  });
}

namespace {
struct SetUp : DialectExtension<SetUp, CompressDialect> {
  explicit SetUp(std::string folder) : folder(std::move(folder)) {}
  void apply(MLIRContext *context, CompressDialect *dialect) const override {
    shortenDiagnostics(*context, dialect->getStore());
    dialect->getStore().setBaseFolder(folder);
  }
  std::string folder;
};
} // namespace

void mlir::compress::setUpContexts(DialectRegistry &registry,
                                   StringRef folder) {
  registry.addExtension(TypeID::get<SetUp>(),
                        std::make_unique<SetUp>(folder.str()));
}
