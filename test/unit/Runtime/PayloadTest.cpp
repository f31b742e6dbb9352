//===- PayloadTest.cpp - Round trips and every fault of an edge binary - -*- C++
//-*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Payload.h"
#include "compress/Support/Files.h"
#include "compress/Support/RunFiles.h"
#include "compress_runtime/ThreadPool.h"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace compresslib;
using namespace compresslib::rt;

namespace {
class PayloadTest : public testing::Test {
protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "payloadXXXXXX";
    ASSERT_TRUE(mkdtemp(name.data()));
    folder = name + "/";
    for (int i = 0; i < 5000; ++i)
      weights += static_cast<char>(i * 7 + i / 256);
    binary.executable = {Section::ofText(code)};
    binary.weights = {Section::ofText(weights)};
    binary.tokenizer = Section::ofText(tokenizer);
    binary.metadata.name = "primer";
    binary.metadata.recipe = "line one\nback\\slash=\x01";
    binary.metadata.parameters = 5800000;
    binary.metadata.bytes = 5000;
    binary.metadata.endTokens = {0, 7};
  }
  void TearDown() override {
    std::string command = "rm -rf '" + folder + "'";
    ASSERT_EQ(system(command.c_str()), 0);
  }
  static std::string read(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  static void write(const std::string &path, const std::string &text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  int files() {
    std::string command = "ls -A '" + folder + "' | wc -l";
    FILE *pipe = popen(command.c_str(), "r");
    int count = -1;
    EXPECT_EQ(fscanf(pipe, "%d", &count), 1);
    pclose(pipe);
    return count;
  }
  void check(const Payload &payload) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(payload.weights()) % 4096, 0u);
    EXPECT_EQ(std::string(reinterpret_cast<const char *>(payload.weights()),
                          payload.weightsBytes()),
              weights);
    EXPECT_EQ(payload.tokenizer(), tokenizer);
    const Metadata &m = payload.metadata();
    EXPECT_EQ(m.name, "primer");
    EXPECT_EQ(m.recipe, binary.metadata.recipe);
    EXPECT_EQ(m.parameters, 5800000u);
    EXPECT_EQ(m.bytes, 5000u);
    EXPECT_EQ(m.endTokens, (std::vector<int32_t>{0, 7}));
  }
  std::string folder, code = "the code", weights, tokenizer = "the tokenizer";
  EdgeBinary binary;
};
} // namespace

TEST_F(PayloadTest, RoundTrip) {
  ASSERT_TRUE(writeEdgeBinary(folder + "app", binary).ok());
  auto payload = Payload::open(folder + "app");
  ASSERT_TRUE(payload.ok()) << payload.error().message;
  check(*payload);
  Payload moved = std::move(*payload);
  check(moved);
  EXPECT_EQ(read(folder + "app").substr(0, code.size()), code);
  struct stat status;
  ASSERT_EQ(stat((folder + "app").c_str(), &status), 0);
  EXPECT_TRUE(status.st_mode & S_IXUSR);
  EXPECT_EQ(files(), 1);
}

TEST_F(PayloadTest, SectionsFromFilesAndSeveralBlocks) {
  std::string large(3 * 1024 * 1024 + 17, 'x');
  for (size_t i = 0; i < large.size(); ++i)
    large[i] = static_cast<char>(i * 2654435761u >> 13);
  write(folder + "input", "head" + large + "tail");
  binary.weights = {
      Section::ofFile(folder + "input", 4, 1000),
      Section::ofFile(folder + "input", 1004, large.size() - 1000)};
  weights = large;
  ASSERT_TRUE(writeEdgeBinary(folder + "app", binary).ok());
  auto pool = ThreadPool::create({3, false, false});
  auto payload = Payload::open(folder + "app");
  ASSERT_TRUE(payload.ok()) << payload.error().message;
  check(*payload);
}

TEST_F(PayloadTest, SideCar) {
  binary.sideCar = true;
  ASSERT_TRUE(writeEdgeBinary(folder + "app", binary).ok());
  EXPECT_EQ(files(), 2);
  EXPECT_LT(read(folder + "app").size(), 500u);
  auto payload = Payload::open(folder + "app");
  ASSERT_TRUE(payload.ok()) << payload.error().message;
  check(*payload);

  // Another build's side-car is whole, but not this program's.
  EdgeBinary other = binary;
  other.metadata.name = "other";
  ASSERT_TRUE(writeEdgeBinary(folder + "other", other).ok());
  rename((folder + "other.weights").c_str(), (folder + "app.weights").c_str());
  auto swapped = Payload::open(folder + "app");
  ASSERT_FALSE(swapped.ok());
  EXPECT_EQ(swapped.error().kind, ErrorKind::BadInput);
  EXPECT_NE(swapped.error().message.find("one build together"),
            std::string::npos);

  unlink((folder + "app.weights").c_str());
  auto missing = Payload::open(folder + "app");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().kind, ErrorKind::Environment);
  EXPECT_NE(missing.error().message.find("app.weights', which does not exist"),
            std::string::npos);
}

