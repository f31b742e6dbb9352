//===- LaunchOp.h - Functions on every thread -------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef KERNEL_IR_LAUNCHOP_H
#define KERNEL_IR_LAUNCHOP_H

#include "Kernel/IR/Kernel.h"
#include "mlir/IR/SymbolTable.h"

#define GET_OP_CLASSES
#include "Kernel/IR/LaunchOp.h.inc"

#endif // KERNEL_IR_LAUNCHOP_H
