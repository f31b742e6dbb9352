//===- VectorsTest.cpp - Against Hugging Face's tokenizers ----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/TokenizerJson.h"
#include "compress/Support/Json.h"
#include "compress_runtime/Tokenizer.h"

#include "../TestData.h"

#include <gtest/gtest.h>

using namespace compresslib;
using rt::Tokenizer;

namespace {

Expected<Tokenizer> loadJson(const std::string &path) {
  auto file = formats::readTokenizerJson(path);
  if (!file)
    return file.error();
  return Tokenizer::load(file->blob);
}

std::vector<int32_t> idsOf(const json::Value *list) {
  std::vector<int32_t> ids;
  for (const json::Value &id : *list->getArray())
    ids.push_back(int32_t(*id.getInt64()));
  return ids;
}

std::string stream(const Tokenizer &tokenizer, const std::vector<int32_t> &ids,
                   bool skipSpecial) {
  rt::Decoder decoder(tokenizer, skipSpecial);
  std::string text;
  for (int32_t id : ids)
    text += decoder.push(id);
  return text + decoder.finish();
}

class HuggingFaceVectors : public ::testing::TestWithParam<const char *> {};

TEST_P(HuggingFaceVectors, IdsAndText) {
  std::string name = GetParam();
  std::string folder = inSource("test/unit/Tokenizer/vectors/");
  auto tokenizer =
      loadJson(name == "primer" ? inSource("models/primer/tokenizer.json")
                                : folder + name + ".tokenizer.json");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  auto cases = json::read(contentOf(folder + name + ".cases.json"), name);
  ASSERT_TRUE(cases) << cases.error().message;
  EXPECT_GT(cases->getArray()->size(), 20u);
  for (const json::Value &one : *cases->getArray()) {
    const std::string &text = *one.find("text")->getString();
    SCOPED_TRACE(json::quote(text));
    auto ids = tokenizer->encode(text);
    ASSERT_TRUE(ids) << ids.error().message;
    EXPECT_EQ(*ids, idsOf(one.find("ids")));
    EXPECT_EQ(*tokenizer->encode(text, /*addSpecial=*/false),
              idsOf(one.find("plain")));
    EXPECT_EQ(tokenizer->decode(*ids), *one.find("decoded")->getString());
    EXPECT_EQ(tokenizer->decode(*ids, /*skipSpecial=*/false),
              *one.find("whole")->getString());
    EXPECT_EQ(stream(*tokenizer, *ids, true),
              *one.find("decoded")->getString());
    EXPECT_EQ(stream(*tokenizer, *ids, false), *one.find("whole")->getString());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Trained, HuggingFaceVectors,
    ::testing::Values("primer", "llama3", "added-flags", "pieces", "llama2",
                      "metaspace-first", "metaspace-always", "metaspace-never"),
    [](const auto &info) {
      std::string name = info.param;
      for (char &c : name)
        if (c == '-')
          c = '_';
      return name;
    });

// What implementations disagree on, a tokenizer for each.
TEST(Vectors, Corners) {
  auto file = json::read(
      contentOf(inSource("test/unit/Tokenizer/vectors/corners.json")), "");
  ASSERT_TRUE(file) << file.error().message;
  const json::Array &texts = *file->find("texts")->getArray();
  const json::Array &tokenizers = *file->find("tokenizers")->getArray();
  EXPECT_GT(tokenizers.size(), 100u);
  for (const json::Value &one : tokenizers) {
    SCOPED_TRACE(*one.find("name")->getString());
    auto stored =
        formats::parseTokenizerJson(*one.find("tokenizer")->getString(), "T");
    ASSERT_TRUE(stored) << stored.error().message;
    auto tokenizer = Tokenizer::load(stored->blob);
    ASSERT_TRUE(tokenizer) << tokenizer.error().message;
    for (const json::Value &part : *one.find("cases")->getArray()) {
      const json::Value *named = part.find("text");
      const std::string &text =
          *(named->isString() ? *named : texts[size_t(*named->getInt64())])
               .getString();
      SCOPED_TRACE(json::quote(text));
      auto ids = tokenizer->encode(text);
      ASSERT_TRUE(ids) << ids.error().message;
      EXPECT_EQ(*ids, idsOf(part.find("ids")));
      const std::string &whole = *part.find("whole")->getString();
      const json::Value *decoded = part.find("decoded");
      EXPECT_EQ(tokenizer->decode(*ids, /*skipSpecial=*/false), whole);
      EXPECT_EQ(tokenizer->decode(*ids),
                decoded ? *decoded->getString() : whole);
    }
  }
}

// Files that tokenizers differed on, with the ids of tokenizers 0.23.3, and
// hostile ones.
TEST(Vectors, FilesOfFaults) {
  struct {
    const char *name, *text;
    std::vector<int32_t> ids;
  } const cases[] = {
      {"han", "你好。世界。，", {0, 1, 4, 2, 3, 4, 5}},
      {"i-scope", "aBxC", {0, 1, 5}},
      {"i-scope", "aCxCab", {0, 2, 5, 0}},
      {"n-lazy", "aab", {0, 0, 1}},
      {"n-lazy", "ab", {0, 1}},
      {"w-Nl", "aⅧ", {2}},
      {"w-No", "a²", {2}},
      {"ws-zwj", "a\u200db", {3, 2}},
      {"ws-zwj", "ab", {0, 2}},
  };
  SKIP_WITHOUT(inTestData("faults"));
  for (const auto &one : cases) {
    SCOPED_TRACE(std::string(one.name) + ": " + one.text);
    auto tokenizer = loadJson(
        inTestData(std::string("faults/tokenizer-") + one.name + ".json"));
    ASSERT_TRUE(tokenizer) << tokenizer.error().message;
    auto ids = tokenizer->encode(one.text);
    ASSERT_TRUE(ids) << ids.error().message;
    EXPECT_EQ(*ids, one.ids);
  }
  auto bomb = loadJson(inTestData("faults/tokenizer-doubling-bomb.json"));
  ASSERT_FALSE(bomb);
  EXPECT_NE(bomb.error().message.find("make too much of a text of 1 bytes"),
            std::string::npos)
      << bomb.error().message;
  auto slow = loadJson(inTestData("faults/tokenizer-redos.json"));
  ASSERT_TRUE(slow) << slow.error().message;
  auto ids = slow->encode(std::string(3000, 'a'));
  ASSERT_FALSE(ids);
  EXPECT_NE(ids.error().message.find("too many steps"), std::string::npos)
      << ids.error().message;
}

// llama.cpp's vectors for GPT-2: texts between marks, a line of ids for each.
TEST(GgmlVocab, Gpt2) {
  std::string json = inTestData("ref/tokenizers/gpt2/tokenizer.json");
  std::string input = inTestData("ref/ggml-vocab/ggml-vocab-gpt-2.gguf.inp");
  std::string output = inTestData("ref/ggml-vocab/ggml-vocab-gpt-2.gguf.out");
  SKIP_WITHOUT(json);
  SKIP_WITHOUT(input);
  SKIP_WITHOUT(output);
  auto tokenizer = loadJson(json);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  std::string texts = contentOf(input);
  const std::string mark = "\n__ggml_vocab_test__\n";
  std::istringstream lines(contentOf(output));
  std::string line;
  size_t at = 0, count = 0;
  while (std::getline(lines, line)) {
    size_t end = texts.find(mark, at);
    std::string text = texts.substr(at, end - at);
    at = end == std::string::npos ? texts.size() : end + mark.size();
    std::istringstream numbers(line);
    std::vector<int32_t> expected;
    int32_t id;
    while (numbers >> id)
      expected.push_back(id);
    auto ids = tokenizer->encode(text);
    ASSERT_TRUE(ids);
    EXPECT_EQ(*ids, expected) << json::quote(text);
    EXPECT_EQ(tokenizer->decode(*ids), text);
    ++count;
  }
  EXPECT_GT(count, 40u);
}

// Prompts and greedy continuations of an independent implementation of the
// model.
TEST(Stories260K, PromptsOfReference) {
  std::string folder = inTestData("models/stories260K");
  SKIP_WITHOUT(folder);
  auto tokenizer = loadJson(folder + "/hf/tokenizer.json");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(tokenizer->bos(), 1);
  EXPECT_EQ(tokenizer->vocabularySize(), 512);
  auto reference = json::read(contentOf(folder + "/reference.json"), "");
  ASSERT_TRUE(reference) << reference.error().message;
  for (const json::Value &one : *reference->find("prompts")->getArray()) {
    const std::string &prompt = *one.find("prompt")->getString();
    EXPECT_EQ(*tokenizer->encode(prompt), idsOf(one.find("input_ids")));
    std::vector<int32_t> ids = idsOf(one.find("greedy_ids"));
    std::string text = tokenizer->decode(ids);
    EXPECT_EQ(text.compare(0, prompt.size(), prompt), 0);
    EXPECT_EQ(stream(*tokenizer, ids, true), text);
  }
}

} // namespace
