//===- TokenizerTest.cpp - Encoding, decoding, faults ---------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Tokenizer.h"
#include "compress/Formats/TokenizerJson.h"
#include "compress_runtime/TokenizerData.h"

#include "../TestData.h"

#include <chrono>

#include <gtest/gtest.h>

using namespace compresslib;
using namespace compresslib::rt;

namespace {

std::string primerPath() { return inSource("models/primer/tokenizer.json"); }
std::string vectorPath(const std::string &name) {
  return inSource("test/unit/Tokenizer/vectors/" + name + ".tokenizer.json");
}

Tokenizer load(const std::string &path) {
  auto file = formats::readTokenizerJson(path);
  if (!file) {
    ADD_FAILURE() << file.error().message;
    std::abort();
  }
  auto tokenizer = Tokenizer::load(file->blob);
  if (!tokenizer) {
    ADD_FAILURE() << tokenizer.error().message;
    std::abort();
  }
  return std::move(*tokenizer);
}

TEST(Tokenizer, WhatItTellsOfItself) {
  Tokenizer tokenizer = load(primerPath());
  EXPECT_EQ(tokenizer.vocabularySize(), 4096);
  EXPECT_EQ(tokenizer.bos(), 0);
  EXPECT_EQ(tokenizer.idOf("<|endoftext|>"), 0);
  EXPECT_EQ(tokenizer.idOf("<|absent|>"), std::nullopt);
  EXPECT_TRUE(tokenizer.isSpecial(0));
  EXPECT_FALSE(tokenizer.isSpecial(1));
  EXPECT_FALSE(tokenizer.isSpecial(-1));
  EXPECT_FALSE(tokenizer.isSpecial(1 << 30));
  EXPECT_EQ(load(vectorPath("pieces")).bos(), std::nullopt);
}

TEST(Tokenizer, InvalidUtf8IsReplaced) {
  Tokenizer tokenizer = load(primerPath());
  const std::string mark = "\xef\xbf\xbd";
  // Maximal invalid parts, Unicode 15 section 3.9, tables 3-8 to 3-11.
  std::pair<std::string, std::string> cases[] = {
      {"a\xff"
       "b",
       "a" + mark + "b"},
      {"\xc0\xaf", mark + mark},
      {"\xe2\x82", mark},
      {"\xe2\x82z", mark + "z"},
      {"\xed\xa0\x80", mark + mark + mark},
      {"\xf4\x91\x92\x93", mark + mark + mark + mark},
      {"\xf1\x80\x80\xe1\x80\xc2", mark + mark + mark},
  };
  for (const auto &[bytes, text] : cases)
    EXPECT_EQ(*tokenizer.encode(bytes), *tokenizer.encode(text));
}

TEST(Tokenizer, SpecialTokensOfStrangers) {
  Tokenizer tokenizer = load(primerPath());
  std::string text = "a<|endoftext|>b";
  EXPECT_EQ((*tokenizer.encode(text, false))[1], 0);
  auto ids = *tokenizer.encode(text, false, /*findSpecial=*/false);
  for (int32_t id : ids)
    EXPECT_NE(id, 0);
  EXPECT_EQ(tokenizer.decode(ids), text);
}

TEST(Tokenizer, LongRunsAreFast) {
  for (const std::string &path :
       {primerPath(), vectorPath("llama3"), vectorPath("llama2")}) {
    Tokenizer tokenizer = load(path);
    for (const char *unit : {"a", " ", "\n", "1", "the", "<", "é"}) {
      std::string text;
      while (text.size() < 1'000'000)
        text += unit;
      auto start = std::chrono::steady_clock::now();
      auto ids = tokenizer.encode(text);
      double seconds = std::chrono::duration<double>(
                           std::chrono::steady_clock::now() - start)
                           .count();
      ASSERT_TRUE(ids) << ids.error().message;
      EXPECT_EQ(tokenizer.decode(*ids), text) << path << " " << unit;
      // A quadratic algorithm takes minutes.
      EXPECT_LT(seconds, 20) << path << " " << unit;
    }
  }
}

TEST(Tokenizer, LongAndShortMergesAgree) {
  // The same word below and above the length where the algorithm changes: the
  // tokens of a text of repeated words are those of the word, repeated.
  Tokenizer tokenizer = load(primerPath());
  for (const char *word : {" the", " internationalisation", " xyzzy"}) {
    auto once = *tokenizer.encode(word, false);
    auto twice = *tokenizer.encode(std::string(word) + word, false);
    std::vector<int32_t> expected = once;
    expected.insert(expected.end(), once.begin(), once.end());
    EXPECT_EQ(twice, expected);
  }
}

TEST(Decoder, HoldsUnfinishedCharacters) {
  Tokenizer tokenizer = load(primerPath());
  std::string text = "x\xf0\x9f\xa6\x99y";
  auto ids = *tokenizer.encode(text, false);
  ASSERT_GT(ids.size(), 3u);
  Decoder decoder(tokenizer);
  std::string all;
  for (int32_t id : ids) {
    std::string piece = decoder.push(id);
    // Never a part of a character.
    EXPECT_TRUE(piece.empty() || (piece[0] & 0xc0) != 0x80);
    all += piece;
  }
  EXPECT_EQ(all, text);
  EXPECT_EQ(decoder.finish(), "");
  Decoder cut(tokenizer);
  EXPECT_EQ(cut.push(ids[0]), "x");
  EXPECT_EQ(cut.push(ids[1]), "");
  EXPECT_EQ(cut.finish(), "\xef\xbf\xbd");
}

TEST(Decoder, ByteFallback) {
  Tokenizer tokenizer = load(vectorPath("llama2"));
  auto byte = [&](int value) { return 3 + value; };
  int32_t a = *tokenizer.idOf("a");
  // A run of byte tokens that is no UTF-8 is replaced byte by byte.
  EXPECT_EQ(tokenizer.decode({byte(0xe4), byte(0xb8), byte(0xad), a}),
            "\xe4\xb8\xad"
            "a");
  EXPECT_EQ(tokenizer.decode({byte(0xe4), byte(0xb8), a}),
            "\xef\xbf\xbd\xef\xbf\xbd"
            "a");
  Decoder decoder(tokenizer);
  EXPECT_EQ(decoder.push(byte(0xe4)), "");
  EXPECT_EQ(decoder.push(byte(0xb8)), "");
  EXPECT_EQ(decoder.push(a), "\xef\xbf\xbd\xef\xbf\xbd"
                             "a");
  // Ids that do not exist say nothing.
  EXPECT_EQ(tokenizer.decode({-1, 1 << 20, a}), "a");
}

TEST(TokenizerBlob, RoundTripAndDamage) {
  for (const std::string &path : {primerPath(), vectorPath("added-flags"),
                                  vectorPath("metaspace-first")}) {
    auto file = formats::readTokenizerJson(path);
    ASSERT_TRUE(file);
    auto data = parseTokenizer(file->blob);
    ASSERT_TRUE(data) << data.error().message;
    EXPECT_EQ(serializeTokenizer(*data), file->blob);
    // Every prefix is refused; a changed byte is refused or harmless.
    std::vector<uint8_t> blob = file->blob;
    for (size_t size = 0; size < blob.size(); size += 1 + blob.size() / 3000) {
      auto cut = parseTokenizer(Bytes(blob.data(), size));
      ASSERT_FALSE(cut) << size;
      EXPECT_EQ(cut.error().kind, ErrorKind::BadInput);
    }
    for (size_t i = 0; i < blob.size(); i += 1 + blob.size() / 500)
      for (uint8_t flip : {0x01, 0x80, 0xff}) {
        blob[i] ^= flip;
        auto loaded = Tokenizer::load(blob);
        if (loaded)
          (void)loaded->decode(*loaded->encode("some text <|begin|> 12 é"));
        blob[i] ^= flip;
      }
    blob.push_back(0);
    EXPECT_FALSE(parseTokenizer(blob));
  }
  auto future = parseTokenizer(asBytes("CTOK\x7f"));
  ASSERT_FALSE(future);
  EXPECT_NE(future.error().message.find("version 127"), std::string::npos);
  EXPECT_FALSE(parseTokenizer(asBytes("GGUF")));
  EXPECT_FALSE(parseTokenizer(Bytes()));
}

/// The smallest tokenizer with other parts in it.
std::string tokenizerText(const std::string &parts,
                          const std::string &model = "") {
  return R"({"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},)"
         R"("merges":["a b"])" +
         model + "}" + parts + "}";
}

