//===- Harness.h - Models as text, compiled, run and compared ---*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A test writes a model with pseudo-random constants as its leaves. The model
// is compiled and executed through the runtime, whose packed weights end at a
// page that cannot be read, and its logits are compared with the reference's.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TEST_UNIT_LOWERING_HARNESS_H
#define COMPRESS_TEST_UNIT_LOWERING_HARNESS_H

#include "Compress/IR/Compress.h"
#include "NN/IR/NN.h"
#include "compress/Reference/Reference.h"
#include "compress/Target/Compile.h"
#include "compress/Tools/Register.h"
#include "compress_runtime/Model.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace lowering {

//===----------------------------------------------------------------------===//
// Expressions as text
//===----------------------------------------------------------------------===//

/// A value of a weight's body.
struct V {
  std::string name, type;
  std::vector<int64_t> shape;
};

/// Writes a weight's body. Values are pseudo-random and the same in every run.
class Expression {
public:
  explicit Expression(uint64_t seed) : state(seed * 2654435761u + 1) {}
  std::string text;

  uint32_t random() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return uint32_t(state >> 33);
  }
  int64_t below(int64_t n) { return int64_t(random() % uint64_t(n)); }
  double uniform() { return random() / 2147483648.0 * 2 - 1; }

  V leaf(std::vector<int64_t> shape, const std::string &element,
         const std::function<std::string(int64_t)> &value) {
    int64_t size = 1;
    std::string type = "tensor<";
    for (int64_t d : shape) {
      size *= d;
      type += std::to_string(d) + "x";
    }
    type += element + ">";
    // Row-major lists, nested as the shape says.
    std::function<std::string(size_t, int64_t, int64_t)> list =
        [&](size_t dim, int64_t first, int64_t stride) -> std::string {
      if (dim == shape.size())
        return value(first);
      std::string out = "[";
      int64_t inner = stride / shape[dim];
      for (int64_t i = 0; i < shape[dim]; ++i)
        out += (i ? "," : "") + list(dim + 1, first + i * inner, inner);
      return out + "]";
    };
    return add("compress.constant dense<" + list(0, 0, size) + "> : " + type,
               type, shape);
  }
  V floats(std::vector<int64_t> shape, const std::string &element,
           double largest) {
    return leaf(shape, element,
                [&](int64_t) { return number(uniform() * largest); });
  }
  /// Positive, as scales mostly are, but for some that are negative or zero.
  V scales(std::vector<int64_t> shape, const std::string &element,
           double largest) {
    return leaf(shape, element, [&](int64_t) {
      int64_t kind = below(16);
      double value = (0.5 + 0.25 * (uniform() + 1)) * largest;
      return number(kind == 0 ? 0 : kind == 1 ? -value : value);
    });
  }
  /// Integers of a type such as "si4", over its whole range or below `most`.
  V codes(std::vector<int64_t> shape, const std::string &element,
          int64_t most = 0) {
    int64_t bits = std::stoll(element.substr(2)), count = int64_t(1) << bits;
    int64_t low = element[0] == 's' ? -count / 2 : 0;
    if (most)
      count = std::min(count, most);
    return leaf(shape, element,
                [&](int64_t) { return std::to_string(low + below(count)); });
  }
  V permutation(int64_t n, const std::string &element) {
    std::vector<int64_t> order(n);
    for (int64_t i = 0; i < n; ++i)
      order[i] = i;
    for (int64_t i = n - 1; i > 0; --i)
      std::swap(order[i], order[below(i + 1)]);
    return leaf({n}, element,
                [&](int64_t i) { return std::to_string(order[i]); });
  }
  /// A mask with about `share` ones; `ones` counts them.
  V mask(std::vector<int64_t> shape, double share, int64_t &ones) {
    ones = 0;
    return leaf(shape, "ui1", [&](int64_t) {
      bool one = (uniform() + 1) / 2 < share;
      ones += one;
      return std::string(one ? "true" : "false");
    });
  }

  V dequantize(V codes, V scales, int64_t group, const V *zeros = nullptr) {
    return op("dequantize",
              zeros ? std::vector<V>{codes, scales, *zeros}
                    : std::vector<V>{codes, scales},
              group ? " group_size " + std::to_string(group) : "", codes.shape);
  }
  /// Codes of `element` in groups (0: a row) with scales, and zeros if named.
  V quantized(std::vector<int64_t> shape, const std::string &element,
              int64_t group, const std::string &scale,
              const std::string &zero = "", double largest = 0.2) {
    int64_t bits = std::stoll(element.substr(2));
    std::vector<int64_t> per = shape;
    per.back() = group ? (shape.back() + group - 1) / group : 1;
    V c = codes(shape, element);
    V s = scales(per, scale, largest / double(int64_t(1) << (bits - 1)));
    if (zero.empty())
      return dequantize(c, s, group);
    V z = zero[0] == 'u' ? codes(per, zero)
                         : floats(per, zero, double(int64_t(1) << (bits - 1)));
    return dequantize(c, s, group, &z);
  }
  V dequantizeOffsets(V codes, V scales, V offsets, int64_t group) {
    return op("dequantize", {codes, scales},
              " offsets " + offsets.name +
                  (group ? " group_size " + std::to_string(group) : ""),
              codes.shape, {offsets});
  }
  V lookup(V codes, V codebook, int64_t cell, int64_t group) {
    std::vector<int64_t> shape = codes.shape;
    shape.back() *= cell;
    return op("lookup", {codes, codebook},
              (cell > 1 ? " cell " + std::to_string(cell) : "") +
                  (group ? " group_size " + std::to_string(group) : ""),
              shape, {}, elementOf(codebook));
  }
  V densify(V values, V mask) {
    return op("densify", {values, mask}, "", mask.shape, {}, elementOf(values));
  }
  V densifyNM(V values, V positions, int64_t n, int64_t m) {
    return op("densify_n_m", {values, positions},
              " " + std::to_string(n) + " of " + std::to_string(m),
              {values.shape[0], values.shape[1] / n * m}, {},
              elementOf(values));
  }
  /// n kept of m, at ascending positions.
  V positions(int64_t rows, int64_t kept, int64_t n, int64_t m) {
    std::vector<int64_t> all;
    for (int64_t g = 0; g < rows * kept / n; ++g) {
      std::vector<int64_t> at;
      for (int64_t j = 0; j < m && int64_t(at.size()) < n; ++j)
        if (below(m - j) < n - int64_t(at.size()))
          at.push_back(j);
      all.insert(all.end(), at.begin(), at.end());
    }
    return leaf({rows, kept}, m <= 4 ? "ui2" : "ui3",
                [&](int64_t i) { return std::to_string(all[i]); });
  }
  V densifyBlocks(V values, V mask, int64_t rows, int64_t columns) {
    return op("densify_blocks", {values, mask},
              " block " + std::to_string(rows) + ", " + std::to_string(columns),
              {mask.shape[0] * rows, mask.shape[1] * columns}, {},
              elementOf(values));
  }
  /// Up to `most` values a row, at ascending columns.
  V outliers(int64_t rows, int64_t columns, int64_t most,
             const std::string &element) {
    std::vector<int64_t> counts, at;
    for (int64_t r = 0; r < rows; ++r) {
      size_t before = at.size();
      for (int64_t c = 0; c < columns; ++c)
        if (int64_t(at.size() - before) < most && below(columns) < most)
          at.push_back(c);
      counts.push_back(int64_t(at.size() - before));
    }
    int64_t kept = int64_t(at.size());
    V values = floats({kept}, element, 1);
    V places =
        leaf({kept}, "ui16", [&](int64_t i) { return std::to_string(at[i]); });
    V numbers = leaf({rows}, "ui8",
                     [&](int64_t i) { return std::to_string(counts[i]); });
    return outliersOf(values, places, numbers, columns);
  }
  V outliersOf(V values, V places, V numbers, int64_t columns) {
    return op("outliers", {values, places, numbers}, "",
              {numbers.shape[0], columns});
  }
  V codebook(const std::string &name, const std::string &element,
             int64_t entries) {
    std::string type =
        "tensor<1x" + std::to_string(entries) + "x" + element + ">";
    return add("compress.codebook " + name + " : " + type, type, {1, entries});
  }
  V product(V left, V right) {
    return op("product", {left, right}, "", {left.shape[0], right.shape[1]});
  }
  V sum(std::vector<V> terms) { return op("sum", terms, "", terms[0].shape); }
  V permute(V source, V indices, int64_t dim) {
    return op("permute", {source},
              " gather " + indices.name + " dim " + std::to_string(dim),
              source.shape, {indices});
  }

