//===- RunFiles.h - What a run reads and writes -----------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_SUPPORT_RUNFILES_H
#define COMPRESS_SUPPORT_RUNFILES_H

#include "compress/Support/Error.h"

#include <string>
#include <vector>

namespace compresslib {

/// The files of one command. Inputs that do not exist are passed over.
struct RunFiles {
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  /// Folders that will be made: no output takes the name of one.
  std::vector<std::string> newFolders;
  /// The one input that an output may replace: of `compress-opt x.mlir -o
  /// x.mlir`, x.mlir. Otherwise empty.
  std::string inPlace;
};

/// Called by every command before any work. An Environment error says which
/// outputs are an input or each other, whatever they are called (spellings,
/// symbolic and hard links), or which cannot be made. From then on AtomicFile
/// refuses to replace an input of this process, also for outputs that were not
/// declared.
Status declareRun(const RunFiles &files);

} // namespace compresslib

#endif // COMPRESS_SUPPORT_RUNFILES_H
