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
#include "llvm/ADT/StringSet.h"
#include <memory>
#include <string>

namespace llvm {
class raw_ostream;
}

namespace mlir::compress {

/// An `.mlir` or `.mlirbc` file beside its side-cars. The side-cars are written
/// first; renaming the module's temporary is the commit. Until then the old
/// module and the side-car that it names are untouched, and what was written is
/// removed if the commit is never reached. The output may be the input.
class ModuleOutput {
public:
  static compresslib::Expected<std::unique_ptr<ModuleOutput>>
  create(StringRef path);
  ~ModuleOutput();

  /// Where the module's text or bytecode goes.
  llvm::raw_ostream &os();
  /// Writes the module's tensors beside the output; its compress.store then
  /// names them. Emits errors.
  LogicalResult writeSideCar(ModuleOp module, compresslib::ErrorKind *kind);
  /// Puts the file in place, then removes the side-cars that only the replaced
  /// file named.
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
