//===- FilesTest.cpp - Mapped input, atomic output ------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Support/Files.h"
#include "compress/Support/RunFiles.h"

#include "../TestData.h"

#include <cerrno>
#include <csignal>
#include <sys/resource.h>
#include <sys/wait.h>

#include <gtest/gtest.h>

using namespace compresslib;

namespace {

size_t entriesOf(const TemporaryFolder &folder) {
  FILE *list = popen(("ls -A '" + folder.path() + "' | wc -l").c_str(), "r");
  int count = -1;
  if (fscanf(list, "%d", &count) != 1)
    count = -1;
  pclose(list);
  return size_t(count);
}

void expectEnvironment(const Status &status, const std::string &part) {
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::Environment);
  EXPECT_NE(status.error().message.find(part), std::string::npos)
      << status.error().message;
}

/// Runs a test in a child, whose limits and signals are its own.
template <typename Body> int inChild(Body body) {
  pid_t child = fork();
  if (child == 0)
    _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST(MappedFile, Reads) {
  TemporaryFolder folder;
  writeContent(folder / "a", "abc");
  auto file = MappedFile::open(folder / "a");
  ASSERT_TRUE(file);
  EXPECT_EQ(asText(file->bytes()), "abc");
  file->release(0, ~uint64_t(0));
  EXPECT_EQ(asText(file->bytes()), "abc");
  writeContent(folder / "empty", "");
  auto empty = MappedFile::open(folder / "empty");
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->size(), 0u);
  EXPECT_EQ(*readFile(folder / "a"), "abc");
  EXPECT_EQ(readFile(folder / "a", 2).error().kind, ErrorKind::BadInput);
}

TEST(MappedFile, RefusesWhatIsNoFile) {
  TemporaryFolder folder;
  ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  expectEnvironment(MappedFile::open(folder / "absent").status(),
                    "No such file");
  expectEnvironment(MappedFile::open(folder.path()).status(), "a directory");
  expectEnvironment(MappedFile::open(folder / "fifo").status(), "a FIFO");
  expectEnvironment(MappedFile::open("/dev/null").status(), "a device");
}

TEST(AtomicFile, AllOrNothing) {
  TemporaryFolder folder;
  std::string path = folder / "out";
  writeContent(path, "old");
  {
    auto file = AtomicFile::create(path);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write("new"));
    EXPECT_EQ(contentOf(path), "old");
  }
  EXPECT_EQ(contentOf(path), "old");
  EXPECT_EQ(entriesOf(folder), 1u);
  auto file = AtomicFile::create(path);
  ASSERT_TRUE(file);
  std::string big(700'000, 'x');
  ASSERT_TRUE(file->write("12345"));
  ASSERT_TRUE(file->align(64));
  EXPECT_EQ(file->position(), 64u);
  ASSERT_TRUE(file->align(64));
  ASSERT_TRUE(file->write(big));
  ASSERT_TRUE(file->write("end"));
  ASSERT_TRUE(file->writeAt(0, asBytes("")));
  ASSERT_TRUE(file->commit());
  EXPECT_EQ(contentOf(path), "12345" + std::string(59, '\0') + big + "end");
  EXPECT_EQ(entriesOf(folder), 1u);
  EXPECT_FALSE(file->write("late"));
  EXPECT_FALSE(file->commit());
}