TEST_F(PayloadTest, EveryTruncationIsSeen) {
  binary.weights = {Section::ofMemory(weights.data(), 300)};
  ASSERT_TRUE(writeEdgeBinary(folder + "app", binary).ok());
  std::string whole = read(folder + "app");
  for (size_t size = whole.size(); size-- > 0;) {
    ASSERT_EQ(truncate((folder + "app").c_str(), size), 0);
    auto payload = Payload::open(folder + "app");
    ASSERT_FALSE(payload.ok()) << size;
    ASSERT_EQ(payload.error().kind, ErrorKind::BadInput);
  }
  // Bytes that were cut out, or added at the end.
  write(folder + "app", whole.substr(0, 100) + whole.substr(200));
  auto cut = Payload::open(folder + "app");
  ASSERT_FALSE(cut.ok());
  EXPECT_NE(cut.error().message.find("it needs " +
                                     std::to_string(whole.size()) + " bytes"),
            std::string::npos);
  write(folder + "app", whole + "x");
  EXPECT_FALSE(Payload::open(folder + "app").ok());
}

TEST_F(PayloadTest, EveryFlippedByteIsSeen) {
  binary.weights = {Section::ofMemory(weights.data(), 300)};
  ASSERT_TRUE(writeEdgeBinary(folder + "app", binary).ok());
  std::string whole = read(folder + "app");
  int file = open((folder + "app").c_str(), O_RDWR);
  for (size_t i = 0; i < whole.size(); ++i) {
    char changed = static_cast<char>(whole[i] ^ (1 << i % 8));
    ASSERT_EQ(pwrite(file, &changed, 1, i), 1);
    ASSERT_FALSE(Payload::open(folder + "app").ok()) << i;
    ASSERT_EQ(pwrite(file, &whole[i], 1, i), 1);
  }
  close(file);
  EXPECT_TRUE(Payload::open(folder + "app").ok());
}

TEST_F(PayloadTest, BlocksAreCheckedWhenTheyAreRead) {
  constexpr size_t block = blockBytes;
  weights.assign(4 * block, 'w');
  binary.weights = {Section::ofText(weights)};
  ASSERT_TRUE(writeEdgeBinary(folder + "app", binary).ok());
  std::string whole = read(folder + "app");
  auto flip = [&](size_t at) {
    std::string changed = whole;
    changed[at] ^= 1;
    write(folder + "app", changed);
  };
  std::string sentence = "app' was changed: the checksum of its bytes 524288 "
                         "to 786431 is [0-9a-f]{16}, and [0-9a-f]{16} was "
                         "expected. Copy or build it again.";
  flip(2 * block + 5);
  {
    auto payload = Payload::open(folder + "app");
    ASSERT_TRUE(payload.ok()) << payload.error().message;
    for (int threads : {0, 2}) {
      auto pool = ThreadPool::create({threads, false, false});
      Status status = payload->verify(threads ? pool->get() : nullptr);
      ASSERT_FALSE(status.ok());
      EXPECT_EQ(status.error().kind, ErrorKind::BadInput);
      EXPECT_NE(status.error().message.find(
                    "the checksum of its bytes 524288 to 786431 is"),
                std::string::npos)
          << status.error().message;
    }
    // Other blocks are as they were; a second payload has no guard left.
    EXPECT_EQ(payload->weights()[0], 'w');
    EXPECT_EQ(payload->weights()[block], 'w');
    EXPECT_FALSE(Payload::open(folder + "app").ok());
    EXPECT_EXIT((void)*static_cast<const volatile uint8_t *>(
                    payload->weights() + 2 * block),
                testing::ExitedWithCode(1), "error: '.*" + sentence);
    // What nobody guards is a fault as ever.
    EXPECT_DEATH(*reinterpret_cast<volatile int *>(8) = 1, "");
  }
  // What a start needs is checked at the start: the blocks that weights share
  // with code and tokenizer, and the checksums.
  for (size_t at : {size_t(0), size_t(4096), 4 * block + 4096 + 3,
                    whole.size() - 128 - 8, whole.size() - 128 - 40}) {
    flip(at);
    auto payload = Payload::open(folder + "app");
    ASSERT_FALSE(payload.ok()) << at;
    EXPECT_NE(payload.error().message.find("was changed: the checksum"),
              std::string::npos);
  }
  write(folder + "app", whole);
  auto payload = Payload::open(folder + "app");
  ASSERT_TRUE(payload.ok());
  EXPECT_EQ(payload->blocks(), 5u);
  EXPECT_TRUE(payload->verify(nullptr).ok());
  check(*payload);
}

