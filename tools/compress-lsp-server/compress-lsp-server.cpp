//===- compress-lsp-server.cpp - Editor support for .mlir files -----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/Plugins.h"
#include "compress/Tools/Process.h"
#include "compress/Tools/Register.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::compress::prepareTool();
  mlir::DialectRegistry registry;
  mlir::compress::registerAllDialectsAndExtensions(registry);
  mlir::compress::PluginOptions plugins(
      [&] { mlir::compress::registerPluginDialects(registry); });
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