std::string refusal(const std::string &text) {
  auto file = formats::parseTokenizerJson(text, "T");
  if (file)
    return "";
  EXPECT_EQ(file.error().kind, ErrorKind::BadInput);
  return file.error().message;
}

void expectRefused(const std::string &text, const std::string &part) {
  std::string message = refusal(text);
  EXPECT_NE(message.find(part), std::string::npos)
      << "'" << part << "' is not in: " << message;
}

TEST(TokenizerJson, Accepts) {
  EXPECT_EQ(refusal(tokenizerText("")), "");
  EXPECT_EQ(refusal(R"({"model":{"vocab":{"a":0},"merges":[]}})"), "");
  EXPECT_EQ(refusal(tokenizerText(
                R"(,"decoder":null,"normalizer":null,"added_tokens":[])")),
            "");
}

TEST(TokenizerJson, AllUnsupportedPartsAtOnce) {
  std::string text = refusal(tokenizerText(
      R"(,"normalizer":{"type":"Sequence","normalizers":[{"type":"Nmt"},)"
      R"({"type":"Precompiled"}]},"pre_tokenizer":{"type":"BertPreTokenizer"},)"
      R"("post_processor":{"type":"Other"},"decoder":{"type":"WordPiece"})",
      R"(,"dropout":0.1,"end_of_word_suffix":"</w>")"));
  for (const char *part :
       {"normalizer[0] \"Nmt\" is not supported", "\"Precompiled\"",
        "pre_tokenizer \"BertPreTokenizer\"", "post_processor \"Other\"",
        "decoder \"WordPiece\"", "model.dropout other than 0",
        "model.end_of_word_suffix"})
    EXPECT_NE(text.find(part), std::string::npos) << part << ": " << text;
}

