//===- Scalars.cpp - Elementwise ops on numbers ---------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Computes in double and rounds to the op's type. For + - * / and sqrt of f32
// and narrower types that is the correctly rounded result; the transcendental
// functions are then as good as double's.
//
//===----------------------------------------------------------------------===//

#include "Interpreter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::compress::reference;

bool reference::isIntegerLike(Type type) {
  return getElementTypeOrSelf(type).isIntOrIndex();
}

static unsigned widthOf(Type type) {
  return type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
}

Scalar reference::roundTo(Scalar number, Type type) {
  type = getElementTypeOrSelf(type);
  if (type.isIntOrIndex()) {
    if (unsigned width = widthOf(type); width < 64)
      number.integer =
          type.isUnsignedInteger()
              ? number.integer & llvm::maskTrailingOnes<uint64_t>(width)
              : llvm::SignExtend64(number.integer, width);
    return number;
  }
  if (type.isF32()) {
    number.floating = float(number.floating);
  } else if (!type.isF64()) {
    APFloat value(number.floating);
    bool lossless;
    value.convert(cast<FloatType>(type).getFloatSemantics(),
                  APFloat::rmNearestTiesToEven, &lossless);
    number.floating = value.convertToDouble();
  }
  return number;
}

/// Bits of an integer without its sign's extension.
static uint64_t unsignedOf(int64_t value, Type type) {
  unsigned width = widthOf(getElementTypeOrSelf(type));
  return width < 64 ? uint64_t(value) & llvm::maskTrailingOnes<uint64_t>(width)
                    : uint64_t(value);
}

static bool compareFloats(arith::CmpFPredicate predicate, double a, double b) {
  bool unordered = std::isnan(a) || std::isnan(b);
  using P = arith::CmpFPredicate;
  switch (predicate) {
  case P::AlwaysFalse:
    return false;
  case P::OEQ:
    return !unordered && a == b;
  case P::OGT:
    return !unordered && a > b;
  case P::OGE:
    return !unordered && a >= b;
  case P::OLT:
    return !unordered && a < b;
  case P::OLE:
    return !unordered && a <= b;
  case P::ONE:
    return !unordered && a != b;
  case P::ORD:
    return !unordered;
  case P::UEQ:
    return unordered || a == b;
  case P::UGT:
    return unordered || a > b;
  case P::UGE:
    return unordered || a >= b;
  case P::ULT:
    return unordered || a < b;
  case P::ULE:
    return unordered || a <= b;
  case P::UNE:
    return unordered || a != b;
  case P::UNO:
    return unordered;
  case P::AlwaysTrue:
    return true;
  }
  llvm_unreachable("predicate of arith.cmpf");
}

static bool compareIntegers(arith::CmpIPredicate predicate, int64_t a,
                            int64_t b, Type type) {
  uint64_t ua = unsignedOf(a, type), ub = unsignedOf(b, type);
  using P = arith::CmpIPredicate;
  switch (predicate) {
  case P::eq:
    return ua == ub;
  case P::ne:
    return ua != ub;
  case P::slt:
    return a < b;
  case P::sle:
    return a <= b;
  case P::sgt:
    return a > b;
  case P::sge:
    return a >= b;
  case P::ult:
    return ua < ub;
  case P::ule:
    return ua <= ub;
  case P::ugt:
    return ua > ub;
  case P::uge:
    return ua >= ub;
  }
  llvm_unreachable("predicate of arith.cmpi");
}

static double maximum(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::max(a, b);
}
static double minimum(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::min(a, b);
}

using FloatFunction = double (*)(ArrayRef<Scalar>);

/// Ops whose operands and result are floats.
static FloatFunction floatFunction(StringRef name) {
#define F(...) +[](ArrayRef<Scalar> a) -> double { return __VA_ARGS__; }
#define A a[0].floating
#define B a[1].floating
  static const llvm::StringMap<FloatFunction> functions = {
      {"arith.addf", F(A + B)},
      {"arith.subf", F(A - B)},
      {"arith.mulf", F(A * B)},
      {"arith.divf", F(A / B)},
      {"arith.remf", F(std::fmod(A, B))},
      {"arith.negf", F(-A)},
      {"arith.maximumf", F(maximum(A, B))},
      {"arith.minimumf", F(minimum(A, B))},
      {"arith.maxnumf", F(std::fmax(A, B))},
      {"arith.minnumf", F(std::fmin(A, B))},
      {"arith.extf", F(A)},
      {"arith.truncf", F(A)},
      {"math.absf", F(std::fabs(A))},
      {"math.ceil", F(std::ceil(A))},
      {"math.cos", F(std::cos(A))},
      {"math.erf", F(std::erf(A))},
      {"math.exp", F(std::exp(A))},
      {"math.exp2", F(std::exp2(A))},
      {"math.floor", F(std::floor(A))},
      {"math.log", F(std::log(A))},
      {"math.log2", F(std::log2(A))},
      {"math.powf", F(std::pow(A, B))},
      {"math.round", F(std::round(A))},
      {"math.roundeven", F(std::nearbyint(A))},
      {"math.rsqrt", F(1 / std::sqrt(A))},
      {"math.sin", F(std::sin(A))},
      {"math.sqrt", F(std::sqrt(A))},
      {"math.tanh", F(std::tanh(A))},
      // Two f32 factors are exact in double; the sum then rounds once, and
      // again to f32.
      {"math.fma", F(A * B + a[2].floating)},
  };
  return functions.lookup(name);
#undef F
#undef A
#undef B
}

