//===- Files.cpp - Mapped input, atomic output ----------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Support/Files.h"

#include "compress/Support/Text.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

using namespace compresslib;

static std::string quoted(const std::string &path) {
  return "'" + printable(path, 400) + "'";
}

static const char *kindOfFile(mode_t mode) {
  if (S_ISDIR(mode))
    return "a directory";
  if (S_ISFIFO(mode))
    return "a FIFO";
  if (S_ISCHR(mode) || S_ISBLK(mode))
    return "a device";
  if (S_ISSOCK(mode))
    return "a socket";
  return "no regular file";
}

std::string compresslib::parentFolder(const std::string &path) {
  size_t slash = path.find_last_of('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string compresslib::joinPath(const std::string &folder,
                                  const std::string &name) {
  if (folder.empty() || (!name.empty() && name[0] == '/'))
    return name;
  return folder.back() == '/' ? folder + name : folder + "/" + name;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

Expected<MappedFile> MappedFile::open(const std::string &path) {
  // Non-blocking, so that a FIFO without a writer is refused and not waited on.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return environmentError("Cannot open " + quoted(path) + ": " +
                            std::strerror(errno) + ".");
  return fromDescriptor(descriptor, path);
}

Expected<MappedFile> MappedFile::fromDescriptor(int descriptor,
                                                const std::string &path) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) {
    int code = errno;
    close(descriptor);
    return environmentError("Cannot examine " + quoted(path) + ": " +
                            std::strerror(code) + ".");
  }
  if (!S_ISREG(status.st_mode)) {
    close(descriptor);
    return environmentError(quoted(path) + " is " + kindOfFile(status.st_mode) +
                            ", where a regular file is needed.");
  }
  MappedFile file;
  file.path_ = path;
  file.size_ = uint64_t(status.st_size);
  if (file.size_) {
    void *data =
        mmap(nullptr, file.size_, PROT_READ, MAP_SHARED, descriptor, 0);
    if (data == MAP_FAILED) {
      int code = errno;
      close(descriptor);
      file.size_ = 0;
      return environmentError(
          "Cannot map " + quoted(path) + " (" +
          humanSize(uint64_t(status.st_size)) +
          " of address space needed): " + std::strerror(code) +
          ". Raise the memory limit (ulimit -v), if one is set.");
    }
    file.data_ = static_cast<const uint8_t *>(data);
  }
  close(descriptor);
  return file;
}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
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

Expected<std::string> compresslib::readFile(const std::string &path,
                                            uint64_t limit) {
  Expected<MappedFile> file = MappedFile::open(path);
  if (!file)
    return file.error();
  if (file->size() > limit)
    return badInput(quoted(path) + " has " + humanSize(file->size()) +
                    ", more than the " + humanSize(limit) +
                    " that are accepted here.");
  return std::string(asText(file->bytes()));
}

//===----------------------------------------------------------------------===//
// Temporaries and signals
//===----------------------------------------------------------------------===//

// Fixed, so that a signal handler may read it: a slot holds a path or null.
constexpr int temporarySlots = 256;
static std::atomic<char *> temporaries[temporarySlots];

static int registerTemporary(const std::string &path) {
  char *copy = strdup(path.c_str());
  for (int slot = 0; slot < temporarySlots; ++slot) {
    char *none = nullptr;
    if (temporaries[slot].compare_exchange_strong(none, copy))
      return slot;
  }
  free(copy);
  return -1;
}

static void unregisterTemporary(int slot) {
  if (slot >= 0)
    free(temporaries[slot].exchange(nullptr));
}

