//===- Plugins.cpp - Techniques outside of the tree -----------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/Plugins.h"
#include "compress/Support/Error.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::compress;

static std::vector<DialectPlugin> &dialectPlugins() {
  static std::vector<DialectPlugin> plugins;
  return plugins;
}

llvm::Error mlir::compress::loadPlugin(const std::string &path) {
  llvm::Expected<DialectPlugin> dialects = DialectPlugin::load(path);
  llvm::Expected<PassPlugin> passes = PassPlugin::load(path);
  if (!dialects && !passes) {
    llvm::consumeError(passes.takeError());
    return dialects.takeError();
  }
  if (dialects)
    dialectPlugins().push_back(*dialects);
  else
    llvm::consumeError(dialects.takeError());
  if (passes)
    passes->registerPassRegistryCallbacks();
  else
    llvm::consumeError(passes.takeError());
  return llvm::Error::success();
}

void mlir::compress::registerPluginDialects(DialectRegistry &registry) {
  for (DialectPlugin &plugin : dialectPlugins())
    plugin.registerDialectRegistryCallbacks(registry);
}

PluginOptions::PluginOptions(std::function<void()> loaded)
    : then(std::move(loaded)),
      files("load-dialect-plugin",
            llvm::cl::desc("Load dialects and passes of a plugin"),
            llvm::cl::value_desc("FILE"),
            llvm::cl::callback([this](const std::string &path) {
              if (llvm::Error error = loadPlugin(path)) {
                llvm::errs() << "error: Cannot load a plugin: "
                             << llvm::toString(std::move(error)) << ".\n";
                std::exit(int(compresslib::ErrorKind::Usage));
              }
              then();
            })),
      passes("load-pass-plugin", llvm::cl::desc("The same"),
             llvm::cl::aliasopt(files)) {}
