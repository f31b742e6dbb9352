//===- Interpreter.h - Evaluates ops, one after another ---------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_LIB_REFERENCE_INTERPRETER_H
#define COMPRESS_LIB_REFERENCE_INTERPRETER_H

#include "NN/IR/NN.h"
#include "Products.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::compress::reference {

/// A number of any type: integers and indices in `integer`, floats in
/// `floating`, which double holds exactly.
struct Scalar {
  double floating = 0;
  int64_t integer = 0;
};

/// Whether values of the type are integers or indices.
bool isIntegerLike(Type type);

/// `number` as the type holds it: floats rounded to nearest even, integers cut
/// to their width and sign-extended.
Scalar roundTo(Scalar number, Type type);

/// An elementwise op of arith or math, on numbers. Emits an error for an op
/// that it does not know.
FailureOr<Scalar> evaluateScalar(Operation *op, ArrayRef<Scalar> operands);

/// Whether evaluateScalar knows the op.
bool isScalarOp(Operation *op);

/// The element at a point, or -1 where it is outside.
int64_t offsetOf(ArrayRef<int64_t> shape, ArrayRef<int64_t> point);

using Frame = llvm::DenseMap<Value, std::shared_ptr<const ReferenceTensor>>;

class Interpreter {
public:
  Interpreter(ModuleOp module, const ReferenceOptions &options)
      : module(module),
        products(module.getContext(), options.activations, options.jitter),
        cacheType(options.cacheType) {}

  FailureOr<std::vector<ReferenceTensor>>
  call(func::FuncOp function, std::vector<ReferenceTensor> inputs);

private:
  using TensorPtr = std::shared_ptr<const ReferenceTensor>;

  /// Evaluates the ops of a block up to its terminator, and what that takes.
  FailureOr<std::vector<TensorPtr>> runBlock(Block &block);
  LogicalResult run(Operation *op);
  LogicalResult runControl(Operation *op, bool &known);
  LogicalResult runTensor(Operation *op, bool &known);
  LogicalResult runElementwise(Operation *op);
  LogicalResult runLinalg(linalg::LinalgOp op);
  LogicalResult runSoftmax(linalg::SoftmaxOp op);
  LogicalResult runPad(tensor::PadOp op);
  LogicalResult runLinalgProduct(linalg::LinalgOp op, bool &known);
  LogicalResult runEmbedding(nn::EmbeddingOp op);
  LogicalResult runLinear(nn::LinearOp op);
  LogicalResult runNorm(Operation *op);
  LogicalResult runRotary(nn::RotaryOp op);
  LogicalResult runAttention(nn::AttentionOp op);
  LogicalResult runActivation(nn::ActivationOp op);

  /// The value, decompressed if it is a weight; null after an error.
  TensorPtr get(Value value);
  int64_t getIndex(Value value);
  void set(Value value, ReferenceTensor tensor);
  /// The weight that a value is, or null.
  WeightOp getWeight(Value value);
  /// Sizes of a slice, with those that are values.
  SmallVector<int64_t> resolve(ArrayRef<OpFoldResult> sizes);

  ModuleOp module;
  Products products;
  CacheType cacheType;
  SymbolTableCollection symbols;
  Frame *frame = nullptr;
  unsigned depth = 0;
};

} // namespace mlir::compress::reference

#endif // COMPRESS_LIB_REFERENCE_INTERPRETER_H