static void removeTemporariesAndEnd(int signal) {
  for (std::atomic<char *> &slot : temporaries)
    if (char *path = slot.load())
      unlink(path);
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

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static long systemWrite(int descriptor, const void *data, size_t size,
                        uint64_t offset) {
  return pwrite(descriptor, data, size, off_t(offset));
}
static std::atomic<WriteFunction> writeFunction{systemWrite};

void compresslib::setWriteFunctionForTesting(WriteFunction function) {
  writeFunction = function ? function : systemWrite;
}

static std::optional<uint64_t> freeBytes(const std::string &folder) {
  struct statvfs status;
  if (statvfs(folder.c_str(), &status) != 0)
    return std::nullopt;
  return uint64_t(status.f_bavail) * status.f_frsize;
}

Expected<AtomicFile> AtomicFile::create(const std::string &path,
                                        AtomicFileOptions options) {
  if (path.empty())
    return environmentError("The output path is empty.");
  AtomicFile file;
  file.path_ = path;
  mode_t mode = options.executable ? 0777 : 0666;
  bool keepMode = false;

  struct stat status;
  if (lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
    // Replace what a link names, not the link.
    char *target = realpath(path.c_str(), nullptr);
    if (!target)
      return environmentError(
          "The output " + quoted(path) +
          " is a symbolic link to nothing: " + std::strerror(errno) + ".");
    file.path_ = target;
    free(target);
  }
  if (stat(file.path_.c_str(), &status) == 0) {
    if (!S_ISREG(status.st_mode))
      return environmentError("The output " + quoted(path) + " is " +
                              kindOfFile(status.st_mode) +
                              "; name a regular file.");
    for (const std::string &input : options.inputs) {
      struct stat other;
      if (stat(input.c_str(), &other) == 0 && other.st_dev == status.st_dev &&
          other.st_ino == status.st_ino)
        return environmentError("The output " + quoted(path) +
                                " is the input " + quoted(input) +
                                "; name another file.");
    }
    mode = status.st_mode & 0777;
    if (options.executable)
      mode |= 0111;
    keepMode = true;
  }

  file.folder_ = parentFolder(file.path_);
  if (options.size) {
    file.expected_ = options.size;
    std::optional<uint64_t> free = freeBytes(file.folder_);
    if (free && *free < *options.size)
      return environmentError(
          "Not enough space for " + quoted(path) + ": needed " +
          std::to_string(*options.size) + " bytes (" +
          humanSize(*options.size) + "), free " + std::to_string(*free) +
          " bytes (" + humanSize(*free) + ") in " + quoted(file.folder_) + ".");
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < *options.size)
      return environmentError("The file-size limit forbids " + quoted(path) +
                              ": needed " + std::to_string(*options.size) +
                              " bytes, allowed " +
                              std::to_string(uint64_t(limit.rlim_cur)) +
                              " bytes. Raise it with ulimit -f.");
  }
  // Past a file-size limit the kernel sends SIGXFSZ; ignored, write reports it.
  struct sigaction action;
  if (sigaction(SIGXFSZ, nullptr, &action) == 0 && action.sa_handler == SIG_DFL)
    signal(SIGXFSZ, SIG_IGN);

  size_t slash = file.path_.find_last_of('/');
  std::string base =
      slash == std::string::npos ? file.path_ : file.path_.substr(slash + 1);
  if (base.empty() || base == "." || base == "..")
    return environmentError("The output " + quoted(path) +
                            " names a directory; name a file.");
  static std::atomic<unsigned> counter;
  for (int attempt = 0;; ++attempt) {
    std::string suffix = ".tmp-" + std::to_string(getpid()) + "-" +
                         std::to_string(counter.fetch_add(1));
    // A name of up to 255 bytes must stay one.
    std::string name =
        "." + base.substr(0, std::min<size_t>(base.size(),
                                              NAME_MAX - 1 - suffix.size()));
    file.temporary_ = joinPath(file.folder_, name + suffix);
    file.descriptor_ = open(file.temporary_.c_str(),
                            O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file.descriptor_ >= 0)
      break;
    if (errno != EEXIST || attempt == 100)
      return environmentError("Cannot write in " + quoted(file.folder_) +
                              " for the output " + quoted(path) + ": " +
                              std::strerror(errno) + ".");
  }
  file.slot_ = registerTemporary(file.temporary_);
  if (keepMode)
    (void)fchmod(file.descriptor_, mode);
  return file;
}

