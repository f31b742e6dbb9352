//===- CheckToCF.cpp - Checks become assertions ---------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Check/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::check {
#define GEN_PASS_DEF_CONVERTCHECKTOCFPASS
#include "Check/Transforms/Passes.h.inc"
} // namespace mlir::check

using namespace mlir;
using namespace mlir::check;

/// Whether two numbers are what the op asks for.
static Value holds(ImplicitLocOpBuilder &b, Operation *op, Value actual,
                   Value expected) {
  if (!isa<FloatType>(actual.getType()))
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, actual, expected);
  auto compare = [&](arith::CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(b, predicate, x, y).getResult();
  };
  // Equal, which holds for infinities, or both NaN.
  Value same = compare(arith::CmpFPredicate::OEQ, actual, expected);
  Value bothNaN = arith::AndIOp::create(
      b, compare(arith::CmpFPredicate::UNO, actual, actual),
      compare(arith::CmpFPredicate::UNO, expected, expected));
  same = arith::OrIOp::create(b, same, bothNaN);
  auto close = dyn_cast<ExpectCloseOp>(op);
  if (!close)
    return same;
  auto constant = [&](float value) {
    return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
  };
  Value magnitude = math::AbsFOp::create(b, expected);
  Value bound = arith::MulFOp::create(
      b, constant(close.getTolerance().convertToFloat()),
      arith::MaximumFOp::create(b, constant(1), magnitude));
  Value difference =
      math::AbsFOp::create(b, arith::SubFOp::create(b, actual, expected));
  Value near = compare(arith::CmpFPredicate::OLE, difference, bound);
  // An infinite bound would let every finite number pass.
  Value finite = compare(arith::CmpFPredicate::OLT, magnitude,
                         constant(std::numeric_limits<float>::infinity()));
  return arith::OrIOp::create(b, same, arith::AndIOp::create(b, near, finite));
}

static void lower(Operation *op) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  std::string message = "check fails: ";
  llvm::raw_string_ostream(message) << op->getLoc();
  Value actual = op->getOperand(0), expected = op->getOperand(1), all;
  auto type = dyn_cast<RankedTensorType>(actual.getType());
  if (!type) {
    all = holds(b, op, actual, expected);
  } else {
    for (int64_t d = 0; d < type.getRank(); ++d)
      if (type.isDynamicDim(d))
        cf::AssertOp::create(
            b,
            arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                  tensor::DimOp::create(b, actual, d),
                                  tensor::DimOp::create(b, expected, d)),
            message + ": shapes differ");
    Value truth = arith::ConstantOp::create(b, b.getBoolAttr(true));
    Value initial = tensor::FromElementsOp::create(
        b, RankedTensorType::get({}, b.getI1Type()), truth);
    AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
    AffineMap none = AffineMap::get(type.getRank(), 0, b.getContext());
    SmallVector<utils::IteratorType> iterators(type.getRank(),
                                               utils::IteratorType::reduction);
    Value reduced =
        linalg::GenericOp::create(
            b, initial.getType(), ValueRange{actual, expected}, initial,
            ArrayRef<AffineMap>{identity, identity, none}, iterators,
            [&](OpBuilder &nested, Location location, ValueRange in) {
              ImplicitLocOpBuilder inner(location, nested);
              Value one = holds(inner, op, in[0], in[1]);
              one = arith::AndIOp::create(inner, one, in[2]);
              linalg::YieldOp::create(inner, one);
            })
            .getResult(0);
    all = tensor::ExtractOp::create(b, reduced, ValueRange());
  }
  cf::AssertOp::create(b, all, message);
  op->erase();
}

namespace {
struct ConvertCheckToCF
    : check::impl::ConvertCheckToCFPassBase<ConvertCheckToCF> {
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      if (isa<ExpectCloseOp, ExpectEqualOp>(op))
        lower(op);
    });
  }
};
} // namespace
