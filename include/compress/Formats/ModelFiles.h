//===- ModelFiles.h - The files of a model folder ---------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_FORMATS_MODELFILES_H
#define COMPRESS_FORMATS_MODELFILES_H

#include <string>
#include <vector>

namespace compresslib {
namespace formats {

/// The files of `folder` that HuggingFaceModel::open reads, sorted: those of
/// the fixed names that exist, and the shards that an index names and that
/// exist. Checks nothing of what they hold.
std::vector<std::string> modelFiles(const std::string &folder);

} // namespace formats
} // namespace compresslib

#endif // COMPRESS_FORMATS_MODELFILES_H
