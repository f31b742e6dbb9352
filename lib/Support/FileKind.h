//===- FileKind.h - Files in messages ---------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_LIB_SUPPORT_FILEKIND_H
#define COMPRESS_LIB_SUPPORT_FILEKIND_H

#include "compress/Support/Text.h"

#include <string>
#include <sys/stat.h>

namespace compresslib {

inline std::string quoted(const std::string &path) {
  return "'" + printable(path, 400) + "'";
}

inline const char *kindOfFile(mode_t mode) {
  if (S_ISDIR(mode))
    return "a directory";
  if (S_ISFIFO(mode))
    return "a FIFO";
  if (S_ISCHR(mode) || S_ISBLK(mode))
    return "a device";
  if (S_ISSOCK(mode))
    return "a socket";
  return "no regular file";
}

} // namespace compresslib

#endif // COMPRESS_LIB_SUPPORT_FILEKIND_H