TEST(TokenizerJson, Faults) {
  expectRefused("[]", "expected a tokenizer.json object");
  expectRefused("{}", "model is missing");
  expectRefused(R"({"model":{"type":"Unigram","vocab":[]}})",
                "model \"Unigram\" is not supported");
  expectRefused(R"({"model":{"vocab":{"a":0,"b":0},"merges":[]}})",
                "tokens 'a' and 'b' both have the id 0");
  expectRefused(R"({"model":{"vocab":{"a":0,"\u0061":1},"merges":[]}})",
                "occurs twice");
  for (const char *id : {"-1", "1.5", "\"0\"", "16777216", "1e3"})
    expectRefused(R"({"model":{"vocab":{"a":)" + std::string(id) +
                      R"(},"merges":[]}})",
                  "the id of token 'a' is");
  expectRefused(R"({"model":{"vocab":{"a":0},"merges":["a b","c d"]}})",
                "model.merges[0] ('a' and 'b') is no pair of tokens whose join "
                "is a token, and so 1 more");
  expectRefused(R"({"model":{"vocab":{"a":0},"merges":["a b c"]}})",
                "no pair of tokens");
  expectRefused(R"({"model":{"vocab":{},"merges":[]}})",
                "the vocabulary is empty");
  expectRefused(tokenizerText("", R"(,"unk_token":"u")"),
                "model.unk_token is not in the vocabulary");
  expectRefused(tokenizerText(R"(,"added_tokens":[{"id":1,"content":"x"}])"),
                "the id 1 of 'b'");
  expectRefused(tokenizerText(R"(,"added_tokens":[{"id":5,"content":"a"}])"),
                "gives 'a' the id 5, the vocabulary 0");
  expectRefused(
      tokenizerText(
          R"(,"post_processor":{"type":"RobertaProcessing","cls":["a",9],)"
          R"("sep":["b",1]})"),
      "adds the token 9, which does not exist");
  expectRefused(tokenizerText(R"(,"decoder":{"type":"ByteLevel"})"),
                "ByteLevel without a ByteLevel pre-tokenizer");
  expectRefused(tokenizerText(R"(,"decoder":{"type":"Sequence","decoders":[)"
                              R"({"type":"Fuse"},{"type":"ByteFallback"}]})"),
                "this order of steps");
  std::string deep(100000, '[');
  expectRefused("{\"model\":" + deep, "nested deeper");
}

