//===- ErrorKind.cpp - What an error stands for ---------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/ErrorKind.h"

using namespace mlir;
using compresslib::ErrorKind;

static constexpr StringLiteral usage = "compress.usage",
                               environment = "compress.environment";

InFlightDiagnostic mlir::compress::withKind(InFlightDiagnostic diagnostic,
                                            ErrorKind kind) {
  Diagnostic *said = diagnostic.getUnderlyingDiagnostic();
  if (said && kind != ErrorKind::BadInput)
    said->getMetadata().push_back(DiagnosticArgument(
        StringRef(kind == ErrorKind::Usage ? usage : environment)));
  return diagnostic;
}

ErrorKind mlir::compress::getErrorKind(Diagnostic &diagnostic) {
  for (DiagnosticArgument &argument : diagnostic.getMetadata()) {
    if (argument.getKind() !=
        DiagnosticArgument::DiagnosticArgumentKind::String)
      continue;
    if (argument.getAsString() == usage)
      return ErrorKind::Usage;
    if (argument.getAsString() == environment)
      return ErrorKind::Environment;
  }
  return ErrorKind::BadInput;
}
