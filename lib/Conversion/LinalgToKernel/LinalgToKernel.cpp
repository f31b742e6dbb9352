//===- LinalgToKernel.cpp - Products with weights stay packed -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Conversion/LinalgToKernel.h"
#include "Compress/IR/Compress.h"
#include "Kernel/Transforms/Passes.h"
#include "NN/IR/NN.h"
#include "compress/Analysis/PackedLayout.h"
#include "compress/Conversion/Expander.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_CONVERTPRODUCTSTOKERNELPASS
#include "Kernel/Transforms/Passes.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;
using compress::UseOp;
using compress::WeightOp;

namespace {

/// A use of a weight behind transposes and reshapes.
struct WeightOperand {
  /// What a dimension of the value is: of the weight's dimension `of` the part
  /// at `position`, where it was split, or of one element (-1).
  struct Dim {
    int64_t of, position = 0;
  };
  UseOp use;
  SmallVector<Dim> dims;
};

std::optional<WeightOperand> getWeight(Value value) {
  using Dim = WeightOperand::Dim;
  if (auto use = value.getDefiningOp<UseOp>()) {
    WeightOperand weight{use, {}};
    for (int64_t d = 0; d < cast<RankedTensorType>(use.getType()).getRank();
         ++d)
      weight.dims.push_back({d});
    return weight;
  }
  Operation *op = value.getDefiningOp();
  if (!isa_and_present<linalg::TransposeOp, tensor::ExpandShapeOp,
                       tensor::CollapseShapeOp>(op))
    return std::nullopt;
  std::optional<WeightOperand> weight = getWeight(op->getOperand(0));
  if (!weight)
    return std::nullopt;
  SmallVector<Dim> dims;
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op)) {
    for (int64_t from : transpose.getPermutation())
      dims.push_back(weight->dims[from]);
  } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    for (auto [dim, group] :
         llvm::zip(weight->dims, expand.getReassociationIndices())) {
      int64_t parts = llvm::count_if(group, [&](int64_t to) {
        return expand.getResultType().getDimSize(to) != 1;
      });
      if (parts > 1 && dim.position)
        return std::nullopt;
      for (auto [part, to] : llvm::enumerate(group)) {
        bool isUnit = expand.getResultType().getDimSize(to) == 1;
        bool isOnly = parts == 0 && part == 0;
        dims.push_back(
            isUnit && !isOnly
                ? Dim{-1}
                : Dim{dim.of, parts > 1 ? int64_t(part) + 1 : dim.position});
      }
    }
  } else {
    for (ArrayRef<int64_t> group :
         cast<tensor::CollapseShapeOp>(op).getReassociationIndices()) {
      Dim dim{-1};
      for (int64_t from : group)
        if (weight->dims[from].of >= 0) {
          if (dim.of >= 0)
            return std::nullopt;
          dim = weight->dims[from];
        }
      dims.push_back(dim);
    }
  }
  weight->dims = std::move(dims);
  return weight;
}

bool isZero(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    value = fill.getInputs().front();
  if (matchPattern(value, m_AnyZeroFloat()))
    return true;
  DenseElementsAttr dense;
  return matchPattern(value, m_Constant(&dense)) && dense.isSplat() &&
         isa<FloatType>(dense.getElementType()) &&
         dense.getSplatValue<APFloat>().isZero();
}

