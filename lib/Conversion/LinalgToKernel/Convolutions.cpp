//===- Convolutions.cpp - Convolutions as products of patches -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Kernel/Transforms/FunctionPasses.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_UNFOLDCONVOLUTIONSPASS
#include "Kernel/Transforms/FunctionPasses.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;

namespace {

/// Pixels of a unit of work, and those of an output that is one unit: its
/// product is shared out by rows of the weight.
constexpr int64_t kTilePixels = 64, kWholePixels = 256;

using Loops = SmallVector<unsigned>;

/// A matrix weight as a filter: the loops of its rows and of its columns.
struct Filter {
  Value matrix;
  Loops outputs, inputs;
};

/// What a dimension of a value is to the matrix behind it.
struct Part {
  enum { Row, Column, Unit } of;
  int64_t position, size;
};

/// The parts that dimensions of a reshaped and transposed weight are.
std::optional<SmallVector<Part>> trace(Value value, Value &matrix) {
  auto type = cast<RankedTensorType>(value.getType());
  if (value.getDefiningOp<compress::UseOp>()) {
    matrix = value;
    if (type.getRank() != 2)
      return std::nullopt;
    return SmallVector<Part>{{Part::Row, 0, type.getDimSize(0)},
                             {Part::Column, 0, type.getDimSize(1)}};
  }
  SmallVector<Part> parts;
  if (auto transpose = value.getDefiningOp<linalg::TransposeOp>()) {
    auto inner = trace(transpose.getInput(), matrix);
    if (inner)
      for (int64_t dim : transpose.getPermutation())
        parts.push_back((*inner)[dim]);
    return inner ? std::optional(parts) : std::nullopt;
  }
  auto expand = value.getDefiningOp<tensor::ExpandShapeOp>();
  auto collapse = value.getDefiningOp<tensor::CollapseShapeOp>();
  if (!expand && !collapse)
    return std::nullopt;
  auto inner = trace(expand ? expand.getSrc() : collapse.getSrc(), matrix);
  if (!inner)
    return std::nullopt;
  for (auto [i, group] :
       llvm::enumerate(expand ? expand.getReassociationIndices()
                              : collapse.getReassociationIndices())) {
    if (expand) {
      for (auto [k, dim] : llvm::enumerate(group)) {
        int64_t size = type.getDimSize(dim);
        if (size == 1)
          parts.push_back({Part::Unit, 0, 1});
        else if (size == (*inner)[i].size)
          parts.push_back((*inner)[i]);
        else
          parts.push_back({(*inner)[i].of, int64_t(k), size});
      }
      continue;
    }
    Part part{Part::Unit, 0, 1};
    for (int64_t dim : group) {
      if ((*inner)[dim].of == Part::Unit)
        continue;
      if (part.of != Part::Unit)
        return std::nullopt;
      part = (*inner)[dim];
    }
    parts.push_back(part);
  }
  return parts;
}

std::optional<Filter> getFilter(linalg::LinalgOp op, OpOperand &operand) {
  Filter filter;
  std::optional<SmallVector<Part>> parts = trace(operand.get(), filter.matrix);
  if (!parts)
    return std::nullopt;
  AffineMap map = op.getMatchingIndexingMap(&operand);
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  SmallVector<std::pair<int64_t, unsigned>> rows, columns;
  for (auto [part, index] : llvm::zip(*parts, map.getResults())) {
    auto loop = dyn_cast<AffineDimExpr>(index);
    if (!loop)
      return std::nullopt;
    bool column = kinds[loop.getPosition()] == utils::IteratorType::reduction;
    if (part.of != Part::Unit && column != (part.of == Part::Column))
      return std::nullopt;
    (column ? columns : rows).push_back({part.position, loop.getPosition()});
  }
  auto inOrder = [](auto &parts) {
    llvm::stable_sort(parts, llvm::less_first());
    Loops loops;
    for (auto [position, loop] : parts)
      loops.push_back(loop);
    return loops;
  };
  filter.outputs = inOrder(rows);
  filter.inputs = inOrder(columns);
  return filter;
}

/// Whether an op sums products of its two inputs.
bool isProduct(linalg::LinalgOp op) {
  Block &body = *op.getBlock();
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1)
    return false;
  auto sum = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum || sum.getLhs() != body.getArgument(2))
    return false;
  auto product = sum.getRhs().getDefiningOp<arith::MulFOp>();
  return product &&
         llvm::is_contained(product.getOperands(),
                            Value(body.getArgument(0))) &&
         llvm::is_contained(product.getOperands(), Value(body.getArgument(1)));
}

