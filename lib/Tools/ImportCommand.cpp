//===- ImportCommand.cpp - compress import --------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Program.h"
#include "compress/Support/Files.h"
#include "compress/Tools/ModuleOutput.h"

using namespace mlir;
using namespace mlir::compress;

compresslib::Status
mlir::compress::importCommand(const ImportArguments &arguments) {
  StringRef output = arguments.output;
  if (!output.ends_with(".mlir") && !output.ends_with(".mlirbc"))
    return compresslib::usageError("The output '" + arguments.output +
                                   "' ends neither in .mlir nor in .mlirbc.");
  ToolContext context;
  compresslib::Expected<OwningOpRef<ModuleOp>> module =
      context.load(arguments.input, compresslib::parentFolder(arguments.output),
                   arguments.allowNonFinite);
  if (!module)
    return module.error();
  // What no program can be made of is said now, and not after a recipe.
  if (compresslib::Expected<ModelFacts> facts = getModelFacts(**module); !facts)
    return facts.error();
  return writeModule(**module, output);
}
