//===- ModelsTest.cpp - Small language models, executed and compared ------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Harness.h"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <sys/syscall.h>
#include <thread>

using namespace lowering;

namespace {

/// Stops the process's other threads for up to a millisecond, anywhere in their
/// code, one after another at random.
class Delays {
public:
  Delays() {
    struct sigaction action = {};
    action.sa_handler = [](int) {
      timespec time = {0, 1000 + int64_t(rand_r(&seed) % 1000000)};
      nanosleep(&time, nullptr);
    };
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, nullptr);
    delaying = std::thread([this] {
      unsigned random = 7;
      pid_t self = pid_t(syscall(SYS_gettid));
      while (!stop) {
        std::vector<pid_t> threads;
        for (auto &task :
             std::filesystem::directory_iterator("/proc/self/task"))
          if (pid_t id = std::stoi(task.path().filename()); id != self)
            threads.push_back(id);
        syscall(SYS_tgkill, getpid(),
                threads[size_t(rand_r(&random)) % threads.size()], SIGUSR1);
        ++sent;
        usleep(200);
      }
    });
  }
  ~Delays() {
    stop = true;
    delaying.join();
    signal(SIGUSR1, SIG_IGN);
  }
  std::atomic<int> sent{0};

private:
  static inline unsigned seed = 1;
  std::atomic<bool> stop{false};
  std::thread delaying;
};

struct Shape {
  const char *name;
  int64_t hidden, ffn, heads, kvHeads, headSize, vocabulary, layers;
  /// The weight of every product of a layer; of {rows, columns}.
  std::function<V(Expression &, int64_t, int64_t)> matrix;
  const char *activation = "silu";
  bool layerNorm = false, biases = false;
};
void PrintTo(const Shape &s, std::ostream *os) { *os << s.name; }

std::string tensor(int64_t n) {
  return "tensor<?x" + std::to_string(n) + "xf32>";
}
std::string matrixType(int64_t r, int64_t c) {
  return "tensor<" + std::to_string(r) + "x" + std::to_string(c) + "xf32>";
}

