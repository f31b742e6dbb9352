//===- compress-translate.cpp - Modules to LLVM IR and other forms --------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/Translate.h"

int main(int argc, char **argv) {
  return mlir::compress::translateMain(argc, argv);
}
