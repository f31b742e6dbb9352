//===- Compress.h - The compress dialect ------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compressed weights as expressions that decompress to them. Semantics,
// shapes and constraints of the ops are in CompressOps.td.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_IR_COMPRESS_H
#define COMPRESS_IR_COMPRESS_H

#include "Compress/IR/Expression.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::compress {
class YieldOp;
class WeightStore;

/// f32, f16 or bf16.
bool isFloatElement(Type type);
/// si2 … si8 or ui2 … ui8.
bool isCodeElement(Type type);

/// Most elements that a tensor may have: as f32 they fill an address space of
/// 47 bits, and no count of bits overflows.
constexpr int64_t kMaxElements = int64_t(1) << 45;
/// Whether a tensor of static shape has no more elements than that.
bool isAddressable(RankedTensorType type);
/// An error where a result of `op` is a tensor that is not addressable.
LogicalResult verifyAddressable(Operation *op);
} // namespace mlir::compress

#include "Compress/IR/CompressDialect.h.inc"

#include "Compress/IR/CompressEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "Compress/IR/CompressAttributes.h.inc"

#include "Compress/IR/CompressInterfaces.h.inc"

#define GET_OP_CLASSES
#include "Compress/IR/CompressOps.h.inc"

#endif // COMPRESS_IR_COMPRESS_H
