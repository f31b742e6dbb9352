//===- TokenizerJson.h - Hugging Face's tokenizer.json ----------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads byte-pair tokenizers (untrusted) into the form that the runtime loads.
// Whatever is not supported is refused, all of it in one message: a tokenizer
// that is nearly right ruins a model silently.
//
// Normalizers: Sequence, Prepend, Replace, NFC, NFD, NFKC, NFKD, Strip.
// Pre-tokenizers: Sequence, ByteLevel (last), Digits, Split, Punctuation,
// Whitespace, WhitespaceSplit, CharDelimiterSplit, Metaspace. Model: BPE.
// Post-processors: TemplateProcessing, ByteLevel, Sequence, BertProcessing,
// RobertaProcessing (for one text). Decoders: ByteLevel; or Replace, Strip and
// Metaspace, then ByteFallback, then Fuse, then Strip from the start.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_FORMATS_TOKENIZERJSON_H
#define COMPRESS_FORMATS_TOKENIZERJSON_H

#include "compress/Support/Error.h"
#include "compress_runtime/Pattern.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace compresslib {
namespace formats {

struct TokenizerFile {
  std::vector<uint8_t> blob;  ///< for rt::Tokenizer::load, which takes it
  int64_t vocabularySize = 0; ///< highest id + 1
};

Expected<TokenizerFile> readTokenizerJson(const std::string &path);
/// `source` names the text in messages. A token whose id has no row in an
/// embedding of `rows` rows is BadInput.
Expected<TokenizerFile> parseTokenizerJson(std::string_view text,
                                           const std::string &source,
                                           int64_t rows = 1 << 24);

/// A pattern of Oniguruma, as tokenizer.json has them, as what matches the
/// same, or BadInput naming the construct that is not supported.
Expected<rt::Pattern> translatePattern(std::string_view pattern);
/// Matches this text, which must be UTF-8.
rt::Pattern literalPattern(std::string_view text);
/// Matches a character of the set.
rt::Pattern setPattern(rt::CodeRanges ranges);

} // namespace formats
} // namespace compresslib

#endif // COMPRESS_FORMATS_TOKENIZERJSON_H
