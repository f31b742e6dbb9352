//===- RegionLowering.h - nn ops over planned buffers -----------*- C++ -*-===//
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
#include "compress/Conversion/CodeBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::kernel {

/// How keys and values are stored; int8 with a scale a position and head.
enum class CacheType { f32, f16, int8 };
std::optional<CacheType> getCacheType(StringRef name);
Type getCacheElement(MLIRContext *context, CacheType type);
int64_t getCacheElementBytes(CacheType type);

/// Positions of a page of the cache, and the most tokens of a run.
constexpr int64_t kPagePositions = 256, kRunTokens = 16;

struct LoweringOptions {
  int64_t tokens; ///< capacity of a call: 1 or the chunk
  CacheType cacheType;
  int64_t cacheBytes; ///< of all layers, a position
};

/// Lowers the ops of one block (a function's, or an nn.block's) into a
/// function over the context.
class RegionLowering : public CodeBuilder {
public:
  RegionLowering(OpBuilder &builder, Location loc, ModuleOp module,
                 const LoweringOptions &options, Value context, Value thread);

  /// Byte offsets of a weight's parts in the packed weights; set by the owner.
  std::function<SmallVector<Value>(compress::UseOp)> placesOf;
  /// Bytes before a cache, a position, as an index; set by the owner.
  std::function<Value(Value cache)> cacheBase;
  /// Called for nn.block; set by the owner of a function.
  std::function<LogicalResult(nn::BlockOp)> lowerBlock;

  /// Lowers the ops of `block` but its terminator.
  LogicalResult lower(Block &block);

  /// The buffer of a tensor, memref<tokens x channels x f32>, or null.
  Value bufferOf(Value tensor) { return buffers.lookup(tensor); }
  /// Gives a tensor a buffer that exists.
  void bind(Value tensor, Value memref) { buffers[tensor] = memref; }
  /// The buffer of a result, a new one where it has none yet.
  Value allocate(Value tensor);
  /// The logits: only tokens from logits_begin on are wanted.
  void setLogits(Value tensor) { logits = tensor; }

  Value getContextValue() const { return context; }
  Value getThread() const { return thread; }
  /// Of a thread, and of a page of a call's partial sums; for attention.
  int64_t scratchBytes = 0, partialBytes = 0;
  Value field(ContextField field);
  Value pointer(ContextField field, Type element);
  int64_t vocabulary = 0;

  /// Copies `from` to `to` where both hold a tensor of the same shape.
  void copy(Value from, Value to);

private:
  LogicalResult lowerOp(Operation *op);
  LogicalResult lowerEmbedding(nn::EmbeddingOp op);
  LogicalResult lowerLinear(nn::LinearOp op);
  LogicalResult lowerNorm(Operation *op, Value input, Value gain, Value bias,
                          float epsilon, bool centre);
  LogicalResult lowerRotary(nn::RotaryOp op);
  LogicalResult lowerAttention(nn::AttentionOp op);
  LogicalResult lowerElementwise(Operation *op,
                                 std::function<Value(ArrayRef<Value>)> body);

  /// A buffer of as many channels a token.
  Value temporary(int64_t channels);
  /// The vector of a rank-1 weight, memref<n x f32>.
  FailureOr<Value> vectorWeight(Value tensor);
  static int64_t channels(Value tensor) {
    return cast<RankedTensorType>(tensor.getType()).getDimSize(1);
  }

  ModuleOp module;
  LoweringOptions options;
  Value context, thread, count, weights;
  llvm::DenseMap<Value, Value> buffers;
  Value logits;
};

} // namespace mlir::kernel

#endif // LIB_CONVERSION_NNTOKERNEL_REGIONLOWERING_H
