//===- ArenaAllocator.h - Byte ranges of one piece of memory ----*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef KERNEL_TRANSFORMS_ARENAALLOCATOR_H
#define KERNEL_TRANSFORMS_ARENAALLOCATOR_H

#include <cstdint>
#include <map>

namespace mlir::kernel {

/// First-fit allocation of byte ranges, 64-byte aligned.
class ArenaAllocator {
public:
  explicit ArenaAllocator(int64_t base) : base(base), most(base) {}
  int64_t allocate(int64_t bytes);
  void release(int64_t offset);
  int64_t getMost() const { return most; }

private:
  int64_t base, most;
  std::map<int64_t, int64_t> live; ///< begin -> end
};

} // namespace mlir::kernel

#endif // KERNEL_TRANSFORMS_ARENAALLOCATOR_H
