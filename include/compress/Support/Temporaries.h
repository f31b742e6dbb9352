//===- Temporaries.h - Files that must not outlive a run --------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whoever makes a temporary file or folder holds a lock on it (flock) for as
// long as it lives. The kernel drops the lock of a process that ends, however
// it ends and in whichever namespace: what nobody holds is garbage, and whoever
// makes the next temporary in that folder sweeps it.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_SUPPORT_TEMPORARIES_H
#define COMPRESS_SUPPORT_TEMPORARIES_H

#include "compress/Support/Error.h"

#include <string>
#include <utility>

namespace compresslib {

/// Makes SIGINT, SIGTERM and SIGHUP remove the temporaries of this process
/// before they end it. For the mains of tools.
void removeTemporariesOnSignal();

/// Removes the temporaries of this process. Async-signal-safe, for those who
/// call _exit.
void removeTemporaries();

/// A path that removeTemporaries removes: a file, or a folder of files.
class Temporary {
public:
  Temporary() = default;
  explicit Temporary(const std::string &path, bool isFolder = false);
  Temporary(Temporary &&other) noexcept { *this = std::move(other); }
  Temporary &operator=(Temporary &&other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  ~Temporary();

private:
  struct SignalSafeEntry *entry_ = nullptr;
};

/// Opens a temporary file without a name, for reading and writing, in the
/// folder that TMPDIR names: nothing has to be removed. `purpose` is for
/// messages: "the packed weights". Errors: Environment.
Expected<int> openUnnamedTemporary(const std::string &purpose);

/// A folder in TMPDIR for files without subfolders, removed with its content.
class ScratchFolder {
public:
  /// Also sweeps what killed processes left of the same `prefix`.
  static Expected<ScratchFolder> create(const std::string &prefix);
  ScratchFolder(ScratchFolder &&other) noexcept { *this = std::move(other); }
  ScratchFolder &operator=(ScratchFolder &&other) noexcept;
  ~ScratchFolder();
  const std::string &path() const { return path_; }

private:
  ScratchFolder() = default;
  std::string path_;
  int lock_ = -1;
  Temporary temporary_;
};

/// A new file in `folder` for what `base` shall become, locked.
struct LockedTemporary {
  std::string path;
  int descriptor = -1;
  int lock = -1;
  int error = 0; ///< an errno, where the descriptor is -1
  Temporary registered;
};
/// Sweeps `folder`, then makes the file with `mode`.
LockedTemporary createLockedTemporary(const std::string &folder,
                                      const std::string &base, unsigned mode);

/// Keeps other processes of this kind from changing which files of a folder
/// belong together. The kernel releases it when the process ends.
class FolderLock {
public:
  /// Waits for at most a minute; Environment error then. Where the folder or
  /// its file system has no locks, the result is not held.
  static Expected<FolderLock> take(const std::string &folder);
  FolderLock(FolderLock &&other) noexcept { *this = std::move(other); }
  FolderLock &operator=(FolderLock &&other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FolderLock();
  bool isHeld() const { return descriptor_ >= 0; }

private:
  FolderLock() = default;
  int descriptor_ = -1;
};

} // namespace compresslib

#endif // COMPRESS_SUPPORT_TEMPORARIES_H
