//===- OptMain.h - compress-opt ------------------------------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// compress-opt is mlir-opt in every respect but three: a module's side-car is
// found in the folder of the input file and attached after parsing; what is
// written to a file is written whole or not at all, the side-car first; and on
// standard output stored tensors print inline.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TOOLS_OPTMAIN_H
#define COMPRESS_TOOLS_OPTMAIN_H

namespace mlir::compress {

/// The whole of compress-opt. Returns its exit code: 1 where mlir-opt fails,
/// 3 where the fault is the environment's (disk, memory, I/O).
int optMain(int argc, char **argv);

} // namespace mlir::compress

#endif // COMPRESS_TOOLS_OPTMAIN_H
