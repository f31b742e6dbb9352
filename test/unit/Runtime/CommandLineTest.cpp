//===- CommandLineTest.cpp - A static edge binary from outside - -*- C++
//-*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "FakeCodec.h"
#include "compress/Formats/TokenizerJson.h"
#include "compress/Support/Json.h"
#include "compress_runtime/Payload.h"
#include "compress_runtime/Perplexity.h"
#include "compress_runtime/Text.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace compresslib;
using namespace compresslib::rt;

#ifdef COMPRESS_TEST_EDGE_DIR

namespace {
struct Outcome {
  int code; ///< -1: ended by a signal
  std::string out, err;
};

class CommandLine : public testing::Test {
protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "edgeXXXXXX";
    ASSERT_TRUE(mkdtemp(name.data()));
    folder = name + "/";
    binary.executable = {whole(COMPRESS_TEST_EDGE_DIR "/FakeEdge")};
    binary.weights = {Section::ofMemory(fake::weights(), fake::weightsBytes())};
    binary.tokenizer = Section::ofText("bytes");
    binary.metadata.name = "fake";
    binary.metadata.version = "0.1.0";
    binary.metadata.parameters = 1000;
    binary.metadata.bytes = 500;
    binary.metadata.endTokens = {fake::eos};
    ASSERT_TRUE(writeEdgeBinary(folder + "app", binary).ok());
  }
  void TearDown() override {
    std::string command = "rm -rf '" + folder + "'";
    ASSERT_EQ(system(command.c_str()), 0);
  }
  static Section whole(const std::string &path) {
    struct stat status;
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return Section::ofFile(path, 0, status.st_size);
  }
  /// Runs `app` with arguments for a shell.
  Outcome run(const std::string &arguments, const std::string &input = "") {
    std::ofstream(folder + "in", std::ios::binary) << input;
    std::string command =
        "cd '" + folder + "' && { ./app " + arguments + "\n} <in >out 2>err";
    int status = system(command.c_str());
    Outcome r{WIFEXITED(status) ? WEXITSTATUS(status) : -1,
              *readStream(folder + "out"), *readStream(folder + "err")};
    return r;
  }
  std::string folder;
  EdgeBinary binary;
};
} // namespace

// Every prompt of a file, with two or more than there are together, is what it
// is alone, with the sampler's dice too.
TEST_F(CommandLine, Parallel) {
  std::vector<std::string> prompts = {"abc", "the second", "x", "3",
                                      "last one"};
  std::string all, alone;
  for (const std::string &prompt : prompts) {
    all += prompt + "\n";
    alone += run("-n 9 --seed 7 --temp 1 -p '" + prompt + "'").out;
  }
  std::ofstream(folder + "prompts") << all;
  for (const char *n : {"1", "2", "4", "9"}) {
    Outcome r = run(std::string("-n 9 --seed 7 --temp 1 -f prompts "
                                "--parallel ") +
                    n);
    EXPECT_EQ(r.code, 0) << r.err;
    EXPECT_EQ(r.out, alone) << n;
  }
  Outcome r = run("-n 2 --json -f prompts --parallel 2");
  EXPECT_EQ(std::count(r.out.begin(), r.out.end(), '\n'), 5) << r.out;
  EXPECT_NE(r.out.find("\"stop\""), std::string::npos) << r.out;
  std::ofstream(folder + "prompts") << "a\n" << std::string(99, 'b') << "\n";
  r = run("-f prompts --parallel 2 -n 1");
  EXPECT_EQ(r.code, 2);
  EXPECT_NE(r.err.find("Prompt 2 has"), std::string::npos) << r.err;
}

TEST_F(CommandLine, SizeAndStart) {
  struct stat status;
  ASSERT_EQ(stat(COMPRESS_TEST_EDGE_DIR "/FakeEdge", &status), 0);
  EXPECT_LT(status.st_size, 1200000);
  ASSERT_EQ(stat(COMPRESS_TEST_EDGE_DIR "/BareEdge", &status), 0);
  EXPECT_LT(status.st_size, 2000000);
  Outcome bare = run("--help >help; " COMPRESS_TEST_EDGE_DIR "/FakeEdge -p x");
  EXPECT_EQ(bare.code, 1);
  EXPECT_NE(bare.err.find("has no weights"), std::string::npos) << bare.err;
}

