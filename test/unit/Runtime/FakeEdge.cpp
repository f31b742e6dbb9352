//===- FakeEdge.cpp - An edge binary of the fake program ------ -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "FakeCodec.h"
#include "compress_runtime/CommandLine.h"

using namespace compresslib;
using namespace compresslib::rt;

static Expected<TextCodec> load(std::string_view tokenizer) {
  if (tokenizer != "bytes")
    return badInput("The tokenizer is not the fake one.");
  return fake::codec();
}

int main(int argc, char **argv) {
  return runCommandLine(argc, argv, fake::program(), load, "/proc/self/exe");
}