private:
  static std::string number(double value) {
    char buffer[40];
    std::snprintf(buffer, sizeof buffer, "%.6e", value);
    return buffer;
  }
  /// What codes or values of a tensor are where they are put or looked up.
  static std::string elementOf(const V &v) {
    std::string element = v.type.substr(v.type.rfind('x') + 1);
    element.pop_back();
    return element[0] == 's' || element[0] == 'u' ? element : "f32";
  }
  V add(const std::string &what, const std::string &type,
        std::vector<int64_t> shape) {
    V v{"%" + std::to_string(next++), type, std::move(shape)};
    text += "  " + v.name + " = " + what + "\n";
    return v;
  }
  V op(const std::string &name, const std::vector<V> &operands,
       const std::string &clauses, std::vector<int64_t> shape,
       const std::vector<V> &more = {}, const std::string &element = "f32") {
    std::string names, types, result = "tensor<";
    for (const V &v : operands)
      names += (names.empty() ? "" : ", ") + v.name;
    for (const std::vector<V> *list : {&operands, &more})
      for (const V &v : *list)
        types += (types.empty() ? "" : ", ") + v.type;
    for (int64_t d : shape)
      result += std::to_string(d) + "x";
    result += element + ">";
    return add("compress." + name + " " + names + clauses + " : (" + types +
                   ") -> " + result,
               result, shape);
  }

  uint64_t state;
  int next = 0;
};

