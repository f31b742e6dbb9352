//===- SafetensorsTest.cpp - Reading and writing safetensors --------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/Safetensors.h"
#include "../TestData.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

using namespace compresslib;
using namespace compresslib::formats;

namespace {

std::string file(const std::string &header, const std::string &data) {
  std::string out(8, '\0');
  for (int i = 0; i < 8; ++i)
    out[i] = char(uint64_t(header.size()) >> 8 * i);
  return out + header + data;
}

class Safetensors : public ::testing::Test {
protected:
  /// The message of refusing these bytes; "" if they are accepted.
  std::string refusal(const std::string &bytes) {
    std::string path = folder_ / "t.safetensors";
    writeContent(path, bytes);
    Expected<SafetensorsFile> opened = SafetensorsFile::open(path);
    if (opened)
      return "";
    EXPECT_EQ(opened.error().kind, ErrorKind::BadInput);
    std::string text = opened.error().message;
    size_t at = text.find(path);
    EXPECT_NE(at, std::string::npos) << text;
    return at == std::string::npos ? text : text.replace(at, path.size(), "F");
  }
  TemporaryFolder folder_;
};

const std::string f32x2 =
    R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";

TEST_F(Safetensors, ReadsWhatItShould) {
  std::string header =
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F16","shape":[],)"
      R"("data_offsets":[8,10]},"e":{"dtype":"I64","shape":[3,0],)"
      R"("data_offsets":[10,10]},)" +
      f32x2 + "}  ";
  float values[2] = {1.5f, -2};
  std::string data(reinterpret_cast<char *>(values), 8);
  writeContent(folder_ / "t", file(header, data + std::string("\x00\x3c", 2)));
  auto opened = SafetensorsFile::open(folder_ / "t");
  ASSERT_TRUE(opened) << opened.error().message;
  ASSERT_EQ(opened->tensors().size(), 3u);
  EXPECT_EQ(opened->tensors()[0].name, "a");
  EXPECT_EQ(*opened->metadata("format"), "pt");
  EXPECT_EQ(opened->metadata("other"), nullptr);
  const SafetensorsTensor *a = opened->find("a");
  ASSERT_TRUE(a);
  float out[2];
  ASSERT_TRUE(rowsToFloat(*a, 1, 1, out));
  EXPECT_EQ(out[0], -2);
  ASSERT_TRUE(rowsToFloat(*opened->find("b"), 0, 1, out));
  EXPECT_EQ(out[0], 1);
  EXPECT_EQ(opened->find("e")->elements, 0u);
  EXPECT_EQ(opened->find("e")->rowElements(), 0u);
  EXPECT_FALSE(rowsToFloat(*opened->find("e"), 0, 0, out));
  EXPECT_EQ(opened->find("c"), nullptr);
}

TEST_F(Safetensors, TruncatedAtEveryByte) {
  std::string whole = file("{" + f32x2 + "}", "12345678");
  for (size_t size = 0; size < whole.size(); ++size) {
    std::string message = refusal(whole.substr(0, size));
    EXPECT_NE(message, "") << size;
    if (size >= 8)
      EXPECT_NE(message.find("need " + std::to_string(size < whole.size() - 8
                                                          ? whole.size() - 8
                                                          : whole.size())),
                std::string::npos)
          << size << ": " << message;
    EXPECT_NE(message.find("have " + std::to_string(size)), std::string::npos);
  }
  EXPECT_EQ(refusal(whole), "");
  EXPECT_EQ(refusal(whole + "x"),
            "'F': 1 trailing bytes after the end of tensor 'a' at offset " +
                std::to_string(whole.size()) +
                ", expected none. The file is damaged; get it again.");
}

TEST_F(Safetensors, HeaderLengths) {
  auto with = [](uint64_t length) {
    std::string out(8, '\0');
    for (int i = 0; i < 8; ++i)
      out[i] = char(length >> 8 * i);
    return out + "{}";
  };
  EXPECT_EQ(refusal(with(2)), "");
  EXPECT_EQ(refusal(with(0)), "'F': The header length at offset 0 is 0, "
                              "expected at least 2. The file is damaged; get "
                              "it again.");
  EXPECT_NE(refusal(with(1)), "");
  EXPECT_NE(refusal(with(3)).find("need 11 bytes, have 10"), std::string::npos);
  for (uint64_t huge : {uint64_t(100'000'001), uint64_t(1) << 63, ~uint64_t(0),
                        ~uint64_t(0) - 7})
    EXPECT_NE(refusal(with(huge)).find("expected at most 100000000"),
              std::string::npos);
}

TEST_F(Safetensors, OverlapsHolesOffsets) {
  auto two = [&](const char *offsets) {
    return file("{" + f32x2 +
                    R"(,"b":{"dtype":"U8","shape":[4],"data_offsets":)" +
                    offsets + "}}",
                "123456781234");
  };
  EXPECT_EQ(refusal(two("[8,12]")), "");
  std::string overlap = refusal(two("[6,10]"));
  EXPECT_NE(overlap.find("tensor 'b'"), std::string::npos) << overlap;
  EXPECT_NE(overlap.find("overlap those of tensor 'a'"), std::string::npos);
  EXPECT_NE(refusal(two("[0,4]")).find("overlap"), std::string::npos);
  EXPECT_NE(refusal(two("[12,8]")).find("end before they begin"),
            std::string::npos);
  EXPECT_NE(refusal(two("[8,13]"))
                .find("takes 4 bytes, but data_offsets [8, "
                      "13] hold 5"),
            std::string::npos);
  EXPECT_NE(refusal(two("[9,13]")).find("past the end of the file"),
            std::string::npos);
  EXPECT_NE(refusal(two("[18446744073709551611,18446744073709551615]"))
                .find("past the end of the file"),
            std::string::npos);
  EXPECT_NE(refusal(two("[-1,3]")).find("two integers"), std::string::npos);
  EXPECT_NE(refusal(two("[8.0,12]")).find("two integers"), std::string::npos);
  EXPECT_NE(refusal(two("[8]")).find("two integers"), std::string::npos);
  EXPECT_NE(refusal(two("null")).find("two integers"), std::string::npos);
  std::string hole =
      refusal(file(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                   R"("b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}})",
                   "12345"));
  EXPECT_NE(hole.find("A hole of 1 bytes between the end of tensor 'a'"),
            std::string::npos)
      << hole;
  EXPECT_NE(hole.find("tensor 'b'"), std::string::npos);
  EXPECT_NE(
      refusal(file(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                   "123"))
          .find("hole of 1 bytes between the header's end"),
      std::string::npos);
}

