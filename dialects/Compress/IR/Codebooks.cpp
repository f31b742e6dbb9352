//===- Codebooks.cpp - Codebooks that have names --------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "llvm/ADT/APFloat.h"

using namespace mlir;
using namespace mlir::compress;

static constexpr float kNF4[16] = {-1.0f,
                                   -0.6961928009986877f,
                                   -0.5250730514526367f,
                                   -0.39491748809814453f,
                                   -0.28444138169288635f,
                                   -0.18477343022823334f,
                                   -0.09105003625154495f,
                                   0.0f,
                                   0.07958029955625534f,
                                   0.16093020141124725f,
                                   0.24611230194568634f,
                                   0.33791524171829224f,
                                   0.44070982933044434f,
                                   0.5626170039176941f,
                                   0.7229568362236023f,
                                   1.0f};
static constexpr float kIQ4NL[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                     1,    13,   25,  38,  53,  69,  89,  113};

static float entryOf(NamedCodebook name, unsigned code) {
  auto decode = [&](const llvm::fltSemantics &format) {
    unsigned bits = llvm::APFloat::semanticsSizeInBits(format);
    return APFloat(format, APInt(bits, code)).convertToFloat();
  };
  switch (name) {
  case NamedCodebook::nf4:
    return kNF4[code];
  case NamedCodebook::f4_e2m1:
    return decode(APFloat::Float4E2M1FN());
  case NamedCodebook::f8_e4m3:
    return decode(APFloat::Float8E4M3FN());
  case NamedCodebook::f8_e5m2:
    return decode(APFloat::Float8E5M2());
  case NamedCodebook::e8m0:
    return decode(APFloat::Float8E8M0FNU());
  case NamedCodebook::iq4_nl:
    return kIQ4NL[code];
  case NamedCodebook::i4_e2m1:
    return 2 * decode(APFloat::Float4E2M1FN());
  }
  llvm_unreachable("unknown codebook");
}

static RankedTensorType typeOf(NamedCodebook name, MLIRContext *context) {
  Type f32 = Float32Type::get(context);
  Type si8 = IntegerType::get(context, 8, IntegerType::Signed);
  switch (name) {
  case NamedCodebook::nf4:
  case NamedCodebook::f4_e2m1:
    return RankedTensorType::get({1, 16}, f32);
  case NamedCodebook::f8_e4m3:
  case NamedCodebook::f8_e5m2:
  case NamedCodebook::e8m0:
    return RankedTensorType::get({1, 256}, f32);
  case NamedCodebook::iq4_nl:
  case NamedCodebook::i4_e2m1:
    return RankedTensorType::get({1, 16}, si8);
  }
  llvm_unreachable("unknown codebook");
}

void CodebookOp::build(OpBuilder &builder, OperationState &state,
                       NamedCodebook name) {
  build(builder, state, typeOf(name, builder.getContext()), name);
}

LogicalResult CodebookOp::verify() {
  RankedTensorType type = typeOf(getName(), getContext());
  if (getType() != type)
    return emitOpError("has type ")
           << getType() << ", but " << stringifyNamedCodebook(getName())
           << " is " << type;
  return success();
}

LogicalResult CodebookOp::evaluateRows(int64_t begin, int64_t end,
                                       ExpressionEvaluator &,
                                       MutableArrayRef<float> out) {
  for (auto [code, value] : llvm::enumerate(out))
    value = entryOf(getName(), code);
  return success();
}
