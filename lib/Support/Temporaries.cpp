//===- Temporaries.cpp - Files that must not outlive a run ----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Support/Temporaries.h"

#include "FileKind.h"
#include "SignalSafeList.h"
#include "compress/Support/Files.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

using namespace compresslib;

//===----------------------------------------------------------------------===//
// Removal
//===----------------------------------------------------------------------===//

static SignalSafeList temporaries;
static std::atomic<int> beingMade{0};
static std::atomic<bool> isEnding{false};

namespace {
/// From before a temporary is made until it is registered: a signal finds it
/// registered or not made, on whichever thread it comes.
class Making {
public:
  Making() {
    sigset_t ending;
    sigemptyset(&ending);
    for (int signal : {SIGINT, SIGTERM, SIGHUP})
      sigaddset(&ending, signal);
    pthread_sigmask(SIG_BLOCK, &ending, &before_);
    ++beingMade;
    if (!isEnding)
      return;
    // Another thread removes what there is, and ends the process.
    --beingMade;
    for (;;)
      pause();
  }
  Making(const Making &) = delete;
  ~Making() {
    --beingMade;
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

private:
  sigset_t before_;
};
} // namespace

static void sleepMilliseconds(long count) {
  const struct timespec pause = {0, count * 1'000'000};
  nanosleep(&pause, nullptr);
}

/// Removes the files of an open folder. readdir takes memory, so that a signal
/// handler needs the system call.
static void removeContents(int folder) {
  // linux_dirent64, which no header declares.
  struct Record {
    uint64_t inode, offset;
    unsigned short length;
    unsigned char type;
    char name[1];
  };
  constexpr size_t header = offsetof(Record, name);
  alignas(Record) char buffer[4096];
  for (bool removed = true; removed;) {
    removed = false;
    lseek(folder, 0, SEEK_SET);
    long bytes;
    while ((bytes = syscall(SYS_getdents64, folder, buffer, sizeof buffer)) > 0)
      for (long at = 0; at < bytes;) {
        unsigned short length;
        std::memcpy(&length, buffer + at + offsetof(Record, length), 2);
        removed |= unlinkat(folder, buffer + at + header, 0) == 0;
        at += length;
      }
  }
}

void compresslib::removeTemporaries() {
  isEnding = true;
  // Not for ever: memory may have run out in this very thread's making.
  for (int waited = 0; beingMade && waited < 200; ++waited)
    sleepMilliseconds(1);
  temporaries.forEach([](const SignalSafeEntry &entry) {
    if (!entry.isFolder) {
      unlink(entry.path);
      return;
    }
    // Other threads may still write files into it.
    for (int attempt = 0; attempt < 100; ++attempt) {
      int folder = open(entry.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (folder < 0)
        return;
      removeContents(folder);
      close(folder);
      if (rmdir(entry.path) == 0)
        return;
      sleepMilliseconds(1);
    }
  });
}

static void removeTemporariesAndEnd(int signal) {
  removeTemporaries();
  // SA_RESETHAND restored the default action.
  raise(signal);
}

void compresslib::removeTemporariesOnSignal() {
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction old;
    if (sigaction(signal, nullptr, &old) == 0 && old.sa_handler == SIG_IGN)
      continue; // nohup
    struct sigaction action = {};
    action.sa_handler = removeTemporariesAndEnd;
    action.sa_flags = SA_RESETHAND | SA_NODEFER;
    sigaction(signal, &action, nullptr);
  }
}

Temporary::Temporary(const std::string &path, bool isFolder)
    : entry_(temporaries.add(path, 0, 0, isFolder)) {}

Temporary::~Temporary() { SignalSafeList::remove(entry_); }

//===----------------------------------------------------------------------===//
// Files beside their final name
//===----------------------------------------------------------------------===//

/// Whether `name` is ".<anything>.tmp-<digits>-<digits>".
static bool isTemporaryName(const char *name) {
  const char *end = name + strlen(name);
  auto skipDigits = [&] {
    const char *from = end;
    while (end > name && end[-1] >= '0' && end[-1] <= '9')
      --end;
    return end != from;
  };
  auto skip = [&](const char *text) {
    size_t length = strlen(text);
    if (size_t(end - name) < length || memcmp(end - length, text, length) != 0)
      return false;
    end -= length;
    return true;
  };
  return name[0] == '.' && skipDigits() && skip("-") && skipDigits() &&
         skip(".tmp-");
}

/// Removes the temporaries that nobody holds.
static void sweep(const std::string &folder) {
  DIR *list = opendir(folder.c_str());
  if (!list)
    return;
  while (dirent *entry = readdir(list)) {
    if (!isTemporaryName(entry->d_name))
      continue;
    int file = openat(dirfd(list), entry->d_name,
                      O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    if (file < 0)
      continue;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
        flock(file, LOCK_EX | LOCK_NB) == 0)
      unlinkat(dirfd(list), entry->d_name, 0);
    close(file);
  }
  closedir(list);
}

/// Whether an open file still has a name, as one that was swept has not.
static bool hasName(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) != 0 || status.st_nlink > 0;
}