using IntegerFunction = int64_t (*)(int64_t, int64_t, uint64_t, uint64_t);

/// Ops of two integers: signed values, and the same without sign. Division by
/// zero, which is undefined, gives 0.
static IntegerFunction integerFunction(StringRef name) {
#define F(...)                                                                 \
  +[](int64_t a, int64_t b, uint64_t ua, uint64_t ub) -> int64_t {             \
    return __VA_ARGS__;                                                        \
  }
  static const llvm::StringMap<IntegerFunction> functions = {
      {"arith.addi", F(int64_t(uint64_t(a) + uint64_t(b)))},
      {"arith.subi", F(int64_t(uint64_t(a) - uint64_t(b)))},
      {"arith.muli", F(int64_t(uint64_t(a) * uint64_t(b)))},
      {"arith.divsi", F(b ? a / b : 0)},
      {"arith.remsi", F(b ? a % b : 0)},
      {"arith.divui", F(int64_t(ub ? ua / ub : 0))},
      {"arith.remui", F(int64_t(ub ? ua % ub : 0))},
      {"arith.ceildivsi", F(b ? llvm::divideCeilSigned(a, b) : 0)},
      {"arith.ceildivui", F(int64_t(ub ? llvm::divideCeil(ua, ub) : 0))},
      {"arith.floordivsi", F(b ? llvm::divideFloorSigned(a, b) : 0)},
      {"arith.andi", F(a & b)},
      {"arith.ori", F(a | b)},
      {"arith.xori", F(a ^ b)},
      {"arith.shli", F(ub < 64 ? int64_t(ua << ub) : 0)},
      {"arith.shrsi", F(a >> std::min<uint64_t>(ub, 63))},
      {"arith.shrui", F(ub < 64 ? int64_t(ua >> ub) : 0)},
      {"arith.maxsi", F(std::max(a, b))},
      {"arith.minsi", F(std::min(a, b))},
      {"arith.maxui", F(int64_t(std::max(ua, ub)))},
      {"arith.minui", F(int64_t(std::min(ua, ub)))},
  };
  return functions.lookup(name);
#undef F
}

bool reference::isScalarOp(Operation *op) {
  StringRef name = op->getName().getStringRef();
  return floatFunction(name) || integerFunction(name) ||
         isa<arith::CmpFOp, arith::CmpIOp, arith::SelectOp, arith::IndexCastOp,
             arith::IndexCastUIOp, arith::ExtSIOp, arith::ExtUIOp,
             arith::TruncIOp, arith::SIToFPOp, arith::UIToFPOp, arith::FPToSIOp,
             arith::FPToUIOp>(op);
}

FailureOr<Scalar> reference::evaluateScalar(Operation *op,
                                            ArrayRef<Scalar> operands) {
  StringRef name = op->getName().getStringRef();
  Type type = op->getResultTypes().front(),
       from = op->getOperandTypes().front();
  Scalar result;
  if (FloatFunction function = floatFunction(name)) {
    result.floating = function(operands);
  } else if (IntegerFunction function = integerFunction(name)) {
    int64_t a = operands[0].integer, b = operands[1].integer;
    result.integer = function(a, b, unsignedOf(a, from), unsignedOf(b, from));
  } else if (auto compare = dyn_cast<arith::CmpFOp>(op)) {
    result.integer = compareFloats(compare.getPredicate(), operands[0].floating,
                                   operands[1].floating);
  } else if (auto compare = dyn_cast<arith::CmpIOp>(op)) {
    result.integer = compareIntegers(
        compare.getPredicate(), operands[0].integer, operands[1].integer, from);
  } else if (isa<arith::SelectOp>(op)) {
    return operands[operands[0].integer ? 1 : 2];
  } else if (isa<arith::ExtUIOp, arith::IndexCastUIOp>(op)) {
    result.integer = int64_t(unsignedOf(operands[0].integer, from));
  } else if (isa<arith::ExtSIOp, arith::TruncIOp, arith::IndexCastOp>(op)) {
    result.integer = operands[0].integer;
  } else if (isa<arith::SIToFPOp>(op)) {
    result.floating = double(operands[0].integer);
  } else if (isa<arith::UIToFPOp>(op)) {
    result.floating = double(unsignedOf(operands[0].integer, from));
  } else if (isa<arith::FPToSIOp>(op)) {
    result.integer = int64_t(operands[0].floating);
  } else if (isa<arith::FPToUIOp>(op)) {
    result.integer = int64_t(uint64_t(operands[0].floating));
  } else {
    return op->emitOpError("has no reference evaluation");
  }
  return roundTo(result, type);
}
