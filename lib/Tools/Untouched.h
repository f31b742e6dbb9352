//===- Untouched.h - The model that a module was made of ------ -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_LIB_TOOLS_UNTOUCHED_H
#define COMPRESS_LIB_TOOLS_UNTOUCHED_H

#include "compress/Support/Error.h"
#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace mlir::compress {

/// The model folder that the origins of `module`'s weights name; `path` is the
/// module's own file, to whose folder they are relative. Empty where no weight
/// names a file and none was changed: the module is then untouched itself.
///
/// An error where origins name files of several folders, where a file or tensor
/// is no longer there or has another hash than the origin, and where weights
/// are compressed and name none: the message lists all, and ends with how to
/// name the untouched model by hand.
compresslib::Expected<std::string> findUntouchedModel(ModuleOp module,
                                                      StringRef path);

} // namespace mlir::compress

#endif // COMPRESS_LIB_TOOLS_UNTOUCHED_H
