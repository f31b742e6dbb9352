//===- LinalgToVector.cpp - Linalg on buffers as loops over vectors -------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream's vectorizer takes ops of the size of a vector whose maps are
// permutations. Here one loop is taken in strips of sixteen, whatever the maps
// are: a strided operand is gathered, a constant one splat.
//
//===----------------------------------------------------------------------===//

#include "Kernel/Transforms/FunctionPasses.h"
#include "compress/Conversion/CodeBuilder.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_CONVERTLINALGTOVECTORPASS
#include "Kernel/Transforms/FunctionPasses.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;

namespace {

/// Iterations that are worth a thread's trouble, and those of one unit of work.
constexpr int64_t kSharedIterations = 4096, kUnitIterations = 2048;

/// How an operand varies along a loop.
enum class Access { Constant, Contiguous, Strided };

Access getAccess(linalg::GenericOp op, OpOperand &operand, unsigned dim) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (!map.isFunctionOfDim(dim))
    return Access::Constant;
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  // A vector of bits is packed, a buffer of them is not.
  if (!type || !type.isLastDimUnitStride() ||
      type.getElementType().isInteger(1))
    return Access::Strided;
  MLIRContext *context = op.getContext();
  for (AffineExpr expression : map.getResults().drop_back())
    if (expression.isFunctionOfDim(dim))
      return Access::Strided;
  // The last index moves by one as the loop does.
  AffineExpr last = map.getResults().back();
  AffineExpr next = last.replace(getAffineDimExpr(dim, context),
                                 getAffineDimExpr(dim, context) + 1);
  AffineExpr step = simplifyAffineExpr(next - last, map.getNumDims(), 0);
  auto constant = dyn_cast<AffineConstantExpr>(step);
  return constant && constant.getValue() == 1 ? Access::Contiguous
                                              : Access::Strided;
}

/// The op that adds to a result what the body makes, and its other operand.
Operation *getCombiner(linalg::GenericOp op, unsigned result) {
  SmallVector<Operation *> combiners;
  SmallVector<BlockArgument> carried(op.getRegionOutputArgs());
  if (!matchReduction(carried, result, combiners) || combiners.size() != 1)
    return nullptr;
  return combiners.front();
}

std::optional<vector::CombiningKind> getKind(Operation *combiner) {
  using vector::CombiningKind;
  return llvm::TypeSwitch<Operation *, std::optional<CombiningKind>>(combiner)
      .Case<arith::AddFOp, arith::AddIOp>(
          [](auto) { return CombiningKind::ADD; })
      .Case<arith::MulFOp, arith::MulIOp>(
          [](auto) { return CombiningKind::MUL; })
      .Case([](arith::MaximumFOp) { return CombiningKind::MAXIMUMF; })
      .Case([](arith::MinimumFOp) { return CombiningKind::MINIMUMF; })
      .Case([](arith::MaxNumFOp) { return CombiningKind::MAXNUMF; })
      .Case([](arith::MinNumFOp) { return CombiningKind::MINNUMF; })
      .Case([](arith::MaxSIOp) { return CombiningKind::MAXSI; })
      .Case([](arith::MinSIOp) { return CombiningKind::MINSI; })
      .Default([](Operation *) { return std::nullopt; });
}

/// Whether the body can be said of sixteen elements.
bool hasVectorBody(linalg::GenericOp op) {
  auto isElement = [](Type type) {
    return type.isIntOrIndexOrFloat() &&
           (type.isIndex() || type.getIntOrFloatBitWidth() <= 64);
  };
  for (Value operand : op->getOperands()) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (type ? !isElement(type.getElementType())
             : !isElement(operand.getType()))
      return false;
  }
  return llvm::all_of(op.getBody()->without_terminator(),
                      [&](Operation &inner) {
                        return isa<linalg::IndexOp>(inner) ||
                               inner.hasTrait<OpTrait::ConstantLike>() ||
                               (OpTrait::hasElementwiseMappableTraits(&inner) &&
                                inner.getNumResults() == 1);
                      });
}

