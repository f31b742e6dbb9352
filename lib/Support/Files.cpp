//===- Files.cpp - Atomic output ------------------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Support/Files.h"

#include "FileKind.h"
#include "RunFilesInternal.h"

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
    if (std::string input = inputOfRun(status); !input.empty())
      return environmentError("The output " + quoted(path) + " is the input " +
                              quoted(input) + "; name another file.");
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
  LockedTemporary made = createLockedTemporary(file.folder_, base, mode);
  if (made.descriptor < 0)
    return environmentError("Cannot write in " + quoted(file.folder_) +
                            " for the output " + quoted(path) + ": " +
                            std::strerror(made.error) + ".");
  file.temporary_ = std::move(made.path);
  file.descriptor_ = made.descriptor;
  file.lock_ = made.lock;
  file.registered_ = std::move(made.registered);
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
  std::swap(lock_, other.lock_);
  std::swap(registered_, other.registered_);
  std::swap(state_, other.state_);
  return *this;
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() {
  if (temporary_.empty())
    return;
  if (descriptor_ >= 0)
    close(descriptor_);
  descriptor_ = -1;
  unlink(temporary_.c_str());
  finish();
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
    if (count < 0 && errno == EFAULT)
      touch(bytes);
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

static Status commitError(const char *what, const std::string &path) {
  int code = errno;
  return environmentError("Cannot " + std::string(what) + " " + quoted(path) +
                          ": " + std::strerror(code) +
                          ". The previous file, if any, is unchanged.");
}

Status AtomicFile::sync() {
  if (descriptor_ < 0)
    return environmentError("The output " + quoted(path_) + " is closed.");
  Status status = flush();
  if (status && fsync(descriptor_) != 0)
    status = commitError("write to the disk", path_);
  // Some file systems report a failed write only here.
  int closed = close(descriptor_);
  descriptor_ = -1;
  if (status && closed != 0)
    status = commitError("close", path_);
  if (!status)
    discard();
  return status;
}

Status AtomicFile::place(bool keepsOld) {
  const char *from = temporary_.c_str(), *to = path_.c_str();
  // Exchanging is not known to every file system.
  if (keepsOld && renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) == 0)
    state_ = Exchanged;
  else if (::rename(from, to) == 0)
    state_ = Placed;
  else
    return commitError("rename the temporary to", path_);
  return {};
}

void AtomicFile::undo() {
  const char *from = temporary_.c_str(), *to = path_.c_str();
  if (state_ == Exchanged)
    (void)renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE);
  else if (state_ == Placed)
    (void)::rename(to, from);
  state_ = Unplaced;
}

void AtomicFile::finish() {
  if (state_ == Exchanged)
    unlink(temporary_.c_str());
  registered_ = Temporary();
  temporary_.clear();
  if (lock_ >= 0)
    close(lock_);
  lock_ = -1;
  if (state_ != Unplaced)
    // The rename is done; a folder that cannot be synchronised undoes nothing.
    if (int folder = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        folder >= 0) {
      (void)fsync(folder);
      close(folder);
    }
  state_ = Unplaced;
}

Status AtomicFile::commit() {
  if (temporary_.empty())
    return environmentError("The output " + quoted(path_) + " is closed.");
  if (descriptor_ >= 0)
    if (Status status = sync(); !status)
      return status;
  Status status = place(/*keepsOld=*/false);
  if (!status)
    discard();
  else
    finish();
  return status;
}

Status compresslib::commitTogether(std::vector<AtomicFile> files) {
  // Renames with nothing between them that may want space.
  for (AtomicFile &file : files)
    if (file.descriptor_ >= 0)
      if (Status status = file.sync(); !status)
        return status;
  for (size_t i = 0; i < files.size(); ++i)
    if (Status status = files[i].place(/*keepsOld=*/true); !status) {
      while (i--)
        files[i].undo();
      return status;
    }
  for (AtomicFile &file : files)
    file.finish();
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
