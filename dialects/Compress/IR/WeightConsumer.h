//===- WeightConsumer.h - Who takes a weight, and as what -------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_IR_WEIGHTCONSUMER_H
#define COMPRESS_IR_WEIGHTCONSUMER_H

#include "Compress/IR/Compress.h"
#include "llvm/ADT/StringMap.h"

// clang-format off
#include "Compress/IR/WeightKind.h.inc"
#include "Compress/IR/WeightConsumer.h.inc"
// clang-format on

namespace mlir::compress {

/// One operand that takes a weight, perhaps transposed on the way.
struct WeightConsumer {
  OpOperand *operand;
  WeightKind kind;
  /// Dimensions of the *weight* that are summed over.
  SmallVector<int64_t> reducedDims;
  /// What the weight is multiplied with, or null.
  Value input;

  bool isProduct() const { return !reducedDims.empty(); }
  bool isEmbedding() const { return kind == WeightKind::embedding; }
};

/// The names of all kinds.
std::vector<std::string> getWeightKindNames();

/// The consumers of a value, through ops that only forward it.
SmallVector<WeightConsumer> getConsumers(Value value);

/// The consumers of all weights of a module, from def-use chains. An analysis:
/// a snapshot, good until the functions change.
class WeightConsumers {
public:
  explicit WeightConsumers(Operation *module);

  ArrayRef<WeightConsumer> of(WeightOp weight) const;

private:
  llvm::StringMap<SmallVector<WeightConsumer, 1>> consumers;
};

} // namespace mlir::compress

#endif // COMPRESS_IR_WEIGHTCONSUMER_H
