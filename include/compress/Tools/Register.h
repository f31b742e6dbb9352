//===- Register.h - Every dialect, pass and extension --------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TOOLS_REGISTER_H
#define COMPRESS_TOOLS_REGISTER_H

#include "mlir/Support/LLVM.h"

#include "mlir/Support/LLVM.h"
#include "llvm/Support/Error.h"
#include <string>

namespace mlir {
class DialectRegistry;
}

namespace mlir::compress {

/// Dialects of MLIR and of Compress, with their interfaces and translations.
void registerAllDialectsAndExtensions(DialectRegistry &registry);

/// Passes and named pipelines of MLIR and of Compress.
void registerEveryPass();

/// Loads a plugin, as `--load-dialect-plugin` and `--load-pass-plugin` of
/// mlir-opt do: its passes are registered now, its dialects with every registry
/// from now on. An Error says which file is no plugin.
llvm::Error loadPlugin(const std::string &path);

/// What tools ask of the contexts made with this registry: side-cars of modules
/// are looked for in `folder`, and errors stay short.
void setUpContexts(DialectRegistry &registry, StringRef folder);

} // namespace mlir::compress

#endif // COMPRESS_TOOLS_REGISTER_H
