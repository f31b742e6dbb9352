//===- compress.cpp - From a trained network to a small program -----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/Driver.h"

int main(int argc, char **argv) {
  return mlir::compress::driverMain(argc, argv);
}
