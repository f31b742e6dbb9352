//===- Process.h - What the main of every tool does first ----- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TOOLS_PROCESS_H
#define COMPRESS_TOOLS_PROCESS_H

namespace mlir::compress {

/// Temporaries are removed when a signal ends the process; memory that runs
/// out, and a mapped input that is cut short, end it with exit code 3 and a
/// sentence. Names the version as well.
void prepareTool();

/// Has `--version` print Compress's version and LLVM's; for a tool that parses
/// its options before the rest is prepared.
void nameVersion();

} // namespace mlir::compress

#endif // COMPRESS_TOOLS_PROCESS_H
