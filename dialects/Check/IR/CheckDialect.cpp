//===- CheckDialect.cpp - The check dialect -------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Check/IR/Check.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::check;

#include "Check/IR/CheckDialect.cpp.inc"

#define GET_OP_CLASSES
#include "Check/IR/CheckOps.cpp.inc"

void CheckDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "Check/IR/CheckOps.cpp.inc"
      >();
}

LogicalResult ExpectCloseOp::verify() {
  if (getTolerance().isNegative() || getTolerance().isNaN())
    return emitOpError("has a tolerance that is no number from 0 up");
  return success();
}
