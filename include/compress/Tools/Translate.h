//===- Translate.h - compress-translate ----------------------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TOOLS_TRANSLATE_H
#define COMPRESS_TOOLS_TRANSLATE_H

namespace mlir::compress {

/// The whole of compress-translate: mlir-translate with the dialects of
/// Compress.
int translateMain(int argc, char **argv);

} // namespace mlir::compress

#endif // COMPRESS_TOOLS_TRANSLATE_H
