//===- InstructionSet.h - What code can be made for -------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An instruction set is one file, here or in a plugin: it fills this struct and
// registers it. Names, targets, option texts, the order of a program's variants
// and the test at start derive from what is registered.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_INSTRUCTIONSETS_INSTRUCTIONSET_H
#define COMPRESS_INSTRUCTIONSETS_INSTRUCTIONSET_H

#include "compress_runtime.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include <string>
#include <vector>

namespace mlir::kernel {

/// How products are blocked in registers.
struct Blocking {
  int64_t rowTiles;    ///< row tiles of an integer product with many tokens
  int64_t tokens;      ///< tokens of an integer product
  int64_t floatTokens; ///< tokens of a float product with expanded tiles
  int64_t dotRows, dotTokens; ///< of a product of rows
  int64_t sums = 24;          ///< registers that hold sums of f32, in attention
};

/// The operands of kernel.tile_dot.
struct TileDot {
  Value a, row, input, b, place, acc, first;
  bool accumulate;
  int64_t quads;
};

struct InstructionSet {
  std::string name;
  /// LLVM's triple, processor and features.
  std::string triple, processor, features;
  /// Of two sets that a processor runs, the one of higher rank is the better.
  int rank = 0;
  /// Whether a target of the family's name takes it in.
  bool inFamily = true;
  /// What the processor must have, in the order of messages. Names are
  /// literals.
  std::vector<compress_feature> needs;
  Blocking blocking{1, 3, 4, 2, 2};
  /// Whether LLVM's machine scheduler is left out: kernels come in an order
  /// that fits the registers, and where these are few it spills them.
  bool keepsOrder = false;
  /// Whether there are instructions between f16 and f32.
  bool convertsHalf = true;

  /// Bytes of a vector register: the width that the functions below are given
  /// whole; 0 where there are none.
  int64_t vectorBytes = 0;

  // Lane ops by instructions; null, or a null result: plain arithmetic.

  /// Of codes of at most seven bits: products of a vector's bytes, two of them
  /// added as a 16-bit word, and pairs of words added onto 32-bit lanes.
  Value (*dotPairs)(OpBuilder &b, Location loc, Value a, Value x) = nullptr;
  Value (*addPairs)(OpBuilder &b, Location loc, Value acc,
                    Value pairs) = nullptr;
  /// kernel.lane_dot otherwise, of a whole vector or where the op has fewer
  /// lanes.
  Value (*dot)(OpBuilder &b, Location loc, Value acc, Value a, Value x,
               int64_t bits) = nullptr;
  /// kernel.lane_dot of signed bytes, likewise. Where there is one, products of
  /// signed codes of eight bits are made of it.
  Value (*dotSigned)(OpBuilder &b, Location loc, Value acc, Value a,
                     Value x) = nullptr;
  /// kernel.lane_dot_bf16, likewise.
  Value (*dotBF16)(OpBuilder &b, Location loc, Value acc, Value a,
                   Value x) = nullptr;
  /// Whether integer products of many tokens are made of kernel.tile_dot.
  bool usesTiles = false;
  /// kernel.tile_dot; null: lane dots.
  void (*tileDot)(OpBuilder &b, Location loc, const TileDot &dot) = nullptr;
  /// `table[control & 15]` of bytes in each sixteen of a vector, 0 where the
  /// control has its top bit; other bits of the control are 0.
  Value (*shuffle)(OpBuilder &b, Location loc, Value table,
                   Value control) = nullptr;
  /// Whether a lookup in 256 bytes is a few instructions.
  bool looksUpBytes = false;
  /// kernel.lane_lookup in a table of 64 or 256 entries.
  Value (*lookup)(OpBuilder &b, Location loc, Value table,
                  Value indices) = nullptr;
  /// kernel.lane_expand of the run that a 64-byte vector begins with.
  Value (*expand)(OpBuilder &b, Location loc, Value run, Value mask,
                  int64_t bits) = nullptr;
  /// Sixteen f32 of a table by the low four bits of words, for
  /// kernel.lane_permute; null: shuffles.
  Value (*permute)(OpBuilder &b, Location loc, Value table,
                   Value indices) = nullptr;
  /// kernel.lane_expand_floats of the sixteen that were read, widened.
  Value (*expandFloats)(OpBuilder &b, Location loc, Value run,
                        Value mask) = nullptr;

  /// "x86-64", "aarch64": the triple's architecture, as targets name it.
  std::string getFamily() const;
};

/// Registers a set for as long as it lives: a static variable of its file.
class RegisterInstructionSet {
public:
  explicit RegisterInstructionSet(InstructionSet set);
  ~RegisterInstructionSet();

private:
  InstructionSet set;
};

/// All sets, a family's together, best first.
std::vector<const InstructionSet *> getInstructionSets();
/// Null for an unknown name.
const InstructionSet *findInstructionSet(StringRef name);
/// The names of families.
std::vector<std::string> getFamilies();
/// "a, b and c", best first; of all sets, or of a family's.
std::string listInstructionSets(StringRef family = {});
/// What to say of a name that no set has.
std::string unknownInstructionSet(const Twine &option, StringRef name);

} // namespace mlir::kernel

#endif // COMPRESS_INSTRUCTIONSETS_INSTRUCTIONSET_H
