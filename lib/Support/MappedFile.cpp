//===- MappedFile.cpp - Mapped input --------------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A page of a mapped file that the file no longer has raises SIGBUS in whoever
// reads it. The handler finds the file by the address.
//
//===----------------------------------------------------------------------===//
#include "FileKind.h"
#include "SignalSafeList.h"
#include "compress/Support/Files.h"
#include "compress/Support/Temporaries.h"
#include "compress/Support/Text.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace compresslib;

//===----------------------------------------------------------------------===//
// Files that shrink
//===----------------------------------------------------------------------===//

static SignalSafeList mappings, mappedOutputs;
static std::atomic<bool> endsOnLostPages{false};
static struct sigaction previousAction;

[[noreturn]] static void endWith(const char *path, const char *what) {
  // Several threads may read one file; the first ends them all.
  static std::atomic_flag isEnding = ATOMIC_FLAG_INIT;
  while (isEnding.test_and_set())
    pause();
  for (const char *part : {"error: '", path, what})
    (void)!write(STDERR_FILENO, part, strlen(part));
  removeTemporaries();
  _exit(static_cast<int>(ErrorKind::Environment));
}

static void onBusError(int signal, siginfo_t *info, void *context) {
  uintptr_t address = reinterpret_cast<uintptr_t>(info->si_addr);
  mappings.forEach([&](const SignalSafeEntry &mapping) {
    if (address < mapping.begin || address - mapping.begin >= mapping.size)
      return;
    endWith(mapping.path,
            "' lost bytes while they were read: it was cut short, or its disk "
            "failed. Restore the file, and run this again.\n");
  });
  mappedOutputs.forEach([](const SignalSafeEntry &output) {
    endWith(output.path, "' cannot be written: there is no space for it. Free "
                         "some, or set TMPDIR to a folder that has it.\n");
  });
  // Not ours.
  if (previousAction.sa_flags & SA_SIGINFO) {
    previousAction.sa_sigaction(signal, info, context);
  } else if (previousAction.sa_handler != SIG_DFL &&
             previousAction.sa_handler != SIG_IGN) {
    previousAction.sa_handler(signal);
  } else {
    ::signal(signal, SIG_DFL);
    raise(signal);
  }
}

/// Others, such as LLVM's crash recovery, install handlers as well: this is
/// done anew for every mapping.
static void installBusErrorHandler() {
  struct sigaction action = {};
  if (sigaction(SIGBUS, nullptr, &action) != 0 ||
      ((action.sa_flags & SA_SIGINFO) && action.sa_sigaction == onBusError))
    return;
  previousAction = action;
  action = {};
  action.sa_sigaction = onBusError;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(SIGBUS, &action, nullptr);
}

void compresslib::endOnLostPages() {
  ::endsOnLostPages = true;
  installBusErrorHandler();
}

//===----------------------------------------------------------------------===//
// Mapping and reading
//===----------------------------------------------------------------------===//

/// The size of an open regular file; Environment error for what is none.
static Expected<uint64_t> sizeOfRegular(int descriptor,
                                        const std::string &path) {
  struct stat status;
  if (fstat(descriptor, &status) != 0)
    return environmentError("Cannot examine " + quoted(path) + ": " +
                            std::strerror(errno) + ".");
  if (!S_ISREG(status.st_mode))
    return environmentError(quoted(path) + " is " + kindOfFile(status.st_mode) +
                            ", where a regular file is needed.");
  return uint64_t(status.st_size);
}

static Expected<int> openToRead(const std::string &path) {
  // Non-blocking, so that a FIFO without a writer is refused and not waited on.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return environmentError("Cannot open " + quoted(path) + ": " +
                            std::strerror(errno) + ".");
  return descriptor;
}

Expected<MappedFile> MappedFile::open(const std::string &path) {
  Expected<int> descriptor = openToRead(path);
  if (!descriptor)
    return descriptor.error();
  return fromDescriptor(*descriptor, path);
}

Expected<MappedFile> MappedFile::fromDescriptor(int descriptor,
                                                const std::string &path) {
  Expected<uint64_t> size = sizeOfRegular(descriptor, path);
  if (!size) {
    close(descriptor);
    return size.error();
  }
  MappedFile file;
  file.path_ = path;
  if (*size) {
    void *data = mmap(nullptr, *size, PROT_READ, MAP_SHARED, descriptor, 0);
    if (data == MAP_FAILED) {
      int code = errno;
      close(descriptor);
      return environmentError(
          "Cannot map " + quoted(path) + " (" + humanSize(*size) +
          " of address space needed): " + std::strerror(code) +
          ". Raise the memory limit (ulimit -v), if one is set.");
    }
    file.data_ = static_cast<const uint8_t *>(data);
    file.size_ = *size;
    file.entry_ = mappings.add(printable(path, 400),
                               reinterpret_cast<uintptr_t>(data), *size, false);
    if (::endsOnLostPages)
      installBusErrorHandler();
  }
  close(descriptor);
  return file;
}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(entry_, other.entry_);
  return *this;
}

MappedFile::~MappedFile() {
  SignalSafeList::remove(entry_);
  if (data_)
    munmap(const_cast<uint8_t *>(data_), size_);
}

void MappedFile::release(uint64_t offset, uint64_t size) const {
  uint64_t page = uint64_t(sysconf(_SC_PAGESIZE));
  if (offset >= size_)
    return;
  uint64_t end = std::min(size_, offset + std::min(size, size_ - offset));
  // Whole pages only: the neighbours may still be in use.
  uint64_t first = (offset + page - 1) / page * page;
  uint64_t last = end == size_ ? end : end / page * page;
  if (first < last)
    madvise(const_cast<uint8_t *>(data_) + first, last - first, MADV_DONTNEED);
}

MappedOutput::MappedOutput(const std::string &path)
    : entry_(mappedOutputs.add(printable(path, 400), 0, 0, false)) {
  if (::endsOnLostPages)
    installBusErrorHandler();
}

MappedOutput::~MappedOutput() { SignalSafeList::remove(entry_); }

void compresslib::touch(Bytes bytes) {
  volatile uint8_t sink = 0;
  const size_t page = size_t(sysconf(_SC_PAGESIZE));
  for (size_t at = 0; at < bytes.size(); at += page)
    sink = bytes[at];
  if (!bytes.empty())
    sink = bytes[bytes.size() - 1];
  (void)sink;
}

Expected<std::string> compresslib::readFile(const std::string &path,
                                            uint64_t limit) {
  Expected<int> descriptor = openToRead(path);
  if (!descriptor)
    return descriptor.error();
  std::string text;
  auto read = [&]() -> Status {
    Expected<uint64_t> size = sizeOfRegular(*descriptor, path);
    if (!size)
      return size.error();
    if (*size > limit)
      return badInput(quoted(path) + " has " + humanSize(*size) +
                      ", more than the " + humanSize(limit) +
                      " that are accepted here.");
    text.resize(*size);
    for (size_t done = 0; done < text.size();) {
      ssize_t count =
          ::read(*descriptor, text.data() + done, text.size() - done);
      if (count < 0 && errno == EINTR)
        continue;
      if (count < 0)
        return environmentError("Cannot read " + quoted(path) + ": " +
                                std::strerror(errno) + ".");
      if (count == 0)
        return environmentError(
            quoted(path) + " was cut short while it was read: " +
            std::to_string(done) + " of " + std::to_string(text.size()) +
            " bytes are left. Restore the file, and run this again.");
      done += size_t(count);
    }
    return {};
  };
  Status status = read();
  close(*descriptor);
  if (!status)
    return status.error();
  return text;
}
