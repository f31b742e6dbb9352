//===- Tokenizer.h - Text to token ids and back -----------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Byte-pair encoding (Sennrich et al., 2016) as Hugging Face's tokenizers runs
// it: added tokens are found in the text, what lies between is normalized and
// cut into pieces, and each piece's symbols are merged, lowest rank first. Two
// kinds: byte-level (GPT-2 and later) and characters with byte fallback
// (SentencePiece).
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_TOKENIZER_H
#define COMPRESS_RUNTIME_TOKENIZER_H

#include "compress/Support/Bytes.h"
#include "compress/Support/Error.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace compresslib {
namespace rt {

/// The most that is encoded at once.
constexpr uint64_t maxTextBytes = uint64_t(1) << 30;

/// Immutable once loaded: threads may share it.
class Tokenizer {
public:
  /// Loads what serializeTokenizer wrote; the blob may go afterwards.
  static Expected<Tokenizer> load(Bytes blob);
  Tokenizer(Tokenizer &&) noexcept;
  Tokenizer &operator=(Tokenizer &&) noexcept;
  ~Tokenizer();

  /// Ids of a text. Invalid UTF-8 counts as U+FFFD. `addSpecial`: with the
  /// tokens that the model wants round a text (BOS). `findSpecial`: special
  /// tokens spelled in the text count as such; false for text of strangers.
  /// BadInput if the text is too long, or if patterns, normalizers and the
  /// like take more steps or make more text than one of that length may.
  Expected<std::vector<int32_t>> encode(std::string_view text,
                                        bool addSpecial = true,
                                        bool findSpecial = true) const;

  /// The text of ids; ids that do not exist are skipped.
  std::string decode(const std::vector<int32_t> &ids,
                     bool skipSpecial = true) const;

  /// The first token that encode puts before a text, if any.
  std::optional<int32_t> bos() const;
  /// Highest id + 1.
  int32_t vocabularySize() const;
  /// Id of an added token ("<|im_end|>"), or of a token by its exact text.
  std::optional<int32_t> idOf(std::string_view token) const;
  bool isSpecial(int32_t id) const;

private:
  friend class Decoder;
  struct State;
  explicit Tokenizer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Turns ids into text as they come. What a push returns is whole UTF-8
/// characters; bytes of an unfinished one wait. The pieces make the text that
/// decode gives, but that an invalid byte among byte-fallback tokens becomes
/// one U+FFFD here, while decode so replaces the whole run of such tokens.
class Decoder {
public:
  /// The tokenizer must outlive the decoder.
  explicit Decoder(const Tokenizer &tokenizer, bool skipSpecial = true);
  std::string push(int32_t id);
  /// What still waits, as U+FFFD where it is no character.
  std::string finish();

private:
  friend class Tokenizer;
  std::string take(bool all);
  void endRun();
  const Tokenizer::State &state_;
  bool skipSpecial_;
  bool exact_ = false;          // decode: runs of byte tokens are judged whole
  bool first_ = true;           // no token was taken yet
  std::string pending_;         // bytes not yet given out
  std::string run_;             // byte tokens in a row, where exact_
  std::vector<uint32_t> strip_; // by fused DecodeStrip: copies left to remove
};

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_TOKENIZER_H
