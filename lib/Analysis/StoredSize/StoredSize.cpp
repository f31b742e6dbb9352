//===- StoredSize.cpp - Exact sizes of weights ----------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Analysis/StoredSize.h"
#include "Compress/IR/Store.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::compress;

std::string mlir::compress::getExpressionText(Value value) {
  Operation *op = value.getDefiningOp();
  auto type = cast<RankedTensorType>(value.getType());
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (!op || op->getNumOperands() == 0) {
    stream << type.getElementType();
    return text;
  }
  stream << op->getName().stripDialect() << '(';
  llvm::interleaveComma(op->getOperands(), stream, [&](Value operand) {
    stream << getExpressionText(operand);
  });
  stream << ')';
  return text;
}

StoredSize mlir::compress::getStoredSize(ModuleOp module) {
  StoredSize size;
  WeightStore &store =
      module.getContext()->getOrLoadDialect<CompressDialect>()->getStore();
  llvm::StringSet<> keys;
  int64_t elements = 0;
  for (WeightOp weight : module.getOps<WeightOp>()) {
    WeightSize one;
    one.weight = weight;
    one.elements = weight.getWeightType().getNumElements();
    one.bits = weight.getStoredBits();
    one.expression = getExpressionText(weight.getResultValue());
    elements += one.elements;
    size.weights.push_back(std::move(one));
    weight.walk([&](DecompressionOpInterface op) {
      if (!namesNewKey(op, keys))
        return;
      int64_t bits = op.getStoredBits();
      size.bits += bits;
      size.bytes += (bits + 7) / 8;
    });
  }
  size.parameters = elements;
  // By name: nn is above this room.
  for (Operation &op : module.getOps()) {
    if (auto parameters = op.getAttrOfType<IntegerAttr>("parameters");
        parameters && op.getName().getStringRef() == "nn.model")
      size.parameters = parameters.getInt();
    if (auto user = dyn_cast<StoreUserOpInterface>(op))
      user.visitKeys([&](StringRef key, RankedTensorType) {
        if (std::optional<WeightStore::Blob> held = store.lookup(key))
          size.blobBytes += int64_t(held->bytes.size());
      });
  }
  return size;
}
