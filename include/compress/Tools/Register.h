//===- Register.h - Every dialect, pass and extension --------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TOOLS_REGISTER_H
#define COMPRESS_TOOLS_REGISTER_H

#include "mlir/Support/LLVM.h"

namespace mlir {
class DialectRegistry;
}

namespace mlir::compress {

/// Dialects of MLIR and of Compress, with their interfaces and translations.
void registerAllDialectsAndExtensions(DialectRegistry &registry);

/// Passes and named pipelines of MLIR and of Compress, once for the process.
void registerEveryPass();

/// What tools ask of the contexts made with this registry: side-cars of modules
/// are looked for in `folder`, and errors stay short.
void setUpContexts(DialectRegistry &registry, StringRef folder);

} // namespace mlir::compress

#endif // COMPRESS_TOOLS_REGISTER_H