TEST_F(PayloadTest, StrippedExecutable) {
  binary.executable = {
      Section::ofFile("/proc/self/exe", 0, read("/proc/self/exe").size())};
  ASSERT_TRUE(writeEdgeBinary(folder + "app", binary).ok());
  ASSERT_TRUE(Payload::open(folder + "app").ok());
  auto bare = Payload::open("/proc/self/exe");
  ASSERT_FALSE(bare.ok());
  EXPECT_NE(bare.error().message.find("`strip`"), std::string::npos);
  std::string whole = read(folder + "app");
  write(folder + "app", whole.substr(0, whole.size() - 1000));
  auto cut = Payload::open(folder + "app");
  ASSERT_FALSE(cut.ok());
  EXPECT_NE(cut.error().message.find("is cut short or was changed"),
            std::string::npos);
}

TEST_F(PayloadTest, OldOutputSurvives) {
  write(folder + "app", "old");
  binary.tokenizer = Section::ofFile(folder + "absent", 0, 10);
  Status absent = writeEdgeBinary(folder + "app", binary);
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().kind, ErrorKind::Environment);
  write(folder + "short", "12345");
  binary.tokenizer = Section::ofFile(folder + "short", 0, 10);
  Status few = writeEdgeBinary(folder + "app", binary);
  ASSERT_FALSE(few.ok());
  EXPECT_EQ(few.error().kind, ErrorKind::BadInput);
  EXPECT_NE(few.error().message.find("ends at byte 5"), std::string::npos);
  binary.tokenizer = Section::ofFile(folder + "app", 0, 3);
  ASSERT_TRUE(declareRun({{folder + "app"}, {}, {}, {}}).ok());
  Status same = writeEdgeBinary(folder + "app", binary);
  ASSERT_TRUE(declareRun({}).ok());
  ASSERT_FALSE(same.ok());
  EXPECT_NE(same.error().message.find("is the input"), std::string::npos);
  EXPECT_EQ(read(folder + "app"), "old");
  EXPECT_EQ(files(), 2);
}

TEST_F(PayloadTest, EveryWriteMayFail) {
  static int left;
  for (bool sideCar : {false, true}) {
    ASSERT_EQ(system(("rm -f '" + folder + "'*").c_str()), 0);
    binary.sideCar = sideCar;
    EdgeBinary old = binary;
    old.metadata.name = "old";
    ASSERT_TRUE(writeEdgeBinary(folder + "app", old).ok());
    bool failed = true;
    for (int allowed = 0; failed; ++allowed) {
      left = allowed;
      setWriteFunctionForTesting(
          [](int file, const void *data, size_t size, uint64_t at) -> long {
            if (left-- > 0)
              return pwrite(file, data, size, at);
            errno = ENOSPC;
            return -1;
          });
      Status status = writeEdgeBinary(folder + "app", binary);
      setWriteFunctionForTesting(nullptr);
      failed = !status;
      if (failed) {
        EXPECT_EQ(status.error().kind, ErrorKind::Environment);
        auto payload = Payload::open(folder + "app");
        ASSERT_TRUE(payload.ok()) << payload.error().message;
        EXPECT_EQ(payload->metadata().name, "old");
        EXPECT_EQ(files(), sideCar ? 2 : 1);
      }
      ASSERT_LT(allowed, 100);
    }
    auto payload = Payload::open(folder + "app");
    ASSERT_TRUE(payload.ok());
    check(*payload);
  }
}

TEST_F(PayloadTest, OutputThatIsNoFile) {
  Status directory = writeEdgeBinary(folder, binary);
  ASSERT_FALSE(directory.ok());
  EXPECT_EQ(directory.error().kind, ErrorKind::Environment);
  EXPECT_NE(directory.error().message.find("is a directory"),
            std::string::npos);
  ASSERT_EQ(mkfifo((folder + "fifo").c_str(), 0600), 0);
  EXPECT_FALSE(writeEdgeBinary(folder + "fifo", binary).ok());
  Status nowhere = writeEdgeBinary(folder + "absent/app", binary);
  ASSERT_FALSE(nowhere.ok());
  EXPECT_EQ(nowhere.error().kind, ErrorKind::Environment);
}

TEST(Metadata, MalformedLine) {
  auto read = Metadata::read("name=x\nnonsense\n");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().message,
            "Line 2 of the metadata is not of the form key=value.");
}
