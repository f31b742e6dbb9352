//===- TokenizerTest.cpp - Encoding, decoding, faults ---------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Tokenizer.h"
#include "compress/Formats/TokenizerJson.h"
#include "compress/Support/Json.h"
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

std::string split(const std::string &regex,
                  const std::string &behavior = "Isolated") {
  return R"(,"pre_tokenizer":{"type":"Split","pattern":{"Regex":)" +
         json::quote(regex) + R"(},"behavior":")" + behavior +
         R"(","invert":false})";
}

TEST(TranslatePattern, Refusals) {
  std::pair<const char *, const char *> cases[] = {
      {R"((a)\1)", "\\1"},
      {R"((?m)a)", "the group \"(?m)\""},
      {"(?<n>a)", "the group \"(?<n\""},
      {"(*UTF)", "the group \"(*UT\""},
      {"[[:alpha:]]", "a POSIX bracket"},
      {"[a", "a class without end"},
      {"[]a]", "a class that begins with \"]\""},
      {"[b-a]", "a range of falling characters"},
      {R"([\w-a])", "a range that begins with a class"},
      {R"([a-\w])", "a range that ends with a class"},
      {"[a-c-e]", "\"-\" inside of a class"},
      {"[a&&]", "\"&&\" with nothing"},
      {"a(", "\"(\" without \")\""},
      {"a)", "\")\" without \"(\""},
      {"*a", "\"*\" with nothing before it"},
      {"^*", "a repetition of what takes no characters"},
      {"a{100001}", "more than 100000"},
      {"a{3,1}?", "a lazy interval of falling numbers"},
      {"\\", "a lone backslash"},
      {R"(\X)", "\\X"},
      {R"(\u12)", "\\u without"},
      {R"(\xff)", "\\x without"},
      {R"(\pL)", "\\p without braces"},
      {R"(\p{Nope})", "the property \"Nope\""},
      {"(?<=a+)b", "a look-behind of no fixed length"},
      {"(?i)ss", "\"ss\" where case is ignored"},
      {"(?i)\xc3\x9f", "the character with letters beyond ASCII"},
      {R"((?i)\p{L})", "a class with letters beyond ASCII"},
  };
  for (auto [pattern, part] : cases) {
    auto translated = formats::translatePattern(pattern);
    ASSERT_FALSE(translated) << pattern;
    EXPECT_NE(translated.error().message.find(part), std::string::npos)
        << translated.error().message;
  }
  std::string deep;
  for (int i = 0; i < 100; ++i)
    deep += "(";
  EXPECT_FALSE(formats::translatePattern(deep + "a"));
  expectRefused(tokenizerText(split("(?m)a")), "uses the group \"(?m)\"");
  // However long a pattern is, a message is short.
  std::string message =
      refusal(tokenizerText(split(std::string(50000, 'a') + "(")));
  EXPECT_LT(message.size(), 400u);
}

TEST(Hostile, PatternsThatNeverEnd) {
  // One start that takes exponential time; each start taking much, so that
  // none exceeds a bound of its own; and starts that each look at all of the
  // text without ever turning back.
  std::pair<const char *, std::string> cases[] = {
      {"(a|aa)+[bd]", std::string(4000, 'a') + "c"},
      {"(?:a|a){22}c|a", std::string(3000, 'a')},
      {"a+b", std::string(1'000'000, 'a')},
      {"(?=a*b)a", std::string(1'000'000, 'a')},
      {"a{100000}b|a", std::string(1'000'000, 'a')},
      {"(?:(?:a*)*)*b", std::string(1000, 'a')},
      {"(?<=a{50000})b|a", std::string(1'000'000, 'a')},
  };
  for (auto &[regex, text] : cases) {
    auto file = formats::parseTokenizerJson(tokenizerText(split(regex)), "T");
    ASSERT_TRUE(file) << file.error().message;
    auto tokenizer = Tokenizer::load(file->blob);
    ASSERT_TRUE(tokenizer);
    auto start = std::chrono::steady_clock::now();
    auto ids = tokenizer->encode(text);
    std::chrono::duration<double> seconds =
        std::chrono::steady_clock::now() - start;
    ASSERT_FALSE(ids) << regex;
    EXPECT_EQ(ids.error().kind, ErrorKind::BadInput);
    EXPECT_EQ(ids.error().message,
              "The tokenizer's patterns and added tokens take too many steps "
              "on a text of " +
                  std::to_string(text.size()) + " bytes; shorten the text.");
    EXPECT_LT(seconds.count(), 30) << regex;
  }
}

