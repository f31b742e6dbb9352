//===- Check.h - Runs checks, by the reference or otherwise -----*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A test is a function without arguments that holds check ops. To run it, the
// ops are taken out and their operands become results; an executor computes
// these, in whatever way it is there for, and the comparison is made here:
//
//   func.func @f() {                        func.func @f() -> (f32, f32) {
//     check.expect_close %a, %b …     ->      return %a, %b : f32, f32
//     return }                              }
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_REFERENCE_CHECK_H
#define COMPRESS_REFERENCE_CHECK_H

#include "compress/Reference/Reference.h"

#include <functional>
#include <string>

namespace mlir::compress {

/// The results of a function of `module` that takes nothing. It may change the
/// module, which is the executor's own. Emits its errors.
using CheckExecutor = std::function<FailureOr<std::vector<ReferenceTensor>>(
    ModuleOp module, StringRef function, const ReferenceOptions &options)>;

/// Makes an executor known to --compress-check. "reference" is there from the
/// start. Call it before passes run.
void registerCheckExecutor(StringRef name, CheckExecutor executor);

/// Runs every test of the module by each executor named. Emits a remark for a
/// function whose checks hold, and an error at a check that does not.
LogicalResult runChecks(ModuleOp module, ArrayRef<std::string> executors,
                        const ReferenceOptions &options = {});

} // namespace mlir::compress

#endif // COMPRESS_REFERENCE_CHECK_H
