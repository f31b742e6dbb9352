//===- Signs.cpp - A decompression op, and the plugin's entries -----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Signs.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

using namespace mlir;
using namespace signs;

#include "SignsDialect.cpp.inc"
#define GET_OP_CLASSES
#include "SignsOps.cpp.inc"

void SignsDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "SignsOps.cpp.inc"
      >();
}

LogicalResult ExpandOp::verify() {
  auto signs = cast<RankedTensorType>(getSigns().getType());
  auto scales = cast<RankedTensorType>(getScales().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  if (!signs.getElementType().isUnsignedInteger(1) || signs.getRank() != 2)
    return emitOpError("takes signs of type ui1 and rank 2, not ") << signs;
  if (signs.getShape() != result.getShape())
    return emitOpError("has signs ") << signs << " for a result " << result;
  if (scales.getShape() != ArrayRef<int64_t>{signs.getDimSize(0), 1})
    return emitOpError("takes a scale a row, not ") << scales;
  return success();
}

/// The reference value: what every faster form of the op is judged by.
LogicalResult ExpandOp::evaluateRows(int64_t begin, int64_t end,
                                     compress::ExpressionEvaluator &evaluator,
                                     MutableArrayRef<float> out) {
  FailureOr<std::vector<float>> signs =
      evaluator.evaluateRows(getSigns(), begin, end);
  FailureOr<std::vector<float>> scales =
      evaluator.evaluateRows(getScales(), begin, end);
  if (failed(signs) || failed(scales))
    return failure();
  int64_t columns = cast<RankedTensorType>(getSigns().getType()).getDimSize(1);
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = (*signs)[i] ? (*scales)[i / columns] : -(*scales)[i / columns];
  return success();
}

/// Other passes may quantise the scales only where they are asked to.
compress::OperandRole ExpandOp::getOperandRole(unsigned index) {
  return index == 0 ? compress::OperandRole::Positions
                    : compress::OperandRole::Scales;
}

extern "C" LLVM_ATTRIBUTE_WEAK DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Signs", LLVM_VERSION_STRING,
          [](DialectRegistry *registry) { registry->insert<SignsDialect>(); }};
}

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Signs", LLVM_VERSION_STRING,
          [] { registerBinarizePass(); }};
}
