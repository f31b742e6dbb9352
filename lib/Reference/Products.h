//===- Products.h - Decompressed weights and their products -----*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_LIB_REFERENCE_PRODUCTS_H
#define COMPRESS_LIB_REFERENCE_PRODUCTS_H

#include "Compress/IR/Compress.h"
#include "compress/Reference/Reference.h"
#include <random>

namespace mlir::compress::reference {

/// A matrix [outputs, inputs] as panels of 16 outputs, [panel][input][16], the
/// last filled up with zeros: what vectorises over outputs, so that each sum
/// runs over ascending inputs.
struct Panels {
  static constexpr int64_t width = 16;
  int64_t outputs = 0, inputs = 0;
  std::vector<float> values;

  Panels(int64_t outputs, int64_t inputs);
  void setRow(int64_t output, const float *row);
};

/// result[t, o] = Σ_i x[t, i] * matrix[o, i] in f32, from i = 0 up.
void multiply(MLIRContext *context, const float *x, int64_t tokens,
              const Panels &matrix, float *result);

/// x replaced by its int8 codes times their scales, in blocks of 32.
void quantizeActivations(float *x, int64_t tokens, int64_t inputs);

/// The weights of a module, decompressed when they are first needed.
class Products {
public:
  Products(MLIRContext *context, Activations activations, float jitter);

  /// All of a weight.
  FailureOr<std::shared_ptr<const ReferenceTensor>> getDense(WeightOp weight);
  /// x [tokens, inputs] times a weight's transpose.
  FailureOr<std::vector<float>> multiply(ArrayRef<float> x, int64_t tokens,
                                         WeightOp weight);

private:
  FailureOr<const Panels *> getPanels(Value expression);
  FailureOr<std::vector<float>> split(ArrayRef<float> x, int64_t tokens,
                                      Value expression);
  FailureOr<std::vector<float>> plain(ArrayRef<float> x, int64_t tokens,
                                      Value expression);

  MLIRContext *context;
  const WeightStore &store;
  Activations activations;
  float jitter;
  std::minstd_rand random; ///< for the jitter
  llvm::DenseMap<Operation *, std::shared_ptr<const ReferenceTensor>> dense;
  llvm::DenseMap<Value, std::unique_ptr<Panels>> panels;
};

} // namespace mlir::compress::reference

#endif // COMPRESS_LIB_REFERENCE_PRODUCTS_H
