//===- Check.h - The check dialect ------------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a test expects of numbers. Semantics are in CheckOps.td; how checks are
// run is in compress/Reference/Check.h.
//
//===----------------------------------------------------------------------===//
#ifndef CHECK_IR_CHECK_H
#define CHECK_IR_CHECK_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "Check/IR/CheckDialect.h.inc"

#define GET_OP_CLASSES
#include "Check/IR/CheckOps.h.inc"

#endif // CHECK_IR_CHECK_H