bool isZero(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    value = fill.getInputs().front();
  return matchPattern(value, m_AnyZeroFloat());
}

/// The factor of a loop in an index.
int64_t getFactor(AffineExpr expression, unsigned loop, unsigned loops) {
  MLIRContext *context = expression.getContext();
  AffineExpr next = expression.replace(getAffineDimExpr(loop, context),
                                       getAffineDimExpr(loop, context) + 1);
  auto step = dyn_cast<AffineConstantExpr>(
      simplifyAffineExpr(next - expression, loops, 0));
  return step ? step.getValue() : 0;
}

struct Unfolding {
  Unfolding(linalg::LinalgOp op, Filter filter)
      : op(op), filter(filter), b(op), loc(op.getLoc()),
        sizes(op.getStaticLoopRanges()) {}

  LogicalResult run();

private:
  Value transpose(Value value, ArrayRef<int64_t> order) {
    if (llvm::is_sorted(order))
      return value;
    auto type = cast<RankedTensorType>(value.getType());
    Value empty = tensor::EmptyOp::create(
        b, loc, applyPermutation(type.getShape(), order),
        type.getElementType());
    return linalg::TransposeOp::create(b, loc, value, empty, order)
        ->getResult(0);
  }
  int64_t product(const Loops &loops) const {
    int64_t result = 1;
    for (unsigned loop : loops)
      result *= sizes[loop];
    return result;
  }
  /// A tensor with its first `rows` dimensions as one, and the others.
  Value flatten(Value value, size_t rows) {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<ReassociationIndices> groups(2);
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      groups[size_t(dim) >= rows].push_back(dim);
    return type.getRank() == 2 && rows == 1
               ? value
               : tensor::CollapseShapeOp::create(b, loc, value, groups);
  }
  void arrangeInput();
  Value patches(Value x, ArrayRef<OpFoldResult> offsets,
                ArrayRef<int64_t> tile);
  Value multiply(Value x, ArrayRef<OpFoldResult> offsets,
                 ArrayRef<int64_t> tile, Value init);

  linalg::LinalgOp op;
  Filter filter;
  OpBuilder b;
  Location loc;
  SmallVector<int64_t> sizes;
  Loops pixels;
  Value input;                     ///< channels last
  SmallVector<AffineExpr> indices; ///< of the input
  bool zero = false;
};

/// Channels last, and a row's taps with them where they lie one behind
/// another.
void Unfolding::arrangeInput() {
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
  SmallVector<int64_t> order, channels;
  for (auto [dim, index] : llvm::enumerate(map.getResults())) {
    auto loop = dyn_cast<AffineDimExpr>(index);
    bool channel =
        loop && llvm::is_contained(filter.inputs, loop.getPosition());
    (channel ? channels : order).push_back(dim);
  }
  llvm::append_range(order, channels);
  input = transpose(op.getDpsInputs()[0], order);
  for (int64_t dim : order)
    indices.push_back(map.getResult(dim));

  auto type = cast<RankedTensorType>(input.getType());
  if (type.getRank() < 2 || filter.inputs.size() < 2 || channels.size() != 1)
    return;
  unsigned channel = filter.inputs.back();
  unsigned tap = *std::prev(filter.inputs.end(), 2);
  AffineExpr last = indices.back(), row = *std::prev(indices.end(), 2);
  if (last != b.getAffineDimExpr(channel) ||
      getFactor(row, tap, sizes.size()) != 1)
    return;
  int64_t count = type.getDimSize(type.getRank() - 1);
  SmallVector<ReassociationIndices> groups;
  for (int64_t dim = 0; dim + 1 < type.getRank(); ++dim)
    groups.push_back({dim});
  groups.back().push_back(type.getRank() - 1);
  input = tensor::CollapseShapeOp::create(b, loc, input, groups);
  // Tap and channel are one loop now, the channel's.
  row = row.replace(b.getAffineDimExpr(tap), b.getAffineConstantExpr(0));
  indices.pop_back();
  indices.back() = row * count + b.getAffineDimExpr(channel);
  sizes[channel] *= sizes[tap];
  filter.inputs.pop_back();
  filter.inputs.back() = channel;
}

