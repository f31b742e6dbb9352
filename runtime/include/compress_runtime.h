/*===- compress_runtime.h - C ABI between generated code and runtime -*- C
-*-===*\
|*                                                                            *|
|* Part of Compress, under the Apache License v2.0 with LLVM Exceptions.      *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/
/* The compiler emits one object file that exports `compress_program`. The same
 * object is loaded in process for evaluation and linked into edge binaries.
 * Generated code is single-program: every thread of the pool calls the same
 * entry with its own index; the code splits rows, heads and tokens among the
 * threads (never a sum) and meets at `barrier`. Loops of much work are not
 * split beforehand: a thread calls `take`, the first time with `first` = 1,
 * until it gets an empty range; all threads come to the same loops in the same
 * order.
 *
 * A call's tokens may belong to several texts, each of which has a slot: parts
 * of prompts, one token each of many, drafts. A token sees its slot's positions
 * up to its own, those of this call included, whatever the tokens' order. */
#ifndef COMPRESS_RUNTIME_H
#define COMPRESS_RUNTIME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COMPRESS_ABI_VERSION 2

/* Iterations begin .. end-1 of a loop. */
typedef struct compress_range {
  int64_t begin, end;
} compress_range;

/* What one call of an entry works on. Field order is known to the compiler
 * (dialects/Kernel); append only, and raise COMPRESS_ABI_VERSION. */
typedef struct compress_context {
  const uint8_t *weights; /* packed weights, at least 64-byte aligned */
  uint8_t *arena;        /* program->arena_bytes, 64-byte aligned             */
  uint8_t *scratch;      /* threads x scratch_stride, 64-byte aligned         */
  uint8_t *cache;        /* pages of program->page_positions positions,
                            program->cache_bytes_per_position each, 64-byte
                            aligned, zeroed at start                          */
  const float *rotary;   /* [context][2][rotary_dim/2]: cosines, then sines   */
  float *logits;         /* [count - logits_begin][vocabulary]                */
  const int32_t *tokens; /* [count], each in 0 .. vocabulary-1                */
  int64_t context;       /* positions of a slot, a multiple of 16             */
  const int32_t
      *positions;       /* [count], of each token in its slot; below context */
  int64_t count;        /* tokens of this call: 1 for decode, 1 ..
                           program->prefill_chunk for prefill                */
  int64_t logits_begin; /* first token whose logits are wanted; count: none  */
  int64_t threads;
  void (*barrier)(struct compress_context *context, int64_t thread);
  struct compress_range (*take)(struct compress_context *context,
                                int64_t thread, int64_t count, int64_t grain,
                                int64_t first);
  int64_t scratch_stride; /* program->scratch_bytes, or more */
  const int32_t *slots; /* [count]: the text that each token belongs to       */
  const int32_t *pages; /* [slots][ceil(context / page_positions)]: the page
                           of the cache that holds a slot's positions         */
  const int32_t *runs;  /* [run_count][2]: first token and number of tokens,
                           of one slot, at positions that follow each other,
                           at most program->run_tokens; all tokens in all     */
  int64_t run_count;
  uint8_t *partials; /* ceil(context / page_positions) x
                        program->partial_bytes_per_page, 64-byte aligned   */
  void *pool;        /* of barrier and take                                */
} compress_context;

typedef void (*compress_entry)(compress_context *context, int64_t thread);

/* Where a processor says what it has: a register of CPUID, or, as the leaf, an
 * entry of the auxiliary vector. */
enum { COMPRESS_EAX, COMPRESS_EBX, COMPRESS_ECX, COMPRESS_EDX };
enum { COMPRESS_HWCAP = 16, COMPRESS_HWCAP2 = 26 };

/* What a variant's code needs of the processor. */
typedef struct compress_feature {
  const char *name; /* as processors list it, for messages */
  uint32_t leaf;    /* x86: CPUID's leaf, subleaf and register; aarch64:
                       COMPRESS_HWCAP or COMPRESS_HWCAP2                        */
  uint32_t subleaf;
  uint32_t word;
  uint32_t bits;  /* all of which are there                                   */
  uint64_t saved; /* x86: bits of XCR0 that the system must have set; for the
                     state of tiles the process asks permission, too          */
} compress_feature;

/* The code over one cache: one token, and several. */
typedef struct compress_entries {
  compress_entry decode;
  compress_entry prefill;
} compress_entries;

/* One instruction set's code. */
typedef struct compress_variant {
  const char *instruction_set; /* "avx2", "generic", … */
  const compress_feature *features;
  uint64_t feature_count;
  const compress_entries *entries; /* of each of the program's caches */
} compress_variant;

/* How keys and values are stored; int8 with a scale a position and head. */
enum compress_cache_type {
  COMPRESS_CACHE_F32,
  COMPRESS_CACHE_F16,
  COMPRESS_CACHE_INT8
};

/* A cache that the program has code for. */
typedef struct compress_cache {
  uint64_t bytes_per_position;
  uint32_t type; /* of enum compress_cache_type */
} compress_cache;

typedef struct compress_program {
  uint32_t abi_version;
  uint32_t variant_count;
  const compress_variant *variants; /* best first */
  uint64_t arena_bytes;
  uint64_t scratch_bytes; /* per thread */
  uint64_t cache_count;
  const compress_cache *caches; /* the default first */
  uint64_t partial_bytes_per_page;
  uint64_t weights_bytes;
  const float *rotary_frequencies; /* [rotary_dim/2], radians per position */
  uint32_t rotary_dim;
  uint32_t vocabulary;
  uint32_t prefill_chunk;    /* most tokens in one prefill call */
  uint32_t max_context;      /* max_position_embeddings of the model */
  uint32_t int8_activations; /* 1 where integer weights meet int8 activations */
  uint32_t page_positions;
  uint32_t run_tokens;
} compress_program;

extern const compress_program compress_program_v2;

#ifdef __cplusplus
}
#endif
#endif /* COMPRESS_RUNTIME_H */
