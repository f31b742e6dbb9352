//===- Passes.h - Passes of the check dialect -------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef CHECK_TRANSFORMS_PASSES_H
#define CHECK_TRANSFORMS_PASSES_H

#include "Check/IR/Check.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::check {
#define GEN_PASS_DECL
#include "Check/Transforms/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "Check/Transforms/Passes.h.inc"
} // namespace mlir::check

#endif // CHECK_TRANSFORMS_PASSES_H
