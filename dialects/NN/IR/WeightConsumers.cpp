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
using compress::WeightKind;

namespace {
template <typename Model, typename OpTy>
using External = compress::WeightConsumerInterface::ExternalModel<Model, OpTy>;

std::optional<WeightKind> only(WeightKind kind, bool isWeight) {
  return isWeight ? std::optional(kind) : std::nullopt;
}

struct LinearConsumer : External<LinearConsumer, LinearOp> {
  std::optional<WeightKind> getWeightKind(Operation *op,
                                          OpOperand &weight) const {
    auto linear = cast<LinearOp>(op);
    if (&weight == &linear.getWeightMutable())
      return WeightKind::linear;
    return only(WeightKind::bias, weight.get() == linear.getBias());
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
  std::optional<WeightKind> getWeightKind(Operation *op,
                                          OpOperand &weight) const {
    return only(WeightKind::embedding,
                &weight == &cast<EmbeddingOp>(op).getWeightMutable());
  }
};

struct RMSNormConsumer : External<RMSNormConsumer, RMSNormOp> {
  std::optional<WeightKind> getWeightKind(Operation *op,
                                          OpOperand &weight) const {
    return only(WeightKind::norm,
                &weight == &cast<RMSNormOp>(op).getGainMutable());
  }
};

struct LayerNormConsumer : External<LayerNormConsumer, LayerNormOp> {
  std::optional<WeightKind> getWeightKind(Operation *op,
                                          OpOperand &weight) const {
    auto norm = cast<LayerNormOp>(op);
    if (&weight == &norm.getGainMutable())
      return WeightKind::norm;
    return only(WeightKind::bias, weight.get() == norm.getBias());
  }
};

struct RotaryConsumer : External<RotaryConsumer, RotaryOp> {
  std::optional<WeightKind> getWeightKind(Operation *op,
                                          OpOperand &weight) const {
    return only(WeightKind::rotary,
                &weight == &cast<RotaryOp>(op).getFrequenciesMutable());
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
