//===- Hash.h - XXH3, for integrity at load ---------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_SUPPORT_HASH_H
#define COMPRESS_SUPPORT_HASH_H

#include "compress/Support/Bytes.h"

#include <cstdint>

namespace compresslib {

/// XXH3, 64 bits, seed 0. Fast and not cryptographic: it finds accidents.
uint64_t xxh3(Bytes bytes);

/// The same over pieces: equal to xxh3 of their concatenation.
class Xxh3 {
public:
  Xxh3();
  ~Xxh3();
  Xxh3(const Xxh3 &) = delete;
  Xxh3 &operator=(const Xxh3 &) = delete;
  void update(Bytes bytes);
  uint64_t digest() const;

private:
  void *state_;
};

} // namespace compresslib

#endif // COMPRESS_SUPPORT_HASH_H
