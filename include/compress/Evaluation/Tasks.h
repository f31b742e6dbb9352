//===- Tasks.h - Exact answers to prompts --------------------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A task file has one JSON object a line: {"kind", "prompt", "answer"}. An item
// is right when the first line of the greedy continuation, stripped and without
// a final full stop, equals the stripped answer. The continuation may have four
// tokens more than the answer.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_EVALUATION_TASKS_H
#define COMPRESS_EVALUATION_TASKS_H

#include "compress/Support/Error.h"
#include "compress_runtime/Generate.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace compresslib {
namespace eval {

struct Task {
  std::string kind, prompt, answer;
};

/// BadInput names `source` and the line.
Expected<std::vector<Task>> readTasks(std::string_view text,
                                      const std::string &source);

struct Accuracy {
  struct Kind {
    std::string name;
    int64_t right = 0, items = 0;
  };
  std::vector<Kind> kinds; ///< in the order of the file
  int64_t right = 0, items = 0;
  double share() const { return items ? double(right) / items : 0.0; }
  double error() const; ///< standard error of the share
};

/// What of a continuation is compared with an answer.
std::string_view answerOf(std::string_view continuation);

/// `bos` -1: none. `progress` returns false to stop.
Expected<Accuracy> runTasks(
    rt::Model &model, const rt::TextCodec &codec, int32_t bos,
    const std::vector<int32_t> &endTokens, const std::vector<Task> &tasks,
    const std::function<bool(size_t done, size_t all)> &progress = nullptr);

} // namespace eval
} // namespace compresslib

#endif // COMPRESS_EVALUATION_TASKS_H