/// A transformer as import writes it, with a tied head.
std::string modelText(const Shape &s) {
  std::string weights, f;
  uint64_t seed = 10;
  auto matrix = [&](const std::string &name, int64_t rows, int64_t columns) {
    weights += weight(
        name, [&](Expression &e) { return s.matrix(e, rows, columns); },
        ++seed);
  };
  auto vector = [&](const std::string &name, int64_t n, double centre) {
    weights += weight(
        name,
        [&](Expression &e) {
          return e.leaf({n}, "f32", [&](int64_t) {
            return llvm::formatv("{0:e6}", centre + 0.3 * e.uniform()).str();
          });
        },
        ++seed);
  };
  int64_t q = s.heads * s.headSize, kv = s.kvHeads * s.headSize;
  std::string h = tensor(s.hidden),
              cache = "tensor<2x?x" + std::to_string(s.kvHeads) + "x" +
                      std::to_string(s.headSize) + "xf32>";
  std::string embedding = matrixType(s.vocabulary, s.hidden);
  matrix("embedding", s.vocabulary, s.hidden);
  weights += weight("frequencies", [&](Expression &e) {
    return e.leaf({s.headSize / 2}, "f32", [&](int64_t i) {
      return llvm::formatv("{0:e6}", std::pow(100.0, -2.0 * i / s.headSize))
          .str();
    });
  });
  f = "func.func @forward(%tokens: tensor<?xi32>, %position: index";
  for (int64_t l = 0; l < s.layers; ++l)
    f += ", %cache" + std::to_string(l) + ": " + cache;
  f += ") -> (" + tensor(s.vocabulary);
  for (int64_t l = 0; l < s.layers; ++l)
    f += ", " + cache;
  f += ") {\n  %e = compress.use @embedding : " + embedding +
       "\n  %x0 = nn.embedding %tokens, %e : tensor<?xi32>, " + embedding +
       " -> " + h + "\n";
  auto use = [&](const std::string &value, const std::string &name,
                 const std::string &type) {
    f += "    %" + value + " = compress.use @" + name + " : " + type + "\n";
  };
  auto norm = [&](const std::string &result, const std::string &from,
                  const std::string &name) {
    std::string g = "tensor<" + std::to_string(s.hidden) + "xf32>";
    vector(name, s.hidden, 1);
    use(result + "g", name, g);
    if (!s.layerNorm) {
      f += "    %" + result + " = nn.rms_norm %" + from + ", %" + result +
           "g epsilon 1.0e-5 : " + h + ", " + g + "\n";
      return;
    }
    vector(name + "b", s.hidden, 0);
    use(result + "b", name + "b", g);
    f += "    %" + result + " = nn.layer_norm %" + from + ", %" + result +
         "g bias %" + result + "b epsilon 1.0e-5 : " + h + ", " + g + ", " + g +
         "\n";
  };
  auto linear = [&](const std::string &result, const std::string &from,
                    const std::string &name, int64_t in, int64_t out) {
    matrix(name, out, in);
    use(result + "w", name, matrixType(out, in));
    std::string bias, type;
    if (s.biases) {
      vector(name + "bias", out, 0);
      type = "tensor<" + std::to_string(out) + "xf32>";
      use(result + "bias", name + "bias", type);
      bias = " bias %" + result + "bias";
      type = ", " + type;
    }
    f += "    %" + result + " = nn.linear %" + from + ", %" + result + "w" +
         bias + " : (" + tensor(in) + ", " + matrixType(out, in) + type +
         ") -> " + tensor(out) + "\n";
  };
  std::string frequencies =
      "tensor<" + std::to_string(s.headSize / 2) + "xf32>";
  for (int64_t l = 0; l < s.layers; ++l) {
    std::string x = "x" + std::to_string(l), p = "l" + std::to_string(l) + "_";
    if (l)
      x = "b" + std::to_string(l - 1) + "#0";
    f += "  %b" + std::to_string(l) + ":2 = nn.block \"layers." +
         std::to_string(l) + "\" -> (" + h + ", " + cache + ") {\n";
    norm("n1", x, p + "norm1");
    linear("q", "n1", p + "q", s.hidden, q);
    linear("k", "n1", p + "k", s.hidden, kv);
    linear("v", "n1", p + "v", s.hidden, kv);
    use("f", "frequencies", frequencies);
    f += "    %qr = nn.rotary %q at %position, %f : " + tensor(q) + ", " +
         frequencies +
         "\n    %kr = nn.rotary %k at %position, %f : " + tensor(kv) + ", " +
         frequencies + "\n    %a, %new = nn.attention %qr, %kr, %v, %cache" +
         std::to_string(l) + " at %position heads " + std::to_string(s.heads) +
         " kv_heads " + std::to_string(s.kvHeads) + " : " + tensor(q) + ", " +
         tensor(kv) + ", " + cache + "\n";
    linear("o", "a", p + "o", q, s.hidden);
    f += "    %r = arith.addf %" + x + ", %o : " + h + "\n";
    norm("n2", "r", p + "norm2");
    linear("gate", "n2", p + "gate", s.hidden, s.ffn);
    linear("up", "n2", p + "up", s.hidden, s.ffn);
    f += "    %act = nn.activation " + std::string(s.activation) +
         " %gate : " + tensor(s.ffn) +
         "\n    %m = arith.mulf %act, %up : " + tensor(s.ffn) + "\n";
    linear("d", "m", p + "down", s.ffn, s.hidden);
    f += "    %y = arith.addf %r, %d : " + h +
         "\n    nn.yield %y, %new : " + h + ", " + cache + "\n  }\n";
  }
  norm("last", "b" + std::to_string(s.layers - 1) + "#0", "norm");
  f += "  %logits = nn.linear %last, %e : (" + h + ", " + embedding + ") -> " +
       tensor(s.vocabulary) + "\n  return %logits";
  for (int64_t l = 0; l < s.layers; ++l)
    f += ", %b" + std::to_string(l) + "#1";
  f += " : " + tensor(s.vocabulary);
  for (int64_t l = 0; l < s.layers; ++l)
    f += ", " + cache;
  return weights + f + "\n}\n";
}