AtomicFile &AtomicFile::operator=(AtomicFile &&other) noexcept {
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  std::swap(folder_, other.folder_);
  std::swap(buffer_, other.buffer_);
  std::swap(expected_, other.expected_);
  std::swap(position_, other.position_);
  std::swap(flushed_, other.flushed_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(slot_, other.slot_);
  return *this;
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() {
  if (descriptor_ < 0)
    return;
  close(descriptor_);
  descriptor_ = -1;
  unlink(temporary_.c_str());
  unregisterTemporary(slot_);
  slot_ = -1;
}

Error AtomicFile::writeError(int code, uint64_t offset, uint64_t more) const {
  std::string text = "Cannot write " + quoted(path_) + " at offset " +
                     std::to_string(offset) + ": " + std::strerror(code) + ".";
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) {
    uint64_t needed = std::max(expected_.value_or(0), offset + more);
    text += " Needed " + std::to_string(needed) + " bytes (" +
            humanSize(needed) + ")";
    if (std::optional<uint64_t> free = freeBytes(folder_))
      text += ", free " + std::to_string(*free) + " bytes (" +
              humanSize(*free) + ") in " + quoted(folder_);
    text += ".";
    if (code == EFBIG)
      text += " The file-size limit was met; raise it with ulimit -f.";
  }
  return environmentError(text + " The previous file, if any, is unchanged.");
}

Status AtomicFile::writeFully(Bytes bytes, uint64_t offset) {
  size_t done = 0;
  while (done < bytes.size()) {
    // Linux transfers at most 2 GB a call; a short count is no error.
    size_t piece = std::min<size_t>(bytes.size() - done, size_t(1) << 30);
    long count = writeFunction.load()(descriptor_, bytes.data() + done, piece,
                                      offset + done);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return writeError(count < 0 ? errno : ENOSPC, offset + done,
                        bytes.size() - done);
    done += size_t(count);
  }
  return {};
}

Status AtomicFile::flush() {
  if (buffer_.empty())
    return {};
  Status status = writeFully(buffer_, flushed_);
  if (!status)
    return status;
  flushed_ += buffer_.size();
  buffer_.clear();
  return {};
}

constexpr size_t bufferSize = size_t(1) << 18;

Status AtomicFile::write(Bytes bytes) {
  if (descriptor_ < 0)
    return environmentError("The output " + quoted(path_) + " is closed.");
  position_ += bytes.size();
  if (buffer_.size() + bytes.size() <= bufferSize) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return {};
  }
  if (Status status = flush(); !status)
    return status;
  if (bytes.size() < bufferSize) {
    buffer_.assign(bytes.begin(), bytes.end());
    return {};
  }
  Status status = writeFully(bytes, flushed_);
  if (status)
    flushed_ += bytes.size();
  return status;
}

Status AtomicFile::align(uint64_t alignment) {
  static const uint8_t zeros[4096] = {};
  uint64_t more = (alignment - position_ % alignment) % alignment;
  while (more) {
    size_t piece = size_t(std::min<uint64_t>(more, sizeof zeros));
    if (Status status = write({zeros, piece}); !status)
      return status;
    more -= piece;
  }
  return {};
}

Status AtomicFile::writeAt(uint64_t offset, Bytes bytes) {
  if (descriptor_ < 0)
    return environmentError("The output " + quoted(path_) + " is closed.");
  return writeFully(bytes, offset);
}

Expected<MappedFile> AtomicFile::map() {
  if (Status status = flush(); !status)
    return status.error();
  return MappedFile::fromDescriptor(dup(descriptor_), temporary_);
}

void AtomicFile::rename(const std::string &name) {
  path_ = joinPath(folder_, name);
}

Status AtomicFile::commit() {
  if (descriptor_ < 0)
    return environmentError("The output " + quoted(path_) + " is closed.");
  Status status = flush();
  auto fail = [&](const char *what) {
    int code = errno;
    return Status(environmentError(
        std::string("Cannot ") + what + " " + quoted(path_) + ": " +
        std::strerror(code) + ". The previous file, if any, is unchanged."));
  };
  if (status && fsync(descriptor_) != 0)
    status = fail("write to the disk");
  // Some file systems report a failed write only here.
  int closed = close(descriptor_);
  descriptor_ = -1;
  if (status && closed != 0)
    status = fail("close");
  if (status && ::rename(temporary_.c_str(), path_.c_str()) != 0)
    status = fail("rename the temporary to");
  if (!status)
    unlink(temporary_.c_str());
  unregisterTemporary(slot_);
  slot_ = -1;
  if (!status)
    return status;
  int folder = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    // The rename is done; a folder that cannot be synchronised undoes nothing.
    (void)fsync(folder);
    close(folder);
  }
  return {};
}

Status compresslib::writeFileAtomically(const std::string &path,
                                        std::string_view text,
                                        AtomicFileOptions options) {
  options.size = text.size();
  Expected<AtomicFile> file = AtomicFile::create(path, std::move(options));
  if (!file)
    return file.error();
  if (Status status = file->write(text); !status)
    return status;
  return file->commit();
}
