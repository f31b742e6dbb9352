//===- TokenizerData.h - A tokenizer as it is stored ------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The importer fills a TokenizerData from a tokenizer.json and stores its
// serialised form; the runtime reads that form, without JSON. The form is a
// magic, a version, and variable-length integers; a token that a merge makes is
// not spelled out, so it takes a tenth of the JSON.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_TOKENIZERDATA_H
#define COMPRESS_RUNTIME_TOKENIZERDATA_H

#include "compress/Support/Bytes.h"
#include "compress/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace compresslib {
namespace rt {

/// One step of a normalizer, pre-tokenizer or decoder. Patterns are what
/// serializePattern made; other texts are UTF-8.
struct TokenizerStep {
  enum Kind : uint32_t {
    // Normalizers: text to text.
    Prepend, ///< `text` before a text that is not empty
    Replace, ///< every match of the pattern `text` by `other`
    NFC,
    NFD,
    NFKC,
    NFKD,
    Strip, ///< white space; flags: 1 left, 2 right
    // Pre-tokenizers: pieces to pieces.
    Split,       ///< at matches of the pattern `text`; flags: see below
    PrefixSpace, ///< a space before a piece that has none
    Metaspace,   ///< spaces become the character `text`; flags: a
                 ///< PrependScheme
    // Decoders: tokens to text.
    DecodeReplace,   ///< the string `text` by `other`, in each token
    DecodeStrip,     ///< up to `flags` times `text` from a token's start
    DecodeMetaspace, ///< `text` becomes a space; flags 1: removed from the
                     ///< first token instead
    DecodeBytes,     ///< "<0x0A>" is that byte
    DecodeFuse,      ///< from here on all tokens are one
    DecodeByteLevel, ///< tokens are bytes
    LastKind = DecodeByteLevel
  };
  Kind kind = Prepend;
  uint32_t flags = 0;
  std::string text, other;
};

/// What a split does with the matches: flags & 7 of Split.
enum SplitBehavior : uint32_t {
  SplitRemoved,
  SplitIsolated,
  SplitMergedWithPrevious,
  SplitMergedWithNext,
  SplitContiguous,
};
/// Flag of Split: what does not match is the match.
constexpr uint32_t splitInverted = 8;

enum PrependScheme : uint32_t { PrependNever, PrependFirst, PrependAlways };

struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool singleWord = false; ///< only where no word character is beside it
  bool lstrip = false;     ///< takes the white space before it
  bool rstrip = false;     ///< takes the white space behind it
  bool normalized = false; ///< looked for in the normalized text
  bool special = false;
};

/// Of a normalizer, of a pre-tokenizer, of a decoder.
constexpr size_t maxTokenizerSteps = 64;

struct TokenizerData {
  struct Token {
    std::string text;   ///< bytes, where byteLevel; empty: no such id
    bool model = false; ///< of the model's own vocabulary
  };
  struct Merge {
    int32_t left, right, result;
  };

  std::vector<Token> tokens; ///< by id
  std::vector<Merge> merges; ///< by rank
  bool byteLevel = false;    ///< symbols are bytes; otherwise characters
  bool byteFallback = false; ///< an unknown character becomes "<0xNN>"s
  bool fuseUnknown = false;  ///< neighbouring unknown characters are one
  bool ignoreMerges = false; ///< a piece that is a token is that token
  int32_t unknown = -1;      ///< -1: unknown characters vanish
  std::vector<AddedToken> added;
  std::vector<TokenizerStep> normalizer, preTokenizer, decoder;
  std::string wordPattern; ///< a word character; needed by singleWord
  std::vector<int32_t> prefix, suffix; ///< special tokens round a text
};

/// The bytes of a token in GPT-2's letters: a printable byte of Latin-1 stands
/// for itself, the others follow from U+0100 on. Nothing if another character
/// is in the token, which is UTF-8.
std::optional<std::string> bytesOfLetters(std::string_view token);

std::vector<uint8_t> serializeTokenizer(const TokenizerData &data);

/// Checks every id and length; takes memory in proportion to what it finds.
Expected<TokenizerData> parseTokenizer(Bytes blob);

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_TOKENIZERDATA_H