std::vector<Shape> shapes() {
  auto f16 = [](Expression &e, int64_t r, int64_t c) {
    return e.floats({r, c}, "f16", 2 / std::sqrt(double(c)));
  };
  auto quantized = [](const char *codes, int64_t group, const char *zeros) {
    return [=](Expression &e, int64_t r, int64_t c) {
      return e.quantized({r, c}, codes, group, "f16", zeros,
                         2 / std::sqrt(double(c)));
    };
  };
  auto mixed = [](Expression &e, int64_t r, int64_t c) {
    double size = 2 / std::sqrt(double(c));
    V base = e.permute(e.quantized({r, c}, "ui4", 32, "f16", "ui4", size),
                       e.permutation(c, "ui8"), 1);
    V low = e.product(e.quantized({r, 5}, "si8", 0, "f16", "", size / 4),
                      e.quantized({5, c}, "si8", 32, "f16", "", 0.5));
    return e.sum({base, low});
  };
  auto pruned = [](Expression &e, int64_t r, int64_t c) {
    int64_t ones;
    V mask = e.mask({r, c}, 0.5, ones);
    return e.densify(
        e.quantized({ones}, "si4", 32, "f16", "", 3 / std::sqrt(double(c))),
        mask);
  };
  auto outliers = [](Expression &e, int64_t r, int64_t c) {
    V base = e.lookup(e.codes({r, c}, "ui4"),
                      e.floats({1, 16}, "f32", 2 / std::sqrt(double(c))), 1, 0);
    return e.sum({base, e.outliers(r, c, 3, "f16")});
  };
  return {
      {"f16_heads_of_8", 48, 172, 6, 3, 8, 37, 2, f16},
      {"f16_heads_of_16", 64, 172, 4, 1, 16, 64, 2, f16},
      {"f16_wide", 72, 300, 9, 9, 8, 37, 1, f16, "gelu"},
      {"biases_and_layer_norm", 40, 100, 5, 5, 12, 41, 2, f16, "gelu_tanh",
       true, true},
      {"heads_of_2", 20, 24, 3, 3, 2, 37, 1, f16, "relu"},
      {"si4", 64, 172, 4, 2, 16, 64, 2, quantized("si4", 32, "")},
      {"ui3_zeros", 72, 172, 9, 3, 8, 37, 2, quantized("ui3", 32, "ui3")},
      {"si8_rows", 48, 172, 3, 3, 16, 37, 2, quantized("si8", 0, "")},
      {"mixed", 64, 172, 8, 4, 8, 37, 2, mixed},
      {"pruned", 64, 172, 8, 4, 8, 37, 2, pruned},
      {"outliers", 64, 172, 8, 4, 8, 37, 1, outliers},
  };
}

struct Models : Lowering, ::testing::WithParamInterface<Shape> {
  /// Mean negative log likelihood of each token under the one before.
  double loss(const std::vector<float> &logits) {
    size_t vocabulary = logits.size() / ids.size();
    double total = 0;
    for (size_t t = 0; t + 1 < ids.size(); ++t) {
      const float *row = logits.data() + t * vocabulary;
      double sum = 0;
      for (size_t v = 0; v < vocabulary; ++v)
        sum += std::exp(double(row[v]));
      total += std::log(sum) - row[ids[t + 1]];
    }
    return total / double(ids.size() - 1);
  }
};

TEST_P(Models, F32) {
  parse(modelText(GetParam()));
  setTokens(GetParam().vocabulary);
  compare("f32", {runnableSets().front()}, 1e-4);
}

// A rounding that falls the other way in one layer changes all behind it a
// little, so logits are compared loosely and the loss in the mean.
TEST_P(Models, Int8) {
  parse(modelText(GetParam()));
  setTokens(GetParam().vocabulary);
  compare("int8", {runnableSets().front()}, 3e-2);
  std::vector<float> expected = reference(mlir::compress::Activations::int8);
  auto program = compile("int8", {runnableSets().front()});
  ASSERT_TRUE(program);
  EXPECT_NEAR(loss(run(*program, runnableSets().front(), 2, unevenCalls())),
              loss(expected), 2e-3);
}

INSTANTIATE_TEST_SUITE_P(All, Models, ::testing::ValuesIn(shapes()),
                         [](const auto &info) { return info.param.name; });

/// The other instruction sets, and chunks of other sizes.
struct OneModel : Models {};
INSTANTIATE_TEST_SUITE_P(All, OneModel, ::testing::Values(shapes()[6]),
                         [](const auto &info) { return info.param.name; });

TEST_P(OneModel, InstructionSets) {
  std::vector<std::string> sets = runnableSets();
  parse(modelText(GetParam()));
  setTokens(GetParam().vocabulary);
  sets.erase(sets.begin());
  compare("f32", sets, 1e-4);
  compare("int8", sets, 3e-2);
}

TEST_P(OneModel, Chunks) {
  parse(modelText(GetParam()));
  setTokens(GetParam().vocabulary);
  std::vector<float> expected = reference(mlir::compress::Activations::f32);
  std::string set = runnableSets().front();
  // 64 is longer than the whole text, and 1 makes prefill another decode.
  for (int64_t chunk : {1, 2, 7, 64}) {
    auto program = compile("f32", {set}, chunk);
    ASSERT_TRUE(program);
    expectClose(run(*program, set, 2, {37}), expected, 1e-4,
                "chunk " + std::to_string(chunk));
  }
}

