//===- Progress.h - A line that says how far it is --------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_SUPPORT_PROGRESS_H
#define COMPRESS_SUPPORT_PROGRESS_H

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace compresslib {

/// One line on standard error, rewritten in place: "quantize  12/84  14 %  1:05
/// left". Silent where standard error is no terminal. Thread-safe.
class Progress {
public:
  Progress(std::string title, uint64_t total);
  ~Progress(); ///< clears the line
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  /// `note` says what is being done now ("layer 3, attention").
  void advance(uint64_t steps = 1, const std::string &note = "");

private:
  void draw(const std::string &note);
  std::mutex mutex_;
  std::string title_;
  uint64_t total_, done_ = 0;
  bool shown_;
  std::chrono::steady_clock::time_point start_, last_;
};

} // namespace compresslib

#endif // COMPRESS_SUPPORT_PROGRESS_H
