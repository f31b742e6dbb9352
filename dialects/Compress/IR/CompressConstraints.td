//===- CompressConstraints.td - Types of stored tensors ----*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Apart from the ops, so that decompression ops of other dialects use them.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_CONSTRAINTS_TD
#define COMPRESS_CONSTRAINTS_TD

include "mlir/IR/OpBase.td"

def StaticTensor : Type<And<[CPred<"::llvm::isa<::mlir::RankedTensorType>($_self)">,
    CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).hasStaticShape()">]>,
    "statically shaped tensor", "::mlir::RankedTensorType">;
def ElementIsFloat : CPred<"::mlir::compress::isFloatElement(::llvm::cast<::mlir::RankedTensorType>($_self).getElementType())">;
def ElementIsCode : CPred<"::mlir::compress::isCodeElement(::llvm::cast<::mlir::RankedTensorType>($_self).getElementType())">;
def ElementIsUnsigned : CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getElementType().isUnsignedInteger()">;
def FloatTensor : Type<And<[StaticTensor.predicate, ElementIsFloat]>,
    "statically shaped tensor of f32, f16 or bf16", "::mlir::RankedTensorType">;
def StaticF32Tensor : Type<And<[StaticTensor.predicate,
    CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getElementType().isF32()">]>,
    "statically shaped tensor of f32", "::mlir::RankedTensorType">;
def CodeTensor : Type<And<[StaticTensor.predicate, ElementIsCode]>,
    "statically shaped tensor of si2 … si8 or ui1 … ui8", "::mlir::RankedTensorType">;
def UnsignedTensor : Type<And<[StaticTensor.predicate, ElementIsUnsigned]>,
    "statically shaped tensor of unsigned integers", "::mlir::RankedTensorType">;
def ValueTensor : Type<Or<[FloatTensor.predicate, CodeTensor.predicate]>,
    "statically shaped tensor of floats or codes", "::mlir::RankedTensorType">;

#endif // COMPRESS_CONSTRAINTS_TD
