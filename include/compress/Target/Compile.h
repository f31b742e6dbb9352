//===- Compile.h - From a model's module to a program -----------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One object code for evaluation and for shipping: compileModel makes objects,
// JitProgram loads them in this process, linkExecutable links the same bytes
// with the runtime. Weights go beside the code, never through LLVM or a linker.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TARGET_COMPILE_H
#define COMPRESS_TARGET_COMPILE_H

#include "compress/InstructionSets/InstructionSet.h"
#include "compress/Support/Error.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/SmallVector.h"
#include <functional>
#include <memory>
#include <string>
#include <vector>

struct compress_program;

namespace mlir {
class OpPassManager;
class MLIRContext;
} // namespace mlir

namespace mlir::compress {

/// The instruction sets that a family's name stands for, best first.
std::vector<std::string> getFamilyInstructionSets(StringRef family);
/// Those that this machine runs, best first.
std::vector<std::string> getRunnableInstructionSets();
/// Those of a family that `name` lists, separated by commas; "native" is the
/// best that this machine has. Fails on an unknown name.
FailureOr<std::vector<std::string>> parseTarget(StringRef name,
                                                std::string &error);
/// The LLVM triple, processor and features of an instruction set.
struct MachineDescription {
  std::string triple, processor, features;
  bool keepsOrder = false; ///< as InstructionSet::keepsOrder
};
MachineDescription getMachine(StringRef instructionSet);

struct CompileOptions {
  /// Instruction sets, best first; one family.
  std::vector<std::string> instructionSets = getFamilyInstructionSets("x86-64");
  /// "f32", or "int8" where weights are integer codes.
  std::string activations = "int8";
  /// How keys and values can be stored, "f32", "f16" or "int8"; the first is
  /// the program's default.
  std::vector<std::string> cacheTypes = {"f32"};
  /// Most tokens of one prefill call.
  int64_t chunk = 64;
};

/// Objects, and the module in which every weight has its place.
struct CompiledModel {
  struct Object {
    std::string name;
    std::vector<char> bytes;
  };
  std::vector<Object> objects;
  OwningOpRef<ModuleOp> module;
  int64_t weightsBytes = 0;
};

/// Compiles a copy of `module` (with @forward). Errors are emitted. Nothing of
/// the weights is read but their types.
FailureOr<CompiledModel> compileModel(ModuleOp module,
                                      const CompileOptions &options);

/// Writes the packed weights, in order; `sink` returns false to stop.
/// Memory follows the largest weight.
LogicalResult
writePackedWeights(const CompiledModel &model,
                   const std::function<bool(const uint8_t *, size_t)> &sink);

/// The objects, loaded into this process.
class JitProgram {
public:
  static FailureOr<std::unique_ptr<JitProgram>>
  create(const CompiledModel &model, MLIRContext *context);
  ~JitProgram();
  const compress_program &get() const;

private:
  JitProgram();
  struct Implementation;
  std::unique_ptr<Implementation> implementation;
};

/// Whether what programs of an instruction set are linked with is here; an
/// Environment error says what to install.
compresslib::Status checkRuntime(StringRef instructionSet);

/// Links the objects with the runtime into the static executable `output`,
/// without its payload. `runtimeFolder` has compress/<architecture>/ in it;
/// empty: the folder of libCompress itself.
compresslib::Status linkExecutable(const CompiledModel &model,
                                   const std::string &output,
                                   const std::string &runtimeFolder = {});

} // namespace mlir::compress

#endif // COMPRESS_TARGET_COMPILE_H
