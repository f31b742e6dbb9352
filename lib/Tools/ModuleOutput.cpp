//===- ModuleOutput.cpp - A module and its side-car, written as one -------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/ModuleOutput.h"
#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "compress/Support/Files.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/AsmState.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mlir;
using namespace mlir::compress;

namespace {
/// Writes to an AtomicFile, and keeps the first error.
class AtomicFileStream : public llvm::raw_ostream {
public:
  explicit AtomicFileStream(compresslib::AtomicFile &file) : file(file) {}
  ~AtomicFileStream() override { flush(); }
  compresslib::Status finish() {
    flush();
    return status;
  }

private:
  void write_impl(const char *data, size_t size) override {
    if (status)
      status = file.write(std::string_view(data, size));
    written += size;
  }
  uint64_t current_pos() const override { return written; }

  compresslib::AtomicFile &file;
  compresslib::Status status;
  uint64_t written = 0;
};
} // namespace

/// Whether `name` is "<stem>.<16 hexadecimal digits>.safetensors".
static bool isSideCarOf(StringRef name, StringRef stem) {
  return name.consume_front(stem) && name.consume_front(".") &&
         name.consume_back(".safetensors") && name.size() == 16 &&
         llvm::all_of(name, llvm::isHexDigit);
}

/// Whether a regular file holds `text`. What cannot be read may hold it.
static bool fileMentions(const std::string &path, StringRef text) {
  struct stat status;
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    return false;
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    // Gone meanwhile, or not readable.
    return ::lstat(path.c_str(), &status) == 0;
  auto closing = llvm::scope_exit([&] { ::close(descriptor); });
  std::vector<char> window(size_t(1) << 20);
  size_t kept = 0;
  for (;;) {
    ssize_t count =
        ::read(descriptor, window.data() + kept, window.size() - kept);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return count < 0;
    StringRef seen(window.data(), kept + size_t(count));
    if (seen.contains(text))
      return true;
    // The text may begin here and end in the next window.
    kept = std::min(seen.size(), text.size() - 1);
    std::memmove(window.data(), seen.end() - kept, kept);
  }
}

struct ModuleOutput::Implementation {
  compresslib::AtomicFile file;
  std::unique_ptr<AtomicFileStream> stream;
  std::string folder, name, stem;
  WeightStore::SideCar sideCar;

  explicit Implementation(compresslib::AtomicFile opened)
      : file(std::move(opened)) {
    stream = std::make_unique<AtomicFileStream>(file);
    folder = compresslib::parentFolder(file.path());
    name = llvm::sys::path::filename(file.path()).str();
    stem = llvm::sys::path::stem(name).str();
  }

  /// Stops where `visit` returns false; false where it did, or where the folder
  /// cannot be read.
  bool forEachFile(llvm::function_ref<bool(StringRef)> visit) {
    std::error_code error;
    for (llvm::sys::fs::directory_iterator it(folder, error), end;
         it != end && !error; it.increment(error))
      if (!visit(llvm::sys::path::filename(it->path())))
        return false;
    return !error;
  }

  std::string path(StringRef file) {
    return compresslib::joinPath(folder, file.str());
  }

  /// The side-cars that the file to be replaced made.
  std::vector<std::string> getReplaced() {
    std::vector<std::string> replaced;
    if (!llvm::sys::fs::exists(file.path()))
      return replaced;
    StringRef fresh = llvm::sys::path::filename(sideCar.path);
    forEachFile([&](StringRef other) {
      if (isSideCarOf(other, stem) && other != fresh &&
          fileMentions(file.path(), getHash(other)))
        replaced.push_back(other.str());
      return true;
    });
    return replaced;
  }

  /// Whether no file of the folder names a side-car.
  bool isUnnamed(StringRef sideCar) {
    return forEachFile([&](StringRef other) {
      return other == sideCar || !fileMentions(path(other), getHash(sideCar));
    });
  }

  /// The hash alone is sought: the stem of a name may be escaped in text.
  static StringRef getHash(StringRef sideCar) {
    return sideCar.drop_back(strlen(".safetensors")).take_back(16);
  }
};

ModuleOutput::ModuleOutput(std::unique_ptr<Implementation> implementation)
    : implementation(std::move(implementation)) {}

compresslib::Expected<std::unique_ptr<ModuleOutput>>
ModuleOutput::create(StringRef path) {
  compresslib::Expected<compresslib::AtomicFile> file =
      compresslib::AtomicFile::create(path.str());
  if (!file)
    return file.error();
  return std::unique_ptr<ModuleOutput>(
      new ModuleOutput(std::make_unique<Implementation>(std::move(*file))));
}

ModuleOutput::~ModuleOutput() = default;

llvm::raw_ostream &ModuleOutput::os() { return *implementation->stream; }

LogicalResult ModuleOutput::writeSideCar(ModuleOp module,
                                         compresslib::ErrorKind *kind) {
  WeightStore &store =
      module.getContext()->getOrLoadDialect<CompressDialect>()->getStore();
  FailureOr<WeightStore::SideCar> sideCar =
      store.prepare(module, implementation->folder, implementation->stem, kind);
  if (failed(sideCar))
    return failure();
  implementation->sideCar = std::move(*sideCar);
  return success();
}

compresslib::Status ModuleOutput::commit() {
  Implementation &self = *implementation;
  if (compresslib::Status status = self.stream->finish(); !status)
    return status;
  // Slow, and therefore before the lock.
  if (compresslib::Status status = self.file.sync(); !status)
    return status;
  // Another writer of this folder may name the side-car that this one is about
  // to remove, or remove the one that it is about to name.
  compresslib::Expected<compresslib::FolderLock> lock =
      compresslib::FolderLock::take(self.folder);
  if (!lock)
    return lock.error();
  std::vector<std::string> replaced;
  if (lock->isHeld())
    replaced = self.getReplaced();
  bool isNew = self.sideCar.file && !llvm::sys::fs::exists(self.sideCar.path);
  if (self.sideCar.file)
    if (compresslib::Status status = self.sideCar.file->commit(); !status)
      return status;
  if (compresslib::Status status = self.file.commit(); !status) {
    if (isNew && lock->isHeld())
      llvm::sys::fs::remove(self.sideCar.path);
    return status;
  }
  for (const std::string &sideCar : replaced)
    if (self.isUnnamed(sideCar))
      llvm::sys::fs::remove(self.path(sideCar));
  return {};
}

compresslib::Status mlir::compress::writeModule(ModuleOp module,
                                                StringRef path) {
  compresslib::Expected<std::unique_ptr<ModuleOutput>> output =
      ModuleOutput::create(path);
  if (!output)
    return output.error();
  // The store's errors come as diagnostics; here they are the status.
  std::string message;
  compresslib::ErrorKind kind = compresslib::ErrorKind::BadInput;
  {
    ScopedDiagnosticHandler handler(
        module.getContext(), [&](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
            return failure();
          message += (message.empty() ? "" : " ") + diagnostic.str();
          return success();
        });
    if (failed((*output)->writeSideCar(module, &kind)))
      return compresslib::Error{kind, message};
  }
  if (path.ends_with(".mlirbc")) {
    if (failed(writeBytecodeToFile(module, (*output)->os())))
      return compresslib::badInput("The module cannot be written as bytecode.");
  } else {
    module.print((*output)->os(), OpPrintingFlags().assumeVerified());
    (*output)->os() << "\n";
  }
  return (*output)->commit();
}