TEST(Hostile, NormalizersThatGrow) {
  std::string steps;
  for (int i = 0; i < 60; ++i)
    steps += std::string(i ? "," : "") +
             R"({"type":"Replace","pattern":{"String":"a"},"content":"aa"})";
  std::string normalizer =
      R"(,"normalizer":{"type":"Sequence","normalizers":[)" + steps + "]}";
  expectRefused(
      tokenizerText(normalizer + R"(,"added_tokens":[{"id":0,"content":"a",)"
                                 R"("normalized":true}])"),
      "The added token 'a' cannot be normalized. The tokenizer's normalizers "
      "and pre-tokenizers make too much of a text of 1 bytes");
  auto file = formats::parseTokenizerJson(tokenizerText(normalizer), "T");
  ASSERT_TRUE(file) << file.error().message;
  auto ids = Tokenizer::load(file->blob)->encode("bab");
  ASSERT_FALSE(ids);
  EXPECT_NE(ids.error().message.find("make too much"), std::string::npos);
  // The bound is of the whole text, however many parts added tokens make of
  // it: each part may grow, not all of them.
  std::string some;
  for (int i = 0; i < 12; ++i)
    some += std::string(i ? "," : "") +
            R"({"type":"Replace","pattern":{"String":"a"},"content":"aa"})";
  file = formats::parseTokenizerJson(
      tokenizerText(R"(,"normalizer":{"type":"Sequence","normalizers":[)" +
                    some + R"(]},"added_tokens":[{"id":1,"content":"b"}])"),
      "T");
  ASSERT_TRUE(file) << file.error().message;
  auto tokenizer = Tokenizer::load(file->blob);
  EXPECT_TRUE(tokenizer->encode("ab"));
  std::string many;
  for (int i = 0; i < 10000; ++i)
    many += "ab";
  EXPECT_FALSE(tokenizer->encode(many));
  // Pieces grow as well: twice as many letters, and a piece for each.
  std::string parts;
  for (int i = 0; i < 30; ++i)
    parts += std::string(i ? "," : "") +
             R"({"type":"Metaspace","replacement":")" + char('A' + i % 26) +
             R"(","prepend_scheme":"always","split":false},{"type":"Split",)" +
             R"("pattern":{"Regex":"."},"behavior":"Isolated"})";
  file = formats::parseTokenizerJson(
      tokenizerText(R"(,"pre_tokenizer":{"type":"Sequence","pretokenizers":[)" +
                    parts + "]}"),
      "T");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_FALSE(Tokenizer::load(file->blob)->encode("aaaa"));
}

TEST(Hostile, ManySteps) {
  std::string steps = R"({"type":"NFC"})";
  for (int i = 0; i < 64; ++i)
    steps += R"(,{"type":"NFC"})";
  expectRefused(
      tokenizerText(R"(,"normalizer":{"type":"Sequence","normalizers":[)" +
                    steps + "]}"),
      "normalizer has 65 steps, expected at most 64");
  expectRefused(tokenizerText(R"(,"normalizer":{"type":"Prepend","prepend":")" +
                              std::string(70000, 'a') + "\"}"),
                "normalizer.prepend has 70000 bytes, expected at most 65535");
}

TEST(Hostile, AddedTokens) {
  // Tokens that share a long beginning with the text, and are not there.
  std::string added;
  for (int i = 0; i < 200; ++i)
    added += std::string(i ? "," : "") + R"({"id":)" + std::to_string(3 + i) +
             R"(,"content":")" + std::string(20000 + i, 'a') + R"(b"})";
  auto file = formats::parseTokenizerJson(
      tokenizerText(R"(,"added_tokens":[)" + added + "]"), "T");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_FALSE(
      Tokenizer::load(file->blob)->encode(std::string(1'000'000, 'a')));
  // Tokens of white space that each look for the white space round them.
  file = formats::parseTokenizerJson(
      tokenizerText(R"(,"added_tokens":[{"id":3,"content":" ","lstrip":true,)"
                    R"("rstrip":true}])"),
      "T");
  ASSERT_TRUE(file) << file.error().message;
  auto spaces = Tokenizer::load(file->blob);
  auto ids = spaces->encode(std::string(1'000'000, ' '), false);
  ASSERT_TRUE(ids) << ids.error().message;
  EXPECT_EQ(ids->size(), 1u);
}

TEST(Hostile, DecodersThatGrow) {
  std::string steps;
  for (int i = 0; i < 40; ++i)
    steps += std::string(i ? "," : "") +
             R"({"type":"Replace","pattern":{"String":"a"},"content":"aa"})";
  expectRefused(tokenizerText(R"(,"decoder":{"type":"Sequence","decoders":[)" +
                              steps + "]}"),
                "makes too much of a token");
}

