//===- NN.h - The nn dialect ------------------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ops of a language model. Semantics and shapes are in NNOps.td.
//
//===----------------------------------------------------------------------===//
#ifndef NN_IR_NN_H
#define NN_IR_NN_H

#include "Compress/IR/Compress.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

// Order matters: the ops use the enums.
#include "NN/IR/NNDialect.h.inc"

#include "NN/IR/NNEnums.h.inc"

#define GET_OP_CLASSES
#include "NN/IR/NNOps.h.inc"

#endif // NN_IR_NN_H
