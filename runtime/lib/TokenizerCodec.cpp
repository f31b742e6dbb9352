//===- TokenizerCodec.cpp - The runtime's tokenizer as a codec --*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/CommandLine.h"
#include "compress_runtime/Tokenizer.h"

namespace compresslib {
namespace rt {

Expected<TextCodec> loadTokenizerCodec(std::string_view tokenizer) {
  auto loaded = Tokenizer::load(asBytes(tokenizer));
  if (!loaded)
    return loaded.error();
  auto shared = std::make_shared<Tokenizer>(std::move(*loaded));
  TextCodec codec;
  codec.bos = shared->bos().value_or(-1);
  codec.vocabulary = shared->vocabularySize();
  codec.encode = [shared](std::string_view text, bool special) {
    return shared->encode(text, special);
  };
  codec.decoder = [shared] {
    auto decoder = std::make_shared<Decoder>(*shared);
    TokenDecoder result;
    result.push = [shared, decoder](int32_t id) { return decoder->push(id); };
    result.finish = [shared, decoder] { return decoder->finish(); };
    return result;
  };
  return codec;
}

int edgeMain(int argc, char **argv, const compress_program &program) {
  return runCommandLine(argc, argv, program, loadTokenizerCodec,
                        "/proc/self/exe");
}

} // namespace rt
} // namespace compresslib
