//===- JitFunctions.cpp - An object's functions, in this process ----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Target/Functions.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;
using namespace mlir::compress;

/// void name.with(ptr pointers): name(pointers[0], pointers[1], …).
static llvm::orc::ThreadSafeModule makeCaller(StringRef name, size_t count,
                                              const llvm::DataLayout &layout) {
  auto context = std::make_unique<llvm::LLVMContext>();
  auto module = std::make_unique<llvm::Module>("caller", *context);
  module->setDataLayout(layout);
  llvm::Type *pointer = llvm::PointerType::get(*context, 0);
  llvm::Type *nothing = llvm::Type::getVoidTy(*context);
  auto *callee = llvm::Function::Create(
      llvm::FunctionType::get(
          nothing, llvm::SmallVector<llvm::Type *>(count, pointer), false),
      llvm::GlobalValue::ExternalLinkage, name, *module);
  auto *caller = llvm::Function::Create(
      llvm::FunctionType::get(nothing, {pointer}, false),
      llvm::GlobalValue::ExternalLinkage, name + ".with", *module);
  llvm::IRBuilder<> b(llvm::BasicBlock::Create(*context, "", caller));
  llvm::SmallVector<llvm::Value *> arguments;
  for (size_t i = 0; i < count; ++i)
    arguments.push_back(b.CreateLoad(
        pointer, b.CreateConstGEP1_64(pointer, caller->getArg(0), i)));
  b.CreateCall(callee, arguments);
  b.CreateRetVoid();
  return llvm::orc::ThreadSafeModule(std::move(module), std::move(context));
}

LogicalResult mlir::compress::callFunction(MLIRContext *context,
                                           ArrayRef<char> object,
                                           StringRef name,
                                           ArrayRef<void *> pointers) {
  auto fail = [&](llvm::Error error) -> LogicalResult {
    return emitError(UnknownLoc::get(context), "cannot load the object of @")
           << name << ": " << llvm::toString(std::move(error));
  };
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return fail(jit.takeError());
  auto process = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      (*jit)->getDataLayout().getGlobalPrefix());
  if (!process)
    return fail(process.takeError());
  (*jit)->getMainJITDylib().addGenerator(std::move(*process));
  if (llvm::Error error =
          (*jit)->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(
              StringRef(object.data(), object.size()), name)))
    return fail(std::move(error));
  if (llvm::Error error = (*jit)->addIRModule(
          makeCaller(name, pointers.size(), (*jit)->getDataLayout())))
    return fail(std::move(error));
  auto symbol = (*jit)->lookup((name + ".with").str());
  if (!symbol)
    return fail(symbol.takeError());
  symbol->toPtr<void (*)(void *const *)>()(pointers.data());
  return success();
}