class LoopNest : CodeBuilder {
public:
  LoopNest(OpBuilder &builder, linalg::GenericOp op)
      : CodeBuilder(builder, op.getLoc()), op(op) {
    auto structured = cast<linalg::LinalgOp>(op.getOperation());
    for (Range range : structured.createLoopRanges(builder, loc))
      sizes.push_back(range.size);
    indices.resize(sizes.size());
    for (auto [dim, kind] : llvm::enumerate(op.getIteratorTypesArray()))
      (kind == utils::IteratorType::parallel ? parallel : reductions)
          .push_back(dim);
  }

  /// Chooses the loop of the vectors; fails where there is none.
  LogicalResult plan();
  void emit(bool shared);

private:
  /// Copies of the body at once: of `rows` iterations of the jammed loop and
  /// `strips` of the vector loop.
  struct Block {
    int64_t rows = 1, strips = 1;
    Value mask;  ///< of the last strip, or null
    Value valid; ///< elements of the last strip
  };

  int64_t staticSize(unsigned dim) const {
    return getConstantIntValue(sizes[dim]).value_or(ShapedType::kDynamic);
  }
  Value size(unsigned dim) {
    return getValueOrCreateConstantIndexOp(builder, loc, sizes[dim]);
  }
  bool isReduction() const { return llvm::is_contained(reductions, vectorDim); }
  VectorType vectorOf(Type element) {
    return VectorType::get({kLanes}, element);
  }
  Value vectorize(Value value) {
    return isa<VectorType>(value.getType())
               ? value
               : splat(vectorOf(value.getType()), value);
  }

  void chooseJam();
  void parallelLoops(ArrayRef<unsigned> dims);
  void parallelBody();
  void stripLoop(Value begin, Value end,
                 llvm::function_ref<void(const Block &)> body);
  void parallelStrips(const Block &block);
  void reduceStrips();
  SmallVector<Value>
  reductionLoops(ArrayRef<unsigned> dims, ValueRange carried,
                 llvm::function_ref<SmallVector<Value>(ValueRange)> body);
  SmallVector<Value> at(OpOperand &operand, int64_t row, int64_t strip);
  Value load(OpOperand &operand, int64_t row, const Block &block,
             int64_t strip);
  void store(Value value, OpOperand &operand, int64_t row, const Block &block,
             int64_t strip);
  /// The body on values of the inputs and outputs, to the yielded ones.
  SmallVector<Value> body(ValueRange arguments, int64_t row, int64_t strip);
  /// The body of all rows and strips; `carried` are the outputs' values.
  SmallVector<Value> bodies(const Block &block, ValueRange carried);
  Value indexOf(unsigned dim, int64_t row, int64_t strip);
  bool usesOutputs() {
    return llvm::any_of(op.getRegionOutputArgs(), [](BlockArgument argument) {
      return !argument.use_empty();
    });
  }

  linalg::GenericOp op;
  SmallVector<OpFoldResult> sizes;
  SmallVector<unsigned> parallel, reductions;
  SmallVector<Value> indices;
  unsigned vectorDim = 0;
  std::optional<unsigned> jamDim;
  int64_t jamRows = 1, jamStrips = 1;
  Value stripBegin, stripEnd; ///< of a unit that has a part of the vector loop
  llvm::SmallDenseMap<OpOperand *, Value> loaded; ///< before the vector loop
};

