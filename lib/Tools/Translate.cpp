//===- Translate.cpp - compress-translate ---------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/Translate.h"
#include "compress/Target/Functions.h"
#include "compress/Tools/Process.h"
#include "mlir/InitAllTranslations.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"

using namespace mlir;

int mlir::compress::translateMain(int argc, char **argv) {
  prepareTool();
  registerAllTranslations();
  registerObjectTranslation();
  return failed(mlirTranslateMain(argc, argv, "Compress translation driver\n"));
}
