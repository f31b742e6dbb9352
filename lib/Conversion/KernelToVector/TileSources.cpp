//===- TileSources.cpp - Packed forms of the compress dialect's ops -------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "Sources.h"
#include "compress/Conversion/Expander.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/DialectRegistry.h"
#include <cmath>

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::kernel;

namespace {

/// The most elements that an expansion to `destination` may be asked for.
int64_t capacityOf(Value destination) {
  return cast<MemRefType>(destination.getType()).getDimSize(0);
}

/// Whether codes may be absent, which their expansion says by NaN.
bool mayBeAbsent(Value codes) {
  Operation *op = codes.getDefiningOp();
  if (isFloatElement(typeOf(codes).getElementType()))
    return false;
  if (isa<SparseOpInterface>(op))
    return true;
  auto lookup = dyn_cast<LookupOp>(op);
  return lookup && mayBeAbsent(lookup.getCodes());
}

/// What stands where an op puts nothing.
float absentValue(Value result) {
  return isFloatElement(typeOf(result).getElementType()) ? 0.0f : std::nanf("");
}

Value isAbsent(Expander &e, Value code) {
  return arith::CmpFOp::create(e.builder, e.loc, arith::CmpFPredicate::UNO,
                               code, code);
}

//===----------------------------------------------------------------------===//
// Leaves: their elements as stored
//===----------------------------------------------------------------------===//

/// Bytes of a leaf. Codes that straddle bytes are read with the next one, so
/// the last of them has one behind it.
int64_t getLeafBytes(RankedTensorType type) {
  unsigned width = type.getElementTypeBitWidth();
  return getTensorBytes(type) + (width % 8 ? llvm::divideCeil(width, 8u) : 0);
}

LogicalResult expandLeaf(Operation *op, Expander &e, Value begin, Value count,
                         Value destination) {
  RankedTensorType type = typeOf(op->getResult(0));
  Type element = type.getElementType();
  OpBuilder &b = e.builder;
  Location loc = e.loc;
  int64_t elements = type.getNumElements();
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer || integer.getWidth() % 8 == 0) {
    Type signless =
        integer ? Type(b.getIntegerType(integer.getWidth())) : element;
    Value source = e.packed(op, elements, signless);
    bool isSigned = integer && !integer.isUnsigned();
    e.loop(e.index(0), count, 1, [&](Value i) {
      e.store(e.toF32(e.load(source, e.add(begin, i)), isSigned), destination,
              i);
    });
    return success();
  }
  unsigned width = integer.getWidth();
  // A code lies in at most two neighbouring bytes (width ≤ 8) or three.
  Value source = e.packed(op, getLeafBytes(type), b.getI8Type());
  Type i32 = b.getI32Type();
  e.loop(e.index(0), count, 1, [&](Value i) {
    Value bit = e.mul(e.add(begin, i), e.index(width));
    Value byte = e.div(bit, e.index(8));
    Value shift =
        arith::IndexCastOp::create(b, loc, i32, e.rem(bit, e.index(8)));
    Value word = arith::ExtUIOp::create(b, loc, i32, e.load(source, byte));
    for (unsigned more = 1; more * 8 < width + (8 % width ? 7 : 0); ++more) {
      Value next = arith::ExtUIOp::create(
          b, loc, i32, e.load(source, e.add(byte, e.index(more))));
      word = arith::OrIOp::create(
          b, loc, word,
          arith::ShLIOp::create(
              b, loc, next,
              arith::ConstantIntOp::create(b, loc, i32, 8 * more)));
    }
    word = arith::ShRUIOp::create(b, loc, word, shift);
    if (integer.isUnsigned()) {
      word = arith::AndIOp::create(
          b, loc, word,
          arith::ConstantIntOp::create(b, loc, i32, (int64_t(1) << width) - 1));
    } else {
      Value up = arith::ConstantIntOp::create(b, loc, i32, 32 - width);
      word = arith::ShRSIOp::create(
          b, loc, arith::ShLIOp::create(b, loc, word, up), up);
    }
    e.store(e.toF32(word, true), destination, i);
  });
  return success();
}