LogicalResult LoopNest::plan() {
  if (!hasVectorBody(op))
    return failure();
  int64_t bestCost = -1;
  bool reducible = llvm::all_of(llvm::seq<unsigned>(0, op.getNumDpsInits()),
                                [&](unsigned i) {
                                  Operation *combiner = getCombiner(op, i);
                                  return combiner && getKind(combiner);
                                });
  for (unsigned dim = 0; dim < sizes.size(); ++dim) {
    bool reduction = llvm::is_contained(reductions, dim);
    if (reduction && !reducible)
      continue;
    int64_t size = staticSize(dim);
    if (size == 1 && sizes.size() > 1)
      continue;
    int64_t cost = reduction ? 2 : 1;
    bool any = false;
    for (OpOperand &operand : op->getOpOperands()) {
      Access access = getAccess(op, operand, dim);
      any |= access == Access::Contiguous;
      if (access == Access::Strided)
        cost += op.isDpsInit(&operand) ? 64 : 16;
    }
    // Short strips leave lanes idle.
    if (size != ShapedType::kDynamic && size < kLanes)
      cost += kLanes / size;
    if (any && (bestCost < 0 || cost < bestCost)) {
      bestCost = cost;
      vectorDim = dim;
    }
  }
  // Sixteen gathers and scatters are no better than a loop.
  if (bestCost < 0 || bestCost >= 64)
    return failure();
  llvm::erase(parallel, vectorDim);
  chooseJam();
  return success();
}

/// A product reads an operand once for several rows of the other.
void LoopNest::chooseJam() {
  if (reductions.empty() || op.getNumDpsInputs() < 2 ||
      op.getNumDpsInits() != 1)
    return;
  for (unsigned dim : parallel) {
    int64_t size = staticSize(dim);
    bool reused = llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *input) {
      return getAccess(op, *input, dim) == Access::Constant &&
             getAccess(op, *input, vectorDim) != Access::Constant;
    });
    if (!reused || size == ShapedType::kDynamic)
      continue;
    for (int64_t rows : {8, 7, 6, 5, 4, 3, 2})
      if (size % rows == 0 && rows > jamRows) {
        jamRows = rows;
        jamDim = dim;
        break;
      }
  }
  int64_t size = staticSize(vectorDim);
  if (!isReduction() && size != ShapedType::kDynamic &&
      size % (2 * kLanes) == 0 && jamRows > 1)
    jamStrips = 2;
}

/// Outer loops become units of threads as far as their bodies stay large
/// enough; the rest are loops.
void LoopNest::emit(bool shared) {
  int64_t total = 1;
  for (unsigned dim = 0; dim < sizes.size(); ++dim)
    total *= staticSize(dim) == ShapedType::kDynamic ? kUnitIterations
                                                     : staticSize(dim);
  if (!shared || total < kSharedIterations)
    return parallelLoops(parallel);
  SmallVector<Value> counts;
  SmallVector<unsigned> units, rest;
  int64_t inner = total;
  for (unsigned dim : parallel) {
    if (inner < 2 * kUnitIterations) {
      rest.push_back(dim);
      continue;
    }
    int64_t step = dim == jamDim ? jamRows : 1;
    int64_t count = staticSize(dim);
    units.push_back(dim);
    counts.push_back(step == 1 ? size(dim) : index(count / step));
    count /= step;
    inner /= count == ShapedType::kDynamic ? kUnitIterations
                                           : std::max<int64_t>(count, 1);
  }
  // The vector's own loop is cut where nothing else is left.
  bool cut = inner >= 4 * kUnitIterations && !isReduction();
  int64_t part =
      llvm::alignTo(std::max<int64_t>(1, kUnitIterations *
                                             (staticSize(vectorDim) < 0
                                                  ? kUnitIterations
                                                  : staticSize(vectorDim)) /
                                             std::max<int64_t>(1, inner)),
                    8 * kLanes);
  cut &= staticSize(vectorDim) == ShapedType::kDynamic ||
         staticSize(vectorDim) > part;
  if (cut)
    counts.push_back(div(add(size(vectorDim), index(part - 1)), index(part)));
  if (counts.empty())
    return parallelLoops(rest);
  // Whole rows go to the thread that other ops give the same rows, so that
  // threads need not meet between; other units to whom has time.
  bool rows =
      !cut && units.size() == 1 &&
      llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &output) {
        AffineMap map = op.getMatchingIndexingMap(&output);
        return map.getNumResults() == 2 &&
               map.getResult(0) == builder.getAffineDimExpr(units.front());
      });
  forall(
      counts,
      [&](ArrayRef<Value> at) {
        for (auto [dim, unit] : llvm::zip(units, at))
          indices[dim] = dim == jamDim ? mul(unit, index(jamRows)) : unit;
        if (cut) {
          stripBegin = mul(at.back(), index(part));
          stripEnd = arith::MinUIOp::create(
              builder, loc, add(stripBegin, index(part)), size(vectorDim));
        }
        parallelLoops(rest);
      },
      /*grain=*/rows && !jamDim ? 0 : 1);
}

