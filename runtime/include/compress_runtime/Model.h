//===- Model.h - A compiled program with its memory ----------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Model gives a compress_program what it works on (arena, scratch, key-value
// cache, rotary table, logits, threads) and calls it. `compress eval` makes one
// of a program loaded in process, an edge binary of the one it is linked with.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_MODEL_H
#define COMPRESS_RUNTIME_MODEL_H

#include "compress_runtime.h"
#include "compress_runtime/ThreadPool.h"

#include <string>
#include <vector>

namespace compresslib {
namespace rt {

/// Whether this processor has a feature, and the operating system allows it.
/// Asks for the state of tiles, once for the process and all its threads.
bool processorHas(const compress_feature &feature);
using FeatureTest = bool (*)(const compress_feature &);
/// The names of a variant's features, e.g. "avx512f, avx512bw"; of those that
/// are missing, if a test is given.
std::string featureNames(const compress_variant &variant,
                         FeatureTest has = nullptr);

/// The best variant that this processor runs, or the one named. An Environment
/// error says what is missing; `rebuild` is the remedy it offers.
Expected<const compress_variant *>
selectVariant(const compress_program &program, const std::string &name = "",
              FeatureTest has = processorHas, const std::string &rebuild = "");

/// "f32", "f16" or "int8".
const char *cacheTypeName(const compress_cache &cache);

/// Positions of the cache unless asked otherwise: the model's own maximum, but
/// no more than 4096, so that a model trained for long contexts does not take
/// gigabytes before the first token.
int64_t defaultContext(const compress_program &program);

struct ModelOptions {
  int64_t context = 0;        ///< 0: defaultContext; rounded up to 16
  int64_t slots = 1;          ///< texts, each of up to `context` positions
  std::string instructionSet; ///< empty: the best
  std::string cacheType;      ///< "f32", "f16" or "int8"; empty: the program's
  std::string rebuild;        ///< see selectVariant
};

class Model {
public:
  /// `weights` (64-byte aligned) and `pool` must outlive the model; several
  /// models may share a pool, one call at a time.
  static Expected<std::unique_ptr<Model>>
  create(const compress_program &program, const uint8_t *weights,
         uint64_t weightsBytes, ThreadPool &pool,
         const ModelOptions &options = {});
  ~Model();
  Model(const Model &) = delete;
  Model &operator=(const Model &) = delete;

  /// Runs `count` tokens at `position` and leaves their keys and values in the
  /// cache. Returns logits [count - logitsBegin][vocabulary] of the tokens from
  /// `logitsBegin` on, valid until the next call; `logitsBegin == count` asks
  /// for none. Long inputs are cut into chunks. BadInput: a token id at or
  /// above the vocabulary; Usage: more positions than the context.
  Expected<const float *> forward(const int32_t *tokens, int64_t count,
                                  int64_t position, int64_t logitsBegin,
                                  int32_t slot = 0);
  /// The same for tokens of several texts: token i is at positions[i] of
  /// slots[i]. Where a slot has several, they come in the order of their
  /// positions. Usage: a slot or position that is not there.
  Expected<const float *> step(const int32_t *tokens, const int32_t *positions,
                               const int32_t *slots, int64_t count,
                               int64_t logitsBegin);

  /// Where the interrupt flag is set, forward returns between chunks with
  /// logits that mean nothing; the caller looks at the flag too.
  void setInterrupt(const volatile int *flag) { interrupt_ = flag; }

  const compress_program &program() const { return program_; }
  int64_t vocabulary() const { return program_.vocabulary; }
  int64_t prefillChunk() const { return program_.prefill_chunk; }
  int64_t context() const { return context_.context; }
  int64_t slots() const { return slots_; }
  /// "f32", "f16" or "int8".
  const char *cacheType() const { return cacheTypeName(*cacheKind_); }
  const char *instructionSet() const { return variant_->instruction_set; }
  const char *activations() const {
    return program_.int8_activations ? "int8" : "f32";
  }
  ThreadPool &pool() const { return pool_; }
  /// Bytes of memory beside the weights: arena, scratch, cache, rotary table.
  uint64_t memoryBytes() const;

private:
  Model(const compress_program &program, ThreadPool &pool)
      : program_(program), pool_(pool) {}

  /// Zeroed, page-aligned memory from the system.
  struct Memory {
    Memory() = default;
    Memory(const Memory &) = delete;
    Memory &operator=(const Memory &) = delete;
    ~Memory();
    Status allocate(uint64_t bytes, const char *purpose);
    void *data = nullptr;
    uint64_t bytes = 0;
  };

  const compress_program &program_;
  ThreadPool &pool_;
  const compress_variant *variant_ = nullptr;
  const compress_cache *cacheKind_ = nullptr;
  compress_entries entries_ = {};
  compress_context context_ = {};
  int64_t slots_ = 1;
  Memory arena_, scratch_, cache_, rotary_, logits_, partials_;
  std::vector<int32_t> pages_, runs_, positions_, tokenSlots_;
  const volatile int *interrupt_ = nullptr;
};

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_MODEL_H
