//===- WeightConsumers.cpp - What nn's ops do with a weight ---------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NN/IR/WeightConsumers.h"
#include "Compress/IR/WeightConsumer.h"
#include "NN/IR/NN.h"

using namespace mlir;
using namespace mlir::nn;

namespace {
template <typename Model, typename OpTy>
using External = compress::WeightConsumerInterface::ExternalModel<Model, OpTy>;

struct LinearConsumer : External<LinearConsumer, LinearOp> {
  StringRef getWeightKind(Operation *op, OpOperand &weight) const {
    auto linear = cast<LinearOp>(op);
    if (&weight == &linear.getWeightMutable())
      return "linear";
    return weight.get() == linear.getBias() ? "bias" : "";
  }
  SmallVector<int64_t> getReducedDims(Operation *op, OpOperand &weight) const {
    if (&weight == &cast<LinearOp>(op).getWeightMutable())
      return {1};
    return {};
  }
  Value getProductInput(Operation *op, OpOperand &weight) const {
    auto linear = cast<LinearOp>(op);
    return &weight == &linear.getWeightMutable() ? linear.getInput() : Value();
  }
};

struct EmbeddingConsumer : External<EmbeddingConsumer, EmbeddingOp> {
  StringRef getWeightKind(Operation *op, OpOperand &weight) const {
    return &weight == &cast<EmbeddingOp>(op).getWeightMutable() ? "embedding"
                                                                : "";
  }
};

struct RMSNormConsumer : External<RMSNormConsumer, RMSNormOp> {
  StringRef getWeightKind(Operation *op, OpOperand &weight) const {
    return &weight == &cast<RMSNormOp>(op).getGainMutable() ? "norm" : "";
  }
};

struct LayerNormConsumer : External<LayerNormConsumer, LayerNormOp> {
  StringRef getWeightKind(Operation *op, OpOperand &weight) const {
    auto norm = cast<LayerNormOp>(op);
    if (&weight == &norm.getGainMutable())
      return "norm";
    return weight.get() == norm.getBias() ? "bias" : "";
  }
};

struct RotaryConsumer : External<RotaryConsumer, RotaryOp> {
  StringRef getWeightKind(Operation *op, OpOperand &weight) const {
    return &weight == &cast<RotaryOp>(op).getFrequenciesMutable() ? "rotary"
                                                                  : "";
  }
};
} // namespace

void nn::registerWeightConsumers(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, NNDialect *) {
    LinearOp::attachInterface<LinearConsumer>(*context);
    EmbeddingOp::attachInterface<EmbeddingConsumer>(*context);
    RMSNormOp::attachInterface<RMSNormConsumer>(*context);
    LayerNormOp::attachInterface<LayerNormConsumer>(*context);
    RotaryOp::attachInterface<RotaryConsumer>(*context);
  });
}
