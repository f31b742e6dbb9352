//===- PassNames.cpp - The names of the passes ----------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/Passes.h"

using namespace mlir;

ArrayRef<StringLiteral> mlir::compress::getCompressPassNames() {
  static constexpr StringLiteral names[] = {
#include "Compress/Transforms/PassNames.inc"
  };
  return names;
}
