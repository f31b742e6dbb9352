//===- Files.h - Mapped input, atomic output --------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_SUPPORT_FILES_H
#define COMPRESS_SUPPORT_FILES_H

#include "compress/Support/Bytes.h"
#include "compress/Support/Error.h"
#include "compress/Support/Temporaries.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace compresslib {

/// A whole regular file, mapped read-only. A missing or unreadable file is an
/// Environment error; a folder, FIFO or device where a file was expected, too.
class MappedFile {
public:
  static Expected<MappedFile> open(const std::string &path);
  /// Maps an open descriptor and closes it; `path` is for messages.
  static Expected<MappedFile> fromDescriptor(int descriptor,
                                             const std::string &path);
  MappedFile(MappedFile &&other) noexcept { *this = std::move(other); }
  MappedFile &operator=(MappedFile &&other) noexcept;
  ~MappedFile();

  const std::string &path() const { return path_; }
  const uint8_t *data() const { return data_; }
  uint64_t size() const { return size_; }
  Bytes bytes() const { return {data_, size_t(size_)}; }

  /// Tells the kernel that a range will not be read again soon.
  void release(uint64_t offset, uint64_t size) const;

private:
  MappedFile() = default;
  std::string path_;
  const uint8_t *data_ = nullptr;
  uint64_t size_ = 0;
  struct SignalSafeEntry *entry_ = nullptr;
};

/// From now on a mapped file that is cut short while it is read ends the
/// process: a sentence that names the file, temporaries removed, exit code 3.
/// For the mains of tools and programs.
void endOnLostPages();
/// While it lives, pages that are lost outside of mapped inputs are those of
/// `path`, which a library writes through a mapping and which finds no space:
/// the process ends as above.
class MappedOutput {
public:
  explicit MappedOutput(const std::string &path);
  MappedOutput(const MappedOutput &) = delete;
  ~MappedOutput();

private:
  struct SignalSafeEntry *entry_;
};
/// Reads a byte of every page. A system call that fails with EFAULT says not
/// which mapped file lost bytes; this does.
void touch(Bytes bytes);

/// Reads a whole small file (a config, a recipe) into memory. More than `limit`
/// bytes is a BadInput error, a file that shrinks meanwhile an Environment
/// error.
Expected<std::string> readFile(const std::string &path,
                               uint64_t limit = uint64_t(1) << 30);

struct AtomicFileOptions {
  /// Final size where it is known: free space and the file-size limit are then
  /// checked before anything is written.
  std::optional<uint64_t> size;
  bool executable = false;
};

/// Writes a file so that `path` holds the old bytes or all of the new ones:
/// a temporary in the same folder, fsync, rename, fsync of the folder. What is
/// not committed is removed by the destructor; what a killed process left, by
/// the next create in that folder. Refuses an input that declareRun was told
/// of. All errors are Environment errors (exit code 3). Not thread-safe, except
/// writeAt on disjoint ranges.
class AtomicFile {
public:
  static Expected<AtomicFile> create(const std::string &path,
                                     AtomicFileOptions options = {});
  AtomicFile(AtomicFile &&other) noexcept { *this = std::move(other); }
  AtomicFile &operator=(AtomicFile &&other) noexcept;
  ~AtomicFile();

  const std::string &path() const { return path_; }
  /// Appends, buffered.
  Status write(Bytes bytes);
  Status write(std::string_view text) { return write(asBytes(text)); }
  /// Appends zeros up to a multiple of `alignment`.
  Status align(uint64_t alignment);
  /// Bytes appended so far.
  uint64_t position() const { return position_; }
  /// Writes anywhere, unbuffered; independent of position().
  Status writeAt(uint64_t offset, Bytes bytes);
  /// Brings all to the disk and ends writing, so that commit only renames.
  Status sync();
  Status commit();
  /// What was written so far, mapped; for a name that is made of a hash.
  Expected<MappedFile> map();
  /// Another name, in the same folder, for commit.
  void rename(const std::string &name);
  /// Removes the temporary; the old file stays.
  void discard();

private:
  friend Status commitTogether(std::vector<AtomicFile> files);
  AtomicFile() = default;
  Status flush();
  Status place(bool keepsOld);
  void undo();
  void finish();
  Status writeFully(Bytes bytes, uint64_t offset);
  Error writeError(int code, uint64_t offset, uint64_t more) const;

  std::string path_, temporary_, folder_;
  std::vector<uint8_t> buffer_;
  std::optional<uint64_t> expected_;
  uint64_t position_ = 0;
  uint64_t flushed_ = 0;
  int descriptor_ = -1;
  int lock_ = -1;
  Temporary registered_;
  /// Where the old file is between place and finish.
  enum { Unplaced, Placed, Exchanged } state_ = Unplaced;
};

/// Commits all of the files or none: if one cannot be put in place, those
/// before it are taken back and their old files restored.
Status commitTogether(std::vector<AtomicFile> files);

/// Writes a whole file atomically.
Status writeFileAtomically(const std::string &path, std::string_view text,
                           AtomicFileOptions options = {});

/// Stands for pwrite(2) in AtomicFile, so that a test can make the Nth write
/// fail. Null restores pwrite.
using WriteFunction = long (*)(int descriptor, const void *data, size_t size,
                               uint64_t offset);
void setWriteFunctionForTesting(WriteFunction function);

/// The folder of a path: "a" of "a/b", "." of "b", "/" of "/b".
std::string parentFolder(const std::string &path);
/// "a/b", or `name` if it is absolute or the folder is empty.
std::string joinPath(const std::string &folder, const std::string &name);

} // namespace compresslib

#endif // COMPRESS_SUPPORT_FILES_H
