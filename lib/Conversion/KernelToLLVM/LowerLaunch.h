//===- LowerLaunch.h - Functions on every thread, in LLVM -------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef LIB_CONVERSION_KERNELTOLLVM_LOWERLAUNCH_H
#define LIB_CONVERSION_KERNELTOLLVM_LOWERLAUNCH_H

namespace mlir {
class LLVMTypeConverter;
class ModuleOp;
class RewritePatternSet;
} // namespace mlir

namespace mlir::kernel {

/// Puts what launched functions take of memory on the launches, and declares
/// what launching calls. Before the conversion.
void prepareLaunches(ModuleOp module);
void populateLaunchPatterns(const LLVMTypeConverter &converter,
                            RewritePatternSet &patterns);

} // namespace mlir::kernel

#endif // LIB_CONVERSION_KERNELTOLLVM_LOWERLAUNCH_H
