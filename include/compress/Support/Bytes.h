//===- Bytes.h - A view of bytes --------------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_SUPPORT_BYTES_H
#define COMPRESS_SUPPORT_BYTES_H

#include "compress/Support/Span.h"

#include <cstdint>
#include <string_view>

namespace compresslib {

using Bytes = Span<const uint8_t>;

inline std::string_view asText(Bytes bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}
inline Bytes asBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

} // namespace compresslib

#endif // COMPRESS_SUPPORT_BYTES_H
