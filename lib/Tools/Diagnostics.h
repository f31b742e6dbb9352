//===- Diagnostics.h - Errors that stay short ----------------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_LIB_TOOLS_DIAGNOSTICS_H
#define COMPRESS_LIB_TOOLS_DIAGNOSTICS_H

#include <string>

namespace mlir {
class MLIRContext;
}

namespace mlir::compress {
class WeightStore;

/// Cuts a message that would fill the screen.
void shorten(std::string &message);

/// Errors emitted in `context` from now on are cut before the handlers that
/// were there get them: an op that a note prints may be a whole model. Once
/// `store` cannot write, every weight says so; a few are enough.
void shortenDiagnostics(MLIRContext &context, const WeightStore &store);

} // namespace mlir::compress

#endif // COMPRESS_LIB_TOOLS_DIAGNOSTICS_H
