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
#include "Kernel/Transforms/ArenaAllocator.h"
#include "NN/IR/NN.h"
#include "compress/Conversion/CodeBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::kernel {

/// Where threads must meet: what was read and written since the last barrier.
/// Addresses are ranges of one imaginary space (the arena, each cache, each
/// buffer that a caller owns).
class HazardTracker {
public:
  /// How an access is split among threads: two accesses of one buffer, both
  /// a token a time, are each thread's own.
  enum class Split { Token, Other };
  struct Access {
    int64_t begin, end;
    Split split;
  };
  /// Whether a barrier must precede the accesses; records them either way.
  bool add(ArrayRef<Access> reads, ArrayRef<Access> writes);
  /// Forgets what came before: a barrier stands here.
  void clear() {
    reads.clear();
    writes.clear();
    unknown = false;
  }
  bool pending() const { return unknown || !reads.empty() || !writes.empty(); }
  /// What ran since the last barrier is unknown (a call).
  void setUnknown() { unknown = true; }

private:
  SmallVector<Access> reads, writes;
  bool unknown = false;
};

/// How keys and values are stored; int8 with a scale a position and head.
enum class CacheType { f32, f16, int8 };
std::optional<CacheType> getCacheType(StringRef name);
Type getCacheElement(MLIRContext *context, CacheType type);
int64_t getCacheElementBytes(CacheType type);

/// Positions of a page of the cache, and the most tokens of a run.
constexpr int64_t kPagePositions = 256, kRunTokens = 16;

struct LoweringOptions {
  int64_t tokens; ///< capacity of a call: 1 or the chunk
  bool int8;
  CacheType cacheType;
  int64_t cacheBytes; ///< of all layers, a position
};

/// A tensor's buffer.
struct Buffer {
  Value memref;         ///< memref<tokens x channels x f32>
  int64_t begin, bytes; ///< in the imaginary space
  bool owned;           ///< in the arena, released after its last use
  Value tensor = {};    ///< what other products may take too, or null
};

/// Lowers the ops of one block (a function's, or an nn.block's) into a
/// function over the context.
class RegionLowering : public CodeBuilder {
public:
  RegionLowering(OpBuilder &builder, Location loc, ModuleOp module,
                 const LoweringOptions &options, Value context, Value thread,
                 int64_t arenaBase);

  /// Byte offset of a weight's part in the packed weights; set by the owner.
  std::function<Value(compress::UseOp, unsigned part)> offsetOf;
  /// Bytes before a cache, a position, as an index; set by the owner.
  std::function<Value(Value cache)> cacheBase;
  /// Called for nn.block; set by the owner of a function.
  std::function<LogicalResult(nn::BlockOp)> lowerBlock;

  /// Lowers the ops of `block` but its terminator.
  LogicalResult lower(Block &block);

  Buffer &bufferOf(Value tensor) { return buffers[tensor]; }
  /// Gives a tensor a buffer that exists.
  void bind(Value tensor, Value memref, int64_t begin);
  Buffer allocate(Value tensor);
  /// Results that are computed straight into a given buffer.
  void bindResult(Value tensor, Value memref, int64_t begin);
  /// The logits: only tokens from logits_begin on are wanted.
  void setLogits(Value tensor) { logits = tensor; }

  void barrierBefore(ArrayRef<HazardTracker::Access> reads,
                     ArrayRef<HazardTracker::Access> writes);
  void barrier();
  HazardTracker &getHazards() { return hazards; }
  int64_t getArenaEnd() const { return arena.getMost(); }
  Value getContextValue() const { return context; }
  Value getThread() const { return thread; }
  /// Of a thread, and of a page of a call's partial sums; for attention.
  int64_t scratchBytes = 0, partialBytes = 0;
  Value field(ContextField field);
  Value pointer(ContextField field, Type element);
  int64_t vocabulary = 0;

  HazardTracker::Access access(const Buffer &buffer, bool perToken) const {
    return {buffer.begin, buffer.begin + buffer.bytes,
            perToken ? HazardTracker::Split::Token
                     : HazardTracker::Split::Other};
  }
  /// Copies `from` to `to` where both hold a tensor of the same shape.
  void copy(const Buffer &from, const Buffer &to);

private:
  struct Quantized {
    Value codes, scales, sums;
    /// Offset and bytes of each of the three in the arena.
    SmallVector<std::pair<int64_t, int64_t>> parts;
  };

  LogicalResult lowerOp(Operation *op);
  LogicalResult lowerEmbedding(nn::EmbeddingOp op);
  LogicalResult lowerLinear(nn::LinearOp op);
  LogicalResult lowerNorm(Operation *op, Value input, Value gain, Value bias,
                          float epsilon, bool centre);
  LogicalResult lowerRotary(nn::RotaryOp op);
  LogicalResult lowerAttention(nn::AttentionOp op);
  LogicalResult lowerElementwise(Operation *op,
                                 std::function<Value(ArrayRef<Value>)> body);

  struct Products;
  Buffer temporary(int64_t channels);
  void releaseTemporary(const Buffer &buffer) { arena.release(buffer.begin); }
  Quantized quantize(Buffer x, Value tokens);
  void releaseQuantized(const Quantized &quantized);
  SmallVector<HazardTracker::Access>
  accessQuantized(const Quantized &quantized, HazardTracker::Split split) const;

  /// The vector of a rank-1 weight, memref<n x f32>.
  FailureOr<Value> vectorWeight(Value tensor);
  void releaseDead(Operation *op, Block &block);
  Value arenaView(int64_t offset, ArrayRef<int64_t> shape, Type element);
  static int64_t channels(Value tensor) {
    return cast<RankedTensorType>(tensor.getType()).getDimSize(1);
  }

  ModuleOp module;
  LoweringOptions options;
  Value context, thread, count, weights, arenaBuffer;
  ArenaAllocator arena;
  HazardTracker hazards;
  llvm::DenseMap<Value, Buffer> buffers;
  llvm::DenseMap<Value, Quantized> quantizedOf;
  llvm::DenseMap<Value, Operation *> lastUse;
  Value logits;
};

} // namespace mlir::kernel

#endif // LIB_CONVERSION_NNTOKERNEL_REGIONLOWERING_H
