//===- WeightConsumer.cpp - Who takes a weight, and as what ---------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/WeightConsumer.h"

using namespace mlir;
using namespace mlir::compress;

#include "Compress/IR/WeightConsumer.cpp.inc"
#include "Compress/IR/WeightKind.cpp.inc"

/// Adds the consumers of `value`, whose dimension i is the weight's order[i].
static void collect(Value value, ArrayRef<int64_t> order,
                    SmallVectorImpl<WeightConsumer> &consumers) {
  for (OpOperand &use : value.getUses()) {
    auto op = dyn_cast<WeightConsumerInterface>(use.getOwner());
    if (!op)
      continue;
    if (auto forwarded = op.getForwardedOrder(use)) {
      SmallVector<int64_t> composed;
      for (int64_t dim : *forwarded)
        composed.push_back(order[dim]);
      collect(op->getResult(0), composed, consumers);
      continue;
    }
    std::optional<WeightKind> kind = op.getWeightKind(use);
    if (!kind)
      continue;
    WeightConsumer consumer{&use, *kind, {}, op.getProductInput(use)};
    for (int64_t dim : op.getReducedDims(use))
      if (!llvm::is_contained(consumer.reducedDims, order[dim]))
        consumer.reducedDims.push_back(order[dim]);
    consumers.push_back(std::move(consumer));
  }
}

std::vector<std::string> mlir::compress::getWeightKindNames() {
  std::vector<std::string> names;
  for (uint32_t i = 0; i <= getMaxEnumValForWeightKind(); ++i)
    if (std::optional<WeightKind> kind = symbolizeWeightKind(i))
      names.push_back(stringifyWeightKind(*kind).str());
  return names;
}

SmallVector<WeightConsumer> mlir::compress::getConsumers(Value value) {
  SmallVector<WeightConsumer> consumers;
  collect(value,
          llvm::to_vector(llvm::seq<int64_t>(
              0, cast<RankedTensorType>(value.getType()).getRank())),
          consumers);
  return consumers;
}

WeightConsumers::WeightConsumers(Operation *module) {
  module->walk([&](UseOp use) {
    llvm::append_range(consumers[use.getWeight()],
                       getConsumers(use.getResult()));
  });
}

ArrayRef<WeightConsumer> WeightConsumers::of(WeightOp weight) const {
  auto it = consumers.find(weight.getSymName());
  if (it == consumers.end())
    return {};
  return it->second;
}