struct ConvertProducts
    : kernel::impl::ConvertProductsToKernelPassBase<ConvertProducts> {
  void getDependentDialects(DialectRegistry &registry) const override {
    ConvertProductsToKernelPassBase::getDependentDialects(registry);
    registerTileSources(registry);
    registerBufferization(registry);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto bytes = module->getAttrOfType<IntegerAttr>("kernel.weights_bytes");
    if (!bytes) {
      module.emitError("has weights without places; run --kernel-plan-weights "
                       "before --convert-products-to-kernel");
      return signalPassFailure();
    }
    protectArguments(module);
    separateResults(module);
    if (failed(decomposeAggregates(module)))
      return signalPassFailure();
    if (bytes.getInt() == 0)
      return;
    OpBuilder b(&getContext());
    b.setInsertionPointToStart(module.getBody());
    packedType = MemRefType::get({bytes.getInt()}, b.getI8Type());
    memref::GlobalOp::create(b, module.getLoc(), kPackedWeights,
                             b.getStringAttr("private"), packedType,
                             /*initial_value=*/Attribute(), /*constant=*/false,
                             b.getI64IntegerAttr(64));

    SmallVector<Operation *> ops;
    module.walk([&](Operation *op) {
      if (isa<linalg::LinalgOp, nn::LinearOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      if (auto linear = dyn_cast<nn::LinearOp>(op))
        convertLinear(linear);
      else
        convertContraction(cast<linalg::LinalgOp>(op));
    }
    // Reshapes and transposes of what is a product's now.
    module.walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
      if (isa<linalg::TransposeOp, tensor::ExpandShapeOp,
              tensor::CollapseShapeOp>(op) &&
          op->use_empty())
        op->erase();
    });
    SmallVector<UseOp> uses;
    module.walk([&](UseOp use) { uses.push_back(use); });
    bool failedAny = false;
    for (UseOp use : uses)
      failedAny |= failed(convertUse(use));
    if (failedAny)
      signalPassFailure();
  }

  /// A caller's const pointers stay const.
  static void protectArguments(ModuleOp module) {
    for (auto function : module.getOps<func::FuncOp>()) {
      if (function.isExternal() || !function.isPublic())
        continue;
      for (unsigned i = 0; i < function.getNumArguments(); ++i)
        if (isa<TensorType>(function.getArgument(i).getType()))
          function.setArgAttr(
              i, bufferization::BufferizationDialect::kWritableAttrName,
              BoolAttr::get(module.getContext(), false));
    }
  }

  /// A caller's results are buffers of their own: a tensor that is returned
  /// again is returned as a copy.
  static void separateResults(ModuleOp module) {
    module.walk([](func::ReturnOp op) {
      llvm::SmallDenseSet<Value> seen;
      OpBuilder b(op);
      for (OpOperand &operand : op->getOpOperands()) {
        auto type = dyn_cast<RankedTensorType>(operand.get().getType());
        if (type && type.hasStaticShape() && !seen.insert(operand.get()).second)
          operand.set(bufferization::AllocTensorOp::create(
              b, op.getLoc(), type, ValueRange(), operand.get()));
      }
    });
  }

  static LogicalResult decomposeAggregates(ModuleOp module) {
    SmallVector<linalg::AggregatedOpInterface> ops;
    module.walk([&](linalg::AggregatedOpInterface op) { ops.push_back(op); });
    for (linalg::AggregatedOpInterface op : ops) {
      OpBuilder b(op);
      FailureOr<SmallVector<Value>> values = op.decomposeOperation(b);
      if (failed(values))
        return op->emitOpError("cannot be decomposed");
      op->replaceAllUsesWith(*values);
      op->erase();
    }
    return success();
  }

  WeightOp lookup(UseOp use) {
    return SymbolTable::lookupNearestSymbolFrom<WeightOp>(use,
                                                          use.getWeightAttr());
  }
  static PlaceAttr getPlace(WeightOp weight) {
    return weight->getAttrOfType<PlaceAttr>("kernel.place");
  }

  Value packed(OpBuilder &b, Location loc) {
    return memref::GetGlobalOp::create(b, loc, packedType, kPackedWeights);
  }

  /// input [tokens, inputs] times the weight, into `empty` where it is given.
  Value multiply(OpBuilder &b, Location loc, UseOp use, Value input,
                 Value empty = {}) {
    int64_t outputs = cast<RankedTensorType>(use.getType()).getDimSize(0);
    OpFoldResult tokens = tensor::getMixedSize(b, loc, input, 0);
    if (!empty)
      empty = tensor::EmptyOp::create(
          b, loc, ArrayRef<OpFoldResult>{tokens, b.getIndexAttr(outputs)},
          b.getF32Type());
    SmallVector<Value> offsets;
    for (Attribute part : getParts(lookup(use)))
      offsets.push_back(arith::ConstantIndexOp::create(
          b, loc, cast<PartAttr>(part).getOffset()));
    return MultiplyOp::create(b, loc, empty.getType(), use.getWeightAttr(),
                              packed(b, loc), offsets, input, empty,
                              /*tokens=*/Value())
        .getResult(0);
  }

  void convertLinear(nn::LinearOp op) {
    auto use = op.getWeight().getDefiningOp<UseOp>();
    if (!use || !getPlace(lookup(use)))
      return;
    OpBuilder b(op);
    Location loc = op.getLoc();
    Value result = multiply(b, loc, use, op.getInput());
    if (Value bias = op.getBias())
      result = addBias(b, loc, result, bias);
    if (result.getType() != op.getType())
      result = tensor::CastOp::create(b, loc, op.getType(), result);
    op.getResult().replaceAllUsesWith(result);
    op->erase();
  }

  /// A contraction whose weight is [outputs, inputs] and whose other operand
  /// has the inputs last.
  void convertContraction(linalg::LinalgOp op) {
    if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
        op->getNumResults() != 1 || !linalg::isaContractionOpInterface(op))
      return;
    for (unsigned side = 0; side < 2; ++side) {
      OpOperand *matrix = op.getDpsInputOperand(1 - side);
      OpOperand *other = op.getDpsInputOperand(side);
      std::optional<WeightOperand> weight = getWeight(matrix->get());
      if (!weight)
        continue;
      WeightOp symbol = lookup(weight->use);
      auto type = cast<RankedTensorType>(weight->use.getType());
      auto input = dyn_cast<RankedTensorType>(other->get().getType());
      if (!symbol || !getPlace(symbol) || type.getRank() != 2 || !input ||
          input.getRank() < 1 || !input.getElementType().isF32())
        continue;
      SmallVector<unsigned> w, x, y;
      if (!getDims(op.getMatchingIndexingMap(matrix), w) ||
          !getDims(op.getMatchingIndexingMap(other), x) ||
          !getDims(op.getMatchingIndexingMap(op.getDpsInitOperand(0)), y))
        continue;
      // Loops of the weight's rows and of its columns, in their order.
      SmallVector<std::pair<int64_t, unsigned>> parts[2];
      for (auto [loop, dim] : llvm::zip_equal(w, weight->dims))
        if (dim.of >= 0)
          parts[dim.of].push_back({dim.position, loop});
      SmallVector<unsigned> loops[2];
      for (unsigned of : {0, 1}) {
        llvm::sort(parts[of]);
        llvm::append_range(loops[of], llvm::make_second_range(parts[of]));
      }
      auto endsWith = [](ArrayRef<unsigned> all, ArrayRef<unsigned> last) {
        return all.size() >= last.size() && all.take_back(last.size()) == last;
      };
      // The weight is [o…, k…], x = [t…, k…], y = [t…, o…].
      if (!endsWith(x, loops[1]) || !endsWith(y, loops[0]) ||
          ArrayRef(x).drop_back(loops[1].size()) !=
              ArrayRef(y).drop_back(loops[0].size()))
        continue;
      return replace(op, weight->use, other->get(), x.size() - loops[1].size());
    }
  }

  static bool getDims(AffineMap map, SmallVectorImpl<unsigned> &dims) {
    for (AffineExpr expression : map.getResults()) {
      auto dim = dyn_cast<AffineDimExpr>(expression);
      if (!dim)
        return false;
      dims.push_back(dim.getPosition());
    }
    return true;
  }

  /// The first `tokens` dimensions of x and of the result are tokens.
  void replace(linalg::LinalgOp op, UseOp use, Value x, int64_t tokens) {
    OpBuilder b(op);
    Location loc = op.getLoc();
    Value init = op.getDpsInitOperand(0)->get();
    auto inputType = cast<RankedTensorType>(x.getType());
    auto outputType = cast<RankedTensorType>(init.getType());
    auto groupsOf = [&](int64_t rank) {
      SmallVector<ReassociationIndices> groups(tokens ? 2 : 1);
      for (int64_t dim = 0; dim < rank; ++dim)
        groups[tokens && dim >= tokens].push_back(dim);
      return groups;
    };
    bool isMatrix = tokens == 1 && outputType.getRank() == 2;
    if (inputType.getRank() != (tokens ? 2 : 1))
      x = tensor::CollapseShapeOp::create(b, loc, x,
                                          groupsOf(inputType.getRank()));
    SmallVector<ReassociationIndices> vector = {{0, 1}};
    if (!tokens)
      x = tensor::ExpandShapeOp::create(
          b, loc,
          RankedTensorType::get(
              {1, cast<RankedTensorType>(x.getType()).getDimSize(0)},
              b.getF32Type()),
          x, vector);
    Value into;
    if (auto fill = init.getDefiningOp<linalg::FillOp>(); fill && isMatrix)
      into = fill.getOutputs().front();
    Value result = multiply(b, loc, use, x, into);
    if (!tokens)
      result = tensor::CollapseShapeOp::create(b, loc, result, vector);
    if (outputType.getRank() != (tokens ? 2 : 1))
      result = tensor::ExpandShapeOp::create(
          b, loc, outputType, result, groupsOf(outputType.getRank()),
          tensor::getMixedSizes(b, loc, init));
    if (result.getType() != outputType)
      result = tensor::CastOp::create(b, loc, outputType, result);
    if (!isZero(init))
      result = arith::AddFOp::create(b, loc, init, result);
    op->getResult(0).replaceAllUsesWith(result);
    op->erase();
  }

  /// An op that is no product takes the dense matrix, made anew at each call.
  LogicalResult expand(UseOp use, WeightOp weight,
                       const PlannedWeight &planned) {
    auto type = cast<RankedTensorType>(use.getType());
    if (type.getRank() != 2 ||
        planned.layout.nodes.front().value != weight.getResultValue())
      return (*use->user_begin())->emitError("needs the dense tensor of @")
             << weight.getSymName()
             << ", which is a sum, a product, permuted or of another rank than "
                "2; only products with it have a lowering";
    PartAttr part = planned.partOf(weight.getResultValue());
    remark::missed(use.getLoc(),
                   remark::RemarkOpts::name("DenseMatrix").category("kernel"))
        << remark::reason("the op is no product of activations with the weight")
        << remark::metric("Weight", weight.getSymName())
        << remark::metric("Op", (*use->user_begin())->getName().getStringRef());
    int64_t rows = type.getDimSize(0);
    ModuleOp module = getOperation();
    OpBuilder b(module.getBody(), module.getBody()->begin());
    std::string name = "rows_" + std::to_string(rows);
    auto indices = MemRefType::get({rows}, b.getI32Type());
    if (!module.lookupSymbol(name))
      memref::GlobalOp::create(
          b, module.getLoc(), name, b.getStringAttr("private"), indices,
          b.getI32TensorAttr(llvm::to_vector(llvm::seq<int32_t>(0, rows))),
          /*constant=*/true, b.getI64IntegerAttr(64));
    b.setInsertionPoint(use);
    Location loc = use.getLoc();
    Value dense =
        tensor::EmptyOp::create(b, loc, type.getShape(), b.getF32Type());
    auto gather = GatherRowsOp::create(
        b, loc, dense.getType(), part.getFormat(), packed(b, loc),
        arith::ConstantIndexOp::create(b, loc, part.getOffset()),
        memref::GetGlobalOp::create(b, loc, indices, name), dense,
        arith::ConstantIndexOp::create(b, loc, rows));
    use.getResult().replaceAllUsesWith(gather->getResult(0));
    use->erase();
    return success();
  }

  /// What is left reads the packed bytes as they lie.
  LogicalResult convertUse(UseOp use) {
    if (use->use_empty()) {
      use->erase();
      return success();
    }
    WeightOp weight = lookup(use);
    FailureOr<PlannedWeight> planned = PlannedWeight::get(weight);
    if (failed(planned))
      return failure();
    auto type = cast<RankedTensorType>(use.getType());
    int64_t at = planned->place.getOffset();
    if (type.getRank() > 1) {
      const PackedLayout::Node &node = planned->layout.nodes.front();
      if (node.tile || !compress::isLeaf(weight.getResultValue()) ||
          !cast<RankedTensorType>(weight.getResultValue().getType())
               .getElementType()
               .isF32())
        return expand(use, weight, *planned);
      at += node.offsets.lookup(node.value.getDefiningOp());
    }
    OpBuilder b(use);
    Location loc = use.getLoc();
    Value view = memref::ViewOp::create(
        b, loc, MemRefType::get(type.getShape(), type.getElementType()),
        packed(b, loc), arith::ConstantIndexOp::create(b, loc, at),
        ValueRange());
    Value tensor = bufferization::ToTensorOp::create(
        b, loc, type, view, /*restrict=*/true, /*writable=*/false);
    use.getResult().replaceAllUsesWith(tensor);
    use->erase();
    return success();
  }

  MemRefType packedType;
};
} // namespace

Value kernel::addBias(OpBuilder &b, Location loc, Value y, Value bias) {
  AffineMap both = b.getMultiDimIdentityMap(2);
  AffineMap channel = AffineMap::get(2, 0, b.getAffineDimExpr(1));
  return linalg::GenericOp::create(
             b, loc, y.getType(), ValueRange{bias}, y,
             ArrayRef<AffineMap>{channel, both},
             SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
             [](OpBuilder &nested, Location at, ValueRange values) {
               Value sum =
                   arith::AddFOp::create(nested, at, values[1], values[0]);
               linalg::YieldOp::create(nested, at, sum);
             })
      .getResult(0);
}
