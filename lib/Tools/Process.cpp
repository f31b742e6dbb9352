//===- Process.cpp - What the main of every tool does first ---------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/Process.h"
#include "compress/Support/Error.h"
#include "compress/Support/Files.h"
#include "compress/Support/Temporaries.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/ErrorHandling.h"
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/resource.h>
#include <unistd.h>

/// No memory may be taken here.
[[noreturn]] static void endOutOfMemory() {
  char text[256];
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
  getrlimit(RLIMIT_AS, &limit);
  int size =
      limit.rlim_cur == RLIM_INFINITY
          ? snprintf(text, sizeof text,
                     "error: Out of memory: %ld MB were in use at most. Free "
                     "some memory, or use a machine with more.\n",
                     usage.ru_maxrss >> 10)
          : snprintf(
                text, sizeof text,
                "error: Out of memory: %ld MB were in use at most, and the "
                "limit of %llu MB (ulimit -v) was met. Raise it.\n",
                usage.ru_maxrss >> 10,
                static_cast<unsigned long long>(limit.rlim_cur >> 20));
  (void)!write(STDERR_FILENO, text, size_t(size));
  compresslib::removeTemporaries();
  _exit(int(compresslib::ErrorKind::Environment));
}

/// What LLVM cannot go on after: a thread that limits forbid, a file that a
/// full disk does not take; the rest are bugs, whose place the abort that
/// follows shows.
static void onFatalError(void *, const char *reason, bool) {
  compresslib::removeTemporaries();
  const char *remedy = nullptr;
  if (strstr(reason, "pthread_create"))
    remedy = ". Raise the limits of memory and of processes (ulimit -v, ulimit "
             "-u).\n";
  else if (strstr(reason, "IO failure on output stream"))
    remedy = ". Free some space, or set TMPDIR to a folder that has it.\n";
  for (const char *part :
       {remedy ? "error: " : "LLVM ERROR: ", reason, remedy ? remedy : "\n"})
    (void)!write(STDERR_FILENO, part, strlen(part));
  if (remedy)
    _exit(int(compresslib::ErrorKind::Environment));
}

void mlir::compress::nameVersion() {
  llvm::cl::SetVersionPrinter([](llvm::raw_ostream &os) {
    os << "Compress " COMPRESS_VERSION ", with LLVM " LLVM_VERSION_STRING "\n";
  });
}

void mlir::compress::prepareTool() {
  compresslib::removeTemporariesOnSignal();
  compresslib::endOnLostPages();
  // Past a file-size limit; ignored, the write reports it.
  std::signal(SIGXFSZ, SIG_IGN);
  std::set_new_handler(endOutOfMemory);
  llvm::install_fatal_error_handler(onFatalError);
  llvm::install_bad_alloc_error_handler(
      [](void *, const char *, bool) { endOutOfMemory(); });
  nameVersion();
}
