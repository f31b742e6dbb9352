//===- SplitMultiply.cpp - Products by their weights' expressions ---------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Kernel/Transforms/Passes.h"
#include "compress/Analysis/PackedLayout.h"
#include "compress/Conversion/CodeBuilder.h"
#include "compress/Conversion/Expander.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_SPLITMULTIPLYPASS
#include "Kernel/Transforms/Passes.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;
using compress::ProductRule;
using compress::WeightOp;

namespace {

struct Splitter : CodeBuilder {
  Splitter(OpBuilder &builder, MultiplyOp op, WeightOp weight,
           const PackedLayout &layout, bool int8)
      : CodeBuilder(builder, op.getLoc()), op(op), weight(weight),
        layout(layout), int8(int8) {
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
  static int64_t columns(Value buffer) {
    return cast<MemRefType>(buffer.getType()).getDimSize(1);
  }

  LogicalResult product(Value expression, Value x, Value y, bool accumulate) {
    Operation *node = expression.getDefiningOp();
    auto rows = [](Value v) {
      return cast<RankedTensorType>(v.getType()).getDimSize(0);
    };
    switch (cast<compress::DecompressionOpInterface>(node).getProductRule()) {
    case ProductRule::Sum:
      for (Value term : node->getOperands()) {
        if (failed(product(term, x, y, accumulate)))
          return failure();
        accumulate = true;
      }
      return success();
    case ProductRule::Chain:
      // x·(U·V)ᵀ = (x·Vᵀ)·Uᵀ, from the last factor to the first.
      for (unsigned i = node->getNumOperands() - 1; i > 0; --i) {
        Value to = temporary(rows(node->getOperand(i)), builder.getF32Type());
        if (failed(product(node->getOperand(i), x, to, false)))
          return failure();
        x = to;
      }
      return product(node->getOperand(0), x, y, accumulate);
    case ProductRule::Permute:
      return permuted(cast<compress::PermuteOp>(node), x, y, accumulate);
    case ProductRule::Opaque:
    case ProductRule::Elementwise:
      break;
    }
    auto name = FlatSymbolRefAttr::get(weight.getSymNameAttr());
    IntegerAttr index = builder.getI64IntegerAttr(getNodeIndex(expression));
    UnitAttr sum = accumulate ? builder.getUnitAttr() : UnitAttr();
    bool takesInt8 = int8 && compress::takesInteger8Activations(expression);
    bool inTiles = TileFormat::get(expression).has_value();
    if (!takesInt8 || !inTiles) {
      if (takesInt8) {
        // What a function computes does not depend on how its weights lie.
        Value rounded = temporary(columns(x), builder.getF32Type());
        RoundActivationsOp::create(builder, loc, x, rounded, tokens);
        x = rounded;
      }
      MatmulOp::create(builder, loc, name, index, op.getWeights(),
                       op.getOffset(), x, y, tokens, sum);
      return success();
    }
    int64_t blocks = llvm::divideCeil(columns(x), kBlockInputs);
    Value codes = temporary(blocks * kBlockInputs, builder.getI8Type());
    Value scales = temporary(blocks, builder.getF32Type());
    Value sums = temporary(blocks, builder.getF32Type());
    QuantizeActivationsOp::create(builder, loc, x, codes, scales, sums, tokens);
    MatmulInt8Op::create(builder, loc, name, index, op.getWeights(),
                         op.getOffset(), codes, scales, sums, y, tokens, sum);
    return success();
  }

  LogicalResult permuted(compress::PermuteOp permute, Value x, Value y,
                         bool accumulate) {
    auto type = cast<RankedTensorType>(permute.getIndices().getType());
    unsigned width = type.getElementTypeBitWidth();
    if (width % 8)
      return permute.emitOpError("has indices of ")
             << type.getElementType()
             << "; a program takes those of whole bytes (ui8, ui16, ui32)";
    Operation *leaf = permute.getIndices().getDefiningOp();
    Value indices = memref::ViewOp::create(
        builder, loc,
        MemRefType::get({type.getNumElements()}, builder.getIntegerType(width)),
        op.getWeights(),
        add(op.getOffset(), index(layout.offsets.lookup(leaf))), ValueRange());
    auto move = [&](Value from, Value to, bool scatter, bool addTo) {
      loop(index(0), tokens, 1, [&](Value t) {
        loop(index(0), index(columns(from)), 1, [&](Value i) {
          Value other = arith::IndexCastUIOp::create(
              builder, loc, builder.getIndexType(), load(indices, i));
          Value value = memref::LoadOp::create(
              builder, loc, from, ValueRange{t, scatter ? i : other});
          SmallVector<Value> at = {t, scatter ? other : i};
          if (addTo)
            value = addf(memref::LoadOp::create(builder, loc, to, at), value);
          memref::StoreOp::create(builder, loc, value, to, at);
        });
      });
    };
    if (permute.getDim() == 0) {
      // y[i] = (x·Aᵀ)[indices[i]]
      Value moved = temporary(columns(y), builder.getF32Type());
      if (failed(product(permute.getSource(), x, moved, false)))
        return failure();
      move(moved, y, false, accumulate);
      return success();
    }
    // x'[indices[i]] = x[i]
    Value moved = temporary(columns(x), builder.getF32Type());
    move(x, moved, true, false);
    return product(permute.getSource(), moved, y, accumulate);
  }

  MultiplyOp op;
  WeightOp weight;
  const PackedLayout &layout;
  bool int8;
  Value tokens;
};

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
    for (MultiplyOp op : ops)
      if (failed(split(op)))
        return signalPassFailure();
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
    FailureOr<PackedLayout> layout = PackedLayout::get(weight);
    if (failed(layout))
      return failure();
    OpBuilder b(op);
    Splitter splitter(b, op, weight, *layout, activations == "int8");
    // Kernels read and write runs of channels.
    Value x = op.getInput(), y = op.getOutput();
    if (!input.isLastDimUnitStride()) {
      Value to = splitter.temporary(input.getDimSize(1), b.getF32Type());
      linalg::CopyOp::create(b, op.getLoc(), x, to);
      x = to;
    }
    if (!output.isLastDimUnitStride())
      y = splitter.temporary(output.getDimSize(1), b.getF32Type());
    if (failed(splitter.product(weight.getResultValue(), x, y, false)))
      return failure();
    if (y != op.getOutput())
      linalg::CopyOp::create(b, op.getLoc(), y, op.getOutput());
    op.erase();
    return success();
  }
};
} // namespace
