//===- FunctionPasses.h - Passes for functions ------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef KERNEL_TRANSFORMS_FUNCTIONPASSES_H
#define KERNEL_TRANSFORMS_FUNCTIONPASSES_H

#include "Kernel/IR/LaunchOp.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::kernel {
/// Bytes of the arena, and of each thread's scratch, that a single-program
/// function's planned buffers take: attributes of the function.
constexpr llvm::StringLiteral kArenaBytes = "kernel.arena_bytes";
constexpr llvm::StringLiteral kScratchBytes = "kernel.scratch_bytes";

/// The most bytes of a buffer whose dynamic sizes are `sizes`, or nothing where
/// no bound of them is known.
std::optional<int64_t> getMostBytes(MemRefType type, ValueRange sizes);

#define GEN_PASS_DECL
#include "Kernel/Transforms/FunctionPasses.h.inc"
#define GEN_PASS_REGISTRATION
#include "Kernel/Transforms/FunctionPasses.h.inc"
} // namespace mlir::kernel

#endif // KERNEL_TRANSFORMS_FUNCTIONPASSES_H
