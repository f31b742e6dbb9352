//===- CodeBuilder.cpp - Short forms for emitting loops and vectors -------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Conversion/CodeBuilder.h"
#include "Kernel/IR/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::kernel;

//===----------------------------------------------------------------------===//
// Short forms
//===----------------------------------------------------------------------===//

Value CodeBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}
Value CodeBuilder::f32(float value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getF32FloatAttr(value));
}
Value CodeBuilder::add(Value a, Value b) {
  return arith::AddIOp::create(builder, loc, a, b);
}
Value CodeBuilder::sub(Value a, Value b) {
  return arith::SubIOp::create(builder, loc, a, b);
}
Value CodeBuilder::mul(Value a, Value b) {
  return arith::MulIOp::create(builder, loc, a, b);
}
Value CodeBuilder::div(Value a, Value b) {
  return arith::DivUIOp::create(builder, loc, a, b);
}
Value CodeBuilder::rem(Value a, Value b) {
  return arith::RemUIOp::create(builder, loc, a, b);
}
Value CodeBuilder::load(Value buffer, Value index) {
  return memref::LoadOp::create(builder, loc, buffer, index);
}
void CodeBuilder::store(Value value, Value buffer, Value index) {
  memref::StoreOp::create(builder, loc, value, buffer, index);
}

void CodeBuilder::loop(Value begin, Value end, int64_t step,
                       const std::function<void(Value)> &body) {
  auto loop = scf::ForOp::create(builder, loc, begin, end, index(step));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

SmallVector<Value> CodeBuilder::loop(
    Value begin, Value end, int64_t step, ValueRange carried,
    const std::function<SmallVector<Value>(Value, ValueRange)> &body) {
  auto loop =
      scf::ForOp::create(builder, loc, begin, end, index(step), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next =
      body(loop.getInductionVar(), loop.getRegionIterArgs());
  // Without carried values the loop has its yield already.
  if (!carried.empty())
    scf::YieldOp::create(builder, loc, next);
  return loop.getResults();
}

Value CodeBuilder::toF32(Value value, bool isSigned) {
  Type type = value.getType();
  if (type.isF32())
    return value;
  if (isa<FloatType>(type))
    return arith::ExtFOp::create(builder, loc, builder.getF32Type(), value);
  if (isSigned)
    return arith::SIToFPOp::create(builder, loc, builder.getF32Type(), value);
  return arith::UIToFPOp::create(builder, loc, builder.getF32Type(), value);
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

VectorType CodeBuilder::f32s(int64_t lanes) {
  return VectorType::get({lanes}, builder.getF32Type());
}
VectorType CodeBuilder::i32s(int64_t lanes) {
  return VectorType::get({lanes}, builder.getI32Type());
}
Value CodeBuilder::splatF32(float value, int64_t lanes) {
  return arith::ConstantOp::create(builder, loc,
                                   DenseElementsAttr::get(f32s(lanes), value));
}
Value CodeBuilder::splat(VectorType type, Value scalar) {
  return vector::BroadcastOp::create(builder, loc, type, scalar);
}
Value CodeBuilder::fma(Value a, Value b, Value c) {
  return vector::FMAOp::create(builder, loc, a, b, c);
}
Value CodeBuilder::mulf(Value a, Value b) {
  return arith::MulFOp::create(builder, loc, a, b);
}
Value CodeBuilder::addf(Value a, Value b) {
  return arith::AddFOp::create(builder, loc, a, b);
}
Value CodeBuilder::subf(Value a, Value b) {
  return arith::SubFOp::create(builder, loc, a, b);
}
Value CodeBuilder::divf(Value a, Value b) {
  return arith::DivFOp::create(builder, loc, a, b);
}
Value CodeBuilder::maxf(Value a, Value b) {
  // Without NaNs, a comparison and a selection is one instruction.
  Value greater =
      arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, a, b);
  return arith::SelectOp::create(builder, loc, greater, a, b);
}
Value CodeBuilder::sumOf(Value vector) {
  return vector::ReductionOp::create(builder, loc, vector::CombiningKind::ADD,
                                     vector, arith::FastMathFlags::reassoc);
}
Value CodeBuilder::maxOf(Value vector) {
  return vector::ReductionOp::create(builder, loc,
                                     vector::CombiningKind::MAXNUMF, vector,
                                     arith::FastMathFlags::nnan);
}

Value CodeBuilder::exp(Value x) {
  auto type = cast<VectorType>(x.getType());
  int64_t lanes = type.getNumElements();
  auto c = [&](float value) { return splatF32(value, lanes); };
  Value small = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLE,
                                      x, c(-87.3f));
  Value clamped = arith::SelectOp::create(builder, loc, small, c(-87.3f), x);
  Value large = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGE,
                                      clamped, c(88.0f));
  clamped = arith::SelectOp::create(builder, loc, large, c(88.0f), clamped);
  // n = round(x / ln 2), by the addition of 1.5 * 2^23; r = x - n ln 2.
  Value magic = c(12582912.0f);
  Value n = subf(fma(clamped, c(1.44269504f), magic), magic);
  Value r = fma(n, c(-0.693359375f), clamped);
  r = fma(n, c(2.12194440e-4f), r);
  // Coefficients of Cephes' expf (Moshier).
  Value p = c(1.9875691500e-4f);
  for (float k : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
                  1.6666665459e-1f, 5.0000001201e-1f})
    p = fma(p, r, c(k));
  p = addf(fma(p, mulf(r, r), r), c(1.0f));
  Value exponent = arith::FPToSIOp::create(builder, loc, i32s(lanes), n);
  auto constant = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(i32s(lanes), builder.getI32IntegerAttr(value)));
  };
  Value bits = arith::ShLIOp::create(
      builder, loc,
      arith::AddIOp::create(builder, loc, exponent, constant(127)),
      constant(23));
  Value power = arith::BitcastOp::create(builder, loc, type, bits);
  return arith::SelectOp::create(builder, loc, small, c(0.0f), mulf(p, power));
}

