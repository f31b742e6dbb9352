//===- Reduce.cpp - compress-reduce ---------------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The test of a reduction gets variants of the module, which MLIR writes to the
// folder of temporary files. A variant names the module's side-car, by its name
// in its own folder: so temporary files go to a folder in which it is, too.
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/Reduce.h"
#include "Commands.h"
#include "compress/Support/Temporaries.h"
#include "compress/Tools/Plugins.h"
#include "compress/Tools/Process.h"
#include "compress/Tools/Register.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <unistd.h>

using namespace mlir;
using namespace mlir::compress;

/// Links what the modules of the command line name beside them. 0, or an exit
/// code.
static int linkSideCars(int argc, char **argv, const std::string &folder) {
  for (int i = 1; i < argc; ++i) {
    if (argv[i][0] == '-' || !llvm::sys::fs::is_regular_file(argv[i]))
      continue;
    std::vector<std::string> files = getModelFiles(argv[i]);
    for (const std::string &file : llvm::ArrayRef(files).drop_front()) {
      llvm::SmallString<256> target(file);
      llvm::sys::fs::make_absolute(target);
      std::string link = folder + "/" + llvm::sys::path::filename(file).str();
      if (::symlink(target.c_str(), link.c_str()) && errno != EEXIST) {
        llvm::errs() << "compress-reduce: error: Cannot link '" << link
                     << "': " << std::strerror(errno) << ".\n";
        return int(compresslib::ErrorKind::Environment);
      }
    }
  }
  return 0;
}

int mlir::compress::reduceMain(int argc, char **argv) {
  prepareTool();
  registerEveryPass();
  auto folder = compresslib::ScratchFolder::create("compress-reduce-");
  if (!folder) {
    llvm::errs() << "compress-reduce: error: " << folder.error().message
                 << "\n";
    return int(folder.error().kind);
  }
  if (int code = linkSideCars(argc, argv, folder->path()))
    return code;
  ::setenv("TMPDIR", folder->path().c_str(), /*overwrite=*/1);
  DialectRegistry registry;
  registerAllDialectsAndExtensions(registry);
  MLIRContext context(registry);
  PluginOptions plugins([&] {
    registerPluginDialects(registry);
    context.appendDialectRegistry(registry);
  });
  return failed(mlirReduceMain(argc, argv, context));
}