TEST_F(Safetensors, Shapes) {
  auto shaped = [&](const std::string &shape, const char *type = "F32") {
    return refusal(file(R"({"a":{"dtype":")" + std::string(type) +
                            R"(","shape":)" + shape +
                            R"(,"data_offsets":[0,8]}})",
                        "12345678"));
  };
  EXPECT_EQ(shaped("[2]"), "");
  EXPECT_EQ(shaped("[1,2,1]"), "");
  EXPECT_EQ(shaped("[4,4]", "F4"), "");
  EXPECT_EQ(shaped("[8]", "F8_E4M3"), "");
  EXPECT_NE(shaped("[3]").find("takes 12 bytes"), std::string::npos);
  EXPECT_NE(shaped("[]").find("takes 4 bytes"), std::string::npos);
  EXPECT_NE(shaped("[2.0]").find("dimension 0 of the shape is a fraction"),
            std::string::npos);
  EXPECT_NE(shaped("[2,-1]").find("dimension 1 of the shape is -1"),
            std::string::npos);
  EXPECT_NE(shaped("[18446744073709551615]").find("dimension 0"),
            std::string::npos);
  EXPECT_NE(shaped("[4294967296,4294967296]").find("64 bits count"),
            std::string::npos);
  EXPECT_NE(shaped("[4611686018427387906]").find("64 bits count"),
            std::string::npos);
  EXPECT_NE(shaped("[15]", "F4").find("no whole number"), std::string::npos);
  EXPECT_NE(shaped("\"2\"").find("expected \"shape\" as an array"),
            std::string::npos);
  EXPECT_NE(shaped("[2]", "F33").find("unknown dtype \"F33\""),
            std::string::npos);
}

TEST_F(Safetensors, HostileJson) {
  std::string deep(1'000'000, '[');
  EXPECT_NE(refusal(file("{\"a\":" + deep, "")).find("nested deeper than"),
            std::string::npos);
  std::string objects;
  for (int i = 0; i < 200'000; ++i)
    objects += "{\"a\":";
  EXPECT_NE(refusal(file(objects, "")).find("nested deeper than"),
            std::string::npos);
  std::string twice =
      refusal(file("{" + f32x2 + "," + f32x2 + "}", "12345678"));
  EXPECT_NE(twice.find("the key \"a\" occurs twice"), std::string::npos)
      << twice;
  std::string escaped = f32x2;
  escaped.replace(1, 1, "\\u0061");
  EXPECT_NE(refusal(file("{" + f32x2 + "," + escaped + "}", "12345678"))
                .find("the key \"a\" occurs twice"),
            std::string::npos);
  EXPECT_NE(refusal(file("{\"\xff\":1}", "")).find("byte offset 10: broken"),
            std::string::npos);
  EXPECT_NE(refusal(file(R"({"\ud800":1})", "")).find("invalid JSON"),
            std::string::npos);
  EXPECT_NE(refusal(file(std::string("{}\0{}", 5), "")).find("NUL"),
            std::string::npos);
  EXPECT_NE(refusal(file("{} x", "")).find("byte offset 11"),
            std::string::npos);
  EXPECT_NE(refusal(file("{\"a\":1}", "")).find("expected an object"),
            std::string::npos);
  EXPECT_NE(refusal(file(R"({"__metadata__":{"a":1}})", ""))
                .find("is an integer, expected a string"),
            std::string::npos);
  std::string odd = f32x2;
  odd.insert(odd.size() - 1, ",\"strides\":[1]");
  EXPECT_NE(refusal(file("{" + odd + "}", "12345678")).find("unknown key"),
            std::string::npos);
}

TEST_F(Safetensors, OtherFiles) {
  auto is = [&](const std::string &bytes, const char *what) {
    std::string message = refusal(bytes);
    EXPECT_NE(
        message.find(std::string("is not a safetensors file. This is ") + what),
        std::string::npos)
        << message;
  };
  is("version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
     "a Git-LFS pointer");
  is(std::string("PK\x03\x04\0\0\0\0\0\0\0\0", 12), "a zip archive");
  is(std::string("\x80\x02}q\0.\0\0\0\0", 10), "a Python pickle");
  is("<!DOCTYPE html><html>", "an HTML page");
  is("\n <HTML><body>", "an HTML page");
  is("<?xml version", "an XML file");
  is("GGUF\3\0\0\0aaaaaaaaaa", "a GGUF file");
  is("{\"error\": 404}", "a JSON text");
  EXPECT_FALSE(SafetensorsFile::open(folder_ / "absent"));
  auto directory = SafetensorsFile::open(folder_.path());
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().kind, ErrorKind::Environment);
}

