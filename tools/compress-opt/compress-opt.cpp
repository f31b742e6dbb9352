//===- compress-opt.cpp - mlir-opt for compressed models ------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/OptMain.h"

int main(int argc, char **argv) { return mlir::compress::optMain(argc, argv); }