void LoopNest::parallelLoops(ArrayRef<unsigned> dims) {
  if (dims.empty())
    return parallelBody();
  unsigned dim = dims.front();
  loop(index(0), size(dim), dim == jamDim ? jamRows : 1, [&](Value i) {
    indices[dim] = i;
    parallelLoops(dims.drop_front());
  });
}

void LoopNest::parallelBody() {
  if (isReduction())
    return reduceStrips();
  // What does not vary along the strips is loaded before them, and what is
  // made of it moves there.
  loaded.clear();
  if (reductions.empty())
    for (OpOperand *input : op.getDpsInputOperands())
      if (isa<MemRefType>(input->get().getType()) &&
          getAccess(op, *input, vectorDim) == Access::Constant)
        loaded[input] = memref::LoadOp::create(builder, loc, input->get(),
                                               at(*input, 0, 0));
  Value begin = stripBegin ? stripBegin : index(0);
  Value end = stripEnd ? stripEnd : size(vectorDim);
  stripLoop(begin, end, [&](const Block &block) { parallelStrips(block); });
}

/// Strips of [begin, end), the last one masked.
void LoopNest::stripLoop(Value begin, Value end,
                         llvm::function_ref<void(const Block &)> body) {
  int64_t step = kLanes * jamStrips;
  Block block{jamRows, jamStrips, Value(), Value()};
  int64_t fixed = stripEnd ? ShapedType::kDynamic : staticSize(vectorDim);
  auto run = [&](Value from, Value to) {
    loop(from, to, step, [&](Value i) {
      indices[vectorDim] = i;
      body(block);
    });
  };
  if (fixed != ShapedType::kDynamic && fixed % step == 0)
    return run(begin, end);
  Value whole = add(begin, mul(div(sub(end, begin), index(step)), index(step)));
  if (fixed == ShapedType::kDynamic || fixed >= step)
    run(begin, whole);
  loop(whole, end, kLanes, [&](Value i) {
    indices[vectorDim] = i;
    Block last{jamRows, 1, Value(), sub(end, i)};
    last.mask = vector::CreateMaskOp::create(
        builder, loc, VectorType::get({kLanes}, builder.getI1Type()),
        last.valid);
    body(last);
  });
}

Value LoopNest::indexOf(unsigned dim, int64_t row, int64_t strip) {
  if (dim == jamDim && row)
    return add(indices[dim], index(row));
  if (dim == vectorDim && strip)
    return add(indices[dim], index(strip * kLanes));
  return indices[dim];
}

SmallVector<Value> LoopNest::at(OpOperand &operand, int64_t row,
                                int64_t strip) {
  SmallVector<Value> dims, at;
  for (unsigned dim = 0; dim < sizes.size(); ++dim)
    dims.push_back(indices[dim] ? indexOf(dim, row, strip) : index(0));
  for (AffineExpr expression : op.getMatchingIndexingMap(&operand).getResults())
    at.push_back(affine::expandAffineExpr(builder, loc, expression, dims, {}));
  return at;
}

