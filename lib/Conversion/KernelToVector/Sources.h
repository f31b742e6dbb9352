//===- Sources.h - What attaches the sources of the compress dialect ------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef LIB_CONVERSION_KERNELTOVECTOR_SOURCES_H
#define LIB_CONVERSION_KERNELTOVECTOR_SOURCES_H

#include "Compress/IR/Expression.h"
#include "mlir/IR/BuiltinTypes.h"
#include <optional>

namespace mlir {
class MLIRContext;
namespace kernel {
inline RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// Of a densify_blocks of a leaf, in blocks of whole blocks of whole row tiles,
/// how many of these there are; nothing for others.
std::optional<int64_t> countKeptBlocks(Operation *op);
/// Those of the row tile from `firstRow` on.
FailureOr<SmallVector<int64_t>>
getKeptBlocks(Operation *op, compress::ExpressionEvaluator &evaluator,
              int64_t firstRow);

void registerCodeSources(MLIRContext *context);
void registerLookupCodes(MLIRContext *context);
void registerFloatSources(MLIRContext *context);
void registerScaleSources(MLIRContext *context);
} // namespace kernel
} // namespace mlir

#endif // LIB_CONVERSION_KERNELTOVECTOR_SOURCES_H