/// Caches are what the reference rounds to; a program has code for several.
TEST_P(OneModel, Caches) {
  parse(modelText(GetParam()));
  setTokens(GetParam().vocabulary);
  cacheTypes = {"f32", "f16", "int8"};
  auto program = compile("f32", runnableSets());
  ASSERT_TRUE(program);
  for (const std::string &type : cacheTypes) {
    cacheType = type;
    std::vector<float> expected = reference(mlir::compress::Activations::f32);
    for (const std::string &set : runnableSets())
      for (const std::vector<int64_t> &calls :
           {std::vector<int64_t>{37}, {1}, {13, 1, 6}})
        expectClose(run(*program, set, 2, calls), expected, 1e-4,
                    type + " on " + set);
  }
}

/// Pages, and splitting them, change nothing: every page of a long text.
TEST_P(OneModel, Pages) {
  Shape small = GetParam();
  small.layers = 1;
  parse(modelText(small));
  ids.clear();
  for (int64_t i = 0; i < 600; ++i)
    ids.push_back(int32_t((i * 7 + i * i) % small.vocabulary));
  positions = 600;
  std::string set = runnableSets().front();
  for (const char *type : {"f32", "int8"}) {
    cacheType = type;
    std::vector<float> expected = reference(mlir::compress::Activations::f32);
    auto program = compile("f32", {set});
    ASSERT_TRUE(program);
    std::vector<float> one = run(*program, set, 1, {13, 1, 6});
    expectClose(one, expected, 1e-4, type);
    EXPECT_TRUE(run(*program, set, 3, {13, 1, 6}) == one);
  }
}

/// Texts that are decoded together have the bits that each has alone; products
/// of f32 activations sum in another order for one token.
TEST_P(Models, Together) {
  parse(modelText(GetParam()));
  setTokens(GetParam().vocabulary);
  std::string set = runnableSets().front();
  auto program = compile("int8", {set});
  ASSERT_TRUE(program);
  compresslib::rt::ModelOptions options;
  options.context = 48;
  options.instructionSet = set;
  options.slots = 5;
  auto model = compresslib::rt::Model::create(
      program->code->get(), program->weights->data(),
      uint64_t(program->compiled.weightsBytes), pool(2), options);
  ASSERT_TRUE(bool(model));
  int64_t vocabulary = (*model)->vocabulary();
  // Slot s holds ids from s on.
  std::vector<std::vector<float>> alone(5);
  for (int32_t s = 0; s < 5; ++s) {
    ASSERT_TRUE(bool((*model)->forward(ids.data() + s, 3 + s, 0, 3 + s, s)));
    for (int64_t p = 3 + s; p < 10; ++p) {
      auto logits = (*model)->forward(ids.data() + s + p, 1, p, 0, s);
      ASSERT_TRUE(bool(logits));
      alone[s].assign(*logits, *logits + vocabulary);
    }
  }
  std::vector<int32_t> tokens, positions, slots;
  for (int32_t s : {3, 0, 4, 1, 2}) {
    slots.push_back(s);
    positions.push_back(9);
    tokens.push_back(ids[s + 9]);
  }
  auto logits =
      (*model)->step(tokens.data(), positions.data(), slots.data(), 5, 0);
  ASSERT_TRUE(bool(logits));
  for (size_t i = 0; i < 5; ++i) {
    std::vector<float> got(*logits + i * vocabulary,
                           *logits + (i + 1) * vocabulary);
    EXPECT_EQ(got, alone[slots[i]]) << "slot " << slots[i];
  }
}

/// Who computes a row never changes its bits.
TEST_P(OneModel, DelayedThreads) {
  Shape wide = GetParam();
  wide.hidden = 288;
  wide.ffn = 2000;
  wide.headSize = 32;
  parse(modelText(wide));
  setTokens(wide.vocabulary);
  std::string set = runnableSets().front();
  auto program = compile("int8", {set});
  ASSERT_TRUE(program);
  std::vector<float> one = run(*program, set, 1, unevenCalls());
  pool(2), pool(3); // started before they are delayed
  Delays delays;
  for (int round = 0; round < 20; ++round)
    for (int threads : {2, 3})
      ASSERT_TRUE(run(*program, set, threads, unevenCalls()) == one)
          << "round " << round << ", " << threads << " threads";
  EXPECT_GT(delays.sent, 20);
}

/// Layers alike share code, whose table names each one's weights.
TEST_P(OneModel, LayersShareCode) {
  Shape more = GetParam();
  auto bytes = [&](int64_t layers) {
    more.layers = layers;
    parse(modelText(more));
    auto program = compile("int8", {runnableSets().front()});
    return program ? program->compiled.objects.back().bytes.size() : 0;
  };
  size_t one = bytes(1), three = bytes(3);
  ASSERT_GT(one, 0u);
  EXPECT_LT(three, one + 2048);
}

} // namespace
