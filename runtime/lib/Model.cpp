//===- Model.cpp - A compiled program with its memory --------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Model.h"
#include "compress_runtime/Text.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <numeric>
#include <sys/mman.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace compresslib {
namespace rt {

//===----------------------------------------------------------------------===//
// Processor
//===----------------------------------------------------------------------===//

bool processorHas(const compress_feature &feature) {
#if defined(__x86_64__)
  unsigned words[4] = {}, &a = words[0], &b = words[1], &c = words[2],
           &d = words[3];
  if (feature.saved) {
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) // OSXSAVE
      return false;
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if (feature.saved & ~(uint64_t(high) << 32 | low))
      return false;
  }
  // EAX of subleaf 0 is the last subleaf.
  if (feature.subleaf && (!__get_cpuid_count(feature.leaf, 0, &a, &b, &c, &d) ||
                          a < feature.subleaf))
    return false;
  if (!__get_cpuid_count(feature.leaf, feature.subleaf, &a, &b, &c, &d) ||
      (words[feature.word & 3] & feature.bits) != feature.bits)
    return false;
  constexpr int tiles = 18, requestPermission = 0x1023;
  return !(feature.saved >> tiles & 1) ||
         !syscall(SYS_arch_prctl, requestPermission, tiles);
#elif defined(__aarch64__)
  return (getauxval(feature.leaf) & feature.bits) == feature.bits;
#else
  return false;
#endif
}

static size_t countMissing(const compress_variant &variant, FeatureTest has) {
  size_t missing = 0;
  for (uint64_t i = 0; i < variant.feature_count; ++i)
    missing += !has(variant.features[i]);
  return missing;
}

std::string featureNames(const compress_variant &variant, FeatureTest has) {
  std::string names;
  for (uint64_t i = 0; i < variant.feature_count; ++i) {
    if (has && has(variant.features[i]))
      continue;
    if (!names.empty())
      names += ", ";
    names += variant.features[i].name;
  }
  return names;
}

Expected<const compress_variant *>
selectVariant(const compress_program &program, const std::string &name,
              FeatureTest has, const std::string &rebuild) {
  std::string remedy =
      rebuild.empty() ? "Rebuild with a --target that includes this processor."
                      : "Rebuild with: " + rebuild;
  if (!name.empty()) {
    std::string names;
    for (uint32_t i = 0; i < program.variant_count; ++i) {
      const compress_variant &variant = program.variants[i];
      if (name == variant.instruction_set) {
        if (countMissing(variant, has))
          return environmentError(format(
              "The instruction set '%s' needs %s, which this processor does "
              "not have.",
              name.c_str(), featureNames(variant, has).c_str()));
        return &variant;
      }
      names += format("%s'%s'", i ? ", " : "", variant.instruction_set);
    }
    return usageError(
        format("The program has no code for the instruction set '%s'; it has "
               "%s.",
               name.c_str(), names.c_str()));
  }
  const compress_variant *least = nullptr;
  size_t fewest = SIZE_MAX;
  for (uint32_t i = 0; i < program.variant_count; ++i) {
    const compress_variant &variant = program.variants[i];
    size_t missing = countMissing(variant, has);
    if (!missing)
      return &variant;
    if (missing <= fewest) {
      fewest = missing;
      least = &variant;
    }
  }
  if (!least)
    return badInput("The program has no code for any instruction set.");
  return environmentError(
      format("This program needs %s, which this processor does not have. %s",
             featureNames(*least, has).c_str(), remedy.c_str()));
}

int64_t defaultContext(const compress_program &program) {
  return std::min<int64_t>(program.max_context ? program.max_context : 4096,
                           4096);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Model::Memory::~Memory() {
  if (data)
    munmap(data, bytes);
}

Status Model::Memory::allocate(uint64_t wanted, const char *purpose) {
  if (data)
    munmap(data, bytes);
  data = nullptr;
  bytes = std::max<uint64_t>(wanted, 64);
  void *address = bytes > INT64_MAX / 2
                      ? MAP_FAILED
                      : mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) {
    Error error = environmentError(
        format("Cannot get %llu bytes of memory for %s: %s. Ask for a shorter "
               "--context, or give the process more memory.",
               static_cast<unsigned long long>(bytes), purpose,
               strerror(errno ? errno : ENOMEM)));
    bytes = 0;
    return error;
  }
  data = address;
  if (bytes >= 4 << 20)
    madvise(data, bytes, MADV_HUGEPAGE);
  return {};
}

//===----------------------------------------------------------------------===//
// Model
//===----------------------------------------------------------------------===//

Model::~Model() = default;

