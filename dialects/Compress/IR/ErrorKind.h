//===- ErrorKind.h - What an error stands for ------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A diagnostic says in its metadata which exit code it stands for: the model is
// at fault (BadInput, where nothing is said), the command (Usage), or the
// machine (Environment). Passes only say that they failed.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_IR_ERRORKIND_H
#define COMPRESS_IR_ERRORKIND_H

#include "compress/Support/Error.h"
#include "mlir/IR/Diagnostics.h"

namespace mlir::compress {

InFlightDiagnostic withKind(InFlightDiagnostic diagnostic,
                            compresslib::ErrorKind kind);
compresslib::ErrorKind getErrorKind(Diagnostic &diagnostic);

} // namespace mlir::compress

#endif // COMPRESS_IR_ERRORKIND_H