// A tokenizer with a step of each kind, small enough to damage everywhere.
TEST(Hostile, BlobsOfAllKinds) {
  auto data = [] {
    auto file = formats::parseTokenizerJson(
        tokenizerText(
            R"(,"added_tokens":[{"id":3,"content":"<é>","single_word":true,)"
            R"("lstrip":true,"rstrip":true,"normalized":true}],"normalizer":)"
            R"({"type":"Sequence","normalizers":[{"type":"Prepend","prepend":)"
            R"("▁"},{"type":"Replace","pattern":{"Regex":"(?<=x|yy)a{1,3}?"},)"
            R"("content":"é"},{"type":"NFKC"},{"type":"Strip"}]},)"
            R"("pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":)"
            R"("Split","pattern":{"Regex":"(?i:'s)|(?>[a-z]+)(?!b)|(?:ab|c)*"},)"
            R"("behavior":"Isolated","invert":true},{"type":"Metaspace",)"
            R"("replacement":"▁"}]},"decoder":{"type":"Sequence","decoders":[)"
            R"({"type":"Replace","pattern":{"String":"▁"},"content":" "},)"
            R"({"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip",)"
            R"("content":" ","start":1,"stop":0}]})"),
        "T");
    EXPECT_TRUE(file) << file.error().message;
    auto data = parseTokenizer(file->blob);
    EXPECT_TRUE(data);
    // Its 1,500 bytes of word characters would take most of the time.
    data->wordPattern =
        serializePattern(formats::setPattern({{'0', '9'}, {'a', 'z'}}));
    return *data;
  }();
  std::vector<uint8_t> blob = serializeTokenizer(data);
  ASSERT_LT(blob.size(), 1000u);
  ASSERT_TRUE(Tokenizer::load(blob));
  size_t loads = 0;
  auto tryIt = [&](Bytes bytes) {
    auto loaded = Tokenizer::load(bytes);
    if (!loaded) {
      EXPECT_EQ(loaded.error().kind, ErrorKind::BadInput);
      EXPECT_LT(loaded.error().message.size(), 300u);
      return;
    }
    ++loads;
    auto ids = loaded->encode(" abba <é> xa's\xff yya \u00b5\u4f60 cab");
    if (ids)
      (void)loaded->decode(*ids);
  };
  for (size_t size = 0; size < blob.size(); ++size)
    tryIt(Bytes(blob.data(), size));
  EXPECT_EQ(loads, 0u);
  for (size_t i = 0; i < blob.size(); ++i) {
    uint8_t held = blob[i];
    for (int value : {held ^ 0x01, held ^ 0x20, held ^ 0x80, held ^ 0xff, 0, 1,
                      0x7f, 0x80, 0xc3, 0xff, held + 1, held - 1}) {
      blob[i] = uint8_t(value);
      tryIt(blob);
    }
    blob[i] = held;
  }
  EXPECT_GT(loads, 0u);
  // Texts that are no UTF-8, wherever one can be.
  auto expectDamaged = [&](const char *what, auto change) {
    TokenizerData damaged = data;
    change(damaged);
    auto loaded = Tokenizer::load(serializeTokenizer(damaged));
    ASSERT_FALSE(loaded) << what;
    EXPECT_NE(loaded.error().message.find("The stored tokenizer has"),
              std::string::npos)
        << loaded.error().message;
  };
  const std::string bad = "\xff\xfe";
  expectDamaged("Prepend", [&](auto &d) { d.normalizer[0].text = bad; });
  expectDamaged("pattern", [&](auto &d) { d.normalizer[1].text = bad; });
  expectDamaged("content", [&](auto &d) { d.normalizer[1].other = bad; });
  expectDamaged("Split", [&](auto &d) { d.preTokenizer[0].text = "a|b"; });
  expectDamaged("Metaspace", [&](auto &d) { d.preTokenizer[1].text = bad; });
  expectDamaged("Metaspace", [&](auto &d) { d.preTokenizer[1].text = "ab"; });
  expectDamaged("decoder", [&](auto &d) { d.decoder[0].other = bad; });
  expectDamaged("word", [&](auto &d) { d.wordPattern = bad; });
  expectDamaged("added token", [&](auto &d) { d.added[0].content = bad; });
  expectDamaged("token", [&](auto &d) { d.tokens[0].text = bad; });
}

TEST(Tokenizer, TextsOfOneThingTakeLinearTime) {
  for (const std::string &path :
       {primerPath(), vectorPath("llama3"), vectorPath("llama2"),
        vectorPath("metaspace-first"), vectorPath("added-flags")}) {
    Tokenizer tokenizer = load(path);
    for (const std::string &unit :
         {std::string(1, '\0'), std::string("\xff"), std::string("\n"),
          std::string("a\xe4\xb8\xf0\x9f\xff"), std::string("\u4f60")}) {
      std::string text;
      while (text.size() < 1'000'000)
        text += unit;
      auto start = std::chrono::steady_clock::now();
      auto ids = tokenizer.encode(text);
      std::chrono::duration<double> seconds =
          std::chrono::steady_clock::now() - start;
      ASSERT_TRUE(ids) << ids.error().message;
      EXPECT_LT(seconds.count(), 20) << path;
    }
  }
}

} // namespace
