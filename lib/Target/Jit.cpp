//===- Jit.cpp - Objects loaded into this process -------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Target/Compile.h"
#include "compress_runtime.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;
using namespace mlir::compress;

struct JitProgram::Implementation {
  std::unique_ptr<llvm::orc::LLJIT> jit;
  const compress_program *program = nullptr;
};

JitProgram::JitProgram() : implementation(std::make_unique<Implementation>()) {}
JitProgram::~JitProgram() = default;

const compress_program &JitProgram::get() const {
  return *implementation->program;
}

FailureOr<std::unique_ptr<JitProgram>>
JitProgram::create(const CompiledModel &model, MLIRContext *context) {
  Location loc = UnknownLoc::get(context);
  auto fail = [&](llvm::Error error) -> LogicalResult {
    return emitError(loc, "cannot load the compiled program: ")
           << llvm::toString(std::move(error));
  };
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  std::unique_ptr<JitProgram> program(new JitProgram());
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return fail(jit.takeError());
  auto process = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      (*jit)->getDataLayout().getGlobalPrefix());
  if (!process)
    return fail(process.takeError());
  (*jit)->getMainJITDylib().addGenerator(std::move(*process));
  for (const CompiledModel::Object &object : model.objects)
    if (llvm::Error error =
            (*jit)->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(
                StringRef(object.bytes.data(), object.bytes.size()),
                object.name)))
      return fail(std::move(error));
  auto symbol = (*jit)->lookup("compress_program_v2");
  if (!symbol)
    return fail(symbol.takeError());
  program->implementation->program = symbol->toPtr<const compress_program *>();
  program->implementation->jit = std::move(*jit);
  return program;
}
