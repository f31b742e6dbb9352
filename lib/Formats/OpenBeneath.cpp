//===- OpenBeneath.cpp - Files that an untrusted text names ---------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/HuggingFace.h"

#include "compress/Support/Text.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace compresslib {
namespace formats {

/// openat2 beneath `folder`; where the kernel or a sandbox has none, a walk
/// that follows no symbolic link at all.
static int openWithin(int folder, const std::string &name, uint64_t resolve) {
  struct open_how how = {};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve;
  long descriptor =
      syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how);
  if (descriptor >= 0 || (errno != ENOSYS && errno != EPERM))
    return int(descriptor);
  int at = dup(folder);
  size_t begin = 0;
  while (at >= 0) {
    size_t slash = name.find('/', begin);
    bool last = slash == std::string::npos;
    std::string part =
        name.substr(begin, last ? std::string::npos : slash - begin);
    int next = openat(at, part.c_str(),
                      O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
                          (last ? 0 : O_DIRECTORY));
    int code = errno;
    close(at);
    errno = code;
    at = next;
    if (last)
      break;
    begin = slash + 1;
  }
  return at;
}

/// "blobs/<hash>" where `name` is a link "../../blobs/<hash>" of a folder
/// …/snapshots/<revision>, the hash 40 or 64 hexadecimal digits; or empty.
static std::string cacheBlob(int folder, const std::string &name) {
  char target[128];
  ssize_t length = readlinkat(folder, name.c_str(), target, sizeof target);
  if (length <= 0 || name.find('/') != std::string::npos)
    return "";
  std::string link(target, size_t(length));
  const std::string prefix = "../../blobs/";
  if (link.compare(0, prefix.size(), prefix) != 0)
    return "";
  std::string hash = link.substr(prefix.size());
  if ((hash.size() != 40 && hash.size() != 64) ||
      hash.find_first_not_of("0123456789abcdef") != std::string::npos)
    return "";
  struct stat above, snapshots;
  if (fstatat(folder, "..", &above, 0) != 0 ||
      fstatat(folder, "../../snapshots", &snapshots, AT_SYMLINK_NOFOLLOW) !=
          0 ||
      above.st_dev != snapshots.st_dev || above.st_ino != snapshots.st_ino)
    return "";
  return "blobs/" + hash;
}

/// The one way to a file of a model: a descriptor of `name` beneath `folder`,
/// or of the cache's file that it is a link to; -1 and errno otherwise, EXDEV
/// for a link that leaves the folder.
static int openConfined(const std::string &folder, const std::string &name) {
  int base = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (base < 0)
    return -1;
  int descriptor = openWithin(base, name, 0);
  int code = errno;
  if (descriptor < 0 && (code == EXDEV || code == ELOOP)) {
    code = EXDEV;
    if (std::string blob = cacheBlob(base, name); !blob.empty()) {
      int root = openat(base, "../..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (root >= 0)
        descriptor = openWithin(root, blob, RESOLVE_NO_SYMLINKS);
      code = errno == ELOOP ? EXDEV : errno;
      if (root >= 0)
        close(root);
    }
  }
  close(base);
  errno = code;
  return descriptor;
}

static const char remedy[] =
    " Files of a model must lie in its folder; put the file there.";

Expected<MappedFile> openBeneath(const std::string &folder,
                                 const std::string &name,
                                 const std::string &namedBy) {
  std::string what = "'" + printable(namedBy, 400) + "' names the file '" +
                     printable(name, 400) + "'";
  if (name.empty())
    return badInput(what + ", an empty path." + remedy);
  if (name[0] == '/')
    return badInput(what + ", an absolute path." + remedy);
  if (name.find('\0') != std::string::npos)
    return badInput(what + ", a path with a NUL byte.");
  if (("/" + name + "/").find("/../") != std::string::npos)
    return badInput(what + ", a path with \"..\"." + remedy);

  int descriptor = openConfined(folder, name);
  if (descriptor < 0) {
    int code = errno;
    if (code == EXDEV)
      return badInput(what + ", a symbolic link that leaves the folder." +
                      remedy);
    std::string problem =
        what + ", which cannot be opened: " + std::strerror(code) + ".";
    // A name without its file is a fault of the model, other errors are not.
    if (code == ENOENT || code == ENOTDIR)
      return badInput(problem + " Copy the missing file.");
    return environmentError(problem);
  }
  struct stat status;
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
      status.st_nlink > 1) {
    close(descriptor);
    return badInput(what + ", a hard link (" + std::to_string(status.st_nlink) +
                    " names), which may be a file from outside the folder. "
                    "Copy it in its place.");
  }
  return MappedFile::fromDescriptor(descriptor, joinPath(folder, name));
}

Expected<std::optional<MappedFile>> openOfFormat(const std::string &folder,
                                                 const std::string &name) {
  std::string path = joinPath(folder, name);
  int descriptor = openConfined(folder, name);
  if (descriptor < 0) {
    int code = errno;
    struct stat status;
    // A link to nothing is no absent file.
    if (code == ENOENT && lstat(path.c_str(), &status) != 0)
      return std::optional<MappedFile>();
    std::string what = "'" + printable(path, 400) + "'";
    if (code == EXDEV)
      return badInput(what + " is a symbolic link that leaves the folder." +
                      remedy);
    if (code == ENOENT)
      return badInput(what + " is a symbolic link to no file. Copy the missing "
                             "file.");
    return environmentError("Cannot open " + what + ": " + std::strerror(code) +
                            ".");
  }
  Expected<MappedFile> file = MappedFile::fromDescriptor(descriptor, path);
  if (!file)
    return file.error();
  return std::optional<MappedFile>(std::move(*file));
}

} // namespace formats
} // namespace compresslib
