//===- CodeGeneration.h - LLVM modules to object bytes ----------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef LIB_TARGET_CODEGENERATION_H
#define LIB_TARGET_CODEGENERATION_H

#include "mlir/Support/LLVM.h"
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class Function;
class Module;
class TargetMachine;
} // namespace llvm

namespace mlir::compress {
struct MachineDescription;

/// Once, before threads make machines.
void initializeTargets();
/// Null with an error where LLVM has no such target.
std::unique_ptr<llvm::TargetMachine>
createMachine(const MachineDescription &machine, std::string &error);
/// Empty where the target emits no objects. `keepsOrder` is that of
/// MachineDescription.
std::vector<char> emitObject(llvm::Module &module, llvm::TargetMachine &machine,
                             bool optimize, bool keepsOrder);
/// What an instruction set asks of every function.
void prepareFunction(llvm::Function &function, StringRef instructionSet);

} // namespace mlir::compress

#endif // LIB_TARGET_CODEGENERATION_H
