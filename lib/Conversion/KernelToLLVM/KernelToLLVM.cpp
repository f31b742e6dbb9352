//===- KernelToLLVM.cpp - Everything below kernels to the LLVM dialect ----===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Kernel/Transforms/Passes.h"
#include "LowerLaunch.h"
#include "NN/IR/NN.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/AMX/Transforms.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_CONVERTKERNELTOLLVMPASS
#include "Kernel/Transforms/Passes.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;

namespace {

/// Fields stand in the order of the enum, eight bytes each.
Value loadField(ConversionPatternRewriter &b, Location loc, Value context,
                ContextField field, Type type) {
  Value at = LLVM::GEPOp::create(
      b, loc, LLVM::LLVMPointerType::get(b.getContext()), b.getI8Type(),
      context, ArrayRef<LLVM::GEPArg>{int32_t(8 * uint32_t(field))});
  return LLVM::LoadOp::create(b, loc, type, at, /*alignment=*/8);
}

struct LowerField : ConvertOpToLLVMPattern<FieldOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult matchAndRewrite(FieldOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    b.replaceOp(op, loadField(b, op.getLoc(), adaptor.getContext(),
                              op.getField(), getIndexType()));
    return success();
  }
};

struct LowerBuffer : ConvertOpToLLVMPattern<BufferOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult matchAndRewrite(BufferOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    auto type = cast<MemRefType>(op.getType());
    if (type.getRank() != 1 || !type.getLayout().isIdentity())
      return b.notifyMatchFailure(op, "a context's buffer is of rank 1");
    Value pointer = loadField(b, loc, adaptor.getContext(), op.getField(),
                              LLVM::LLVMPointerType::get(b.getContext()));
    auto descriptor =
        MemRefDescriptor::poison(b, loc, getTypeConverter()->convertType(type));
    auto index = [&](int64_t value) {
      return createIndexAttrConstant(b, loc, getIndexType(), value);
    };
    descriptor.setAllocatedPtr(b, loc, pointer);
    descriptor.setAlignedPtr(b, loc, pointer);
    descriptor.setOffset(b, loc, index(0));
    descriptor.setSize(b, loc, 0, index(INT64_MAX));
    descriptor.setStride(b, loc, 0, index(1));
    b.replaceOp(op, {descriptor});
    return success();
  }
};

struct LowerBarrier : ConvertOpToLLVMPattern<BarrierOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult matchAndRewrite(BarrierOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    auto pointer = LLVM::LLVMPointerType::get(b.getContext());
    Value callee = loadField(b, op.getLoc(), adaptor.getContext(),
                             ContextField::barrier, pointer);
    auto type = LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(b.getContext()), {pointer, b.getI64Type()});
    LLVM::CallOp::create(
        b, op.getLoc(), type,
        ValueRange{callee, adaptor.getContext(), adaptor.getThread()});
    b.eraseOp(op);
    return success();
  }
};

struct LowerTake : ConvertOpToLLVMPattern<TakeOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult matchAndRewrite(TakeOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    Type i64 = b.getI64Type();
    auto pointer = LLVM::LLVMPointerType::get(b.getContext());
    auto range = LLVM::LLVMStructType::getLiteral(b.getContext(), {i64, i64});
    Value callee =
        loadField(b, loc, adaptor.getCtx(), ContextField::take, pointer);
    auto number = [&](int64_t value) -> Value {
      return LLVM::ConstantOp::create(b, loc, i64, b.getI64IntegerAttr(value));
    };
    Value result =
        LLVM::CallOp::create(
            b, loc,
            LLVM::LLVMFunctionType::get(range, {pointer, i64, i64, i64, i64}),
            ValueRange{callee, adaptor.getCtx(), adaptor.getThread(),
                       adaptor.getCount(), number(op.getGrain()),
                       number(op.getFirst())})
            .getResult();
    b.replaceOp(op, {LLVM::ExtractValueOp::create(b, loc, result, 0),
                     LLVM::ExtractValueOp::create(b, loc, result, 1)});
    return success();
  }
};

struct ConvertKernelToLLVM
    : kernel::impl::ConvertKernelToLLVMPassBase<ConvertKernelToLLVM> {
  using ConvertKernelToLLVMPassBase::ConvertKernelToLLVMPassBase;
  void runOnOperation() override {
    ModuleOp module = getOperation();
    MLIRContext *context = &getContext();
    bool early = false;
    module.walk([&](Operation *op) {
      StringRef pass;
      if (isa<MatmulOp, MatmulInt8Op, GatherRowsOp, QuantizeActivationsOp,
              RoundActivationsOp>(op))
        pass = "--convert-kernel-to-vector";
      else if (isa<scf::ForallOp>(op))
        pass = "--kernel-split-threads";
      else if (op->hasTrait<LaneOp>())
        pass = "--kernel-lower-lane-ops";
      else
        return;
      op->emitOpError("is lowered before; run ") << pass << " first";
      early = true;
    });
    if (early)
      return signalPassFailure();
    for (Operation &op :
         llvm::make_early_inc_range(module.getBody()->getOperations()))
      if (isa<compress::WeightOp, compress::StoreOp, compress::FormatOp,
              nn::ModelOp>(op))
        op.erase();

    prepareLaunches(module);

    // Vector ops of one more level first, as upstream's pass does.
    {
      RewritePatternSet patterns(context);
      vector::populateVectorBitCastLoweringPatterns(patterns);
      vector::populateVectorBroadcastLoweringPatterns(patterns);
      vector::populateVectorMaskOpLoweringPatterns(patterns);
      vector::populateVectorShapeCastLoweringPatterns(patterns);
      vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
      vector::populateVectorStepLoweringPatterns(patterns);
      vector::populateVectorMaskMaterializationPatterns(
          patterns, /*force32BitVectorIndices=*/true);
      if (failed(applyPatternsGreedily(module, std::move(patterns))))
        return signalPassFailure();
    }

    LowerToLLVMOptions options(context);
    options.useBarePtrCallConv = barePointers;
    LLVMTypeConverter converter(context, options);
    converter.addConversion([&](ContextType type) -> Type {
      return LLVM::LLVMPointerType::get(context);
    });
    LLVMConversionTarget target(*context);
    target.addLegalOp<ModuleOp>();
    RewritePatternSet patterns(context);
    patterns.add<LowerField, LowerBuffer, LowerBarrier, LowerTake>(converter);
    populateLaunchPatterns(converter, patterns);
    populateSCFToControlFlowConversionPatterns(patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    populateFuncToLLVMConversionPatterns(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    populateMathToLLVMConversionPatterns(converter, patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns,
                                           /*reassociateFPReductions=*/false,
                                           /*force32BitVectorIndices=*/true);
    populateAMXLegalizeForLLVMExportPatterns(converter, patterns);
    configureAMXLegalizeForExportTarget(target);
    index::populateIndexToLLVMConversionPatterns(converter, patterns);
    if (failed(applyFullConversion(module, target, std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
