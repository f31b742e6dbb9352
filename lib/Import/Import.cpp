//===- Import.cpp - Model files as modules --------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Import/Import.h"
#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "NN/IR/NN.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::compress;

void mlir::compress::registerImportDialects(DialectRegistry &registry) {
  registry.insert<CompressDialect, nn::NNDialect, arith::ArithDialect,
                  func::FuncDialect>();
}

FailureOr<OwningOpRef<ModuleOp>>
mlir::compress::importFile(StringRef path, MLIRContext *context,
                           const ImportOptions &options,
                           compresslib::ErrorKind *kind) {
  Location location = UnknownLoc::get(context);
  auto fail = [&](compresslib::ErrorKind what) {
    if (kind)
      *kind = what;
    return failure();
  };
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(path, status)) {
    emitError(location) << "Cannot open '" << path << "': " << error.message()
                        << '.';
    return fail(compresslib::ErrorKind::Environment);
  }
  if (llvm::sys::fs::is_directory(status))
    return importHuggingFace(path, context, options, kind);
  if (StringRef extension = llvm::sys::path::extension(path);
      extension != ".mlir" && extension != ".mlirbc") {
    emitError(location) << "Cannot import '" << path
                        << "': expected the folder of a Hugging Face model, or "
                           "a module in a .mlir or .mlirbc file.";
    return fail(compresslib::ErrorKind::BadInput);
  }
  // A caller that expects other dialects has registered them.
  DialectRegistry registry;
  registerImportDialects(registry);
  context->appendDialectRegistry(registry);
  return parseModuleFile(path, context, kind);
}