TEST_F(CommandLine, TheRealTokenizer) {
  // The fake program has too small a vocabulary for it and says which id.
  auto tokenizer = formats::readTokenizerJson(COMPRESS_SOURCE_DIR
                                              "/models/primer/tokenizer.json");
  ASSERT_TRUE(tokenizer.ok());
  binary.executable = {whole(COMPRESS_TEST_EDGE_DIR "/BareEdge")};
  binary.tokenizer =
      Section::ofMemory(tokenizer->blob.data(), tokenizer->blob.size());
  ASSERT_TRUE(writeEdgeBinary(folder + "app", binary).ok());
  Outcome r = run("-p 'Once upon a time' --temp 0");
  EXPECT_EQ(r.code, 1);
  // Hugging Face's tokenizers: 0 860 820 259 679.
  EXPECT_NE(r.err.find("Token 1 has the id 860, which is not below the "
                       "vocabulary of 259"),
            std::string::npos)
      << r.err;
}

TEST_F(CommandLine, GreedyText) {
  auto tokens = *fake::codec().encode("Once upon", true);
  std::string expected;
  for (int i = 0; i < 12; ++i) {
    auto row = fake::logits(tokens).back();
    int32_t next = std::max_element(row.begin(), row.end()) - row.begin();
    tokens.push_back(next);
    expected += fake::codec().decoder().push(next);
  }
  std::string greedy = "-n 12 --temp 0 ";
  for (const char *threads : {"-t 1", "-t 2", "-t 7", "--no-pin"}) {
    Outcome r = run(greedy + threads + " -p 'Once upon'");
    EXPECT_EQ(r.code, 0) << r.err;
    EXPECT_EQ(r.out, expected + "\n");
    EXPECT_EQ(r.err, "");
  }
  EXPECT_EQ(run(greedy + "--echo -p 'Once upon'").out,
            "Once upon" + expected + "\n");
  EXPECT_EQ(run(greedy, "Once upon\n").out, expected + "\n");
  EXPECT_EQ(run(greedy + "-f in", "Once upon\n").out, expected + "\n");
  EXPECT_EQ(run(greedy + "-i", "Once upon").out, expected + "\n");
  EXPECT_EQ(run(greedy + "--predict=0 -p x").out, "\n");
  EXPECT_EQ(run("-n12 --temp 0 -t2 '-pOnce upon'").out, expected + "\n");
  auto json = json::read(run(greedy + "--json -p 'Once upon'").out, "");
  ASSERT_TRUE(json) << json.error().message;
  int64_t replaced;
  EXPECT_EQ(*json->find("text")->getString(), cleanText(expected, replaced));
  EXPECT_EQ(json->find("prompt_tokens")->getInt64(), 10);
  EXPECT_EQ(json->find("tokens")->getInt64(), 12);
  EXPECT_EQ(*json->find("stop")->getString(), "limit");
}

TEST_F(CommandLine, SeedsRepeat) {
  std::string sampled = "-p abc -n 30 --temp 1.5 -s ";
  EXPECT_EQ(run(sampled + "4").out, run(sampled + "4 -t 3").out);
  EXPECT_NE(run(sampled + "4").out, run(sampled + "5").out);
}

