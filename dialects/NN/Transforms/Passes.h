//===- Passes.h - Passes of the nn dialect ----------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef NN_TRANSFORMS_PASSES_H
#define NN_TRANSFORMS_PASSES_H

#include "NN/IR/NN.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"

namespace mlir::nn {
#define GEN_PASS_DECL
#include "NN/Transforms/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "NN/Transforms/Passes.h.inc"

/// Reference lowerings of the ops that compute; blocks are inlined before.
void populateNNToLinalgPatterns(RewritePatternSet &patterns);

/// Puts the bodies of nn.blocks in their places.
void inlineBlocks(Operation *root);
} // namespace mlir::nn

#endif // NN_TRANSFORMS_PASSES_H