Value LoopNest::load(OpOperand &operand, int64_t row, const Block &block,
                     int64_t strip) {
  if (!isa<MemRefType>(operand.get().getType()))
    return operand.get();
  if (Value value = loaded.lookup(&operand))
    return value;
  Access access = getAccess(op, operand, vectorDim);
  if (access == Access::Constant)
    return memref::LoadOp::create(builder, loc, operand.get(),
                                  at(operand, row, strip));
  VectorType type =
      vectorOf(cast<MemRefType>(operand.get().getType()).getElementType());
  if (access == Access::Contiguous) {
    SmallVector<Value> from = at(operand, row, strip);
    if (!block.mask)
      return vector::LoadOp::create(builder, loc, type, operand.get(), from);
    Value pad = arith::ConstantOp::create(
        builder, loc, type, cast<TypedAttr>(builder.getZeroAttr(type)));
    return vector::MaskedLoadOp::create(builder, loc, type, operand.get(), from,
                                        block.mask, pad);
  }
  // Lanes behind the end read the last element again.
  Value first = indices[vectorDim];
  SmallVector<Value> lanes;
  for (int64_t lane = 0; lane < kLanes; ++lane) {
    Value offset = index(lane);
    if (block.valid)
      offset = arith::MinUIOp::create(builder, loc, offset,
                                      sub(block.valid, index(1)));
    indices[vectorDim] = add(first, offset);
    lanes.push_back(memref::LoadOp::create(builder, loc, operand.get(),
                                           at(operand, row, strip)));
  }
  indices[vectorDim] = first;
  return vector::FromElementsOp::create(builder, loc, type, lanes);
}

void LoopNest::store(Value value, OpOperand &operand, int64_t row,
                     const Block &block, int64_t strip) {
  value = vectorize(value);
  if (getAccess(op, operand, vectorDim) == Access::Strided) {
    // A scatter, of bits mostly.
    Value first = indices[vectorDim];
    Value count = block.valid ? block.valid : index(kLanes);
    loop(index(0), count, 1, [&](Value lane) {
      indices[vectorDim] = add(first, lane);
      Value element = vector::ExtractOp::create(builder, loc, value, lane);
      memref::StoreOp::create(builder, loc, element, operand.get(),
                              at(operand, row, strip));
    });
    indices[vectorDim] = first;
    return;
  }
  SmallVector<Value> to = at(operand, row, strip);
  if (block.mask)
    vector::MaskedStoreOp::create(builder, loc, operand.get(), to, block.mask,
                                  value);
  else
    vector::StoreOp::create(builder, loc, value, operand.get(), to);
}

SmallVector<Value> LoopNest::body(ValueRange arguments, int64_t row,
                                  int64_t strip) {
  IRMapping map;
  map.map(op.getBody()->getArguments(), arguments);
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (auto position = dyn_cast<linalg::IndexOp>(inner)) {
      unsigned dim = position.getDim();
      Value value = indexOf(dim, row, strip);
      if (dim == vectorDim) {
        VectorType type = vectorOf(builder.getIndexType());
        value =
            arith::AddIOp::create(builder, loc, splat(type, value),
                                  vector::StepOp::create(builder, loc, type));
      }
      map.map(position.getResult(), value);
      continue;
    }
    // A product that is added is rounded once.
    if (auto sum = dyn_cast<arith::AddFOp>(inner);
        sum && !reductions.empty() && op.getNumDpsInputs() > 1)
      if (auto product = sum.getRhs().getDefiningOp<arith::MulFOp>();
          product && product->hasOneUse()) {
        Value a = map.lookup(product.getLhs()),
              b = map.lookup(product.getRhs());
        Value c = map.lookup(sum.getLhs());
        if (isa<VectorType>(a.getType()) || isa<VectorType>(b.getType()) ||
            isa<VectorType>(c.getType())) {
          map.map(sum.getResult(),
                  fma(vectorize(a), vectorize(b), vectorize(c)));
          continue;
        }
      }
    bool isVector = llvm::any_of(inner.getOperands(), [&](Value operand) {
      return isa<VectorType>(map.lookupOrDefault(operand).getType());
    });
    if (!isVector) {
      builder.clone(inner, map);
      continue;
    }
    SmallVector<Value> operands;
    for (Value operand : inner.getOperands())
      operands.push_back(vectorize(map.lookupOrDefault(operand)));
    Operation *vector = builder.create(
        loc, inner.getName().getIdentifier(), operands,
        vectorOf(inner.getResult(0).getType()), inner.getAttrs());
    map.map(inner.getResult(0), vector->getResult(0));
  }
  SmallVector<Value> results;
  for (Value value : op.getBody()->getTerminator()->getOperands())
    results.push_back(vectorize(map.lookupOrDefault(value)));
  return results;
}