Expected<std::unique_ptr<Model>> Model::create(const compress_program &program,
                                               const uint8_t *weights,
                                               uint64_t weightsBytes,
                                               ThreadPool &pool,
                                               const ModelOptions &options) {
  if (program.abi_version != COMPRESS_ABI_VERSION)
    return badInput(format(
        "The program has version %u of the interface between code and "
        "runtime; this runtime has version %d. Build both with one compiler.",
        program.abi_version, COMPRESS_ABI_VERSION));
  if (weightsBytes != program.weights_bytes)
    return badInput(
        format("The program reads %llu bytes of weights, but %llu are there: "
               "code and weights are not of the same build.",
               static_cast<unsigned long long>(program.weights_bytes),
               static_cast<unsigned long long>(weightsBytes)));
  if (reinterpret_cast<uintptr_t>(weights) % 64)
    return badInput("The weights are not aligned to 64 bytes.");
  if (!program.vocabulary || !program.prefill_chunk)
    return badInput("The program has no vocabulary or no prefill chunk.");
  auto variant = selectVariant(program, options.instructionSet, processorHas,
                               options.rebuild);
  if (!variant)
    return variant.error();

  // Keeps every product of sizes below far from overflow.
  const int64_t most = int64_t(1) << 30;
  int64_t context = options.context ? options.context : defaultContext(program);
  if (context < 1 || context > most)
    return usageError(format("A context must be 1 to %lld positions; %lld were "
                             "asked for.",
                             static_cast<long long>(most),
                             static_cast<long long>(context)));
  context = (context + 15) / 16 * 16;

  std::unique_ptr<Model> model(new Model(program, pool));
  model->variant_ = *variant;
  std::string types;
  for (uint64_t i = 0; i < program.cache_count; ++i) {
    const compress_cache &cache = program.caches[i];
    types += (i ? ", " : "") + std::string(cacheTypeName(cache));
    if (model->cacheKind_ || (!options.cacheType.empty() &&
                              options.cacheType != cacheTypeName(cache)))
      continue;
    model->cacheKind_ = &cache;
    model->entries_ = (*variant)->entries[i];
  }
  if (!model->cacheKind_)
    return usageError(format(
        "This program stores keys and values as %s, not '%s'; `compress build "
        "--cache-type` makes one that does.",
        types.c_str(), options.cacheType.c_str()));
  uint64_t cacheBytes = model->cacheKind_->bytes_per_position;
  uint64_t scratch = (program.scratch_bytes + 63) / 64 * 64;
  uint64_t half = program.rotary_dim / 2;
  if (scratch != program.scratch_bytes)
    return badInput("The program's scratch size is no multiple of 64 bytes.");
  if (Status s = model->arena_.allocate(program.arena_bytes, "activations"); !s)
    return s.error();
  if (Status s = model->scratch_.allocate(scratch * pool.size(),
                                          "the threads' scratch");
      !s)
    return s.error();
  if (!program.page_positions || !program.run_tokens)
    return badInput("The program's key-value cache has no pages.");
  if (options.slots < 1 || options.slots > 4096)
    return usageError(
        format("A model has 1 to 4096 slots; %lld were asked for.",
               static_cast<long long>(options.slots)));
  int64_t pages =
      (context + program.page_positions - 1) / program.page_positions;
  model->slots_ = options.slots;
  model->pages_.resize(pages * options.slots);
  std::iota(model->pages_.begin(), model->pages_.end(), 0);
  uint64_t positions = model->pages_.size() * program.page_positions;
  if (cacheBytes > INT64_MAX / 2 / positions ||
      program.partial_bytes_per_page > uint64_t(INT64_MAX / 2 / pages))
    return badInput("The program's key-value cache is impossibly large.");
  if (Status s =
          model->cache_.allocate(cacheBytes * positions, "the key-value cache");
      !s)
    return s.error();
  // Positions that are used lie close together, and are read as a stream.
  madvise(model->cache_.data, model->cache_.bytes, MADV_HUGEPAGE);
  if (Status s = model->partials_.allocate(
          program.partial_bytes_per_page * pages, "attention");
      !s)
    return s.error();
  if (Status s = model->rotary_.allocate(context * 2 * half * sizeof(float),
                                         "the rotary table");
      !s)
    return s.error();
  if (Status s =
          model->logits_.allocate(program.vocabulary * sizeof(float), "logits");
      !s)
    return s.error();

  float *rotary = static_cast<float *>(model->rotary_.data);
  pool.forEach((context + 63) / 64, [&](int64_t block) {
    for (int64_t p = block * 64; p < std::min(context, block * 64 + 64); ++p)
      for (uint64_t i = 0; i < half; ++i) {
        float angle = static_cast<float>(p) * program.rotary_frequencies[i];
        rotary[p * 2 * half + i] = std::cos(angle);
        rotary[p * 2 * half + half + i] = std::sin(angle);
      }
  });

  compress_context &c = model->context_;
  c.weights = weights;
  c.arena = static_cast<uint8_t *>(model->arena_.data);
  c.scratch = static_cast<uint8_t *>(model->scratch_.data);
  c.cache = static_cast<uint8_t *>(model->cache_.data);
  c.rotary = rotary;
  c.pages = model->pages_.data();
  c.partials = static_cast<uint8_t *>(model->partials_.data);
  c.context = context;
  c.threads = pool.size();
  c.barrier = [](compress_context *context, int64_t thread) {
    static_cast<ThreadPool *>(context->pool)->barrier(thread);
  };
  c.take = [](compress_context *context, int64_t thread, int64_t count,
              int64_t grain, int64_t first) {
    return static_cast<ThreadPool *>(context->pool)
        ->take(thread, count, grain, first != 0);
  };
  c.scratch_stride = scratch;
  c.pool = &pool;
  return model;
}

