//===- CompressDialect.cpp - The compress dialect -------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::compress;

#include "Compress/IR/CompressDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "Compress/IR/CompressAttributes.cpp.inc"
#include "Compress/IR/CompressEnums.cpp.inc"
#include "Compress/IR/CompressInterfaces.cpp.inc"

namespace {
/// Functions that hold these ops may be inlined.
struct Inliner : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final {
    return true;
  }
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const final {
    return true;
  }
};
} // namespace

void CompressDialect::initialize() {
  addInterfaces<Inliner>();
  store = std::make_shared<WeightStore>();
  addOperations<
#define GET_OP_LIST
#include "Compress/IR/CompressOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "Compress/IR/CompressAttributes.cpp.inc"
      >();
}