SmallVector<Value> LoopNest::bodies(const Block &block, ValueRange carried) {
  // What does not vary along a loop is loaded once for its copies.
  llvm::DenseMap<std::tuple<OpOperand *, int64_t, int64_t>, Value> loaded;
  auto get = [&](OpOperand &operand, int64_t row, int64_t strip) {
    bool scalar = !isa<MemRefType>(operand.get().getType());
    if (scalar || !jamDim ||
        getAccess(op, operand, *jamDim) == Access::Constant)
      row = 0;
    if (scalar || getAccess(op, operand, vectorDim) == Access::Constant)
      strip = 0;
    Value &value = loaded[{&operand, row, strip}];
    if (!value)
      value = load(operand, row, block, strip);
    return value;
  };
  SmallVector<Value> results;
  unsigned outputs = op.getNumDpsInits();
  for (int64_t row = 0; row < block.rows; ++row)
    for (int64_t strip = 0; strip < block.strips; ++strip) {
      SmallVector<Value> arguments;
      for (OpOperand *input : op.getDpsInputOperands())
        arguments.push_back(input->get().getType().isIntOrIndexOrFloat()
                                ? input->get()
                                : get(*input, row, strip));
      unsigned copy = row * block.strips + strip;
      llvm::append_range(arguments, carried.slice(copy * outputs, outputs));
      llvm::append_range(results, body(arguments, row, strip));
    }
  return results;
}

SmallVector<Value> LoopNest::reductionLoops(
    ArrayRef<unsigned> dims, ValueRange carried,
    llvm::function_ref<SmallVector<Value>(ValueRange)> body) {
  if (dims.empty())
    return body(carried);
  return loop(index(0), size(dims.front()), 1, carried,
              [&](Value i, ValueRange inner) {
                indices[dims.front()] = i;
                return reductionLoops(dims.drop_front(), inner, body);
              });
}

/// A block of results, each summed up in its own lane.
void LoopNest::parallelStrips(const Block &block) {
  SmallVector<Value> sums;
  for (int64_t row = 0; row < block.rows; ++row)
    for (int64_t strip = 0; strip < block.strips; ++strip)
      for (OpOperand &output : op.getDpsInitsMutable()) {
        Type element =
            cast<MemRefType>(output.get().getType()).getElementType();
        if (usesOutputs()) {
          sums.push_back(vectorize(load(output, row, block, strip)));
          continue;
        }
        VectorType type = vectorOf(element);
        sums.push_back(arith::ConstantOp::create(
            builder, loc, type, cast<TypedAttr>(builder.getZeroAttr(type))));
      }
  sums = reductionLoops(reductions, sums, [&](ValueRange carried) {
    return bodies(block, carried);
  });
  size_t next = 0;
  for (int64_t row = 0; row < block.rows; ++row)
    for (int64_t strip = 0; strip < block.strips; ++strip)
      for (OpOperand &output : op.getDpsInitsMutable())
        store(sums[next++], output, row, block, strip);
}