uint64_t Model::memoryBytes() const {
  return arena_.bytes + scratch_.bytes + cache_.bytes + rotary_.bytes +
         partials_.bytes;
}

const char *cacheTypeName(const compress_cache &cache) {
  switch (cache.type) {
  case COMPRESS_CACHE_F16:
    return "f16";
  case COMPRESS_CACHE_INT8:
    return "int8";
  default:
    return "f32";
  }
}

Expected<const float *> Model::forward(const int32_t *tokens, int64_t count,
                                       int64_t position, int64_t logitsBegin,
                                       int32_t slot) {
  if (count < 0 || position < 0 || logitsBegin < 0 || logitsBegin > count)
    return usageError("A negative count or position was asked for.");
  if (position + count > context_.context)
    return usageError(format(
        "%lld tokens at position %lld need %lld positions; the context has "
        "%lld. Ask for a longer one with --context.",
        static_cast<long long>(count), static_cast<long long>(position),
        static_cast<long long>(position + count),
        static_cast<long long>(context_.context)));
  positions_.resize(count);
  std::iota(positions_.begin(), positions_.end(),
            static_cast<int32_t>(position));
  tokenSlots_.assign(count, slot);
  return step(tokens, positions_.data(), tokenSlots_.data(), count,
              logitsBegin);
}

Expected<const float *> Model::step(const int32_t *tokens,
                                    const int32_t *positions,
                                    const int32_t *slots, int64_t count,
                                    int64_t logitsBegin) {
  if (count < 0 || logitsBegin < 0 || logitsBegin > count)
    return usageError("A negative count was asked for.");
  for (int64_t i = 0; i < count; ++i) {
    if (tokens[i] < 0 || tokens[i] >= vocabulary())
      return badInput(
          format("Token %lld has the id %d, which is not below the vocabulary "
                 "of %lld: tokenizer and model do not belong together.",
                 static_cast<long long>(i), tokens[i],
                 static_cast<long long>(vocabulary())));
    if (positions[i] < 0 || positions[i] >= context() || slots[i] < 0 ||
        slots[i] >= slots_)
      return usageError(format(
          "Token %lld is at position %d of slot %d; there are %lld slots "
          "of %lld positions.",
          static_cast<long long>(i), positions[i], slots[i],
          static_cast<long long>(slots_), static_cast<long long>(context())));
  }
  uint64_t wanted =
      std::max<int64_t>(count - logitsBegin, 1) * vocabulary() * sizeof(float);
  if (wanted > logits_.bytes)
    if (Status s = logits_.allocate(wanted, "logits"); !s)
      return s.error();
  float *logits = static_cast<float *>(logits_.data);

  for (int64_t done = 0; done < count;) {
    if (interrupt_ && *interrupt_)
      break;
    int64_t chunk = std::min(count - done, prefillChunk());
    runs_.clear();
    for (int64_t i = done; i < done + chunk; ++i) {
      if (!runs_.empty() && runs_.back() < int64_t(program_.run_tokens) &&
          slots[i] == slots[i - 1] && positions[i] == positions[i - 1] + 1)
        ++runs_.back();
      else
        runs_.insert(runs_.end(), {static_cast<int32_t>(i - done), 1});
    }
    context_.tokens = tokens + done;
    context_.positions = positions + done;
    context_.slots = slots + done;
    context_.runs = runs_.data();
    context_.run_count = runs_.size() / 2;
    context_.count = chunk;
    context_.logits_begin = std::clamp<int64_t>(logitsBegin - done, 0, chunk);
    context_.logits =
        logits + std::max<int64_t>(done - logitsBegin, 0) * vocabulary();
    compress_entry entry = chunk == 1 ? entries_.decode : entries_.prefill;
    pool_.run([&](int64_t thread) { entry(&context_, thread); });
    done += chunk;
  }
  return static_cast<const float *>(logits);
}

} // namespace rt
} // namespace compresslib
