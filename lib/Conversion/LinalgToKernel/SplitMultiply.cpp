//===- SplitMultiply.cpp - Products by their weights' expressions ---------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Kernel/Transforms/Passes.h"
#include "compress/Conversion/CodeBuilder.h"
#include "compress/Conversion/Expander.h"
#include "compress/Conversion/ProductWalk.h"
#include "mlir/Analysis/AliasAnalysis.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_SPLITMULTIPLYPASS
#include "Kernel/Transforms/Passes.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;
using compress::WeightOp;

namespace {

struct Splitter : CodeBuilder, ProductWalk<Value> {
  Splitter(OpBuilder &builder, MultiplyOp op, const PlannedWeight &weight,
           bool int8)
      : CodeBuilder(builder, op.getLoc()), ProductWalk(weight, int8), op(op) {
    tokens = op.getTokens();
    if (!tokens)
      tokens = memref::DimOp::create(builder, loc, op.getOutput(), 0);
  }

  Value temporary(int64_t columns, Type element) {
    int64_t rows = cast<MemRefType>(op.getOutput().getType()).getDimSize(0);
    SmallVector<Value> sizes;
    if (ShapedType::isDynamic(rows))
      sizes.push_back(tokens);
    return memref::AllocOp::create(builder, loc,
                                   MemRefType::get({rows, columns}, element),
                                   sizes, builder.getI64IntegerAttr(64));
  }
  Value temporary(int64_t columns) override {
    return temporary(columns, builder.getF32Type());
  }
  static int64_t columns(Value buffer) {
    return cast<MemRefType>(buffer.getType()).getDimSize(1);
  }
  Value place(Value part) { return op.getOffsets()[weight.indexOf(part)]; }
  UnitAttr flag(bool accumulate) {
    return accumulate ? builder.getUnitAttr() : UnitAttr();
  }

  void multiply(Value node, Value x, Value y, bool accumulate) override {
    MatmulOp::create(builder, loc, weight.partOf(node).getFormat(),
                     op.getWeights(), place(node), x, y, tokens,
                     flag(accumulate));
  }
  void multiplyInt8(Value node, Value x, Value y, bool accumulate) override {
    int64_t blocks = llvm::divideCeil(columns(x), kBlockInputs);
    Value codes = temporary(blocks * kBlockInputs, builder.getI8Type());
    Value scales = temporary(blocks), sums = temporary(2 * blocks);
    QuantizeActivationsOp::create(builder, loc, x, codes, scales, sums, tokens);
    MatmulInt8Op::create(builder, loc, weight.partOf(node).getFormat(),
                         op.getWeights(), place(node), codes, scales, sums, y,
                         tokens, flag(accumulate));
  }
  void round(Value x, Value y) override {
    RoundActivationsOp::create(builder, loc, x, y, tokens);
  }
  void move(Value leaf, Value from, Value to, bool scatter,
            bool accumulate) override {
    auto type = cast<RankedTensorType>(leaf.getType());
    Value indices = memref::ViewOp::create(
        builder, loc,
        MemRefType::get({type.getNumElements()},
                        builder.getIntegerType(type.getElementTypeBitWidth())),
        op.getWeights(), place(leaf), ValueRange());
    forall({tokens}, [&](ArrayRef<Value> unit) {
      Value t = unit.front();
      loop(index(0), index(columns(from)), 1, [&](Value i) {
        Value other = arith::IndexCastUIOp::create(
            builder, loc, builder.getIndexType(), load(indices, i));
        Value value = memref::LoadOp::create(
            builder, loc, from, ValueRange{t, scatter ? i : other});
        SmallVector<Value> at = {t, scatter ? other : i};
        if (accumulate)
          value = addf(memref::LoadOp::create(builder, loc, to, at), value);
        memref::StoreOp::create(builder, loc, value, to, at);
      });
    });
  }