/// Sums along the vector's own loop: sixteen partial ones, then a tree.
void LoopNest::reduceStrips() {
  Block whole{jamRows, 1, Value(), Value()};
  unsigned outputs = op.getNumDpsInits();
  SmallVector<Value> sums;
  SmallVector<vector::CombiningKind> kinds;
  for (unsigned i = 0; i < outputs; ++i)
    kinds.push_back(*getKind(getCombiner(op, i)));
  for (int64_t row = 0; row < jamRows; ++row)
    for (unsigned i = 0; i < outputs; ++i) {
      Operation *combiner = getCombiner(op, i);
      Type element = combiner->getResult(0).getType();
      TypedAttr neutral = *arith::getNeutralElement(combiner);
      sums.push_back(arith::ConstantOp::create(
          builder, loc,
          DenseElementsAttr::get(vectorOf(element), Attribute(neutral))));
    }
  SmallVector<unsigned> outer(reductions);
  llvm::erase(outer, vectorDim);
  sums = reductionLoops(outer, sums, [&](ValueRange carried) {
    SmallVector<Value> now(carried);
    Value end = size(vectorDim);
    Value last = mul(div(end, index(kLanes)), index(kLanes));
    now = loop(index(0), last, kLanes, now, [&](Value i, ValueRange inner) {
      indices[vectorDim] = i;
      return bodies(whole, inner);
    });
    if (staticSize(vectorDim) != ShapedType::kDynamic &&
        staticSize(vectorDim) % kLanes == 0)
      return now;
    return loop(last, end, kLanes, now, [&](Value i, ValueRange inner) {
      indices[vectorDim] = i;
      Block tail{jamRows, 1, Value(), sub(end, i)};
      tail.mask = vector::CreateMaskOp::create(
          builder, loc, VectorType::get({kLanes}, builder.getI1Type()),
          tail.valid);
      SmallVector<Value> next = bodies(tail, inner);
      for (auto [value, old] : llvm::zip(next, inner))
        value = arith::SelectOp::create(builder, loc, tail.mask, value, old);
      return next;
    });
  });
  indices[vectorDim] = index(0);
  for (int64_t row = 0; row < jamRows; ++row)
    for (auto [i, output] : llvm::enumerate(op.getDpsInitsMutable())) {
      Value value = vector::ReductionOp::create(
          builder, loc, kinds[i], sums[row * outputs + i],
          kinds[i] == vector::CombiningKind::ADD &&
                  isa<FloatType>(getElementTypeOrSelf(output.get().getType()))
              ? arith::FastMathFlags::reassoc
              : arith::FastMathFlags::none);
      SmallVector<Value> to = at(output, row, 0);
      Value before = memref::LoadOp::create(builder, loc, output.get(), to);
      value = vector::makeArithReduction(builder, loc, kinds[i], value, before);
      memref::StoreOp::create(builder, loc, value, output.get(), to);
    }
}

struct ConvertLinalgToVector
    : kernel::impl::ConvertLinalgToVectorPassBase<ConvertLinalgToVector> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (op.hasPureBufferSemantics())
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : ops) {
      rewriter.setInsertionPoint(op);
      linalg::LinalgOp target = op;
      if (!isa<linalg::GenericOp>(op)) {
        FailureOr<linalg::GenericOp> general =
            linalg::generalizeNamedOp(rewriter, op);
        if (succeeded(general))
          target = *general;
      }
      rewriter.setInsertionPoint(target);
      if (auto generic = dyn_cast<linalg::GenericOp>(target.getOperation())) {
        LoopNest nest(rewriter, generic);
        if (succeeded(nest.plan())) {
          nest.emit(!generic->getParentOfType<scf::ForallOp>());
          rewriter.eraseOp(generic);
          continue;
        }
      }
      if (failed(linalg::linalgOpToLoops(rewriter, target))) {
        target->emitOpError("has no loops");
        return signalPassFailure();
      }
      rewriter.eraseOp(target);
    }
  }
};
} // namespace
