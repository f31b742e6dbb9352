//===- BlockGuard.h - Bytes that are checked when first read --- -*- C++
//-*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_BLOCKGUARD_H
#define COMPRESS_RUNTIME_BLOCKGUARD_H

#include "compress/Support/Files.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace compresslib {
namespace rt {

/// Bytes of a block: what has one checksum, an XXH3 hash.
constexpr uint64_t blockBytes = 1 << 18;

/// Whether block `index` of a file's first `bytes` bytes has its checksum;
/// BadInput says that it was changed.
Status checkBlock(const std::string &path, const uint8_t *data, uint64_t bytes,
                  const std::vector<uint64_t> &hashes, uint64_t index);

/// Checks blocks of a mapped file when they are first read: until then their
/// pages are not accessible, and whoever reads one first is held up (SIGSEGV)
/// while it is compared with its checksum. A block that differs ends the
/// process with the sentence of checkBlock and exit code 1. Another thread may
/// read a block while it is checked; so what threads compute together is right
/// once all of them are done. A process has one guard at a time.
class BlockGuard {
public:
  /// Guards blocks `first` to `end` of `file`, whose first `bytes` bytes have
  /// the checksums `hashes`. Null where there is a guard already or the system
  /// refuses it: then check the blocks at once. `hashes` must outlive it, and
  /// the mapping.
  static std::unique_ptr<BlockGuard> create(const MappedFile &file,
                                            uint64_t bytes,
                                            const std::vector<uint64_t> &hashes,
                                            uint64_t first, uint64_t end);
  ~BlockGuard();
  BlockGuard(const BlockGuard &) = delete;
  BlockGuard &operator=(const BlockGuard &) = delete;

  bool guards(uint64_t index) const { return index >= first_ && index < end_; }
  /// Opens a guarded block, if it is what it was.
  Status check(uint64_t index);
  /// What the signal handler does; false for an address that is not guarded.
  bool onAccess(uintptr_t address);
  /// Waits for checks that other threads are at.
  void wait() const;

private:
  BlockGuard(const MappedFile &file, uint64_t bytes,
             const std::vector<uint64_t> &hashes, uint64_t first, uint64_t end)
      : data_(const_cast<uint8_t *>(file.data())), path_(file.path()),
        bytes_(bytes), hashes_(hashes), first_(first), end_(end),
        opened_(end - first) {}

  uint8_t *data_;
  std::string path_;
  uint64_t bytes_;
  const std::vector<uint64_t> &hashes_;
  uint64_t first_, end_;
  std::vector<std::atomic<bool>> opened_;
  std::atomic<int> checks_{0};
  bool isActive_ = false;
};

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_BLOCKGUARD_H
