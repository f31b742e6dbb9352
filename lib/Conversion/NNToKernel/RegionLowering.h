//===- RegionLowering.h - nn ops over the context ---------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef LIB_CONVERSION_NNTOKERNEL_REGIONLOWERING_H
#define LIB_CONVERSION_NNTOKERNEL_REGIONLOWERING_H

#include "Compress/IR/Compress.h"
#include "Kernel/IR/Kernel.h"
#include "NN/IR/NN.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::kernel {

struct LoweringOptions {
  int64_t tokens;     ///< capacity of a call: 1 or the chunk
  Type cache;         ///< element of the key-value cache
  int64_t cacheBytes; ///< of all layers, a position
};

/// Copies the ops of one block (a function's, or an nn.block's) into a function
/// over the context, still on tensors: of one token, or of as many as the
/// context says. Those that need the context become kernel ops.
class RegionLowering : public ImplicitLocOpBuilder {
public:
  RegionLowering(const OpBuilder &builder, Location loc,
                 const LoweringOptions &options, Value context);

  /// Byte offsets of a weight's parts in the packed weights; set by the owner.
  std::function<SmallVector<Value>(compress::UseOp)> placesOf;
  /// Bytes before a cache, a position, as an index; set by the owner.
  std::function<Value(Value cache)> cacheBase;
  /// Called for nn.block; set by the owner of a function.
  std::function<LogicalResult(nn::BlockOp)> lowerBlock;
  /// The logits: only tokens from logits_begin on are wanted.
  Value logits;

  /// Lowers the ops of `block` but its terminator.
  LogicalResult lower(Block &block);

  /// The tensor that a value of the model's has become, or null.
  Value lookup(Value value) { return mapping.lookupOrNull(value); }
  void bind(Value value, Value tensor) { mapping.map(value, tensor); }
  /// The type of a call's [tokens, channels] of f32.
  RankedTensorType rowsOf(Value tensor);
  /// The rows of a buffer that hold a call's tokens.
  Value rowsOfBuffer(Value buffer);
  /// A tensor of what a buffer holds, which nothing writes any more.
  Value load(Value buffer);
  /// Writes a tensor to the rows of a buffer.
  void store(Value tensor, Value buffer);
  Value getCount() const { return count; }

private:
  LogicalResult lowerOp(Operation *op);
  LogicalResult lowerEmbedding(nn::EmbeddingOp op);
  LogicalResult lowerLinear(nn::LinearOp op);
  void lowerRotary(nn::RotaryOp op);
  void lowerAttention(nn::AttentionOp op);
  LogicalResult lowerVector(compress::UseOp use);
  LogicalResult checkVector(Value vector);

  Value pointer(ContextField field, Type element);
  Value empty(Value tokens, int64_t channels);
  Value index(int64_t value);

  LoweringOptions options;
  Value context, count, weights;
  IRMapping mapping;
};

} // namespace mlir::kernel

#endif // LIB_CONVERSION_NNTOKERNEL_REGIONLOWERING_H
