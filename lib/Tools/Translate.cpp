//===- Translate.cpp - compress-translate ---------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/Translate.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllTranslations.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;

/// The module as an object file of its llvm.target_triple, or of this machine.
static LogicalResult translateToObject(Operation *op,
                                       llvm::raw_ostream &output) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = translateModuleToLLVMIR(op, context);
  if (!module)
    return failure();
  if (module->getTargetTriple().empty())
    module->setTargetTriple(llvm::Triple(llvm::sys::getDefaultTargetTriple()));
  llvm::InitializeAllTargetInfos();
  llvm::InitializeAllTargets();
  llvm::InitializeAllTargetMCs();
  llvm::InitializeAllAsmPrinters();
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(module->getTargetTriple(), error);
  if (!target)
    return op->emitError("cannot generate code: ") << error;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      module->getTargetTriple(), "", "", {}, llvm::Reloc::PIC_));
  module->setDataLayout(machine->createDataLayout());
  SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr,
                                   llvm::CodeGenFileType::ObjectFile))
    return op->emitError("the code generator of ")
           << module->getTargetTriple().str() << " emits no object files";
  passes.run(*module);
  output.write(bytes.data(), bytes.size());
  return success();
}

int mlir::compress::translateMain(int argc, char **argv) {
  registerAllTranslations();
  TranslateFromMLIRRegistration object(
      "mlir-to-object",
      "Translate a module of the LLVM dialect to an object file",
      translateToObject, [](DialectRegistry &registry) {
        registry.insert<DLTIDialect>();
        registerAllToLLVMIRTranslations(registry);
      });
  return failed(mlirTranslateMain(argc, argv, "Compress translation driver\n"));
}
