//===- HashTest.cpp - Hashes beside published vectors ---------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Support/Hash.h"
#include "compress/Support/Sha256.h"

#include <string>

#include <gtest/gtest.h>

using namespace compresslib;

namespace {

// FIPS 180-4 examples and NIST's long message.
TEST(Sha256, PublishedVectors) {
  EXPECT_EQ(sha256(Bytes()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256(asBytes("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(asBytes(
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  std::string million(1'000'000, 'a');
  EXPECT_EQ(sha256(asBytes(million)),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesOfAnyLength) {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += char('a' + i % 26);
  for (size_t size = 0; size < 200; ++size) {
    std::string whole = sha256(asBytes(text).subspan(0, size));
    for (size_t step : {1, 7, 63, 64, 65}) {
      Sha256 hash;
      for (size_t at = 0; at < size; at += step)
        hash.update(asBytes(text).subspan(at, std::min(step, size - at)));
      auto digest = hash.digest();
      EXPECT_EQ(hexadecimal({digest.data(), digest.size()}), whole);
    }
  }
}

// xxhsum -H3 of the empty file and of "abc".
TEST(Xxh3, PublishedVectors) {
  EXPECT_EQ(xxh3(Bytes()), 0x2d06800538d394c2u);
  EXPECT_EQ(xxh3(asBytes("abc")), 0x78af5f94892f3950u);
}

TEST(Xxh3, Pieces) {
  std::string text(10'000, 'x');
  Xxh3 hash;
  for (size_t at = 0; at < text.size(); at += 333)
    hash.update(
        asBytes(text).subspan(at, std::min<size_t>(333, text.size() - at)));
  EXPECT_EQ(hash.digest(), xxh3(asBytes(text)));
}

} // namespace
