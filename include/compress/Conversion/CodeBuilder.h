//===- CodeBuilder.h - Short forms for emitting loops and vectors -*- C++ -*-=//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_CONVERSION_CODEBUILDER_H
#define COMPRESS_CONVERSION_CODEBUILDER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include <functional>

namespace mlir::kernel {

/// Lanes of the vectors that kernels are written in, whatever the machine's.
constexpr int64_t kLanes = 16;

/// Emits scalar, vector and loop code at the builder's place.
class CodeBuilder {
public:
  CodeBuilder(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  OpBuilder &builder;
  Location loc;

  Value index(int64_t value);
  Value f32(float value);
  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value div(Value a, Value b);
  Value rem(Value a, Value b);
  Value load(Value buffer, Value index);
  void store(Value value, Value buffer, Value index);
  /// for (i = begin; i < end; i += step) body(i)
  void loop(Value begin, Value end, int64_t step,
            const std::function<void(Value)> &body);
  /// The same with carried values.
  SmallVector<Value>
  loop(Value begin, Value end, int64_t step, ValueRange carried,
       const std::function<SmallVector<Value>(Value, ValueRange)> &body);
  /// A float element of any float type, or an integer, as f32.
  Value toF32(Value value, bool isSigned = false);

  // Vectors of f32.
  VectorType f32s(int64_t lanes = kLanes);
  VectorType i32s(int64_t lanes = kLanes);
  Value splatF32(float value, int64_t lanes = kLanes);
  Value zeros(int64_t lanes = kLanes) { return splatF32(0.0f, lanes); }
  Value splat(VectorType type, Value scalar);
  Value fma(Value a, Value b, Value c);
  Value mulf(Value a, Value b);
  Value addf(Value a, Value b);
  Value subf(Value a, Value b);
  Value divf(Value a, Value b);
  Value maxf(Value a, Value b);
  /// Horizontal sum and maximum; the sum's order is a tree.
  Value sumOf(Value vector);
  Value maxOf(Value vector);
  /// e^x for finite x, by range reduction and a polynomial of degree 6
  /// (relative error below 2e-7); 0 at and below -87.3.
  Value exp(Value x);
  /// `lanes` elements at `at`, or only the first `valid` with zeros behind.
  Value read(Value buffer, ValueRange at, int64_t valid = kLanes,
             int64_t lanes = kLanes);
  void write(Value vector, Value buffer, ValueRange at, int64_t valid = kLanes);
  /// scf.forall over the product of `counts`; `grain` as in #kernel.split.
  void forall(ArrayRef<Value> counts,
              const std::function<void(ArrayRef<Value>)> &body,
              int64_t grain = 0);
};

} // namespace mlir::kernel

#endif // COMPRESS_CONVERSION_CODEBUILDER_H
