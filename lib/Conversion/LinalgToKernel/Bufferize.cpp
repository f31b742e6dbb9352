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
/// An op that writes rows into its destination.
template <typename Op>
struct BufferizeRows
    : DstBufferizableOpInterfaceExternalModel<BufferizeRows<Op>, Op> {
  /// The output's content before does not matter.
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return operand.get() != cast<Op>(op).getOutput();
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    if (!op->getNumResults())
      return success();
    IRMapping buffers;
    for (Value operand : op->getOperands()) {
      if (!isa<TensorType>(operand.getType()))
        continue;
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      buffers.map(operand, *buffer);
    }
    SmallVector<Value> operands = llvm::map_to_vector(
        op->getOperands(), [&](Value v) { return buffers.lookupOrDefault(v); });
    Operation *copy = rewriter.create(
        OperationState(op->getLoc(), op->getName().getStringRef(), operands,
                       TypeRange(), op->getAttrs()));
    replaceOpWithBufferizedValues(rewriter, op, cast<Op>(copy).getOutput());
    return success();
  }
};
} // namespace

void mlir::kernel::registerBufferization(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, KernelDialect *) {
    MultiplyOp::attachInterface<BufferizeRows<MultiplyOp>>(*context);
    GatherRowsOp::attachInterface<BufferizeRows<GatherRowsOp>>(*context);
    AttentionOp::attachInterface<BufferizeRows<AttentionOp>>(*context);
  });
}