TEST(TokenizerJson, IdsAgainstTheEmbedding) {
  EXPECT_TRUE(formats::parseTokenizerJson(tokenizerText(""), "T", 3));
  auto file = formats::parseTokenizerJson(tokenizerText(""), "T", 2);
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("the id of token 'ab' is 2, expected an "
                                      "integer below the 2 rows of the "
                                      "embedding"),
            std::string::npos)
      << file.error().message;
}

TEST(TranslatePattern, Constructs) {
  auto same = [](const char *pattern) {
    auto translated = formats::translatePattern(pattern);
    ASSERT_TRUE(translated) << translated.error().message;
    EXPECT_EQ(*translated, pattern);
  };
  same(R"((?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|a*?b++c(?=d)(?<!e))");
  EXPECT_EQ(*formats::translatePattern(R"(\d[\d])"), R"(\p{Nd}[\p{Nd}])");
  EXPECT_EQ(*formats::translatePattern(R"(\u00e9)"), R"(\x{00e9})");
  EXPECT_NE(formats::translatePattern(R"([^\s])")->find(R"(\x{85})"),
            std::string::npos);
  for (const char *pattern :
       {R"(\h)", R"(\b)", R"((a)\1)", R"([a[b]])", R"([a&&b])", R"([\S])",
        R"((?m)a)", R"((?<n>a))", R"((*UTF))", R"(a{,3})", R"(a{1,3}+)", "\\",
        "[a", R"(\X)", R"([]a])", R"(\u12)", R"(\pL)"})
    EXPECT_FALSE(formats::translatePattern(pattern)) << pattern;
  expectRefused(tokenizerText(R"(,"pre_tokenizer":{"type":"Split","pattern":)"
                              R"({"Regex":"(?m)a"},"behavior":"Isolated",)"
                              R"("invert":false})"),
                "uses the group \"(?m)\"");
  expectRefused(tokenizerText(R"(,"pre_tokenizer":{"type":"Split","pattern":)"
                              R"({"Regex":"a("},"behavior":"Isolated",)"
                              R"("invert":false})"),
                "is not understood");
}

TEST(TokenizerJson, PatternThatNeverEnds) {
  auto file = formats::parseTokenizerJson(
      tokenizerText(R"(,"pre_tokenizer":{"type":"Split","pattern":)"
                    R"({"Regex":"(a|aa)+[bd]"},"behavior":"Isolated",)"
                    R"("invert":false})"),
      "T");
  ASSERT_TRUE(file) << file.error().message;
  auto tokenizer = Tokenizer::load(file->blob);
  ASSERT_TRUE(tokenizer);
  auto ids = tokenizer->encode(std::string(4000, 'a') + "c");
  ASSERT_FALSE(ids);
  EXPECT_EQ(ids.error().kind, ErrorKind::BadInput);
  EXPECT_NE(ids.error().message.find("too many steps"), std::string::npos);
}

} // namespace
