//===- RunFilesInternal.h - What AtomicFile must not replace ----*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_LIB_SUPPORT_RUNFILESINTERNAL_H
#define COMPRESS_LIB_SUPPORT_RUNFILESINTERNAL_H

#include <string>
#include <sys/stat.h>

namespace compresslib {

/// The declared input that this file is, or empty.
std::string inputOfRun(const struct stat &status);

} // namespace compresslib

#endif // COMPRESS_LIB_SUPPORT_RUNFILESINTERNAL_H
