//===- WithoutJit.cpp - PCRE2 without its compiler ------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tokenizer matches by interpreting, but PCRE2's static library refers to
// its just-in-time compiler, a quarter of a megabyte, all the same. These
// definitions come first in the link line and keep it out. None is called for a
// pattern that was not compiled just in time, but for the one that frees.
//
//===----------------------------------------------------------------------===//
#include <cstddef>

extern "C" {
void _pcre2_jit_free_8(void *, void *) {}
void _pcre2_jit_free_rodata_8(void *, void *) {}
size_t _pcre2_jit_get_size_8(void *) { return 0; }
const char *_pcre2_jit_get_target_8() { return "none"; }
int _pcre2_jit_check_exec_8() { return 0; }
int pcre2_jit_compile_8(void *, unsigned) { return -45; /* BADOPTION */ }
int pcre2_jit_match_8(const void *, const unsigned char *, size_t, size_t,
                      unsigned, void *, void *) {
  return -45;
}
void pcre2_jit_free_unused_memory_8(void *) {}
}