/// [tile…, inputs…] of the pixels at `offsets`.
Value Unfolding::patches(Value x, ArrayRef<OpFoldResult> offsets,
                         ArrayRef<int64_t> tile) {
  unsigned loops = sizes.size();
  SmallVector<OpFoldResult> from, extents;
  for (AffineExpr index : indices) {
    int64_t extent = 1;
    AffineExpr at = b.getAffineConstantExpr(0);
    SmallVector<OpFoldResult> symbols;
    for (auto [loop, offset, size] : llvm::zip(pixels, offsets, tile)) {
      int64_t factor = getFactor(index, loop, loops);
      extent += factor * (size - 1);
      if (!factor)
        continue;
      at = at + b.getAffineSymbolExpr(symbols.size()) * factor;
      symbols.push_back(offset);
    }
    for (unsigned loop : filter.inputs)
      extent += getFactor(index, loop, loops) * (sizes[loop] - 1);
    from.push_back(affine::makeComposedFoldedAffineApply(
        b, loc, AffineMap::get(0, symbols.size(), at), symbols));
    extents.push_back(b.getIndexAttr(extent));
  }
  SmallVector<OpFoldResult> ones(indices.size(), b.getIndexAttr(1));
  x = tensor::ExtractSliceOp::create(b, loc, x, from, extents, ones);

  // The op's loops, as those of the patches.
  SmallVector<AffineExpr> renamed(loops, b.getAffineConstantExpr(0));
  SmallVector<int64_t> shape(tile);
  for (auto [i, loop] : llvm::enumerate(pixels))
    renamed[loop] = b.getAffineDimExpr(i);
  for (auto [i, loop] : llvm::enumerate(filter.inputs)) {
    renamed[loop] = b.getAffineDimExpr(pixels.size() + i);
    shape.push_back(sizes[loop]);
  }
  SmallVector<AffineExpr> results;
  for (AffineExpr index : indices)
    results.push_back(index.replaceDims(renamed));
  auto map = AffineMap::get(shape.size(), 0, results, b.getContext());
  if (map.isIdentity())
    return x;
  Value empty = tensor::EmptyOp::create(b, loc, shape, b.getF32Type());
  return linalg::GenericOp::create(
             b, loc, empty.getType(), x, empty,
             {map, b.getMultiDimIdentityMap(shape.size())},
             SmallVector<utils::IteratorType>(shape.size(),
                                              utils::IteratorType::parallel),
             [](OpBuilder &nested, Location at, ValueRange values) {
               linalg::YieldOp::create(nested, at, values.front());
             })
      .getResult(0);
}

/// [tile…, outputs]
Value Unfolding::multiply(Value x, ArrayRef<OpFoldResult> offsets,
                          ArrayRef<int64_t> tile, Value init) {
  Value rows = flatten(patches(x, offsets, tile), tile.size());
  auto type = cast<RankedTensorType>(init.getType());
  Value start = flatten(init, tile.size());
  if (zero)
    start =
        linalg::FillOp::create(
            b, loc,
            arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0)).getResult(),
            start)
            .getResult(0);
  AffineExpr t, o, k;
  bindDims(b.getContext(), t, o, k);
  SmallVector<AffineMap> maps;
  for (auto [first, second] : {std::pair(t, k), {o, k}, {t, o}})
    maps.push_back(AffineMap::get(3, 0, {first, second}, b.getContext()));
  using utils::IteratorType;
  Value y =
      linalg::GenericOp::create(
          b, loc, start.getType(), ValueRange{rows, filter.matrix}, start, maps,
          {IteratorType::parallel, IteratorType::parallel,
           IteratorType::reduction},
          [](OpBuilder &nested, Location at, ValueRange values) {
            Value term =
                arith::MulFOp::create(nested, at, values[0], values[1]);
            Value sum = arith::AddFOp::create(nested, at, values[2], term);
            linalg::YieldOp::create(nested, at, sum);
          })
          .getResult(0);
  if (y.getType() == type)
    return y;
  SmallVector<ReassociationIndices> groups(2);
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    groups[size_t(dim) >= tile.size()].push_back(dim);
  return tensor::ExpandShapeOp::create(b, loc, type, y, groups);
}

