//===- NNDialect.cpp - The nn dialect and its verifiers -------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NN/IR/NN.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"
#include <cmath>

using namespace mlir;
using namespace mlir::nn;

#include "NN/IR/NNDialect.cpp.inc"

#include "NN/IR/NNEnums.cpp.inc"
#define GET_OP_CLASSES
#include "NN/IR/NNOps.cpp.inc"

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

void NNDialect::initialize() {
  addInterfaces<Inliner>();
  addOperations<
#define GET_OP_LIST
#include "NN/IR/NNOps.cpp.inc"
      >();
}

static int64_t dim(Value value, int64_t index) {
  return cast<RankedTensorType>(value.getType()).getDimSize(index);
}

/// Whether two sizes may be equal.
static bool agree(int64_t a, int64_t b) {
  return a == b || ShapedType::isDynamic(a) || ShapedType::isDynamic(b);
}

void ModelOp::visitKeys(function_ref<void(StringRef, RankedTensorType)> visit) {
  auto blobs = (*this)->getAttrOfType<DictionaryAttr>("compress.blobs");
  for (NamedAttribute blob :
       blobs ? blobs.getValue() : ArrayRef<NamedAttribute>())
    if (auto key = dyn_cast<StringAttr>(blob.getValue()))
      visit(key.getValue(), {});
}

LogicalResult ModelOp::verify() {
  if (int64_t(getParameters()) < 0 || int64_t(getContext()) < 1)
    return emitOpError("needs at least 0 parameters and a context of at least "
                       "1, but has ")
           << int64_t(getParameters()) << " and " << int64_t(getContext());
  if (auto module = dyn_cast_or_null<ModuleOp>((*this)->getParentOp()))
    for (ModelOp other : module.getOps<ModelOp>()) {
      if (other == *this)
        break;
      return emitOpError("is the module's second; a module is one model");
    }
  return success();
}

LogicalResult BlockOp::verifyRegions() {
  Block &block = getBody().front();
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (!yield)
    return emitOpError("has a body that does not end with nn.yield");
  if (yield.getOperandTypes() != getResultTypes())
    return emitOpError("yields other types than it has results");
  return success();
}

LogicalResult EmbeddingOp::verify() {
  if (dim(getResult(), 1) != dim(getWeight(), 1) ||
      !agree(dim(getResult(), 0), dim(getTokens(), 0)))
    return emitOpError("of ")
           << getTokens().getType() << " in " << getWeight().getType()
           << " cannot give " << getType();
  return success();
}

LogicalResult LinearOp::verify() {
  if (!agree(dim(getInput(), 1), dim(getWeight(), 1)))
    return emitOpError("has inputs of ")
           << dim(getInput(), 1) << " channels, but a weight for "
           << dim(getWeight(), 1);
  if (!agree(dim(getResult(), 1), dim(getWeight(), 0)) ||
      !agree(dim(getResult(), 0), dim(getInput(), 0)))
    return emitOpError("of ")
           << getInput().getType() << " and " << getWeight().getType()
           << " cannot give " << getType();
  if (getBias() && !agree(dim(getBias(), 0), dim(getWeight(), 0)))
    return emitOpError("has a bias of ")
           << dim(getBias(), 0) << " elements for " << dim(getWeight(), 0)
           << " outputs";
  return success();
}

template <typename Norm> static LogicalResult verifyNorm(Norm op) {
  if (!agree(dim(op.getGain(), 0), dim(op.getInput(), 1)))
    return op.emitOpError("has a gain of ")
           << dim(op.getGain(), 0) << " elements for " << dim(op.getInput(), 1)
           << " channels";
  if (op.getEpsilon().isNegative())
    return op.emitOpError("has a negative epsilon");
  return success();
}

LogicalResult RMSNormOp::verify() { return verifyNorm(*this); }

LogicalResult LayerNormOp::verify() {
  if (getBias() && !agree(dim(getBias(), 0), dim(getInput(), 1)))
    return emitOpError("has a bias of ")
           << dim(getBias(), 0) << " elements for " << dim(getInput(), 1)
           << " channels";
  return verifyNorm(*this);
}

LogicalResult RotaryOp::verify() {
  int64_t channels = dim(getInput(), 1), half = dim(getFrequencies(), 0);
  if (ShapedType::isDynamic(channels) || ShapedType::isDynamic(half) ||
      half < 1 || channels % (2 * half))
    return emitOpError("has ")
           << channels << " channels and " << half
           << " frequencies, but needs whole heads of twice "
              "the frequencies";
  return success();
}

float AttentionOp::getEffectiveScale() {
  if (std::optional<APFloat> scale = getScale())
    return scale->convertToFloat();
  return 1.0f / std::sqrt(float(getHeadSize()));
}

LogicalResult AttentionOp::verify() {
  int64_t heads = getHeads(), kvHeads = getKvHeads(), size = getHeadSize();
  if (heads < 1 || kvHeads < 1 || heads % kvHeads)
    return emitOpError("has ")
           << heads << " heads and " << kvHeads
           << " key-value heads; the latter must divide the "
              "former";
  if (dim(getCache(), 0) != 2 || dim(getCache(), 2) != kvHeads ||
      ShapedType::isDynamic(size))
    return emitOpError("has a cache of type ")
           << getCache().getType() << ", but needs [2, context, " << kvHeads
           << ", head size]";
  if (dim(getQuery(), 1) != heads * size || dim(getKey(), 1) != kvHeads * size)
    return emitOpError("has a query of type ")
           << getQuery().getType() << " and a key of type "
           << getKey().getType() << ", but heads of " << size << " need "
           << heads * size << " and " << kvHeads * size << " channels";
  if (!agree(dim(getQuery(), 0), dim(getKey(), 0)))
    return emitOpError("has ") << dim(getQuery(), 0) << " queries, but "
                               << dim(getKey(), 0) << " keys";
  return success();
}
