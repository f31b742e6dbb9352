//===- Functions.h - Functions of plain linalg as an object file -*- C++ -*-==//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every public function of a module becomes a C function. A tensor of static
// shape is a pointer to its elements, row-major: arguments are const, results
// follow them and are written. The packed weights are constant data of the
// object. Functions are reentrant, take their temporaries from malloc, and run
// on the threads that a program gives them (compress_runtime/Threads.h).
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TARGET_FUNCTIONS_H
#define COMPRESS_TARGET_FUNCTIONS_H

#include "mlir/IR/BuiltinOps.h"
#include <string>
#include <vector>

namespace mlir::compress {

struct FunctionsOptions {
  /// One instruction set; an object has no choice at start.
  std::string instructionSet = "generic";
  /// "f32", or "int8" where weights are integer codes.
  std::string activations = "int8";
  /// The header's name without ".h", for its include guard.
  std::string name = "functions";
};

struct CompiledFunctions {
  std::vector<char> object;
  std::string header;
};

/// Compiles a copy of `module`. Errors are emitted.
FailureOr<CompiledFunctions> compileFunctions(ModuleOp module,
                                              const FunctionsOptions &options);

/// Loads an object of this machine into the process and calls a function all of
/// whose arguments and results are tensors, with a pointer for each.
LogicalResult callFunction(MLIRContext *context, ArrayRef<char> object,
                           StringRef name, ArrayRef<void *> pointers);

/// The C header of a module's public functions, or an error at what C cannot
/// say.
FailureOr<std::string> makeHeader(ModuleOp module, StringRef name);

/// compress-translate --mlir-to-object [--instruction-set=].
void registerObjectTranslation();

} // namespace mlir::compress

#endif // COMPRESS_TARGET_FUNCTIONS_H
