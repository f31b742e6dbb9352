//===- Signs.cpp - A decompression op, and the plugin's entries -----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Signs.h"
#include "compress/Conversion/Expander.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
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

LogicalResult DecodeOp::verify() {
  auto signs = cast<RankedTensorType>(getSigns().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  if (!signs.getElementType().isUnsignedInteger(1) || signs.getRank() != 2)
    return emitOpError("takes signs of type ui1 and rank 2, not ") << signs;
  if (!result.getElementType().isSignedInteger(2) ||
      signs.getShape() != result.getShape())
    return emitOpError("has signs ") << signs << " for a result " << result;
  return success();
}

/// The reference value: what every faster form of the op is judged by.
LogicalResult DecodeOp::evaluateRows(int64_t begin, int64_t end,
                                     compress::ExpressionEvaluator &evaluator,
                                     MutableArrayRef<float> out) {
  if (failed(evaluator.evaluateRows(getSigns(), begin, end, out)))
    return failure();
  for (float &code : out)
    code = code ? 1 : -1;
  return success();
}

/// Other passes leave the bits alone.
compress::OperandRole DecodeOp::getOperandRole(unsigned) {
  return compress::OperandRole::Positions;
}

//===----------------------------------------------------------------------===//
// The source: how the codes lie in a program, and come back from there
//===----------------------------------------------------------------------===//

static kernel::CodeSource bitsOf(DecodeOp op) {
  return dyn_cast<kernel::CodeSource>(op.getSigns().getDefiningOp());
}

/// As bits lie, which stored codes know. A code is twice the bit, less 1.
std::optional<kernel::CodeForm> DecodeOp::getCodeForm() {
  kernel::CodeSource bits = bitsOf(*this);
  std::optional<kernel::CodeForm> form;
  if (!bits || !(form = bits.getCodeForm()) || form->bias || form->absent)
    return std::nullopt;
  return kernel::CodeForm{/*bits=*/2, /*bias=*/1, form->blockBytes};
}

LogicalResult DecodeOp::packTile(compress::ExpressionEvaluator &evaluator,
                                 const kernel::TileSpace &space) {
  return bitsOf(*this).packTile(evaluator, space);
}

Value DecodeOp::emitQuad(kernel::Expander &e, const kernel::BlockPlace &place,
                         unsigned quad) {
  Value bits = bitsOf(*this).emitQuad(e, place, quad);
  return arith::ShLIOp::create(e.builder, e.loc, bits, e.splatByte(1));
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
