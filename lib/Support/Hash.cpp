//===- Hash.cpp - XXH3, for integrity at load -----------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Support/Hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace compresslib;

uint64_t compresslib::xxh3(Bytes bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

Xxh3::Xxh3() : state_(XXH3_createState()) {
  XXH3_64bits_reset(static_cast<XXH3_state_t *>(state_));
}
Xxh3::~Xxh3() { XXH3_freeState(static_cast<XXH3_state_t *>(state_)); }
void Xxh3::update(Bytes bytes) {
  XXH3_64bits_update(static_cast<XXH3_state_t *>(state_), bytes.data(),
                     bytes.size());
}
uint64_t Xxh3::digest() const {
  return XXH3_64bits_digest(static_cast<const XXH3_state_t *>(state_));
}