struct StoredSource : TileSource::ExternalModel<StoredSource, StoredOp> {
  int64_t getPackedBytes(Operation *op) const {
    return getLeafBytes(typeOf(op->getResult(0)));
  }
  LogicalResult pack(Operation *op, ExpressionEvaluator &evaluator,
                     MutableArrayRef<uint8_t> out) const {
    auto stored = cast<StoredOp>(op);
    std::optional<WeightStore::Blob> blob =
        evaluator.getStore().lookup(stored.getKey());
    if (!blob || int64_t(blob->bytes.size()) !=
                     getTensorBytes(typeOf(stored.getResult())))
      return op->emitOpError("names tensor \"")
             << stored.getKey() << "\", which the weight store "
             << (blob ? "has with another size" : "does not have");
    llvm::copy(blob->bytes, out.begin());
    return success();
  }
  LogicalResult expand(Operation *op, Expander &e, Value begin, Value count,
                       Value destination) const {
    return expandLeaf(op, e, begin, count, destination);
  }
};

/// Leaves whose values the IR says.
template <typename Op>
struct WrittenSource : TileSource::ExternalModel<WrittenSource<Op>, Op> {
  int64_t getPackedBytes(Operation *op) const {
    return getLeafBytes(typeOf(op->getResult(0)));
  }
  LogicalResult pack(Operation *op, ExpressionEvaluator &evaluator,
                     MutableArrayRef<uint8_t> out) const {
    RankedTensorType type = typeOf(op->getResult(0));
    FailureOr<std::vector<float>> values =
        evaluator.evaluateRows(op->getResult(0), 0, getRowCount(type));
    if (failed(values))
      return failure();
    llvm::copy(packElements(*values, type.getElementType()), out.begin());
    return success();
  }
  LogicalResult expand(Operation *op, Expander &e, Value begin, Value count,
                       Value destination) const {
    return expandLeaf(op, e, begin, count, destination);
  }
};