LogicalResult Unfolding::run() {
  if (llvm::is_contained(sizes, ShapedType::kDynamic))
    return failure();
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  // Outputs last.
  SmallVector<int64_t> order, last;
  Loops outputs;
  for (auto [dim, index] : llvm::enumerate(map.getResults())) {
    auto loop = dyn_cast<AffineDimExpr>(index);
    if (!loop)
      return failure();
    bool output = llvm::is_contained(filter.outputs, loop.getPosition());
    (output ? last : order).push_back(dim);
    (output ? outputs : pixels).push_back(loop.getPosition());
  }
  AffineMap from = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
  if (outputs != filter.outputs || pixels.empty() || filter.inputs.empty() ||
      llvm::any_of(outputs,
                   [&](unsigned loop) { return from.isFunctionOfDim(loop); }))
    return failure();
  for (OpOperand *operand : op.getDpsInputOperands())
    if (!cast<ShapedType>(operand->get().getType()).getElementType().isF32())
      return failure();
  llvm::append_range(order, last);
  zero = isZero(op.getDpsInits()[0]);
  arrangeInput();

  SmallVector<int64_t> shape, all;
  for (unsigned loop : pixels)
    shape.push_back(sizes[loop]);
  all = shape;
  Value init;
  if (zero) {
    for (unsigned loop : outputs)
      all.push_back(sizes[loop]);
    init = tensor::EmptyOp::create(b, loc, all, b.getF32Type());
  } else {
    init = transpose(op.getDpsInits()[0], order);
  }

  SmallVector<int64_t> tile(shape.size(), 1), counts;
  int64_t pixelsOfTile = 1;
  for (size_t dim = shape.size(); dim-- > 0;) {
    int64_t part = shape[dim];
    while (shape[dim] % part || pixelsOfTile * part > kTilePixels)
      --part;
    tile[dim] = part;
    pixelsOfTile *= part;
    if (part != shape[dim])
      break;
  }
  Value result;
  if (product(pixels) <= kWholePixels) {
    SmallVector<OpFoldResult> offsets(shape.size(), b.getIndexAttr(0));
    result = multiply(input, offsets, shape, init);
  } else {
    SmallVector<OpFoldResult> bounds;
    for (auto [size, part] : llvm::zip(shape, tile))
      bounds.push_back(b.getIndexAttr(size / part));
    SmallVector<Attribute> mapping;
    for (size_t dim = 0; dim < bounds.size(); ++dim)
      mapping.push_back(SplitAttr::get(b.getContext(), dim, 1));
    auto forall =
        scf::ForallOp::create(b, loc, bounds, init, b.getArrayAttr(mapping));
    b.setInsertionPointToStart(forall.getBody());
    SmallVector<OpFoldResult> offsets, extents;
    for (auto [index, part] : llvm::zip(forall.getInductionVars(), tile)) {
      offsets.push_back(affine::makeComposedFoldedAffineApply(
          b, loc, b.getAffineDimExpr(0) * part, {index}));
      extents.push_back(b.getIndexAttr(part));
    }
    SmallVector<OpFoldResult> from(offsets), to(extents);
    for (unsigned loop : outputs) {
      from.push_back(b.getIndexAttr(0));
      to.push_back(b.getIndexAttr(sizes[loop]));
    }
    SmallVector<OpFoldResult> ones(from.size(), b.getIndexAttr(1));
    Value part = tensor::ExtractSliceOp::create(
        b, loc, forall.getRegionIterArgs().front(), from, to, ones);
    Value made = multiply(input, offsets, tile, part);
    b.setInsertionPointToStart(forall.getTerminator().getBody());
    tensor::ParallelInsertSliceOp::create(
        b, loc, made, forall.getRegionIterArgs().front(), from, to, ones);
    result = forall.getResult(0);
    b.setInsertionPoint(op);
  }
  op->getResult(0).replaceAllUsesWith(
      transpose(result, invertPermutationVector(order)));
  op->erase();
  return success();
}

struct UnfoldConvolutions
    : kernel::impl::UnfoldConvolutionsPassBase<UnfoldConvolutions> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (op.hasPureTensorSemantics() && isProduct(op) &&
          !linalg::isaContractionOpInterface(op))
        ops.push_back(op);
    });
    for (linalg::LinalgOp op : ops)
      if (std::optional<Filter> filter =
              getFilter(op, *op.getDpsInputOperand(1)))
        (void)Unfolding(op, *filter).run();
  }
};
} // namespace