TEST_F(Safetensors, FiniteCheck) {
  float values[6] = {0, 1, -1, 1e38f, std::numeric_limits<float>::denorm_min(),
                     0};
  auto check = [&](float last) {
    values[5] = last;
    writeContent(folder_ / "t",
                 file(R"({"w":{"dtype":"F32","shape":[2,3],)"
                      R"("data_offsets":[0,24]}})",
                      std::string(reinterpret_cast<char *>(values), 24)));
    auto opened = SafetensorsFile::open(folder_ / "t");
    EXPECT_TRUE(opened);
    Status status = checkFinite(opened->tensors()[0], "t");
    return status ? std::string() : status.error().message;
  };
  EXPECT_EQ(check(3), "");
  EXPECT_NE(check(NAN).find("tensor 'w' holds NaN at index [1, 2]"),
            std::string::npos);
  EXPECT_NE(check(-INFINITY).find("-Inf"), std::string::npos);
}

TEST_F(Safetensors, WriterMakesWhatTheReaderTakes) {
  std::vector<SafetensorsEntry> entries = {
      {"bytes", DType::U8, {3}},
      {"weights \"q\"", DType::F32, {2, 2}},
      {"empty", DType::BF16, {0, 4}},
      {"scalar", DType::F16, {}},
  };
  float weights[4] = {1, 2, 3, 4};
  Bytes raw(reinterpret_cast<uint8_t *>(weights), 16);
  std::string path = folder_ / "w.safetensors";
  std::string first;
  for (int turn = 0; turn < 2; ++turn) {
    auto writer = SafetensorsWriter::create(path, entries, {{"k", "v\n"}});
    ASSERT_TRUE(writer) << writer.error().message;
    EXPECT_EQ(writer->bytesOf(1), 16u);
    // Pieces in any order.
    ASSERT_TRUE(writer->append(3, asBytes(std::string_view("\x00\x3c", 2))));
    ASSERT_TRUE(writer->append(1, raw.subspan(0, 5)));
    ASSERT_TRUE(writer->append(0, asBytes("abc")));
    ASSERT_TRUE(writer->append(1, raw.subspan(5, 11)));
    EXPECT_FALSE(writer->append(0, asBytes("d")));
    ASSERT_TRUE(writer->commit());
    std::string bytes = contentOf(path);
    EXPECT_EQ(bytes.size(), writer->fileSize());
    if (turn == 0)
      first = bytes;
    EXPECT_EQ(bytes, first);
  }
  auto opened = SafetensorsFile::open(path);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->find("weights \"q\"")->offset % 64, 0u);
  EXPECT_EQ(asText(opened->find("bytes")->data), "abc");
  EXPECT_EQ(asText(opened->find("weights \"q\"")->data), asText(raw));
  EXPECT_EQ(*opened->metadata("k"), "v\n");
}

TEST_F(Safetensors, WriterRefuses) {
  std::string path = folder_ / "w.safetensors";
  EXPECT_FALSE(SafetensorsWriter::create(
      path, {{"a", DType::F32, {1}}, {"a", DType::F32, {1}}}));
  EXPECT_FALSE(SafetensorsWriter::create(path, {{"a", DType::F32, {-1}}}));
  EXPECT_FALSE(
      SafetensorsWriter::create(path, {{"__metadata__", DType::F32, {1}}}));
  EXPECT_FALSE(SafetensorsWriter::create(path, {{"\xff", DType::F32, {1}}}));
  writeContent(path, "old");
  {
    auto writer = SafetensorsWriter::create(path, {{"a", DType::F32, {2}}});
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->append(0, asBytes("1234")));
    Status status = writer->commit();
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().message.find("takes 8 bytes, but 4"),
              std::string::npos);
  }
  EXPECT_EQ(contentOf(path), "old");
}

TEST_F(Safetensors, EveryTypeNameReadsBack) {
  for (int i = 0; i <= int(DType::C64); ++i)
    EXPECT_EQ(dtypeOfName(dtypeName(DType(i))), DType(i));
  EXPECT_EQ(dtypeOfName("f32"), std::nullopt);
}

} // namespace