TEST(AtomicFile, KeepsModesAndLinks) {
  TemporaryFolder folder;
  std::string path = folder / "out";
  ASSERT_TRUE(writeFileAtomically(path, "1", {std::nullopt, true}));
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0100, 0100u);
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  ASSERT_EQ(symlink("out", (folder / "link").c_str()), 0);
  ASSERT_TRUE(writeFileAtomically(folder / "link", "2"));
  EXPECT_EQ(contentOf(path), "2");
  ASSERT_EQ(lstat((folder / "link").c_str(), &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
  // A name as long as names may be.
  ASSERT_TRUE(writeFileAtomically(folder / std::string(255, 'n'), "3"));
}

TEST(AtomicFile, RefusesBadOutputs) {
  TemporaryFolder folder;
  writeContent(folder / "in", "input");
  ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  auto create = [](const std::string &path, std::vector<std::string> inputs) {
    EXPECT_TRUE(declareRun({std::move(inputs), {}, {}, {}}));
    Status status = AtomicFile::create(path).status();
    EXPECT_TRUE(declareRun({}));
    return status;
  };
  expectEnvironment(create(folder.path(), {}), "a directory");
  expectEnvironment(create(folder / "new/", {}), "a directory");
  expectEnvironment(create(folder / "fifo", {}), "a FIFO");
  expectEnvironment(create("/dev/full", {}), "a device");
  expectEnvironment(create("", {}), "empty");
  expectEnvironment(create(folder / "no/such/folder", {}), "Cannot write in");
  expectEnvironment(create(folder / "./in", {folder / "in"}), "is the input");
  ASSERT_EQ(symlink("absent", (folder / "dangling").c_str()), 0);
  expectEnvironment(create(folder / "dangling", {}), "symbolic link");
  EXPECT_EQ(contentOf(folder / "in"), "input");
  if (geteuid() != 0) {
    ASSERT_EQ(chmod(folder.path().c_str(), 0500), 0);
    expectEnvironment(create(folder / "x", {}), "Permission denied");
    ASSERT_EQ(chmod(folder.path().c_str(), 0700), 0);
  }
}

TEST(AtomicFile, SpaceIsCheckedBefore) {
  TemporaryFolder folder;
  auto file = AtomicFile::create(folder / "x", {uint64_t(1) << 60, false});
  expectEnvironment(file.status(), "needed 1152921504606846976 bytes");
  EXPECT_EQ(entriesOf(folder), 0u);
}

int writesLeft;
long failingWrite(int descriptor, const void *data, size_t size,
                  uint64_t offset) {
  if (writesLeft-- > 0) // short writes, as pipes and full disks make them
    return pwrite(descriptor, data, std::min<size_t>(size, 1000),
                  off_t(offset));
  errno = ENOSPC;
  return -1;
}

TEST(AtomicFile, EveryWriteMayFail) {
  TemporaryFolder folder;
  std::string path = folder / "out";
  writeContent(path, "old");
  std::string text(10'500, 'x');
  setWriteFunctionForTesting(failingWrite);
  int needed = 0;
  for (;; ++needed) {
    writesLeft = needed;
    Status status = writeFileAtomically(path, text);
    if (status)
      break;
    expectEnvironment(status, "Needed 10500 bytes");
    expectEnvironment(status, "free ");
    EXPECT_EQ(contentOf(path), "old");
    EXPECT_EQ(entriesOf(folder), 1u);
    ASSERT_LT(needed, 100);
  }
  setWriteFunctionForTesting(nullptr);
  EXPECT_EQ(needed, 11);
  EXPECT_EQ(contentOf(path), text);
}

TEST(AtomicFile, FileSizeLimit) {
  TemporaryFolder folder;
  std::string path = folder / "out";
  writeContent(path, "old");
  int status = inChild([&] {
    struct rlimit limit = {4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    Status known = writeFileAtomically(path, std::string(5000, 'x'));
    if (known || known.error().message.find("ulimit -f") == std::string::npos)
      return 1;
    auto file = AtomicFile::create(path);
    Status late = file->write(std::string(500'000, 'x'));
    if (late || late.error().message.find("ulimit -f") == std::string::npos)
      return 2;
    return 0;
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(contentOf(path), "old");
}

TEST(AtomicFile, SignalsRemoveTemporaries) {
  for (int signal : {SIGINT, SIGTERM}) {
    TemporaryFolder folder;
    int status = inChild([&] {
      ::signal(signal, SIG_DFL);
      removeTemporariesOnSignal();
      auto file = AtomicFile::create(folder / "out");
      (void)file->write(std::string(500'000, 'x'));
      raise(signal);
      return 0;
    });
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), signal);
    EXPECT_EQ(entriesOf(folder), 0u);
  }
}

TEST(AtomicFile, CommitsAllOrNone) {
  TemporaryFolder folder;
  for (bool isOld : {false, true}) {
    if (isOld)
      writeContent(folder / "a", "old");
    std::vector<AtomicFile> files;
    for (const char *name : {"a", "b", "c"}) {
      auto file = AtomicFile::create(folder / name);
      ASSERT_TRUE(file);
      ASSERT_TRUE(file->write("new"));
      files.push_back(std::move(*file));
    }
    // The last one's name is taken meanwhile.
    ASSERT_EQ(mkdir((folder / "c").c_str(), 0700), 0);
    writeContent(folder / "c/full", "");
    files[2].rename("c/full/none");
    expectEnvironment(commitTogether(std::move(files)), "Cannot rename");
    EXPECT_EQ(pathExists(folder / "a"), isOld);
    EXPECT_EQ(isOld ? contentOf(folder / "a") : "old", "old");
    EXPECT_EQ(entriesOf(folder), isOld ? 2u : 1u);
    ASSERT_EQ(unlink((folder / "c/full").c_str()), 0);
    ASSERT_EQ(rmdir((folder / "c").c_str()), 0);
  }
  std::vector<AtomicFile> files;
  for (const char *name : {"a", "b"}) {
    auto file = AtomicFile::create(folder / name);
    ASSERT_TRUE(file && file->write(name));
    files.push_back(std::move(*file));
  }
  ASSERT_TRUE(commitTogether(std::move(files)));
  EXPECT_EQ(contentOf(folder / "a") + contentOf(folder / "b"), "ab");
  EXPECT_EQ(entriesOf(folder), 2u);
}

TEST(RunFiles, OutputsAreNeitherInputsNorEachOther) {
  TemporaryFolder folder;
  writeContent(folder / "in", "input");
  ASSERT_EQ(mkdir((folder / "sub").c_str(), 0700), 0);
  ASSERT_EQ(link((folder / "in").c_str(), (folder / "hard").c_str()), 0);
  ASSERT_EQ(symlink("in", (folder / "soft").c_str()), 0);
  ASSERT_EQ(symlink("sub", (folder / "again").c_str()), 0);
  RunFiles files;
  files.inputs = {folder / "in", folder / "absent"};
  for (const char *name : {"in", "./in", "sub/../in", "hard", "soft"}) {
    files.outputs = {folder / "other", folder / name};
    expectEnvironment(declareRun(files), "is the input");
    files.inPlace = folder / "in";
    EXPECT_TRUE(declareRun(files));
    files.inPlace.clear();
  }
  files.outputs = {folder / "sub/new", folder / "again/new"};
  expectEnvironment(declareRun(files), "are one file");
  files.outputs = {folder / "sub/new"};
  files.newFolders = {folder / "again/new/"};
  expectEnvironment(declareRun(files), "are one file");
  files.newFolders.clear();
  // What is wrong is said at once.
  files.outputs = {folder / "hard", folder / "none/x"};
  expectEnvironment(declareRun(files), "is the input");
  expectEnvironment(declareRun(files), "Cannot write in");
  files.outputs = {folder / "absent", folder / "sub/new"};
  EXPECT_TRUE(declareRun(files));
  // An output that nobody declared.
  expectEnvironment(writeFileAtomically(folder / "hard", "x"), "is the input");
  EXPECT_EQ(contentOf(folder / "in"), "input");
  EXPECT_EQ(entriesOf(folder), 5u);
  EXPECT_TRUE(declareRun({}));
}

TEST(Temporaries, WhatNobodyHoldsIsSwept) {
  TemporaryFolder folder;
  auto held = AtomicFile::create(folder / "held");
  ASSERT_TRUE(held);
  int status = inChild([&] {
    auto file = AtomicFile::create(folder / "killed");
    (void)file->write(std::string(500'000, 'x'));
    return entriesOf(folder) == 2 ? raise(SIGKILL) : 1;
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(entriesOf(folder), 2u);
  ASSERT_TRUE(writeFileAtomically(folder / "next", "x"));
  EXPECT_EQ(entriesOf(folder), 2u);
  ASSERT_TRUE(held->commit());
  EXPECT_EQ(entriesOf(folder), 2u);
}

TEST(Temporaries, FoldersAreRemovedAndSwept) {
  TemporaryFolder folder;
  auto scratch = [&] {
    auto made = ScratchFolder::create("compress-test-scratch-");
    EXPECT_TRUE(made);
    writeContent(made->path() + "/a", "a");
    writeContent(made->path() + "/b", "b");
    return made;
  };
  std::string old = std::getenv("TMPDIR") ? std::getenv("TMPDIR") : "/tmp";
  setenv("TMPDIR", folder.path().c_str(), 1);
  {
    auto made = scratch();
  }
  EXPECT_EQ(entriesOf(folder), 0u);
  int status = inChild([&] {
    ::signal(SIGTERM, SIG_DFL);
    removeTemporariesOnSignal();
    auto made = scratch();
    raise(SIGTERM);
    return 0;
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(entriesOf(folder), 0u);
  auto held = scratch();
  inChild([&] {
    auto made = scratch();
    return raise(SIGKILL);
  });
  EXPECT_EQ(entriesOf(folder), 2u);
  {
    auto made = scratch();
  }
  EXPECT_EQ(entriesOf(folder), 1u);
  EXPECT_TRUE(pathExists(held->path() + "/a"));
  auto unnamed = openUnnamedTemporary("a test");
  ASSERT_TRUE(unnamed);
  close(*unnamed);
  EXPECT_EQ(entriesOf(folder), 1u);
  setenv("TMPDIR", (folder / "none").c_str(), 1);
  expectEnvironment(openUnnamedTemporary("a test").status(), "set TMPDIR");
  expectEnvironment(ScratchFolder::create("x").status(), "set TMPDIR");
  setenv("TMPDIR", old.c_str(), 1);
}

TEST(MappedFile, LostPagesEndTheProcess) {
  TemporaryFolder folder;
  std::string path = folder / "weights";
  for (bool isSystemCall : {false, true}) {
    writeContent(path, std::string(1 << 20, 'x'));
    int status = inChild([&] {
      if (!freopen((folder / "errors").c_str(), "w", stderr))
        return 1;
      endOnLostPages();
      auto out = AtomicFile::create(folder / "out");
      auto file = MappedFile::open(path);
      if (truncate(path.c_str(), 4096) != 0)
        return 1;
      if (isSystemCall) {
        (void)out->write(file->bytes());
        (void)out->sync();
        return 1;
      }
      volatile uint8_t byte = file->data()[file->size() - 1];
      return int(byte) & 1;
    });
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 3);
    EXPECT_NE(contentOf(folder / "errors").find(path), std::string::npos);
    EXPECT_EQ(entriesOf(folder), 2u);
  }
  // Of an output that others map.
  int full = inChild([&] {
    if (!freopen((folder / "errors").c_str(), "w", stderr))
      return 1;
    endOnLostPages();
    MappedOutput output(folder / "linked");
    return raise(SIGBUS);
  });
  EXPECT_TRUE(WIFEXITED(full));
  EXPECT_EQ(WEXITSTATUS(full), 3);
  EXPECT_NE(contentOf(folder / "errors").find("linked' cannot be written"),
            std::string::npos);
  // What is not of a mapped file ends as it did.
  int status = inChild([&] {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    ::signal(SIGBUS, SIG_DFL);
    endOnLostPages();
    return raise(SIGBUS);
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGBUS);
}

TEST(FolderLock, OneAtATime) {
  TemporaryFolder folder;
  // A child inherits a lock, so that it starts before there is one.
  int start[2];
  ASSERT_EQ(pipe(start), 0);
  pid_t child = fork();
  if (child == 0) {
    char byte;
    (void)!read(start[0], &byte, 1);
    auto other = FolderLock::take(folder.path());
    _exit(other && other->isHeld() ? 0 : 1);
  }
  auto lock = FolderLock::take(folder.path());
  ASSERT_TRUE(lock && lock->isHeld());
  ASSERT_EQ(write(start[1], "x", 1), 1);
  usleep(100'000);
  int flags = 0;
  EXPECT_EQ(waitpid(child, &flags, WNOHANG), 0);
  {
    auto released = std::move(*lock);
  }
  EXPECT_EQ(waitpid(child, &flags, 0), child);
  EXPECT_TRUE(WIFEXITED(flags) && WEXITSTATUS(flags) == 0);
}

TEST(Paths, Parts) {
  EXPECT_EQ(parentFolder("a/b"), "a");
  EXPECT_EQ(parentFolder("b"), ".");
  EXPECT_EQ(parentFolder("/b"), "/");
  EXPECT_EQ(joinPath("a", "b"), "a/b");
  EXPECT_EQ(joinPath("a/", "b"), "a/b");
  EXPECT_EQ(joinPath("a", "/b"), "/b");
}

} // namespace
