//===- Reference.h - The slow evaluator that judges -------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Interprets functions op by op, in the order that the ops document: nn, arith,
// math, tensor, linalg, scf.for and scf.if, func.call, compress.use. Arithmetic
// is that of the op's type, each operation rounded once. A weight is the dense
// matrix that its expression evaluates to; packing and kernels share no code
// with this.
//
// With int8 activations, products split as ProductRule says, and where
// takesInteger8Activations(factor) a token's inputs are replaced by
// q * (amax / 127), q = round_half_even(x * (127 / amax)), amax the largest |x|
// of a block of 32 consecutive inputs.
//
// Errors are emitted at the op at fault.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_REFERENCE_REFERENCE_H
#define COMPRESS_REFERENCE_REFERENCE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <memory>
#include <vector>

namespace mlir::compress {

/// A tensor, or a scalar (an empty shape), of floats or of integers.
struct ReferenceTensor {
  SmallVector<int64_t> shape;
  bool isInteger = false;
  std::vector<float> floats;
  std::vector<int64_t> integers;

  static ReferenceTensor ofFloats(ArrayRef<int64_t> shape,
                                  std::vector<float> values);
  static ReferenceTensor ofIntegers(ArrayRef<int64_t> shape,
                                    std::vector<int64_t> values);
  static ReferenceTensor zeros(ArrayRef<int64_t> shape, bool isInteger = false);
  /// The elements of an attribute; failure for elements that are neither
  /// integers nor floats of up to 32 bits.
  static FailureOr<ReferenceTensor> ofAttribute(ElementsAttr elements);

  int64_t size() const { return isInteger ? integers.size() : floats.size(); }
};

enum class Activations { f32, int8 };
/// What keys and values are rounded to when they are put into a cache: int8 to
/// nearest, half to even, with the scale max / 127 of a position and head.
enum class CacheType { f32, f16, int8 };

struct ReferenceOptions {
  Activations activations = Activations::f32;
  CacheType cacheType = CacheType::f32;
  /// Positions of the key-value cache; 0: what the model was made for.
  int64_t context = 0;
  /// Activations are changed by as much of their value, up or down, before they
  /// are rounded to int8: how far results move then is how far those of sums in
  /// another order may be.
  float jitter = 0;
};

/// Evaluates functions of one module; keeps the weights that it decompressed.
/// The module must not change meanwhile. Uses the context's threads.
class ReferenceEvaluator {
public:
  explicit ReferenceEvaluator(ModuleOp module, ReferenceOptions options = {});
  ~ReferenceEvaluator();

  /// The function's results; inputs must be of its types.
  FailureOr<std::vector<ReferenceTensor>>
  call(func::FuncOp function, std::vector<ReferenceTensor> inputs);

private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation;
};

/// One call with a fresh evaluator.
FailureOr<std::vector<ReferenceTensor>>
evaluateFunction(func::FuncOp function, std::vector<ReferenceTensor> inputs,
                 ReferenceOptions options = {});

/// A language model: a module's @forward with its key-value caches.
class ReferenceModel {
public:
  /// Fails where there is no @forward as import writes it.
  static FailureOr<std::unique_ptr<ReferenceModel>>
  create(ModuleOp module, ReferenceOptions options = {});

  /// Runs tokens at `position` …, puts their keys and values into the caches,
  /// and returns the logits of each, [tokens][vocabulary].
  FailureOr<std::vector<float>> forward(ArrayRef<int32_t> tokens,
                                        int64_t position);

  int64_t getVocabulary() const { return vocabulary; }
  int64_t getContext() const { return context; }

private:
  ReferenceModel(ModuleOp module, ReferenceOptions options)
      : evaluator(module, options) {}

  ReferenceEvaluator evaluator;
  func::FuncOp function;
  std::vector<ReferenceTensor> caches;
  int64_t vocabulary = 0, context = 0;
};

} // namespace mlir::compress

#endif // COMPRESS_REFERENCE_REFERENCE_H