  MultiplyOp op;
  Value tokens;
};

/// Products of the same input, unchanged between them, take it quantised once.
void shareQuantized(Block &block, AliasAnalysis &aliases) {
  SmallVector<QuantizeActivationsOp> known;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    auto quantize = dyn_cast<QuantizeActivationsOp>(op);
    auto same =
        quantize
            ? llvm::find_if(known,
                            [&](QuantizeActivationsOp other) {
                              return other.getInput() == quantize.getInput() &&
                                     other.getTokens() == quantize.getTokens();
                            })
            : known.end();
    if (same != known.end()) {
      Value from[] = {quantize.getCodes(), quantize.getScales(),
                      quantize.getSums()};
      Value to[] = {same->getCodes(), same->getScales(), same->getSums()};
      quantize.erase();
      for (auto [buffer, other] : llvm::zip(from, to)) {
        buffer.replaceAllUsesWith(other);
        buffer.getDefiningOp()->erase();
      }
      continue;
    }
    llvm::erase_if(known, [&](QuantizeActivationsOp other) {
      return aliases.getModRef(&op, other.getInput()).isMod();
    });
    if (quantize)
      known.push_back(quantize);
  }
}

struct SplitMultiply : kernel::impl::SplitMultiplyPassBase<SplitMultiply> {
  using SplitMultiplyPassBase::SplitMultiplyPassBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    SplitMultiplyPassBase::getDependentDialects(registry);
    registerTileSources(registry);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (activations != "f32" && activations != "int8") {
      module.emitError("activations are \"")
          << activations << "\"; expected f32 or int8";
      return signalPassFailure();
    }
    SmallVector<MultiplyOp> ops;
    SmallVector<memref::CopyOp> copies;
    module.walk([&](Operation *op) {
      if (auto multiply = dyn_cast<MultiplyOp>(op))
        ops.push_back(multiply);
      else if (auto copy = dyn_cast<memref::CopyOp>(op))
        copies.push_back(copy);
    });
    llvm::SetVector<Block *> blocks;
    for (MultiplyOp op : ops) {
      blocks.insert(op->getBlock());
      if (failed(split(op)))
        return signalPassFailure();
    }
    AliasAnalysis aliases(module);
    for (Block *block : blocks)
      shareQuantized(*block, aliases);
    // Of strided buffers, memref.copy becomes a call of MLIR's own runtime.
    for (memref::CopyOp op : copies) {
      auto from = cast<BaseMemRefType>(op.getSource().getType());
      auto to = cast<BaseMemRefType>(op.getTarget().getType());
      auto isPlain = [](BaseMemRefType type) {
        auto ranked = dyn_cast<MemRefType>(type);
        return !ranked || ranked.getLayout().isIdentity();
      };
      if (isPlain(from) && isPlain(to))
        continue;
      OpBuilder b(op);
      linalg::CopyOp::create(b, op.getLoc(), op.getSource(), op.getTarget());
      op.erase();
    }
  }

  LogicalResult split(MultiplyOp op) {
    auto weight =
        SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, op.getWeightAttr());
    if (!weight)
      return op.emitOpError("names @")
             << op.getWeight()
             << ", but no compress.weight of that name is there";
    auto input = dyn_cast<MemRefType>(op.getInput().getType());
    auto output = dyn_cast<MemRefType>(op.getOutput().getType());
    if (!input || !output)
      return op.emitOpError("is on tensors; bufferize it before");
    FailureOr<PlannedWeight> planned = PlannedWeight::get(weight);
    if (failed(planned))
      return failure();
    if (op.getOffsets().size() != planned->parts.size())
      return op.emitOpError("has ")
             << op.getOffsets().size() << " offsets, but @" << op.getWeight()
             << " has " << planned->parts.size() << " parts";
    OpBuilder b(op);
    Splitter splitter(b, op, *planned, activations == "int8");
    // Kernels read and write runs of channels.
    Value x = op.getInput(), y = op.getOutput();
    if (!input.isLastDimUnitStride()) {
      Value to = splitter.temporary(input.getDimSize(1));
      linalg::CopyOp::create(b, op.getLoc(), x, to);
      x = to;
    }
    if (!output.isLastDimUnitStride())
      y = splitter.temporary(output.getDimSize(1));
    if (failed(splitter.walk(weight.getResultValue(), x, y, false)))
      return failure();
    if (y != op.getOutput())
      linalg::CopyOp::create(b, op.getLoc(), y, op.getOutput());
    op.erase();
    return success();
  }
};
} // namespace
