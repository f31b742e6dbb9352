//===- Decompress.cpp - Replace expressions by their values ---------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/WeightPass.h"

namespace mlir::compress {
#define GEN_PASS_DEF_COMPRESSDECOMPRESSPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;

namespace {
struct DecompressPass
    : compress::impl::CompressDecompressPassBase<DecompressPass>,
      CompressionPass {
  using CompressDecompressPassBase::CompressDecompressPassBase;

  bool canScheduleOn(RegisteredOperationName name) const override {
    return isWeightOrModule(name);
  }

  void runOnOperation() override {
    if (auto weight = dyn_cast<WeightOp>(getOperation())) {
      if (failed(decompress(weight)))
        signalPassFailure();
      return;
    }
    if (failed(runOnAllWeights([&] { return clone(); },
                               cast<ModuleOp>(getOperation()),
                               getAnalysisManager(),
                               [&](OpPassManager &pipeline, Operation *weight) {
                                 return runPipeline(pipeline, weight);
                               })))
      signalPassFailure();
  }

  LogicalResult decompress(WeightOp weight) {
    Value value = weight.getResultValue();
    RankedTensorType type = weight.getWeightType().clone(
        getStorageType(&getContext(), elementType));
    // The value of an expression written in the IR is written, too.
    Value leaf = value;
    for (Operation &op : weight.getBody().front())
      if (op.getNumResults() && holdsElements(op.getResult(0))) {
        leaf = op.getResult(0);
        if (isa<StoreUserOpInterface>(op))
          break;
      }
    if (leaf == value && value.getType() == type)
      return success();
    ExpressionEvaluator evaluator(
        getContext().getLoadedDialect<CompressDialect>()->getStore());
    LeafBuilder builder(weight, leaf);
    auto replace = [&](ArrayRef<uint8_t> bytes) {
      FailureOr<Value> result = builder.fromBytes("value", type, bytes);
      if (failed(result))
        return failure();
      weight.getYield().getValueMutable().assign(*result);
      eraseDeadOps(weight);
      return success();
    };
    if (evaluator.getStore().isPlanning())
      return replace({});
    std::vector<uint8_t> bytes;
    bytes.reserve(getTensorBytes(type));
    int64_t rows = getRowCount(type), rowSize = getRowSize(type);
    int64_t step = std::max<int64_t>(1, (int64_t(1) << 20) /
                                            std::max<int64_t>(rowSize, 1));
    std::vector<float> values;
    for (int64_t begin = 0; begin < rows; begin += step) {
      int64_t end = std::min(rows, begin + step);
      values.resize((end - begin) * rowSize);
      if (failed(evaluator.evaluateRows(value, begin, end, values)) ||
          failed(checkRange(weight, getStem(weight, leaf) + "/value", type,
                            begin * rowSize, values)))
        return failure();
      llvm::append_range(bytes, packElements(values, type.getElementType()));
    }
    return replace(bytes);
  }
};
} // namespace
