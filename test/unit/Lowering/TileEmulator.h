//===- TileEmulator.h - AMX where the processor has none --------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef COMPRESS_TEST_UNIT_LOWERING_TILEEMULATOR_H
#define COMPRESS_TEST_UNIT_LOWERING_TILEEMULATOR_H

#ifdef __x86_64__

#include <csignal>
#include <cstdint>

/// While one lives, AMX's instructions on tiles of bytes mean what Intel's
/// manual says of them (Software Developer's Manual 2: LDTILECFG, TILELOADD,
/// TILEZERO, TDPBSUD, TILESTORED, TILERELEASE) on a processor that refuses
/// them: a handler of SIGILL executes them. Other instructions fault as ever.
class TileEmulator {
public:
  TileEmulator();
  ~TileEmulator();

  /// Products that it has executed, of all threads.
  int64_t getProducts() const;

private:
  struct sigaction before;
};

#endif // __x86_64__

#endif // COMPRESS_TEST_UNIT_LOWERING_TILEEMULATOR_H
