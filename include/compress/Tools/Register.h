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

/// Passes and named pipelines of MLIR and of Compress.
void registerEveryPass();

/// Side-cars of modules parsed in contexts made with this registry are looked
/// for in `folder`.
void setBaseFolder(DialectRegistry &registry, StringRef folder);

} // namespace mlir::compress

#endif // COMPRESS_TOOLS_REGISTER_H