TEST_F(CommandLine, PerplexityIsTheLibrarys) {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += static_cast<char>('a' + (i * i + 3 * i) % 26);
  text += "<|endoftext|>" + text.substr(0, 50);
  for (bool documents : {false, true}) {
    TextOptions options;
    options.context = 48;
    options.documents = documents;
    options.bos = fake::bos;
    auto pool = ThreadPool::create({1, false, false});
    auto model = Model::create(fake::program(), fake::weights(),
                               fake::weightsBytes(), **pool);
    auto score =
        perplexity(**model, *cutText(text, options, fake::codec().encode));
    ASSERT_TRUE(score.ok());
    Outcome r = run("--perplexity in --json --context 48" +
                        std::string(documents ? " --documents" : ""),
                    text);
    ASSERT_EQ(r.code, 0) << r.err;
    auto json = json::read(r.out, "out");
    ASSERT_TRUE(json.ok());
    EXPECT_EQ(json->find("nll")->getNumber(), rounded(score->nll));
    EXPECT_EQ(json->find("nll_error")->getNumber(), rounded(score->nllError));
    EXPECT_EQ(json->find("perplexity")->getNumber(),
              rounded(score->perplexity));
    EXPECT_EQ(json->find("scored")->getInt64(), score->scored);
    EXPECT_EQ(json->find("bytes")->getInt64(), 500);
    EXPECT_EQ(json->find("bits_per_weight")->getNumber(), 4.0);
    EXPECT_EQ(*json->find("activations")->getString(), "f32");
    EXPECT_EQ(json->find("context")->getInt64(), 48);
  }
  Outcome few = run("--perplexity in", "abc");
  EXPECT_EQ(few.code, 1);
  EXPECT_EQ(run("--perplexity absent").code, 3);
}

TEST_F(CommandLine, BenchAndInfo) {
  Outcome bench =
      run("--bench --json --bench-prompt 20 --bench-predict 10 -r 2");
  ASSERT_EQ(bench.code, 0) << bench.err;
  auto json = json::read(bench.out, "out");
  ASSERT_TRUE(json.ok());
  for (const char *key :
       {"prefill_tokens_per_second", "prefill_tokens_per_second_deviation",
        "decode_tokens_per_second", "decode_tokens_per_second_deviation",
        "load_milliseconds", "peak_rss_bytes", "threads"})
    EXPECT_TRUE(json->find(key) && json->find(key)->isNumber()) << key;
  EXPECT_EQ(*json->find("instruction_set")->getString(), "generic");
  EXPECT_GT(*json->find("decode_tokens_per_second")->getNumber(), 0);

  EXPECT_EQ(*json->find("cache_type")->getString(), "f32");
  Outcome deep = run("--bench --json --bench-prompt 4 --bench-predict 3 -r 1 "
                     "--bench-depth 40 --bench-batch 3 --cache-type int8");
  ASSERT_EQ(deep.code, 0) << deep.err;
  auto at = json::read(deep.out, "out");
  ASSERT_TRUE(at.ok());
  EXPECT_EQ(*at->find("depth")->getNumber(), 40);
  EXPECT_EQ(*at->find("batch")->getNumber(), 3);
  EXPECT_EQ(*at->find("cache_type")->getString(), "int8");
  EXPECT_GT(*at->find("decode_tokens_per_second")->getNumber(), 0);

  Outcome info = run("--info --json");
  ASSERT_EQ(info.code, 0) << info.err;
  auto read = json::read(info.out, "out");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read->find("name")->getString(), "fake");
  EXPECT_EQ(read->find("packed_bytes")->getInt64(),
            int64_t(fake::weightsBytes()));
  EXPECT_EQ(read->find("default_context")->getInt64(), 64);
  EXPECT_NE(info.out.find("\"caches\": [{\"type\": \"f32\", "
                          "\"bytes_per_position\": 128}, {\"type\": \"int8\""),
            std::string::npos)
      << info.out;
  EXPECT_EQ(read->find("instruction_sets")->getArray()->size(), 2u);
  EXPECT_NE(run("--info").out.find("lacks imagination"), std::string::npos);
  EXPECT_EQ(run("--version").out, "fake, built by compress 0.1.0\n");
}