Value CodeBuilder::read(Value buffer, ValueRange at, int64_t valid,
                        int64_t lanes) {
  if (valid >= lanes)
    return vector::LoadOp::create(builder, loc, f32s(lanes), buffer, at);
  Value mask = vector::CreateMaskOp::create(
      builder, loc, VectorType::get({lanes}, builder.getI1Type()),
      index(valid));
  return vector::MaskedLoadOp::create(builder, loc, f32s(lanes), buffer, at,
                                      mask, zeros(lanes));
}

void CodeBuilder::write(Value vector, Value buffer, ValueRange at,
                        int64_t valid) {
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  if (valid >= lanes) {
    vector::StoreOp::create(builder, loc, vector, buffer, at);
    return;
  }
  Value mask = vector::CreateMaskOp::create(
      builder, loc, VectorType::get({lanes}, builder.getI1Type()),
      index(valid));
  vector::MaskedStoreOp::create(builder, loc, buffer, at, mask, vector);
}

void CodeBuilder::forall(ArrayRef<Value> counts,
                         const std::function<void(ArrayRef<Value>)> &body,
                         int64_t grain) {
  Operation *parent = builder.getInsertionBlock()->getParentOp();
  if (isa<scf::ForallOp>(parent) || parent->getParentOfType<scf::ForallOp>()) {
    SmallVector<Value> indices;
    std::function<void()> nest = [&] {
      if (indices.size() == counts.size())
        return body(indices);
      loop(index(0), counts[indices.size()], 1, [&](Value i) {
        indices.push_back(i);
        nest();
        indices.pop_back();
      });
    };
    return nest();
  }
  SmallVector<OpFoldResult> bounds(counts.begin(), counts.end());
  SmallVector<Attribute> mapping;
  for (size_t d = 0; d < counts.size(); ++d)
    mapping.push_back(SplitAttr::get(builder.getContext(), d, grain));
  auto loop = scf::ForallOp::create(builder, loc, bounds, ValueRange(),
                                    builder.getArrayAttr(mapping));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(loop.getTerminator());
  SmallVector<Value> indices(loop.getInductionVars());
  body(indices);
}
