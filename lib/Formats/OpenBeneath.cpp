//===- OpenBeneath.cpp - Files that an untrusted text names ---------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/HuggingFace.h"

#include "compress/Support/Text.h"

#include <cerrno>
#include <climits>
#include <cstdlib>
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
static int openWithin(int folder, const std::string &name) {
  struct open_how how = {};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
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

/// "../../blobs/<hash>" of a link in …/snapshots/<revision>, or empty. The
/// hash is 40 or 64 hexadecimal digits.
static std::string cacheBlob(const std::string &folder,
                             const std::string &name) {
  char target[PATH_MAX];
  ssize_t length =
      readlink(joinPath(folder, name).c_str(), target, sizeof target);
  if (length <= 0 || size_t(length) >= sizeof target)
    return "";
  std::string link(target, size_t(length));
  const std::string prefix = "../../blobs/";
  if (link.compare(0, prefix.size(), prefix) != 0)
    return "";
  std::string hash = link.substr(prefix.size());
  if ((hash.size() != 40 && hash.size() != 64) ||
      hash.find_first_not_of("0123456789abcdef") != std::string::npos)
    return "";
  char *real = realpath(folder.c_str(), nullptr);
  if (!real)
    return "";
  std::string snapshots = parentFolder(real);
  free(real);
  const std::string wanted = "/snapshots";
  if (snapshots.size() < wanted.size() ||
      snapshots.compare(snapshots.size() - wanted.size(), wanted.size(),
                        wanted) != 0)
    return "";
  return joinPath(parentFolder(snapshots), "blobs/" + hash);
}

Expected<MappedFile> openBeneath(const std::string &folder,
                                 const std::string &name,
                                 const std::string &namedBy) {
  std::string what = "'" + printable(namedBy, 400) + "' names the file '" +
                     printable(name, 400) + "'";
  std::string remedy =
      " Files of a model must lie in its folder; put the file there.";
  if (name.empty() || name[0] == '/')
    return badInput(what +
                    (name.empty() ? ", an empty path."
                                  : ", an absolute "
                                    "path.") +
                    remedy);
  if (name.find('\0') != std::string::npos)
    return badInput(what + ", a path with a NUL byte.");
  if (("/" + name + "/").find("/../") != std::string::npos)
    return badInput(what + ", a path with \"..\"." + remedy);

  int base = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (base < 0)
    return environmentError("Cannot open '" + printable(folder, 400) +
                            "': " + std::strerror(errno) + ".");
  int descriptor = openWithin(base, name);
  int code = errno;
  close(base);
  std::string path = joinPath(folder, name);
  if (descriptor < 0 && (code == EXDEV || code == ELOOP)) {
    std::string blob = cacheBlob(folder, name);
    if (blob.empty())
      return badInput(what + ", a symbolic link that leaves the folder." +
                      remedy);
    descriptor =
        open(blob.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0)
      return environmentError("Cannot open '" + printable(blob, 400) +
                              "', which " + what + ": " + std::strerror(errno) +
                              ".");
    return MappedFile::fromDescriptor(descriptor, path);
  }
  if (descriptor < 0) {
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
  return MappedFile::fromDescriptor(descriptor, path);
}

} // namespace formats
} // namespace compresslib
