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
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

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

/// Whether a file's bytes hold `text`. Names stand verbatim in text and in
/// bytecode.
static bool fileMentions(StringRef path, StringRef text) {
  compresslib::Expected<compresslib::MappedFile> file =
      compresslib::MappedFile::open(path.str());
  // A file that cannot be read may name it.
  return !file ||
         StringRef(reinterpret_cast<const char *>(file->data()), file->size())
             .contains(text);
}

struct ModuleOutput::Implementation {
  compresslib::AtomicFile file;
  std::unique_ptr<AtomicFileStream> stream;
  std::string folder, name, stem;
  /// Side-cars of this stem that were there before.
  std::vector<std::string> before;
  llvm::StringSet<> written;
  bool committed = false;

  explicit Implementation(compresslib::AtomicFile opened)
      : file(std::move(opened)) {
    stream = std::make_unique<AtomicFileStream>(file);
    folder = compresslib::parentFolder(file.path());
    name = llvm::sys::path::filename(file.path()).str();
    stem = llvm::sys::path::stem(name).str();
    forEachFile([&](StringRef other) {
      if (isSideCarOf(other, stem))
        before.push_back(other.str());
    });
  }

  void forEachFile(llvm::function_ref<void(StringRef)> visit) {
    std::error_code error;
    for (llvm::sys::fs::directory_iterator it(folder, error), end;
         it != end && !error; it.increment(error))
      visit(llvm::sys::path::filename(it->path()));
  }

  std::string path(StringRef file) {
    return compresslib::joinPath(folder, file.str());
  }

  bool isNamedByAnother(StringRef sideCar) {
    bool named = false;
    forEachFile([&](StringRef other) {
      if (other != name &&
          (other.ends_with(".mlir") || other.ends_with(".mlirbc")))
        named |= fileMentions(path(other), sideCar);
    });
    return named;
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

ModuleOutput::~ModuleOutput() {
  if (implementation->committed)
    return;
  implementation->stream.reset();
  implementation->file.discard();
  for (const auto &sideCar : implementation->written)
    if (!llvm::is_contained(implementation->before, sideCar.getKey()))
      llvm::sys::fs::remove(implementation->path(sideCar.getKey()));
}

llvm::raw_ostream &ModuleOutput::os() { return *implementation->stream; }

LogicalResult ModuleOutput::writeSideCar(ModuleOp module,
                                         compresslib::ErrorKind *kind) {
  WeightStore &store =
      module.getContext()->getOrLoadDialect<CompressDialect>()->getStore();
  FailureOr<std::string> path =
      store.write(module, implementation->folder, implementation->stem, kind);
  if (failed(path))
    return failure();
  if (!path->empty())
    implementation->written.insert(llvm::sys::path::filename(*path));
  return success();
}

compresslib::Status ModuleOutput::commit() {
  Implementation &self = *implementation;
  if (compresslib::Status status = self.stream->finish(); !status)
    return status;
  std::vector<std::string> replaced;
  std::string target = self.file.path();
  if (llvm::sys::fs::exists(target))
    for (const std::string &sideCar : self.before)
      if (!self.written.contains(sideCar) && fileMentions(target, sideCar))
        replaced.push_back(sideCar);
  if (compresslib::Status status = self.file.commit(); !status)
    return status;
  self.committed = true;
  for (const std::string &sideCar : replaced)
    if (!self.isNamedByAnother(sideCar))
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
