//===- JsonTest.cpp - JSON that nobody vouches for ------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Support/Json.h"

#include <cmath>

#include <gtest/gtest.h>

using namespace compresslib;

namespace {

std::string refusal(const std::string &text, json::ReadOptions options = {}) {
  auto value = json::read(text, "F", options);
  if (value)
    return "";
  EXPECT_EQ(value.error().kind, ErrorKind::BadInput);
  return value.error().message;
}

TEST(Json, Kinds) {
  auto root = json::read(
      R"({"n":null,"t":true,"i":-3,"u":18446744073709551615,"d":1.5,)"
      R"("s":"\u00e9\ud83e\udd99\n","a":[1,[2]],"o":{"k":{}}})",
      "F");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_TRUE(root->find("n")->isNull());
  EXPECT_TRUE(*root->find("t")->getBool());
  EXPECT_EQ(root->find("i")->getInt64(), -3);
  EXPECT_EQ(root->find("i")->getUint64(), std::nullopt);
  EXPECT_EQ(root->find("u")->getUint64(), ~uint64_t(0));
  EXPECT_EQ(root->find("u")->getInt64(), std::nullopt);
  EXPECT_EQ(root->find("d")->getNumber(), 1.5);
  EXPECT_FALSE(root->find("d")->isInteger());
  EXPECT_EQ(*root->find("s")->getString(), "\u00e9\U0001f999\n");
  EXPECT_EQ((*(*root->find("a")->getArray())[1].getArray())[0].getInt64(), 2);
  EXPECT_EQ(root->find("o")->find("k")->getObject()->size(), 0u);
  EXPECT_EQ(root->find("x"), nullptr);
  EXPECT_EQ(root->find("a")->find("x"), nullptr);
  EXPECT_EQ((*root->getObject())[2].first, "i");
  EXPECT_EQ(json::read("7", "F")->getInt64(), 7);
}

TEST(Json, FaultsNameTheOffset) {
  json::ReadOptions at100;
  at100.offset = 100;
  std::pair<std::string, std::string> cases[] = {
      {"", "offset 100"},
      {"[1,", "offset 103"},
      {"[1 2]", "offset 103"},
      {"{\"a\":1,\"a\":2}", "the key \"a\" occurs twice"},
      {"{\"a\":1,\"\\u0061\":2}", "the key \"a\" occurs twice"},
      {"[\"\xc3\x28\"]", "offset 102: broken UTF-8"},
      {std::string("[\0]", 3), "offset 101: a NUL byte"},
      {"[\"\\ud800\"]", "invalid JSON"},
      {"[1e999]", "invalid JSON"},
      {"[01]", "offset 102"},
      {"[1]]", "offset 103"},
      {"[NaN]", "offset 101"},
      {"['a']", "offset 101"},
      {"// c\n1", "offset 100"},
      {"[1,]", "offset 103"},
      {"[\"a\nb\"]", "invalid JSON"},
  };
  for (const auto &[text, part] : cases) {
    std::string message = refusal(text, at100);
    EXPECT_NE(message.find(part), std::string::npos) << text << ": " << message;
    EXPECT_EQ(message.find("'F' holds invalid JSON"), 0u) << message;
  }
  // The same key in different objects is no duplicate.
  EXPECT_EQ(refusal(R"([{"a":{"a":1}},{"a":2}])"), "");
}

TEST(Json, Budgets) {
  json::ReadOptions options;
  options.maxDepth = 3;
  EXPECT_EQ(refusal("[[[1]]]", options), "");
  EXPECT_NE(refusal("[[[[1]]]]", options).find("deeper than 3"),
            std::string::npos);
  options.maxValues = 4;
  EXPECT_EQ(refusal("[1,2,3]", options), "");
  EXPECT_NE(refusal("[1,2,3,4]", options).find("more than 4 values"),
            std::string::npos);
  for (const char *unit : {"[", "{\"a\":", "[{\"a\":"}) {
    std::string deep;
    while (deep.size() < 5'000'000)
      deep += unit;
    EXPECT_NE(refusal(deep).find("deeper than 64"), std::string::npos);
  }
}

TEST(JsonWriter, WritesWhatReadsBack) {
  json::Writer writer(0);
  writer.beginObject();
  writer.member("text", "a\"\\\n\x01\u00e9\xff");
  writer.member("number", 0.1);
  writer.member("nan", std::nan(""));
  writer.member("size", uint64_t(1) << 63);
  writer.member("small", -1);
  writer.member("flag", true);
  writer.key("list").beginArray().value(1).value(2).null().endArray();
  writer.key("none").beginArray().endArray();
  writer.endObject();
  EXPECT_EQ(writer.text(),
            "{\"text\":\"a\\\"\\\\\\n\\u0001\u00e9\ufffd\",\"number\":0.1,"
            "\"nan\":null,\"size\":9223372036854775808,\"small\":-1,"
            "\"flag\":true,\"list\":[1,2,null],\"none\":[]}");
  EXPECT_TRUE(json::read(writer.text(), "F"));
  json::Writer indented;
  indented.beginObject().key("a").beginArray().value(1).endArray();
  indented.key("b").beginObject().endObject().endObject();
  EXPECT_EQ(indented.text(), "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}\n");
}

} // namespace
