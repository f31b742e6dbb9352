//===- Kernel.h - The kernel dialect ----------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How a machine multiplies: products with packed weights, and lane ops.
//
//===----------------------------------------------------------------------===//
#ifndef KERNEL_IR_KERNEL_H
#define KERNEL_IR_KERNEL_H

#include "Compress/IR/Compress.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/SCF/IR/DeviceMappingInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

#include <optional>

namespace mlir::kernel {
class Expander;

/// Of the ops that --kernel-lower-lane-ops lowers.
template <typename Op> class LaneOp : public OpTrait::TraitBase<Op, LaneOp> {};

/// What a CodeSource emits: bytes of at most `bits` bits, that have `bias`
/// added to their codes, from a record of `blockBytes` a block.
struct CodeForm {
  unsigned bits;
  int64_t bias;
  int64_t blockBytes;
  bool absent = false;    ///< whether codes may be absent
  int64_t tileBytes = 0;  ///< of a row tile's own header, before its segments
  int64_t valueBytes = 0; ///< behind all row tiles: records of varying size
  std::optional<int64_t> kept = {}; ///< blocks of all row tiles, where a list
                                    ///< says which are there
  /// Whether a quad costs more than a shift and a mask, so that it is made once
  /// for many tokens.
  bool isCostly = false;
  /// Whether quads can come turned: quad 4h+j with inputs j, 4+j, 8+j, 12+j of
  /// the 16 from 16h on (Expander::setTurned).
  bool canTurn = false;
};

/// What a FloatSource emits from: the same records.
struct FloatForm {
  int64_t blockBytes;
  int64_t lastBytes;      ///< of a row's last block, which may be shorter
  int64_t tileBytes = 0;  ///< as of codes
  int64_t valueBytes = 0; ///< as of codes
  bool isCostly = false;  ///< whether many tokens take an expanded panel
  std::optional<int64_t> kept = {}; ///< as of codes
};

/// Where a CodeSource or FloatSource writes a row tile: rows `firstRow` …
/// `firstRow`+15, of which `rows` are there. `values` is what all row tiles
/// share; the first `used` bytes of it are written. All is zeroed before.
struct TileSpace {
  int64_t firstRow, rows;
  uint8_t *header;
  llvm::ArrayRef<uint8_t *> blocks; ///< the record of each block, or null
  llvm::MutableArrayRef<uint8_t> values;
  int64_t &used;
};

/// Where a block's codes or values come from.
struct BlockPlace {
  Value address;        ///< byte address of its record
  ArrayRef<Value> tile; ///< what emitTile made of its row tile
  Value absent;         ///< vector<64xi8>: what absent codes are, if not 0
};

/// What a ScaleSource reads: a header of `headerBytes` for `groups` groups of a
/// row tile; 1 where each group has its own.
struct ScaleForm {
  int64_t groups;
  int64_t headerBytes;
};
} // namespace mlir::kernel

#include "Kernel/IR/KernelDialect.h.inc"

#include "Kernel/IR/KernelEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "Kernel/IR/KernelAttributes.h.inc"

#define GET_TYPEDEF_CLASSES
#include "Kernel/IR/KernelTypes.h.inc"

#include "Kernel/IR/SharedWork.h.inc"
#include "Kernel/IR/TileSource.h.inc"

#define GET_OP_CLASSES
#include "Kernel/IR/KernelOps.h.inc"

namespace mlir::kernel {
/// Whether a function is single-program: every thread calls it with the context
/// and its own index.
bool isSingleProgram(Operation *function);
} // namespace mlir::kernel

#endif // KERNEL_IR_KERNEL_H
