//===- compress-reduce.cpp - Smaller modules that show the same fault -----===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/Reduce.h"

int main(int argc, char **argv) {
  return mlir::compress::reduceMain(argc, argv);
}
