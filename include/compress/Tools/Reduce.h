//===- Reduce.h - compress-reduce ------------------------------ -*- C++
//-*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TOOLS_REDUCE_H
#define COMPRESS_TOOLS_REDUCE_H

namespace mlir::compress {

/// mlir-reduce with the dialects of Compress, side-cars and plugins.
int reduceMain(int argc, char **argv);

} // namespace mlir::compress

#endif // COMPRESS_TOOLS_REDUCE_H