LockedTemporary compresslib::createLockedTemporary(const std::string &folder,
                                                   const std::string &base,
                                                   unsigned mode) {
  sweep(folder);
  static std::atomic<unsigned> counter;
  for (int attempt = 0;; ++attempt) {
    std::string suffix = ".tmp-" + std::to_string(getpid()) + "-" +
                         std::to_string(counter.fetch_add(1));
    // A name of up to 255 bytes must stay one.
    std::string name =
        "." + base.substr(0, std::min<size_t>(base.size(),
                                              NAME_MAX - 1 - suffix.size()));
    LockedTemporary file;
    file.path = joinPath(folder, name + suffix);
    Making making;
    file.descriptor =
        open(file.path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file.descriptor < 0) {
      int code = errno;
      if (code == EEXIST && attempt < 100)
        continue;
      file.error = code;
      return file;
    }
    file.registered = Temporary(file.path);
    // The lock has a descriptor of its own: that of the bytes is closed before
    // the file gets its name, as a program that is open for writing cannot run.
    file.lock = open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file.lock >= 0)
      (void)flock(file.lock, LOCK_SH);
    if (hasName(file.descriptor))
      return file;
    // Swept between its making and its lock.
    close(file.descriptor);
    if (file.lock >= 0)
      close(file.lock);
  }
}

//===----------------------------------------------------------------------===//
// TMPDIR
//===----------------------------------------------------------------------===//

static std::string temporaryFolder() {
  const char *folder = std::getenv("TMPDIR");
  return folder && *folder ? folder : "/tmp";
}

Expected<int> compresslib::openUnnamedTemporary(const std::string &purpose) {
  std::string folder = temporaryFolder();
  int descriptor =
      open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
  if (descriptor < 0) {
    // Not every file system knows files without a name.
    std::string path = joinPath(folder, "compress-XXXXXX");
    descriptor = mkostemp(path.data(), O_CLOEXEC);
    if (descriptor >= 0)
      unlink(path.c_str());
  }
  if (descriptor < 0)
    return environmentError("Cannot make a temporary file for " + purpose +
                            " in " + quoted(folder) + ": " +
                            std::strerror(errno) +
                            "; set TMPDIR to a folder that can be written.");
  return descriptor;
}

Expected<ScratchFolder> ScratchFolder::create(const std::string &prefix) {
  std::string parent = temporaryFolder();
  if (DIR *list = opendir(parent.c_str())) {
    while (dirent *entry = readdir(list)) {
      if (std::string_view(entry->d_name).substr(0, prefix.size()) != prefix)
        continue;
      int folder = openat(dirfd(list), entry->d_name,
                          O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      struct stat status;
      if (folder < 0)
        continue;
      if (fstat(folder, &status) == 0 && status.st_uid == geteuid() &&
          flock(folder, LOCK_EX | LOCK_NB) == 0) {
        removeContents(folder);
        unlinkat(dirfd(list), entry->d_name, AT_REMOVEDIR);
      }
      close(folder);
    }
    closedir(list);
  }
  for (;;) {
    ScratchFolder folder;
    Making making;
    folder.path_ = joinPath(parent, prefix + "XXXXXX");
    if (!mkdtemp(folder.path_.data())) {
      int code = errno;
      folder.path_.clear();
      return environmentError("Cannot make a temporary folder in " +
                              quoted(parent) + ": " + std::strerror(code) +
                              "; set TMPDIR to a folder that can be written.");
    }
    folder.temporary_ = Temporary(folder.path_, /*isFolder=*/true);
    folder.lock_ =
        open(folder.path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder.lock_ >= 0)
      (void)flock(folder.lock_, LOCK_SH);
    struct stat status;
    if (stat(folder.path_.c_str(), &status) == 0)
      return folder;
    // Swept between its making and its lock.
  }
}

ScratchFolder &ScratchFolder::operator=(ScratchFolder &&other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  std::swap(temporary_, other.temporary_);
  return *this;
}

ScratchFolder::~ScratchFolder() {
  if (path_.empty())
    return;
  if (lock_ >= 0) {
    removeContents(lock_);
    close(lock_);
  }
  rmdir(path_.c_str());
}

//===----------------------------------------------------------------------===//
// Locks of folders
//===----------------------------------------------------------------------===//

Expected<FolderLock> FolderLock::take(const std::string &folder) {
  FolderLock lock;
  int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    return lock;
  for (int waited = 0; flock(descriptor, LOCK_EX | LOCK_NB) != 0;) {
    if (errno == EINTR)
      continue;
    if (errno != EWOULDBLOCK) {
      close(descriptor);
      return lock;
    }
    if (++waited == 12'000) {
      close(descriptor);
      return environmentError("The folder " + quoted(folder) +
                              " has been locked by another process for a "
                              "minute; wait until that has ended, and try "
                              "again.");
    }
    sleepMilliseconds(5);
  }
  lock.descriptor_ = descriptor;
  return lock;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0)
    close(descriptor_);
}
