//===- Driver.h - The compress command ------------------------ -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TOOLS_DRIVER_H
#define COMPRESS_TOOLS_DRIVER_H

namespace mlir::compress {

/// The whole of `compress`. Returns its exit code: 0, 1 for bad input, 2 for a
/// wrong command line or recipe, 3 for disk, memory and I/O.
int driverMain(int argc, char **argv);

} // namespace mlir::compress

#endif // COMPRESS_TOOLS_DRIVER_H
