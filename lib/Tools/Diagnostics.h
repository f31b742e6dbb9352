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
class DialectRegistry;
class MLIRContext;
} // namespace mlir

namespace mlir::compress {
class WeightStore;

/// Cuts a message that would fill the screen.
void shorten(std::string &message);

/// Errors emitted in `context` from now on are cut before the handlers that
/// were there get them: an op that a note prints may be a whole model. Once
/// `store` cannot write, every weight says so; a few are enough.
/// The store learns what errors stand for.
void shortenDiagnostics(MLIRContext &context, WeightStore &store);

/// Errors of contexts made with `registry` are printed as always, but without
/// the line of source that they are in: for text whose lines are long.
void hideSource(DialectRegistry &registry);

} // namespace mlir::compress

#endif // COMPRESS_LIB_TOOLS_DIAGNOSTICS_H
