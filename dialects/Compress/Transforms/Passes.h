//===- Passes.h - Compression passes ----------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TRANSFORMS_PASSES_H
#define COMPRESS_TRANSFORMS_PASSES_H

#include "Compress/IR/Compress.h"
#include "mlir/Pass/Pass.h"

namespace mlir::compress {
#define GEN_PASS_DECL
#include "Compress/Transforms/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

#endif // COMPRESS_TRANSFORMS_PASSES_H