/// Ops that pack nothing of their own.
template <typename Model, typename Op>
struct PlainSource : TileSource::ExternalModel<Model, Op> {
  int64_t getPackedBytes(Operation *) const { return 0; }
  LogicalResult pack(Operation *, ExpressionEvaluator &,
                     MutableArrayRef<uint8_t>) const {
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Dequantize, lookup
//===----------------------------------------------------------------------===//

struct DequantizeSource : PlainSource<DequantizeSource, DequantizeOp> {
  LogicalResult expand(Operation *operation, Expander &e, Value begin,
                       Value count, Value destination) const {
    auto op = cast<DequantizeOp>(operation);
    OpBuilder &b = e.builder;
    RankedTensorType codes = typeOf(op.getCodes());
    int64_t columns = codes.getShape().back();
    int64_t group = op.getEffectiveGroupSize();
    int64_t groups = llvm::divideCeil(columns, group);
    if (failed(e.expand(op.getCodes(), begin, count, destination)))
      return failure();
    // Scales of a row, or, in rank 1, of all groups that the range meets.
    Value firstGroup, groupCount;
    if (codes.getRank() == 1) {
      firstGroup = e.div(begin, e.index(group));
      Value last =
          e.div(e.add(e.add(begin, count), e.index(group - 1)), e.index(group));
      groupCount = e.sub(last, firstGroup);
    } else {
      firstGroup = e.mul(e.div(begin, e.index(columns)), e.index(groups));
      groupCount = e.index(groups);
    }
    // A range of rank 1 may begin and end within a group.
    int64_t most = groups;
    if (codes.getRank() == 1)
      most = std::min<int64_t>(
          groups, llvm::divideCeil(capacityOf(destination), group) + 1);
    Value scales = e.buffer(most), moved;
    if (failed(e.expand(op.getScales(), firstGroup, groupCount, scales)))
      return failure();
    if (Value operand = op.getZeros() ? op.getZeros() : op.getOffsets()) {
      moved = e.buffer(most);
      if (failed(e.expand(operand, firstGroup, groupCount, moved)))
        return failure();
    }
    bool absent = mayBeAbsent(op.getCodes());
    auto apply = [&](Value g, Value i) {
      Value code = e.load(destination, i), value = code;
      if (op.getZeros())
        value = arith::SubFOp::create(b, e.loc, value, e.load(moved, g));
      value = arith::MulFOp::create(b, e.loc, value, e.load(scales, g));
      if (op.getOffsets())
        value = arith::AddFOp::create(b, e.loc, value, e.load(moved, g));
      if (absent)
        value = arith::SelectOp::create(b, e.loc, isAbsent(e, code), e.f32(0),
                                        value);
      e.store(value, destination, i);
    };
    if (codes.getRank() == 1) {
      e.loop(e.index(0), count, 1, [&](Value i) {
        apply(e.sub(e.div(e.add(begin, i), e.index(group)), firstGroup), i);
      });
      return success();
    }
    e.loop(e.index(0), e.index(groups), 1, [&](Value g) {
      Value first = e.mul(g, e.index(group));
      Value end = arith::MinUIOp::create(b, e.loc, e.add(first, e.index(group)),
                                         e.index(columns));
      e.loop(first, end, 1, [&](Value i) { apply(g, i); });
    });
    return success();
  }
};

struct LookupSource : PlainSource<LookupSource, LookupOp> {
  LogicalResult expand(Operation *operation, Expander &e, Value begin,
                       Value count, Value destination) const {
    auto op = cast<LookupOp>(operation);
    OpBuilder &b = e.builder;
    RankedTensorType codesType = typeOf(op.getCodes());
    RankedTensorType bookType = typeOf(op.getCodebook());
    int64_t cell = op.getCell(), width = bookType.getDimSize(1);
    int64_t columns = codesType.getShape().back();
    // A range of rank 1 may begin and end within a cell.
    Value firstCode = e.div(begin, e.index(cell));
    Value endCode =
        e.div(e.add(e.add(begin, count), e.index(cell - 1)), e.index(cell));
    Value codes = e.buffer(std::min<int64_t>(
        columns, llvm::divideCeil(capacityOf(destination), cell) + 1));
    if (failed(e.expand(op.getCodes(), firstCode, e.sub(endCode, firstCode),
                        codes)))
      return failure();
    Value book = e.prepared(op.getCodebook());
    Value firstBook = e.index(0);
    int64_t group = columns;
    if (op.getGroupSize()) {
      // The codebooks of this row.
      group = *op.getGroupSize();
      int64_t groups = llvm::divideCeil(columns, group);
      firstBook = e.index(0);
      Value row = e.div(firstCode, e.index(columns));
      book = e.buffer(groups * width);
      Value firstRow = e.mul(row, e.index(groups));
      if (isLeaf(op.getCodebook())) {
        if (failed(e.expand(op.getCodebook(), e.mul(firstRow, e.index(width)),
                            e.index(groups * width), book)))
          return failure();
      } else {
        // Other values are expanded a row at a time.
        Value one = e.buffer(width);
        LogicalResult result = success();
        e.loop(e.index(0), e.index(groups), 1, [&](Value g) {
          result = e.expandRow(op.getCodebook(), e.add(firstRow, g), one);
          Value to = e.mul(g, e.index(width));
          e.loop(e.index(0), e.index(width), 1,
                 [&](Value i) { e.store(e.load(one, i), book, e.add(to, i)); });
        });
        if (failed(result))
          return failure();
      }
    } else if (!book) {
      book = e.buffer(width);
      if (failed(e.expand(op.getCodebook(), e.index(0), e.index(width), book)))
        return failure();
    }
    bool grouped = bool(op.getGroupSize());
    bool absent = mayBeAbsent(op.getCodes());
    e.loop(e.index(0), count, 1, [&](Value i) {
      Value position = e.add(begin, i);
      Value c = e.sub(e.div(position, e.index(cell)), firstCode);
      Value number = e.load(codes, c), none;
      if (absent) {
        none = isAbsent(e, number);
        number = arith::SelectOp::create(b, e.loc, none, e.f32(0), number);
      }
      Value code = arith::FPToUIOp::create(b, e.loc, b.getI32Type(), number);
      Value entry =
          arith::IndexCastUIOp::create(b, e.loc, b.getIndexType(), code);
      entry =
          e.add(e.mul(entry, e.index(cell)), e.rem(position, e.index(cell)));
      if (grouped) {
        Value column = e.rem(e.add(firstCode, c), e.index(columns));
        entry =
            e.add(entry, e.mul(e.div(column, e.index(group)), e.index(width)));
      }
      Value value = e.load(book, entry);
      if (absent)
        value = arith::SelectOp::create(
            b, e.loc, none, e.f32(absentValue(op.getResult())), value);
      e.store(value, destination, i);
    });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Densify: an index of kept values beside the mask
//===----------------------------------------------------------------------===//

/// Ones of a mask before each row, and the total: u32.
LogicalResult packPrefix(Value mask, int64_t rows, int64_t perRow,
                         ExpressionEvaluator &evaluator,
                         MutableArrayRef<uint8_t> out) {
  FailureOr<ArrayRef<float>> bits = evaluator.evaluateWhole(mask);
  if (failed(bits))
    return failure();
  uint32_t total = 0;
  for (int64_t r = 0; r <= rows; ++r) {
    std::memcpy(out.data() + 4 * r, &total, 4);
    if (r < rows)
      total +=
          llvm::count(bits->drop_front(r * perRow).take_front(perRow), 1.0f);
  }
  return success();
}

Value loadCount(Expander &e, Value prefix, Value i) {
  return arith::IndexCastUIOp::create(
      e.builder, e.loc, e.builder.getIndexType(), e.load(prefix, i));
}

/// Whether bit `position` of a mask is set.
Value testBit(Expander &e, Value maskBytes, Value position) {
  OpBuilder &b = e.builder;
  Value byte = e.load(maskBytes, e.div(position, e.index(8)));
  Value shift = arith::IndexCastOp::create(b, e.loc, b.getI8Type(),
                                           e.rem(position, e.index(8)));
  Value bit = arith::ShRUIOp::create(b, e.loc, byte, shift);
  return arith::TruncIOp::create(b, e.loc, b.getI1Type(), bit);
}

/// Positions of a mask of rank 1 that share a count of the ones before them.
constexpr int64_t kMaskRun = 64;

struct DensifySource : TileSource::ExternalModel<DensifySource, DensifyOp> {
  static int64_t rows(DensifyOp op) {
    RankedTensorType type = typeOf(op);
    return type.getRank() == 2 ? type.getDimSize(0)
                               : llvm::divideCeil(type.getDimSize(0), kMaskRun);
  }
  int64_t getPackedBytes(Operation *op) const {
    return 4 * (rows(cast<DensifyOp>(op)) + 1);
  }
  LogicalResult pack(Operation *operation, ExpressionEvaluator &evaluator,
                     MutableArrayRef<uint8_t> out) const {
    auto op = cast<DensifyOp>(operation);
    RankedTensorType type = typeOf(op);
    return packPrefix(op.getMask(), rows(op),
                      type.getRank() == 2 ? type.getDimSize(1) : kMaskRun,
                      evaluator, out);
  }
  /// Any range of a vector: kept values that were pruned again.
  LogicalResult expandVector(DensifyOp op, Expander &e, Value begin,
                             Value count, Value destination) const {
    OpBuilder &b = e.builder;
    Location loc = e.loc;
    Value prefix = e.packed(op, rows(op) + 1, b.getI32Type());
    Value mask = e.packed(op.getMask().getDefiningOp(),
                          getTensorBytes(typeOf(op.getMask())), b.getI8Type());
    auto ones = [&](Value from, Value to, Value start) -> Value {
      return e
          .loop(from, to, 1, {start},
                [&](Value i, ValueRange carried) -> SmallVector<Value> {
                  Value bit = arith::ExtUIOp::create(b, loc, b.getI32Type(),
                                                     testBit(e, mask, i));
                  return {e.add(carried.front(),
                                arith::IndexCastUIOp::create(
                                    b, loc, b.getIndexType(), bit))};
                })
          .front();
    };
    Value run = e.div(begin, e.index(kMaskRun));
    Value first =
        ones(e.mul(run, e.index(kMaskRun)), begin, loadCount(e, prefix, run));
    Value end = e.add(begin, count);
    Value kept = ones(begin, end, e.index(0));
    Value values = e.buffer(capacityOf(destination) + 16);
    if (failed(e.expand(op.getValues(), first, kept, values)))
      return failure();
    e.loop(e.index(0), count, 1, {e.index(0)},
           [&](Value i, ValueRange carried) -> SmallVector<Value> {
             Value bit = testBit(e, mask, e.add(begin, i));
             Value value = arith::SelectOp::create(
                 b, loc, bit, e.load(values, carried.front()),
                 e.f32(absentValue(op->getResult(0))));
             e.store(value, destination, i);
             return {arith::SelectOp::create(b, loc, bit,
                                             e.add(carried.front(), e.index(1)),
                                             carried.front())};
           });
    return success();
  }
  LogicalResult expand(Operation *operation, Expander &e, Value begin,
                       Value count, Value destination) const {
    auto op = cast<DensifyOp>(operation);
    OpBuilder &b = e.builder;
    Location loc = e.loc;
    RankedTensorType type = typeOf(op);
    int64_t columns = type.getShape().back();
    if (!isLeaf(op.getMask()))
      return op.emitOpError("has a mask that is no leaf");
    if (type.getRank() == 1)
      return expandVector(op, e, begin, count, destination);
    Value prefix = e.packed(op, rows(op) + 1, b.getI32Type());
    Value mask = e.packed(op.getMask().getDefiningOp(),
                          getTensorBytes(typeOf(op.getMask())), b.getI8Type());
    Value row = e.div(begin, e.index(columns));
    Value first = loadCount(e, prefix, row);
    Value end = loadCount(e, prefix, e.add(row, e.index(1)));
    Value values = e.buffer(columns + 16);
    if (failed(e.expand(op.getValues(), first, e.sub(end, first), values)))
      return failure();
    if (columns % 16 == 0) {
      // Sixteen mask bits at a time; an expanding load spreads the values.
      auto vector = VectorType::get({16}, b.getF32Type());
      auto bits = VectorType::get({16}, b.getI1Type());
      Value zeros = arith::ConstantOp::create(
          b, loc, DenseElementsAttr::get(vector, absentValue(op.getResult())));
      e.loop(e.index(0), e.index(columns), 16, {e.index(0)},
             [&](Value c, ValueRange carried) -> SmallVector<Value> {
               Value byte = e.div(e.add(begin, c), e.index(8));
               Value two = mlir::vector::LoadOp::create(
                   b, loc, VectorType::get({2}, b.getI8Type()), mask, byte);
               Value lanes = mlir::vector::BitCastOp::create(b, loc, bits, two);
               Value spread = mlir::vector::ExpandLoadOp::create(
                   b, loc, vector, values, carried.front(), lanes, zeros);
               mlir::vector::StoreOp::create(b, loc, spread, destination, c);
               Value word = mlir::vector::BitCastOp::create(
                   b, loc, VectorType::get({1}, b.getI16Type()), two);
               Value scalar = mlir::vector::ExtractOp::create(b, loc, word, 0);
               Value ones = math::CtPopOp::create(b, loc, scalar);
               return {
                   e.add(carried.front(), arith::IndexCastUIOp::create(
                                              b, loc, b.getIndexType(), ones))};
             });
      return success();
    }
    e.loop(e.index(0), e.index(columns), 1, {e.index(0)},
           [&](Value c, ValueRange carried) -> SmallVector<Value> {
             Value bit = testBit(e, mask, e.add(begin, c));
             Value value = arith::SelectOp::create(
                 b, loc, bit, e.load(values, carried.front()),
                 e.f32(absentValue(op->getResult(0))));
             e.store(value, destination, c);
             return {arith::SelectOp::create(b, loc, bit,
                                             e.add(carried.front(), e.index(1)),
                                             carried.front())};
           });
    return success();
  }
};

struct DensifyNMSource : PlainSource<DensifyNMSource, DensifyNMOp> {
  LogicalResult expand(Operation *operation, Expander &e, Value begin,
                       Value count, Value destination) const {
    auto op = cast<DensifyNMOp>(operation);
    OpBuilder &b = e.builder;
    int64_t columns = typeOf(op).getDimSize(1), n = op.getN(), m = op.getM();
    int64_t kept = columns / m * n;
    Value values = e.buffer(kept), positions = e.buffer(kept);
    Value first = e.mul(e.div(begin, e.index(columns)), e.index(kept));
    if (failed(e.expand(op.getValues(), first, e.index(kept), values)) ||
        failed(e.expand(op.getPositions(), first, e.index(kept), positions)))
      return failure();
    e.loop(e.index(0), e.index(columns), 1, [&](Value c) {
      e.store(e.f32(absentValue(op->getResult(0))), destination, c);
    });
    e.loop(e.index(0), e.index(kept), 1, [&](Value i) {
      Value within = arith::FPToUIOp::create(b, e.loc, b.getI32Type(),
                                             e.load(positions, i));
      Value column = e.add(
          e.mul(e.div(i, e.index(n)), e.index(m)),
          arith::IndexCastUIOp::create(b, e.loc, b.getIndexType(), within));
      e.store(e.load(values, i), destination, column);
    });
    return success();
  }
};

struct DensifyBlocksSource
    : TileSource::ExternalModel<DensifyBlocksSource, DensifyBlocksOp> {
  static int64_t blockRows(DensifyBlocksOp op) {
    return typeOf(op.getMask()).getDimSize(0);
  }
  int64_t getPackedBytes(Operation *op) const {
    return 4 * (blockRows(cast<DensifyBlocksOp>(op)) + 1);
  }
  LogicalResult pack(Operation *operation, ExpressionEvaluator &evaluator,
                     MutableArrayRef<uint8_t> out) const {
    auto op = cast<DensifyBlocksOp>(operation);
    return packPrefix(op.getMask(), blockRows(op),
                      typeOf(op.getMask()).getDimSize(1), evaluator, out);
  }
  LogicalResult expand(Operation *operation, Expander &e, Value begin,
                       Value count, Value destination) const {
    auto op = cast<DensifyBlocksOp>(operation);
    OpBuilder &b = e.builder;
    Location loc = e.loc;
    int64_t columns = typeOf(op).getDimSize(1);
    int64_t rows = op.getBlockRows(), width = op.getBlockColumns();
    int64_t across = columns / width;
    if (!isLeaf(op.getMask()))
      return op.emitOpError("has a mask that is no leaf");
    Value prefix = e.packed(op, blockRows(op) + 1, b.getI32Type());
    Value mask = e.packed(op.getMask().getDefiningOp(),
                          getTensorBytes(typeOf(op.getMask())), b.getI8Type());
    Value row = e.div(begin, e.index(columns));
    Value blockRow = e.div(row, e.index(rows));
    Value within = e.rem(row, e.index(rows));
    e.loop(e.index(0), e.index(columns), 1, [&](Value c) {
      e.store(e.f32(absentValue(op->getResult(0))), destination, c);
    });
    // Values are of rank 2, so whole blocks are expanded; of each, one row.
    Value block = e.buffer(rows * width);
    LogicalResult result = success();
    e.loop(e.index(0), e.index(across), 1, {loadCount(e, prefix, blockRow)},
           [&](Value c, ValueRange carried) -> SmallVector<Value> {
             Value bit =
                 testBit(e, mask, e.add(e.mul(blockRow, e.index(across)), c));
             auto branch = scf::IfOp::create(b, loc, b.getIndexType(), bit,
                                             /*withElseRegion=*/true);
             {
               OpBuilder::InsertionGuard guard(b);
               b.setInsertionPointToStart(branch.thenBlock());
               if (failed(e.expandRow(op.getValues(), carried.front(), block)))
                 result = failure();
               e.loop(e.index(0), e.index(width), 1, [&](Value i) {
                 Value value =
                     e.load(block, e.add(e.mul(within, e.index(width)), i));
                 e.store(value, destination,
                         e.add(e.mul(c, e.index(width)), i));
               });
               scf::YieldOp::create(b, loc, e.add(carried.front(), e.index(1)));
               b.setInsertionPointToStart(branch.elseBlock());
               scf::YieldOp::create(b, loc, carried.front());
             }
             return {branch.getResult(0)};
           });
    return result;
  }
};

//===----------------------------------------------------------------------===//
// Outliers: lists by row
//===----------------------------------------------------------------------===//

/// The entries before each row, and all (u32); their columns (u16, or u32 of
/// wider matrices); their values, as stored or in f32.
struct Outliers {
  mutable OutliersOp op;
  int64_t rows = typeOf(op).getDimSize(0);
  int64_t count = typeOf(op.getValues()).getNumElements();
  int64_t columnBytes = typeOf(op).getDimSize(1) <= 1 << 16 ? 2 : 4;
  Type element = isLeaf(op.getValues())
                     ? typeOf(op.getValues()).getElementType()
                     : Type(Float32Type::get(op.getContext()));

  int64_t columnsAt() const { return 4 * (rows + 1); }
  int64_t valuesAt() const { return columnsAt() + count * columnBytes; }
  int64_t size() const { return element.getIntOrFloatBitWidth() / 8; }
  int64_t bytes() const { return valuesAt() + count * size(); }
};

struct OutliersList : ListSource::ExternalModel<OutliersList, OutliersOp> {
  std::pair<Value, Value> emitRow(Operation *op, Expander &e, Value row) const {
    Value at = e.add(e.place(op), e.mul(row, e.index(4)));
    Type i32 = e.builder.getI32Type();
    return {e.loadIndex(at, i32), e.loadIndex(e.add(at, e.index(4)), i32)};
  }
  std::pair<Value, Value> emitEntry(Operation *op, Expander &e,
                                    Value entry) const {
    Outliers list{cast<OutliersOp>(op)};
    Value base = e.place(op);
    auto at = [&](int64_t begin, int64_t size) {
      return e.add(e.add(base, e.index(begin)), e.mul(entry, e.index(size)));
    };
    Value column = e.loadIndex(at(list.columnsAt(), list.columnBytes),
                               e.builder.getIntegerType(8 * list.columnBytes));
    Value bytes = e.loadBytes(at(list.valuesAt(), list.size()), list.size());
    Value value = vector::ExtractOp::create(
        e.builder, e.loc,
        vector::BitCastOp::create(e.builder, e.loc,
                                  VectorType::get({1}, list.element), bytes),
        0);
    return {column, e.toF32(value)};
  }
};

struct OutliersSource : TileSource::ExternalModel<OutliersSource, OutliersOp> {
  bool packsOperands(Operation *) const { return true; }
  int64_t getPackedBytes(Operation *op) const {
    return Outliers{cast<OutliersOp>(op)}.bytes();
  }
  LogicalResult pack(Operation *operation, ExpressionEvaluator &evaluator,
                     MutableArrayRef<uint8_t> out) const {
    auto op = cast<OutliersOp>(operation);
    Outliers list{op};
    FailureOr<ArrayRef<int64_t>> before = evaluator.sumCounts(op.getCounts());
    if (failed(before))
      return failure();
    // What the reference refuses is not packed either.
    std::vector<int64_t> pattern(typeOf(op).getDimSize(1));
    for (int64_t row = 0; row < list.rows; ++row)
      if (failed(op.getPattern(row, row + 1, evaluator, pattern)))
        return failure();
    for (auto [i, count] : llvm::enumerate(*before)) {
      uint32_t word = uint32_t(count);
      std::memcpy(out.data() + 4 * i, &word, 4);
    }
    FailureOr<std::vector<float>> values =
        evaluator.evaluateRows(op.getValues(), 0, list.count);
    FailureOr<std::vector<float>> columns =
        evaluator.evaluateRows(op.getColumns(), 0, list.count);
    if (failed(values) || failed(columns))
      return failure();
    Type column = IntegerType::get(op.getContext(), 8 * list.columnBytes,
                                   IntegerType::Unsigned);
    llvm::copy(packElements(*columns, column), out.begin() + list.columnsAt());
    llvm::copy(packElements(*values, list.element),
               out.begin() + list.valuesAt());
    return success();
  }
  LogicalResult expand(Operation *operation, Expander &e, Value begin,
                       Value count, Value destination) const {
    auto list = cast<ListSource>(operation);
    int64_t columns = typeOf(operation->getResult(0)).getDimSize(1);
    e.loop(e.index(0), e.index(columns), 1,
           [&](Value c) { e.store(e.f32(0), destination, c); });
    auto [first, end] = list.emitRow(e, e.div(begin, e.index(columns)));
    e.loop(first, end, 1, [&](Value i) {
      auto [column, value] = list.emitEntry(e, i);
      e.store(value, destination, column);
    });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Product, sum, permute: where a row is wanted rather than a product
//===----------------------------------------------------------------------===//

struct ProductSource : PlainSource<ProductSource, ProductOp> {
  LogicalResult expand(Operation *operation, Expander &e, Value begin,
                       Value count, Value destination) const {
    auto op = cast<ProductOp>(operation);
    OpBuilder &b = e.builder;
    int64_t columns = typeOf(op).getDimSize(1);
    int64_t inner = typeOf(op.getLeft()).getDimSize(1);
    Value left = e.buffer(inner), right = e.buffer(columns);
    if (failed(e.expandRow(op.getLeft(), e.div(begin, e.index(columns)), left)))
      return failure();
    e.loop(e.index(0), e.index(columns), 1,
           [&](Value c) { e.store(e.f32(0), destination, c); });
    LogicalResult result = success();
    e.loop(e.index(0), e.index(inner), 1, [&](Value k) {
      if (failed(e.expandRow(op.getRight(), k, right)))
        result = failure();
      Value factor = e.load(left, k);
      e.loop(e.index(0), e.index(columns), 1, [&](Value c) {
        Value sum = arith::AddFOp::create(
            b, e.loc, e.load(destination, c),
            arith::MulFOp::create(b, e.loc, factor, e.load(right, c)));
        e.store(sum, destination, c);
      });
    });
    return result;
  }
};

struct SumSource : PlainSource<SumSource, SumOp> {
  LogicalResult expand(Operation *operation, Expander &e, Value begin,
                       Value count, Value destination) const {
    auto op = cast<SumOp>(operation);
    OpBuilder &b = e.builder;
    if (failed(e.expand(op.getTerms().front(), begin, count, destination)))
      return failure();
    Value term = e.buffer(capacityOf(destination));
    for (Value operand : op.getTerms().drop_front()) {
      if (failed(e.expand(operand, begin, count, term)))
        return failure();
      e.loop(e.index(0), count, 1, [&](Value i) {
        e.store(arith::AddFOp::create(b, e.loc, e.load(destination, i),
                                      e.load(term, i)),
                destination, i);
      });
    }
    return success();
  }
};

struct PermuteSource : PlainSource<PermuteSource, PermuteOp> {
  LogicalResult expand(Operation *operation, Expander &e, Value begin,
                       Value count, Value destination) const {
    auto op = cast<PermuteOp>(operation);
    OpBuilder &b = e.builder;
    int64_t columns = typeOf(op).getDimSize(1);
    Value row = e.div(begin, e.index(columns));
    auto toIndex = [&](Value f) -> Value {
      Value i = arith::FPToUIOp::create(b, e.loc, b.getI32Type(), f);
      return arith::IndexCastUIOp::create(b, e.loc, b.getIndexType(), i);
    };
    if (op.getDim() == 0) {
      Value index = e.buffer(1);
      if (failed(e.expand(op.getIndices(), row, e.index(1), index)))
        return failure();
      return e.expandRow(op.getSource(), toIndex(e.load(index, e.index(0))),
                         destination);
    }
    Value source = e.buffer(columns), indices = e.buffer(columns);
    if (failed(e.expandRow(op.getSource(), row, source)) ||
        failed(
            e.expand(op.getIndices(), e.index(0), e.index(columns), indices)))
      return failure();
    e.loop(e.index(0), e.index(columns), 1, [&](Value c) {
      e.store(e.load(source, toIndex(e.load(indices, c))), destination, c);
    });
    return success();
  }
};

} // namespace

void mlir::kernel::registerTileSources(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, CompressDialect *) {
    StoredOp::attachInterface<StoredSource>(*context);
    StreamOp::attachInterface<WrittenSource<StreamOp>>(*context);
    compress::ConstantOp::attachInterface<WrittenSource<compress::ConstantOp>>(
        *context);
    CodebookOp::attachInterface<WrittenSource<CodebookOp>>(*context);
    DequantizeOp::attachInterface<DequantizeSource>(*context);
    LookupOp::attachInterface<LookupSource>(*context);
    DensifyOp::attachInterface<DensifySource>(*context);
    DensifyNMOp::attachInterface<DensifyNMSource>(*context);
    DensifyBlocksOp::attachInterface<DensifyBlocksSource>(*context);
    OutliersOp::attachInterface<OutliersSource, OutliersList>(*context);
    registerCodeSources(context);
    registerLookupCodes(context);
    registerFloatSources(context);
    registerScaleSources(context);
    ProductOp::attachInterface<ProductSource>(*context);
    SumOp::attachInterface<SumSource>(*context);
    PermuteOp::attachInterface<PermuteSource>(*context);
  });
}
