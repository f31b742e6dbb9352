//===- Main.cpp - main() of an edge binary -------------------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Its own member of the archive: the linker takes it where nobody else has a
// main().
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/CommandLine.h"

int main(int argc, char **argv) {
  return compresslib::rt::edgeMain(argc, argv, compress_program_v2);
}
