//===- Link.cpp - Objects and the runtime as a static executable ----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order of the link line is explained in runtime/README.md.
//
//===----------------------------------------------------------------------===//

#include "compress/Support/Files.h"
#include "compress/Target/Compile.h"
#include "lld/Common/Driver.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"
#include <dlfcn.h>
#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace mlir;
using namespace mlir::compress;
using compresslib::environmentError;
using compresslib::Status;

/// The folder of the library that this function is in.
static std::string libraryFolder() {
  Dl_info info;
  if (!::dladdr(reinterpret_cast<void *>(&libraryFolder), &info))
    return ".";
  SmallString<256> path(info.dli_fname);
  llvm::sys::path::remove_filename(path);
  return path.empty() ? "." : std::string(path);
}

/// runtimeFolder/compress/<architecture>/, with what is linked.
static compresslib::Expected<std::string> getRuntime(StringRef set,
                                                     std::string folder = {}) {
  if (folder.empty())
    folder = libraryFolder();
  llvm::Triple triple(kernel::findInstructionSet(set)->triple);
  std::string arch = triple.getArchName().str();
  folder += "/compress/" + arch + "/";
  for (const char *needed : {"libCompressRuntime.a", "libc.a"})
    if (!llvm::sys::fs::exists(folder + needed))
      return environmentError(
          "Cannot link programs for " + arch + ": " + folder + needed +
          " is not there. Build Compress where the C and C++ libraries of that "
          "processor are" +
          (triple.isAArch64() ? " (on Debian libstdc++-12-dev-arm64-cross and "
                                "libutf8proc-dev:arm64)"
                              : "") +
          ", or install the package with its runtime.");
  return folder;
}

Status mlir::compress::checkRuntime(StringRef instructionSet) {
  auto folder = getRuntime(instructionSet);
  return folder ? Status() : Status(folder.error());
}

Status mlir::compress::linkExecutable(const CompiledModel &model,
                                      const std::string &output,
                                      const std::string &runtimeFolder) {
  auto runtime = getRuntime(model.objects.back().name, runtimeFolder);
  if (!runtime)
    return runtime.error();
  const std::string &system = *runtime;

  std::vector<std::string> temporaries;
  llvm::scope_exit cleanup([&] {
    for (const std::string &path : temporaries)
      llvm::sys::fs::remove(path);
  });
  for (const CompiledModel::Object &object : model.objects) {
    // Beside the executable: whoever removes its folder removes them.
    std::string path = output + "." + object.name + ".o";
    std::error_code error;
    llvm::raw_fd_ostream stream(path, error);
    if (error)
      return environmentError("Cannot make the temporary file " + path + ": " +
                              error.message() + ".");
    temporaries.push_back(path);
    stream.write(object.bytes.data(), object.bytes.size());
    stream.close();
    if (stream.has_error()) {
      std::string message = stream.error().message();
      stream.clear_error();
      return environmentError("Cannot write " + path + ": " + message + ".");
    }
  }

  std::vector<std::string> line = {
      "ld.lld", "-o", output,
      // Static, at any address, which the start-up code relocates itself to;
      // what is relocated is read-only from then on.
      "-static", "-pie", "--no-dynamic-linker", "-z", "text", "-z", "relro",
      "-z", "now", "-z", "noexecstack", "--gc-sections", "--icf=all",
      "--eh-frame-hdr", "--build-id=none", "--strip-all", system + "rcrt1.o",
      system + "crti.o", system + "crtbeginS.o"};
  llvm::append_range(line, temporaries);
  for (const char *library :
       {"libCompressRuntime.a", "libutf8proc.a", "libstdc++.a", "libm.a"})
    line.push_back(system + library);
  line.insert(line.end(),
              {"--start-group", system + "libgcc.a", system + "libgcc_eh.a",
               system + "libc.a", "--end-group", system + "crtendS.o",
               system + "crtn.o"});
  SmallVector<const char *> arguments;
  for (const std::string &argument : line)
    arguments.push_back(argument.c_str());
  std::string errors;
  llvm::raw_string_ostream stream(errors);
  // lld's state is global.
  static std::mutex mutex;
  std::lock_guard<std::mutex> lock(mutex);
  // A page that a full disk does not take is a signal and no error of lld's.
  compresslib::MappedOutput mapped(output);
  lld::Result result = lld::lldMain(arguments, llvm::nulls(), stream,
                                    {{lld::Gnu, &lld::elf::link}});
  if (result.retCode)
    return environmentError("Cannot link " + output + ": " + stream.str());
  return {};
}
