//===- CallMath.cpp - Functions of C's library ----------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel/Transforms/FunctionPasses.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/DialectConversion.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_CALLMATHPASS
#include "Kernel/Transforms/FunctionPasses.h.inc"
} // namespace mlir::kernel

using namespace mlir;

namespace {
struct CallMath : kernel::impl::CallMathPassBase<CallMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMathToLibmConversionPatterns(patterns);
    ConversionTarget target(getContext());
    target.addLegalDialect<arith::ArithDialect, func::FuncDialect,
                           vector::VectorDialect>();
    target.addIllegalDialect<math::MathDialect>();
    target
        .addLegalOp<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp,
                    math::CountLeadingZerosOp, math::CountTrailingZerosOp,
                    math::CtPopOp, math::FloorOp, math::FmaOp,
                    math::RoundEvenOp, math::SqrtOp, math::TruncOp>();
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
