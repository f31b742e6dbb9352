//===- CommandLine.h - The command line of an edge binary ----- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exit codes: 0; 1 the data is wrong; 2 the command is wrong; 3 disk, memory,
// processor or I/O, a closed standard output included; 130 after Ctrl-C.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_COMMANDLINE_H
#define COMPRESS_RUNTIME_COMMANDLINE_H

#include "compress_runtime.h"
#include "compress_runtime/Generate.h"

namespace compresslib {
namespace rt {

/// Makes a codec of the payload's tokenizer section, which stays mapped.
using LoadCodec = Expected<TextCodec> (*)(std::string_view tokenizer);

/// The codec of the runtime's own tokenizer.
Expected<TextCodec> loadTokenizerCodec(std::string_view tokenizer);

/// Runs the command line of a program whose payload is at `payload`.
int runCommandLine(int argc, char **argv, const compress_program &program,
                   LoadCodec loadCodec, const std::string &payload);

/// The whole of an edge binary's main().
int edgeMain(int argc, char **argv, const compress_program &program);

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_COMMANDLINE_H
