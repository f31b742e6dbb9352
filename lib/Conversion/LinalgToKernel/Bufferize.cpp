//===- Bufferize.cpp - kernel.multiply on buffers -------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel/IR/Kernel.h"
#include "compress/Conversion/LinalgToKernel.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace mlir::kernel;
using namespace mlir::bufferization;

namespace {
struct BufferizeMultiply
    : DstBufferizableOpInterfaceExternalModel<BufferizeMultiply, MultiplyOp> {
  /// The output's content before does not matter.
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return operand.get() != cast<MultiplyOp>(op).getOutput();
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto multiply = cast<MultiplyOp>(op);
    if (!isa<TensorType>(multiply.getOutput().getType()))
      return success();
    FailureOr<Value> input =
        getBuffer(rewriter, multiply.getInput(), options, state);
    FailureOr<Value> output =
        getBuffer(rewriter, multiply.getOutput(), options, state);
    if (failed(input) || failed(output))
      return failure();
    MultiplyOp::create(rewriter, op->getLoc(), TypeRange(),
                       multiply.getWeightAttr(), multiply.getWeights(),
                       multiply.getOffsets(), *input, *output,
                       multiply.getTokens());
    replaceOpWithBufferizedValues(rewriter, op, *output);
    return success();
  }
};
} // namespace

void mlir::kernel::registerBufferization(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, KernelDialect *) {
    MultiplyOp::attachInterface<BufferizeMultiply>(*context);
  });
}
