//===- Sha256.h - SHA-256, for manifests ------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_SUPPORT_SHA256_H
#define COMPRESS_SUPPORT_SHA256_H

#include "compress/Support/Bytes.h"

#include <array>
#include <cstdint>
#include <string>

namespace compresslib {

/// FIPS 180-4 SHA-256, streaming. Uses the processor's SHA instructions where
/// it has them.
class Sha256 {
public:
  Sha256();
  void update(Bytes bytes);
  /// Ends the message; call once.
  std::array<uint8_t, 32> digest();

private:
  uint32_t state_[8];
  uint8_t block_[64];
  uint64_t length_ = 0;
};

/// 64 lower-case hexadecimal digits.
std::string hexadecimal(Bytes bytes);
std::string sha256(Bytes bytes);

} // namespace compresslib

#endif // COMPRESS_SUPPORT_SHA256_H
