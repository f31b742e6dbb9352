//===- Sources.h - What attaches the sources of the compress dialect ------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef LIB_CONVERSION_KERNELTOVECTOR_SOURCES_H
#define LIB_CONVERSION_KERNELTOVECTOR_SOURCES_H

#include "mlir/IR/BuiltinTypes.h"

namespace mlir {
class MLIRContext;
namespace kernel {
inline RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

void registerCodeSources(MLIRContext *context);
void registerFloatSources(MLIRContext *context);
void registerScaleSources(MLIRContext *context);
} // namespace kernel
} // namespace mlir

#endif // LIB_CONVERSION_KERNELTOVECTOR_SOURCES_H
