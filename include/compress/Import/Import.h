//===- Import.h - Model files as modules ------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An imported model is a module of
//
//   nn.model "primer" {…}                       figures and blobs of the model
//   compress.weight @model.norm.weight : …      one a tensor, one leaf each
//   compress.weight @rotary_frequencies : …     radians a position, [head / 2]
//   func.func @forward(%tokens: tensor<?xi32>, %position: index,
//                      %cache0: tensor<2x?xKxHxf32>, …)
//       -> (tensor<?xVxf32>, tensor<2x?xKxHxf32>, …)
//
// @forward runs tokens at `position`, `position + 1`, … and gives the logits of
// each and the caches (keys, then values), one a layer. A tied output head is a
// second compress.use of the embedding.
//
// Weights stay in the source file, in the type that they have there: leaves map
// it. It must not change while the context lives.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_IMPORT_IMPORT_H
#define COMPRESS_IMPORT_IMPORT_H

#include "compress/Support/Error.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>

namespace mlir::compress {

struct ImportOptions {
  /// Origins of weights name their file relative to this folder, that of the
  /// module to be written; absolute where it is empty.
  std::string originFolder;
  /// Takes weights with a NaN or an infinity, which are refused otherwise.
  bool allowNonFinite = false;
};

/// Dialects that imported modules use.
void registerImportDialects(DialectRegistry &registry);

/// Imports a folder in the Hugging Face layout: config.json, safetensors,
/// tokenizer.json. Errors are emitted in `context`; `kind`, where given, then
/// says which exit code they stand for.
FailureOr<OwningOpRef<ModuleOp>>
importHuggingFace(StringRef folder, MLIRContext *context,
                  const ImportOptions &options = {},
                  compresslib::ErrorKind *kind = nullptr);

/// Imports a model folder, or parses a module (`.mlir`, `.mlirbc`) and attaches
/// its side-car to the context's weight store.
FailureOr<OwningOpRef<ModuleOp>>
importFile(StringRef path, MLIRContext *context,
           const ImportOptions &options = {},
           compresslib::ErrorKind *kind = nullptr);

} // namespace mlir::compress

#endif // COMPRESS_IMPORT_IMPORT_H
