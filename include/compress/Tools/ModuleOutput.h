//===- ModuleOutput.h - A module and its side-car, written as one  -*- C++
//-*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TOOLS_MODULEOUTPUT_H
#define COMPRESS_TOOLS_MODULEOUTPUT_H

#include "compress/Support/Error.h"
#include "mlir/IR/BuiltinOps.h"
#include <memory>
#include <string>

namespace llvm {
class raw_ostream;
}

namespace mlir::compress {

/// An `.mlir` or `.mlirbc` file beside its side-car. Both are written as
/// temporaries, and get their names in the commit, the side-car first. Until
/// then the old module and the side-car that it names are untouched. Writers of
/// one folder commit one after the other. The output may be the input.
class ModuleOutput {
public:
  static compresslib::Expected<std::unique_ptr<ModuleOutput>>
  create(StringRef path);
  ~ModuleOutput();

  /// Where the module's text or bytecode goes.
  llvm::raw_ostream &os();
  /// Writes the module's tensors, for the commit to put beside the output; its
  /// compress.store then names them. Emits errors.
  LogicalResult writeSideCar(ModuleOp module, compresslib::ErrorKind *kind);
  /// Puts both in place, then removes the side-cars that the replaced file had
  /// made, unless some other file of the folder names them or might.
  compresslib::Status commit();

private:
  struct Implementation;
  explicit ModuleOutput(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation;
};

/// Writes `module` and its side-car to `path`, bytecode where it ends in
/// ".mlirbc".
compresslib::Status writeModule(ModuleOp module, StringRef path);

} // namespace mlir::compress

#endif // COMPRESS_TOOLS_MODULEOUTPUT_H
