//===- Plugins.h - Techniques outside of the tree -------------- -*- C++
//-*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TOOLS_PLUGINS_H
#define COMPRESS_TOOLS_PLUGINS_H

#include "mlir/Support/LLVM.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <string>

namespace mlir {
class DialectRegistry;
}

namespace mlir::compress {

/// Loads a plugin, as `--load-dialect-plugin` and `--load-pass-plugin` of
/// mlir-opt do: its passes are registered now, its dialects with every registry
/// from now on. An Error says which file is no plugin.
llvm::Error loadPlugin(const std::string &path);

/// What the plugins that were loaded so far register.
void registerPluginDialects(DialectRegistry &registry);

/// The same two options for a tool whose command line is parsed by MLIR. A
/// plugin is loaded as its option is parsed, and `then` called; one that cannot
/// be ends the process with exit code 2.
class PluginOptions {
public:
  explicit PluginOptions(std::function<void()> then);

private:
  std::function<void()> then;
  llvm::cl::list<std::string> files;
  llvm::cl::alias passes;
};

} // namespace mlir::compress

#endif // COMPRESS_TOOLS_PLUGINS_H
