//===- Foreign.h - What a file is that is not what was wanted ---*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_FORMATS_FOREIGN_H
#define COMPRESS_FORMATS_FOREIGN_H

#include "compress/Support/Bytes.h"

#include <string>

namespace compresslib {
namespace formats {

/// Recognises by its first bytes what is often mistaken for a model: "This is a
/// Git-LFS pointer, not the file itself; fetch it with `git lfs pull`.". Empty
/// if nothing is recognised. The caller asks only about files it refuses.
std::string describeForeign(Bytes file);

} // namespace formats
} // namespace compresslib

#endif // COMPRESS_FORMATS_FOREIGN_H