using Body = std::function<V(Expression &)>;

/// A compress.weight of the body's value.
inline std::string weight(const std::string &name, const Body &body,
                          uint64_t seed = 1) {
  Expression e(seed);
  V value = body(e);
  std::string type = "tensor<";
  for (int64_t d : value.shape)
    type += std::to_string(d) + "x";
  return "compress.weight @" + name + " : " + type + "f32> {\n" + e.text +
         "  compress.yield " + value.name + " : " + value.type + "\n}\n";
}

//===----------------------------------------------------------------------===//
// Execution
//===----------------------------------------------------------------------===//

/// Packed weights that end where memory ends.
class GuardedWeights {
public:
  explicit GuardedWeights(const std::vector<uint8_t> &bytes) {
    size_t page = size_t(sysconf(_SC_PAGESIZE));
    length = (bytes.size() + page - 1) / page * page + page;
    base = static_cast<uint8_t *>(mmap(nullptr, length, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    start = base + length - page - bytes.size();
    if (!bytes.empty())
      std::memcpy(start, bytes.data(), bytes.size());
    mprotect(base + length - page, page, PROT_NONE);
  }
  ~GuardedWeights() { munmap(base, length); }
  const uint8_t *data() const { return start; }

private:
  uint8_t *base, *start;
  size_t length;
};

inline compresslib::rt::ThreadPool &pool(int threads) {
  static std::unique_ptr<compresslib::rt::ThreadPool> pools[4];
  if (!pools[threads]) {
    compresslib::rt::ThreadPoolOptions options;
    options.threads = threads;
    auto made = compresslib::rt::ThreadPool::create(options);
    if (!made)
      std::abort();
    pools[threads] = std::move(*made);
  }
  return *pools[threads];
}

/// Instruction sets that this machine runs, best first.
inline std::vector<std::string> runnableSets() {
  return mlir::compress::getRunnableInstructionSets();
}

/// Lengths of calls that meet every remainder of every token tile.
inline std::vector<int64_t> unevenCalls() { return {1, 2, 3, 5, 6, 7, 13}; }

struct Lowering : ::testing::Test {
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<int32_t> ids;

  Lowering() {
    mlir::DialectRegistry registry;
    mlir::compress::registerAllDialectsAndExtensions(registry);
    mlir::compress::registerEveryPass();
    context.appendDialectRegistry(registry);
  }

  void parse(const std::string &text) {
    module = mlir::parseSourceString<mlir::ModuleOp>(
        text, mlir::ParserConfig(&context));
    ASSERT_TRUE(module) << text.substr(0, 4000);
  }

  /// ids[i] for as many tokens as unevenCalls() has.
  void setTokens(int64_t vocabulary) {
    ids.clear();
    for (int64_t i = 0; i < 37; ++i)
      ids.push_back(int32_t((i * 7 + 3) % vocabulary));
  }

  /// How caches are stored: f32, f16 or int8.
  std::string cacheType = "f32";
  /// Those that programs are compiled for, if not it alone.
  std::vector<std::string> cacheTypes;
  int64_t positions = 48; ///< of the context

  std::vector<float> reference(mlir::compress::Activations activations) {
    mlir::compress::ReferenceOptions options;
    options.cacheType = cacheType == "f32"   ? mlir::compress::CacheType::f32
                        : cacheType == "f16" ? mlir::compress::CacheType::f16
                                             : mlir::compress::CacheType::int8;
    options.activations = activations;
    options.context = positions;
    auto model = mlir::compress::ReferenceModel::create(*module, options);
    EXPECT_TRUE(succeeded(model));
    auto logits = (*model)->forward(ids, 0);
    EXPECT_TRUE(succeeded(logits));
    return *logits;
  }

  struct Program {
    mlir::compress::CompiledModel compiled;
    std::unique_ptr<mlir::compress::JitProgram> code;
    std::unique_ptr<GuardedWeights> weights;
  };

  std::unique_ptr<Program> compile(const std::string &activations,
                                   std::vector<std::string> sets,
                                   int64_t chunk = 13) {
    auto program = std::make_unique<Program>();
    mlir::compress::CompileOptions options;
    options.instructionSets = std::move(sets);
    options.activations = activations;
    options.chunk = chunk;
    options.cacheTypes =
        cacheTypes.empty() ? std::vector{cacheType} : cacheTypes;
    auto compiled = mlir::compress::compileModel(*module, options);
    EXPECT_TRUE(succeeded(compiled));
    if (failed(compiled))
      return nullptr;
    program->compiled = std::move(*compiled);
    std::vector<uint8_t> bytes;
    EXPECT_TRUE(succeeded(mlir::compress::writePackedWeights(
        program->compiled, [&](const uint8_t *data, size_t size) {
          bytes.insert(bytes.end(), data, data + size);
          return true;
        })));
    // What the layout predicts is what is written.
    EXPECT_EQ(int64_t(bytes.size()), program->compiled.weightsBytes);
    program->weights = std::make_unique<GuardedWeights>(bytes);
    auto code = mlir::compress::JitProgram::create(program->compiled, &context);
    EXPECT_TRUE(succeeded(code));
    if (failed(code))
      return nullptr;
    program->code = std::move(*code);
    return program;
  }

  /// Logits of every token, from calls of the given lengths, over again until
  /// every token had its turn. With `tail`, a call asks for its last token's
  /// logits only; the others are zeros.
  std::vector<float> run(const Program &program, const std::string &set,
                         int threads, const std::vector<int64_t> &calls,
                         bool tail = false) {
    compresslib::rt::ModelOptions options;
    options.context = positions;
    options.instructionSet = set;
    options.cacheType = cacheType;
    auto model = compresslib::rt::Model::create(
        program.code->get(), program.weights->data(),
        uint64_t(program.compiled.weightsBytes), pool(threads), options);
    EXPECT_TRUE(bool(model)) << (model ? "" : model.error().message);
    if (!model)
      return {};
    int64_t vocabulary = (*model)->vocabulary();
    std::vector<float> all;
    for (size_t call = 0, position = 0; position < ids.size(); ++call) {
      int64_t count =
          std::min<int64_t>(calls[call % calls.size()], ids.size() - position);
      int64_t begin = tail ? count - 1 : 0;
      auto logits =
          (*model)->forward(ids.data() + position, count, position, begin);
      EXPECT_TRUE(bool(logits));
      if (!logits)
        return {};
      all.resize(all.size() + begin * vocabulary);
      all.insert(all.end(), *logits, *logits + (count - begin) * vocabulary);
      position += count;
    }
    return all;
  }

  static void expectClose(const std::vector<float> &got,
                          const std::vector<float> &expected, double tolerance,
                          const std::string &what) {
    ASSERT_EQ(got.size(), expected.size()) << what;
    double largest = 0, worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      largest = std::max<double>(largest, std::fabs(expected[i]));
      double error = std::fabs(double(got[i]) - expected[i]);
      if (!(error <= worst)) {
        worst = error;
        at = i;
      }
    }
    EXPECT_GT(largest, 0) << what;
    EXPECT_LE(worst, tolerance * largest)
        << what << ": element " << at << " is " << got[at] << ", not "
        << expected[at] << "; the largest is " << largest;
  }

  /// One token after another, chunks of every length and a whole chunk, with
  /// one thread and several, against the reference.
  void compare(const std::string &activations,
               const std::vector<std::string> &sets, double tolerance) {
    std::vector<float> expected =
        reference(activations == "int8" ? mlir::compress::Activations::int8
                                        : mlir::compress::Activations::f32);
    std::unique_ptr<Program> program = compile(activations, sets);
    ASSERT_TRUE(program);
    for (const std::string &set : sets)
      for (const std::vector<int64_t> &calls :
           {std::vector<int64_t>{1}, unevenCalls(), std::vector<int64_t>{13}}) {
        std::string what = activations + " " + set + " calls of " +
                           std::to_string(calls.back());
        if (calls.size() > 1)
          what += " and less";
        std::vector<float> one = run(*program, set, 1, calls);
        expectClose(one, expected, tolerance, what);
        for (int threads : {2, 3}) {
          if (calls.size() == 1 && calls[0] == 13)
            break;
          std::vector<float> more = run(*program, set, threads, calls);
          EXPECT_TRUE(more == one)
              << what << ": " << threads << " threads give other bits than one";
        }
        if (HasFailure())
          return;
      }
    // Logits of some tokens only are those of all, but for the order of sums.
    std::vector<float> all = run(*program, sets.front(), 2, unevenCalls());
    std::vector<float> tail =
        run(*program, sets.front(), 2, unevenCalls(), true);
    ASSERT_EQ(all.size(), tail.size());
    size_t vocabulary = all.size() / ids.size(), end = 0;
    for (int64_t count : unevenCalls()) {
      end += count;
      for (size_t i = (end - 1) * vocabulary; i < end * vocabulary; ++i)
        ASSERT_NEAR(all[i], tail[i], 1e-5 * std::fabs(all[i]) + 1e-5)
            << "the last of " << count << " tokens";
    }
  }
};

} // namespace lowering

#endif // COMPRESS_TEST_UNIT_LOWERING_HARNESS_H
