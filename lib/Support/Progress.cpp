//===- Progress.cpp - A line that says how far it is ----------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Support/Progress.h"

#include <cstdio>
#include <unistd.h>

using namespace compresslib;
using Clock = std::chrono::steady_clock;

Progress::Progress(std::string title, uint64_t total)
    : title_(std::move(title)), total_(total), shown_(isatty(2)),
      start_(Clock::now()), last_(start_) {
  if (shown_)
    draw("");
}

Progress::~Progress() {
  if (shown_)
    std::fputs("\r\033[K", stderr);
}

void Progress::advance(uint64_t steps, const std::string &note) {
  std::lock_guard<std::mutex> lock(mutex_);
  done_ += steps;
  if (!shown_)
    return;
  Clock::time_point now = Clock::now();
  if (now - last_ < std::chrono::milliseconds(100) && done_ < total_)
    return;
  last_ = now;
  draw(note);
}

void Progress::draw(const std::string &note) {
  std::string line =
      title_ + "  " + std::to_string(done_) + "/" + std::to_string(total_);
  if (total_)
    line += "  " + std::to_string(done_ * 100 / total_) + " %";
  double spent = std::chrono::duration<double>(Clock::now() - start_).count();
  if (done_ && done_ < total_ && spent > 1) {
    uint64_t left = uint64_t(spent * double(total_ - done_) / double(done_));
    char time[32];
    std::snprintf(time, sizeof time, "  %llu:%02llu left",
                  (unsigned long long)(left / 60),
                  (unsigned long long)(left % 60));
    line += time;
  }
  if (!note.empty())
    line += "  " + note;
  if (line.size() > 79)
    line.resize(79);
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
}
