//===- TestData.h - Where tests find files ----------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TEST_UNIT_TESTDATA_H
#define COMPRESS_TEST_UNIT_TESTDATA_H

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

/// A file or folder of the repository.
inline std::string inSource(const std::string &path) {
  return std::string(COMPRESS_SOURCE_DIR "/") + path;
}

/// A file or folder of the third-party test data.
inline std::string inTestData(const std::string &path) {
  const char *folder = std::getenv("COMPRESS_TEST_DATA");
  return (folder ? std::string(folder)
                 : std::string(COMPRESS_SOURCE_DIR "/../shared/data")) +
         "/" + path;
}

inline bool pathExists(const std::string &path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0;
}

inline std::string contentOf(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

inline void writeContent(const std::string &path, const std::string &text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// A folder that lives as long as the object.
class TemporaryFolder {
public:
  TemporaryFolder() {
    const char *base = std::getenv("TMPDIR");
    path_ = std::string(base ? base : "/tmp") + "/compress-test-XXXXXX";
    if (!mkdtemp(path_.data()))
      std::abort();
  }
  ~TemporaryFolder() {
    [[maybe_unused]] int rc = std::system(("rm -rf '" + path_ + "'").c_str());
  }
  std::string operator/(const std::string &name) const {
    return path_ + "/" + name;
  }
  const std::string &path() const { return path_; }

private:
  std::string path_;
};

#define SKIP_WITHOUT(path)                                                     \
  if (!pathExists(path))                                                       \
  GTEST_SKIP() << "needs " << path << " (COMPRESS_TEST_DATA)"

#endif // COMPRESS_TEST_UNIT_TESTDATA_H