TEST_F(CommandLine, WrongUsage) {
  struct {
    const char *arguments, *message;
  } rows[] = {
      {"--tempp 1", "Did you mean '--temp'"},
      {"hello", "'hello' belongs to no option"},
      {"-n", "--predict needs a value: N."},
      {"-nx", "--predict takes a whole number"},
      {"-e5", "There is no option '-e5'"},
      {"--json -i", "--json and --interactive exclude each other."},
      {"-n x", "--predict takes a whole number from -1 to 1e+09; 'x'"},
      {"-n 3.5", "takes a whole number"},
      {"-t 5000", "--threads takes a whole number from 0 to 1024"},
      {"--temp nan", "--temp takes a number"},
      {"--echo=1", "--echo takes no value."},
      {"-p x -f y", "-p and -f both give a prompt"},
      {"--bench --info", "exclude each other"},
      {"--documents", "--documents belongs to --perplexity."},
      {"--bos 300 -p x", "below the vocabulary of 259"},
      {"--instruction-set avx9 -p x", "it has 'imagined', 'generic'"},
      {"--bos none -p ''", "The prompt is empty"},
      {"--cache-type f16 -p x",
       "This program stores keys and values as f32, "
       "int8, not 'f16'; `compress build --cache-type`"},
      {"--parallel 2 -p x", "--parallel needs -f with a prompt a line, and "
                            "excludes --interactive."},
  };
  for (auto &row : rows) {
    Outcome r = run(row.arguments);
    EXPECT_EQ(r.code, 2) << row.arguments;
    EXPECT_NE(r.err.find(row.message), std::string::npos) << r.err;
    EXPECT_EQ(r.out, "");
  }
  Outcome help = run("--help");
  EXPECT_EQ(help.code, 0);
  EXPECT_NE(help.out.find("--repeat-last-n"), std::string::npos);
}

TEST_F(CommandLine, LackingInstructions) {
  Outcome r = run("--instruction-set imagined -p x");
  EXPECT_EQ(r.code, 3);
  EXPECT_NE(r.err.find("which this processor does not have"),
            std::string::npos);
}

TEST_F(CommandLine, TextsWithoutEnd) {
  for (const char *arguments :
       {"-n 1 -f /dev/zero", "-n 1 </dev/zero", "--perplexity /dev/zero",
        "-n 1 -i </dev/zero"}) {
    Outcome r = run(std::string("--temp 0 ") + arguments);
    EXPECT_EQ(r.code, 1) << arguments;
    EXPECT_NE(r.err.find("has more than 268.4 MB, the most that is read as one "
                         "text"),
              std::string::npos)
        << r.err;
  }
}

TEST_F(CommandLine, PromptsOfAllKinds) {
  Outcome replaced = run("--temp 0 -n 4", std::string("a\0b\xFF", 4));
  EXPECT_EQ(replaced.code, 0);
  EXPECT_NE(replaced.err.find("The prompt had 2 bytes that are not UTF-8"),
            std::string::npos);
  Outcome large = run("--temp 0", std::string(1 << 20, 'a'));
  EXPECT_EQ(large.code, 2);
  EXPECT_NE(large.err.find("has 1048577 tokens; the context has 64 positions"),
            std::string::npos);
  EXPECT_EQ(large.out, "");
  Outcome full = run("--temp 0 -c 16 --ignore-eos -p abc");
  EXPECT_EQ(full.code, 0);
  EXPECT_NE(full.err.find("Stopped after 13 tokens: the context of 16"),
            std::string::npos)
      << full.err;
  Outcome beyond = run("--temp 0 -n 1 -c 100 -p abc");
  EXPECT_EQ(beyond.code, 0);
  EXPECT_NE(beyond.err.find("trained for 64 positions; a context of 112"),
            std::string::npos);
  Outcome huge = run("--temp 0 -n 1 -c 1000000000 -p abc");
  EXPECT_TRUE(huge.code == 3 || huge.code == 0) << huge.code;
}

TEST_F(CommandLine, LittleMemory) {
  int refused = 0;
  for (int kilobytes = 2000; kilobytes < 60000; kilobytes += 1700) {
    Outcome r = run("--help >help; (ulimit -v " + std::to_string(kilobytes) +
                    "; exec ./app -t 3 --temp 0 -n 2 -p x)");
    // Below the size of its own code the system does not even start it.
    if (kilobytes > 5000) {
      EXPECT_TRUE(r.code == 0 || r.code == 3) << kilobytes << ": " << r.code;
    }
    refused += r.code == 3;
  }
  EXPECT_GT(refused, 0);
  Outcome large = run("--help >help; (ulimit -v 100000; exec ./app --temp 0 -n "
                      "2 -c 4000000 -p x)");
  EXPECT_EQ(large.code, 3);
  EXPECT_NE(large.err.find("bytes of memory for the key-value cache"),
            std::string::npos)
      << large.err;
}

