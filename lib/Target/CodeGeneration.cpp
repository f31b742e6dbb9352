//===- CodeGeneration.cpp - LLVM modules to object bytes ------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CodeGeneration.h"
#include "compress/Target/Compile.h"
#include "llvm/Analysis/RuntimeLibcallInfo.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/CodeGen/CodeGenTargetMachineImpl.h"
#include "llvm/CodeGen/MachineModuleInfo.h"
#include "llvm/CodeGen/Passes.h"
#include "llvm/CodeGen/TargetPassConfig.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include <mutex>

using namespace mlir;
using namespace mlir::compress;

void mlir::compress::initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    llvm::InitializeAllAsmParsers();
  });
}

std::unique_ptr<llvm::TargetMachine>
mlir::compress::createMachine(const MachineDescription &machine,
                              std::string &error) {
  initializeTargets();
  llvm::Triple triple(machine.triple);
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  llvm::TargetOptions options;
  // A product and a sum stay two roundings, but where the kernels ask for one:
  // a stricter setting would take llvm.fmuladd apart as well.
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, machine.processor, machine.features, options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
}

/// As the machine's own addPassesToEmitFile, which takes no choice of passes.
static bool addPasses(llvm::legacy::PassManager &passes,
                      llvm::CodeGenTargetMachineImpl &machine,
                      llvm::raw_pwrite_stream &stream, bool keepsOrder) {
  // Without them no library has memset, and one becomes a loop over bytes.
  passes.add(new llvm::TargetLibraryInfoWrapperPass(machine.getTargetTriple()));
  passes.add(new llvm::RuntimeLibraryInfoWrapper(machine.getTargetTriple()));
  auto *info = new llvm::MachineModuleInfoWrapperPass(&machine);
  llvm::TargetPassConfig *config = machine.createPassConfig(passes);
  config->setDisableVerify(true);
  if (keepsOrder)
    config->disablePass(&llvm::MachineSchedulerID);
  passes.add(config);
  passes.add(info);
  if (config->addISelPasses())
    return false;
  config->addMachinePasses();
  config->setInitialized();
  if (machine.addAsmPrinter(passes, stream, nullptr,
                            llvm::CodeGenFileType::ObjectFile,
                            info->getMMI().getContext()))
    return false;
  passes.add(llvm::createFreeMachineFunctionPass());
  return true;
}

std::vector<char> mlir::compress::emitObject(llvm::Module &module,
                                             llvm::TargetMachine &machine,
                                             bool optimize, bool keepsOrder) {
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  if (optimize) {
    llvm::PipelineTuningOptions tuning;
    // Kernels are vector code and unrolled already.
    tuning.LoopUnrolling = false;
    tuning.LoopVectorization = true;
    tuning.SLPVectorization = false;
    llvm::PassBuilder builder(&machine, tuning);
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager sccs;
    llvm::ModuleAnalysisManager modules;
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(sccs);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, sccs, modules);
    builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2)
        .run(module, modules);
  }
  SmallVector<char> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if (!addPasses(passes, static_cast<llvm::CodeGenTargetMachineImpl &>(machine),
                 stream, keepsOrder))
    return {};
  passes.run(module);
  return std::vector<char>(bytes.begin(), bytes.end());
}

void mlir::compress::prepareFunction(llvm::Function &function, StringRef set) {
  const kernel::InstructionSet *known = kernel::findInstructionSet(set);
  if (known && known->vectorBytes == 64) {
    function.addFnAttr("prefer-vector-width", "512");
    function.addFnAttr("min-legal-vector-width", "512");
  }
  function.addFnAttr(llvm::Attribute::NoUnwind);
}
