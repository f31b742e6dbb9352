//===- Fingerprint.h - What a module is, as a hash ------------ -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_PIPELINES_FINGERPRINT_H
#define COMPRESS_PIPELINES_FINGERPRINT_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace mlir::compress {

/// SHA-256 of a module: of its text, save for the name of its side-car, and of
/// the content of every tensor and blob that it names.
std::string getFingerprint(ModuleOp module);

/// Whether two modules, of any contexts, are one model: the same functions over
/// the same expressions of the same stored bytes. What is told of weights'
/// history (origins, reports) does not count.
bool isSameModel(ModuleOp a, ModuleOp b);

} // namespace mlir::compress

#endif // COMPRESS_PIPELINES_FINGERPRINT_H