TEST_F(CommandLine, DamagedAndStripped) {
  std::string bytes = *readStream(folder + "app");
  std::string changed = bytes;
  changed[bytes.size() - 4096] ^= 4;
  std::ofstream(folder + "app", std::ios::binary) << changed;
  Outcome r = run("--temp 0 -p x");
  EXPECT_EQ(r.code, 1);
  EXPECT_EQ(r.out, "");
  EXPECT_NE(r.err.find("was changed: the checksum"), std::string::npos);

  std::ofstream(folder + "app", std::ios::binary | std::ios::trunc)
      << bytes.substr(0, bytes.size() - 5000);
  r = run("--temp 0 -p x");
  EXPECT_EQ(r.code, 1);
  EXPECT_NE(r.err.find("is cut short"), std::string::npos) << r.err;

  std::ofstream(folder + "app", std::ios::binary | std::ios::trunc) << bytes;
  std::string strip = "strip '" + folder +
                      "app' 2>/dev/null || "
                      "llvm-strip-22 '" +
                      folder + "app'";
  ASSERT_EQ(system(strip.c_str()), 0);
  r = run("--temp 0 -p x");
  EXPECT_EQ(r.code, 1);
  EXPECT_NE(r.err.find("`strip` and similar tools delete"), std::string::npos)
      << r.err;
}

TEST_F(CommandLine, SideCarMoved) {
  binary.sideCar = true;
  ASSERT_TRUE(writeEdgeBinary(folder + "app", binary).ok());
  EXPECT_EQ(run("--temp 0 -n 2 -p x").code, 0);
  // Found beside the program, wherever it is started from.
  Outcome link = run("-n 0 -p x; cd / && ln -s '" + folder + "app' '" + folder +
                     "link' && '" + folder + "link' -n 0 -p x");
  EXPECT_EQ(link.code, 0);
  unlink((folder + "app.weights").c_str());
  Outcome gone = run("--temp 0 -p x");
  EXPECT_EQ(gone.code, 3);
  EXPECT_NE(gone.err.find("app.weights', which does not exist"),
            std::string::npos);
}

TEST_F(CommandLine, OutputGone) {
  Outcome full = run("--temp 0 -n 5 -p x >/dev/full");
  EXPECT_EQ(full.code, 3);
  EXPECT_NE(full.err.find("Cannot write to standard output: No space left"),
            std::string::npos)
      << full.err;
  Outcome closed =
      run("--ignore-eos --temp 1 -c 60000 -p x | head -c 5 >/dev/null");
  EXPECT_NE(closed.err.find("reader of standard output has gone"),
            std::string::npos)
      << closed.err;
}

TEST_F(CommandLine, Interrupt) {
  pid_t child = fork();
  if (child == 0) {
    std::string app = folder + "app", out = folder + "out";
    if (!freopen(out.c_str(), "w", stdout) ||
        !freopen("/dev/null", "w", stderr))
      _exit(99);
    execl(app.c_str(), app.c_str(), "-p", "x", "--ignore-eos", "-c", "30000",
          "--temp", "1", nullptr);
    _exit(98);
  }
  struct stat status = {};
  for (int i = 0; i < 500 && status.st_size < 20; ++i) {
    usleep(10000);
    stat((folder + "out").c_str(), &status);
  }
  kill(child, SIGINT);
  int result;
  waitpid(child, &result, 0);
  ASSERT_TRUE(WIFEXITED(result));
  EXPECT_EQ(WEXITSTATUS(result), 130);
  EXPECT_EQ(readStream(folder + "out")->back(), '\n');
}

#endif // COMPRESS_TEST_EDGE_DIR
