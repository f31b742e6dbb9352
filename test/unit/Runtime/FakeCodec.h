//===- FakeCodec.h - One token a byte ------------------------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TEST_FAKECODEC_H
#define COMPRESS_TEST_FAKECODEC_H

#include "FakeProgram.h"
#include "compress_runtime/Generate.h"

namespace fake {
inline compresslib::rt::TextCodec codec() {
  compresslib::rt::TextCodec codec;
  codec.bos = bos;
  codec.vocabulary = vocabulary;
  using Ids = compresslib::Expected<std::vector<int32_t>>;
  codec.encode = [](std::string_view text, bool special) -> Ids {
    std::vector<int32_t> ids;
    if (special)
      ids.push_back(bos);
    for (unsigned char c : text)
      ids.push_back(c);
    return ids;
  };
  codec.decoder = [] {
    compresslib::rt::TokenDecoder decoder;
    decoder.push = [](int32_t id) {
      return id < 256 ? std::string(1, static_cast<char>(id)) : std::string();
    };
    return decoder;
  };
  return codec;
}
} // namespace fake

#endif // COMPRESS_TEST_FAKECODEC_H
