//===- FakeProgram.h - A tiny Llama behind the C ABI, by hand - -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the compiler emits, written by hand and naively: one block with norm,
// rotary attention and feed-forward, rows split among threads with barriers
// between. `fakeLogits` computes the same without cache, chunks or threads.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TEST_FAKEPROGRAM_H
#define COMPRESS_TEST_FAKEPROGRAM_H

#include "compress_runtime.h"

#include <cstdint>
#include <vector>

namespace fake {
constexpr int width = 16, headDim = 8, hidden = 24, vocabulary = 259;
constexpr int bos = 256, eos = 257;
constexpr int chunk = 8;

/// 64-byte aligned weights of a fixed seed; `variation` perturbs them.
const uint8_t *weights(int variation = 0);
uint64_t weightsBytes();
const compress_program &program();
/// Logits of every token, computed in double.
std::vector<std::vector<double>> logits(const std::vector<int32_t> &tokens,
                                        int variation = 0);
} // namespace fake

#endif // COMPRESS_TEST_FAKEPROGRAM_H
