//===- TileEmulator.cpp - AMX where the processor has none ----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileEmulator.h"

#ifdef __x86_64__

#include <atomic>
#include <cstring>
#include <ucontext.h>

namespace {

constexpr int kTiles = 8, kRows = 16, kRowBytes = 64;

struct Tiles {
  /// LDTILECFG's: palette, row to go on with, 14 reserved bytes, bytes of a row
  /// (16 of them), rows (16).
  uint8_t configuration[64] = {};
  uint8_t data[kTiles][kRows][kRowBytes] = {};

  int rows(int tile) const { return configuration[48 + tile]; }
  int rowBytes(int tile) const { return configuration[16 + 2 * tile]; }
};

// Every thread has tiles of its own.
thread_local Tiles tiles;
std::atomic<int64_t> products;

/// A VEX instruction of map 0F38, with its operands.
struct Instruction {
  int opcode, prefix; ///< of pp: 0 none, 1 66, 2 F3, 3 F2
  int reg, second, rm;
  bool isMemory;
  uint64_t address, stride; ///< stride: what the index register scales to
  int length;
};

uint64_t readRegister(const ucontext_t &context, int number) {
  static constexpr int places[] = {
      REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
      REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return uint64_t(context.uc_mcontext.gregs[places[number]]);
}

bool decode(const ucontext_t &context, Instruction &result) {
  auto *start =
      reinterpret_cast<const uint8_t *>(context.uc_mcontext.gregs[REG_RIP]);
  const uint8_t *p = start;
  if (*p++ != 0xc4)
    return false;
  int r = ~p[0] >> 7 & 1, x = ~p[0] >> 6 & 1, b = ~p[0] >> 5 & 1;
  if ((p[0] & 31) != 2)
    return false;
  result.second = ~p[1] >> 3 & 15;
  result.prefix = p[1] & 3;
  result.opcode = p[2];
  int mode = p[3] >> 6, low = p[3] & 7;
  result.reg = r << 3 | (p[3] >> 3 & 7);
  result.rm = b << 3 | low;
  result.isMemory = mode != 3;
  result.address = result.stride = 0;
  p += 4;
  if (result.isMemory) {
    int base = result.rm, index = 4, scale = 0;
    if (low == 4) {
      scale = *p >> 6;
      index = x << 3 | (*p >> 3 & 7);
      base = b << 3 | (*p & 7);
      low = *p++ & 7;
    }
    int32_t displacement = 0;
    bool hasBase = mode || low != 5;
    if (mode == 1)
      displacement = int8_t(*p++);
    else if (mode == 2 || !hasBase) {
      std::memcpy(&displacement, p, 4);
      p += 4;
    }
    if (index != 4)
      result.stride = readRegister(context, index) << scale;
    if (hasBase)
      result.address = readRegister(context, base);
    else if (result.rm == base) // without SIB: relative to what follows
      result.address = reinterpret_cast<uint64_t>(p);
    result.address += uint64_t(int64_t(displacement));
  }
  result.length = int(p - start);
  return true;
}

void multiply(int sums, int a, int b) {
  for (int m = 0; m < tiles.rows(sums); ++m)
    for (int n = 0; n < tiles.rowBytes(sums) / 4; ++n) {
      uint32_t sum;
      std::memcpy(&sum, &tiles.data[sums][m][4 * n], 4);
      for (int k = 0; k < tiles.rowBytes(a); ++k)
        sum += uint32_t(int8_t(tiles.data[a][m][k]) *
                        tiles.data[b][k / 4][4 * n + k % 4]);
      std::memcpy(&tiles.data[sums][m][4 * n], &sum, 4);
    }
}

/// False of an instruction that is not of tiles.
bool execute(const Instruction &i) {
  auto *memory = reinterpret_cast<uint8_t *>(i.address);
  if (i.opcode == 0x49 && i.prefix == 0) {
    tiles = Tiles();
    if (i.isMemory)
      std::memcpy(tiles.configuration, memory, sizeof tiles.configuration);
    return i.isMemory ? tiles.configuration[0] <= 1 : true;
  }
  if (i.reg >= kTiles || tiles.configuration[0] != 1)
    return false;
  if (i.opcode == 0x49 && i.prefix == 3 && !i.isMemory) {
    std::memset(tiles.data[i.reg], 0, sizeof tiles.data[i.reg]);
    return true;
  }
  if (i.opcode == 0x4b && i.isMemory && i.prefix) {
    bool stores = i.prefix == 2;
    if (!stores)
      std::memset(tiles.data[i.reg], 0, sizeof tiles.data[i.reg]);
    for (int row = 0; row < tiles.rows(i.reg); ++row) {
      uint8_t *tile = tiles.data[i.reg][row], *line = memory + row * i.stride;
      if (stores)
        std::memcpy(line, tile, tiles.rowBytes(i.reg));
      else
        std::memcpy(tile, line, tiles.rowBytes(i.reg));
    }
    return true;
  }
  // The shapes must fit, or the processor refuses.
  if (i.opcode == 0x5e && i.prefix == 2 && !i.isMemory && i.rm < kTiles &&
      i.second < kTiles && tiles.rows(i.reg) == tiles.rows(i.rm) &&
      tiles.rowBytes(i.rm) == 4 * tiles.rows(i.second) &&
      tiles.rowBytes(i.reg) == tiles.rowBytes(i.second)) {
    multiply(i.reg, i.rm, i.second);
    ++products;
    return true;
  }
  return false;
}

void handle(int signal, siginfo_t *, void *state) {
  auto &context = *static_cast<ucontext_t *>(state);
  Instruction instruction;
  if (decode(context, instruction) && execute(instruction))
    context.uc_mcontext.gregs[REG_RIP] += instruction.length;
  else
    std::signal(signal, SIG_DFL); // and fault again
}

} // namespace

TileEmulator::TileEmulator() {
  products = 0;
  struct sigaction action = {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGILL, &action, &before);
}

TileEmulator::~TileEmulator() { sigaction(SIGILL, &before, nullptr); }

int64_t TileEmulator::getProducts() const { return products; }

#endif // __x86_64__
