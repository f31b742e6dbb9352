//===- OutlineWeights.cpp - Constants become weights ---------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Store.h"
#include "Compress/IR/WeightConsumer.h"
#include "Compress/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/Path.h"

namespace mlir::compress {
#define GEN_PASS_DEF_COMPRESSOUTLINEWEIGHTSPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;

namespace {
struct OutlineWeightsPass
    : compress::impl::CompressOutlineWeightsPassBase<OutlineWeightsPass>,
      CompressionPass {
  using CompressOutlineWeightsPassBase::CompressOutlineWeightsPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<Operation *> constants;
    module.walk([&](Operation *op) {
      if (isCandidate(op))
        constants.push_back(op);
    });
    SymbolTable symbols(module);
    Block::iterator place = module.getBody()->begin();
    llvm::DenseMap<std::pair<Attribute, Attribute>, WeightOp> made;
    for (Operation *constant : constants)
      if (failed(outline(constant, symbols, place, made)))
        return signalPassFailure();
  }

  bool isCandidate(Operation *op) {
    if (!op->hasTrait<OpTrait::ConstantLike>() || op->getNumResults() != 1 ||
        op->getParentOfType<WeightOp>())
      return false;
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    return type && type.getRank() >= 1 && type.getElementType().isF32() &&
           type.getNumElements() >= minElements;
  }

  /// The elements' bytes, or none where the attribute holds them in no form
  /// that outlining knows.
  static std::optional<ArrayRef<char>> getBytes(Attribute attribute) {
    if (auto dense = dyn_cast<DenseElementsAttr>(attribute))
      return dense.isSplat() ? std::nullopt : std::optional(dense.getRawData());
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute))
      if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
        return blob->getData();
    return std::nullopt;
  }

  LogicalResult
  outline(Operation *constant, SymbolTable &symbols, Block::iterator place,
          llvm::DenseMap<std::pair<Attribute, Attribute>, WeightOp> &made) {
    Attribute attribute;
    if (!matchPattern(constant, m_Constant(&attribute)))
      return success();
    std::optional<ArrayRef<char>> bytes = getBytes(attribute);
    auto type = cast<RankedTensorType>(constant->getResult(0).getType());
    if (!bytes || int64_t(bytes->size()) != getTensorBytes(type))
      return success();
    SmallVector<WeightConsumer> consumers =
        getConsumers(constant->getResult(0));
    if (consumers.empty())
      return success();

    // Outputs before inputs, as the first product has them.
    SmallVector<int64_t> order, reduced;
    auto product = llvm::find_if(consumers, [](const WeightConsumer &consumer) {
      return consumer.isProduct();
    });
    if (product != consumers.end())
      reduced = product->reducedDims;
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (!llvm::is_contained(reduced, dim))
        order.push_back(dim);
    llvm::append_range(order, reduced);
    // A filter is the matrix that multiplies patches of its input.
    size_t rows = type.getRank() > 2 && !reduced.empty()
                      ? type.getRank() - reduced.size()
                      : 0;

    OpBuilder builder(constant);
    WeightOp &weight = made[{attribute, builder.getDenseI64ArrayAttr(order)}];
    if (!weight) {
      FailureOr<WeightOp> fresh =
          makeWeight(constant, type, *bytes, order, rows, symbols, place);
      if (failed(fresh))
        return failure();
      weight = *fresh;
    }

    Location loc = constant->getLoc();
    Value value = UseOp::create(builder, loc, weight.getWeightType(),
                                weight.getSymName());
    if (rows) {
      auto shape = applyPermutation(type.getShape(), order);
      SmallVector<ReassociationIndices> groups(2);
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        groups[size_t(dim) >= rows].push_back(dim);
      value = tensor::ExpandShapeOp::create(
          builder, loc, RankedTensorType::get(shape, type.getElementType()),
          value, groups);
    }
    if (!llvm::is_sorted(order)) {
      Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                            type.getElementType());
      value = linalg::TransposeOp::create(builder, loc, value, empty,
                                          invertPermutationVector(order))
                  ->getResult(0);
    }
    constant->getResult(0).replaceAllUsesWith(value);
    constant->erase();
    return success();
  }

  /// What a location is called, or the line that calls what made the constant.
  static std::string getName(Location location) {
    std::string name;
    location->walk([&](Location loc) {
      auto named = dyn_cast<NameLoc>(loc);
      if (!named)
        return WalkResult::advance();
      name = named.getName().str();
      return WalkResult::interrupt();
    });
    auto call = dyn_cast<CallSiteLoc>(location);
    if (!name.empty() || !call)
      return name;
    Location caller = call.getCaller();
    while (auto outer = dyn_cast<CallSiteLoc>(caller))
      caller = outer.getCaller();
    if (auto line = dyn_cast<FileLineColLoc>(caller))
      name = (llvm::sys::path::stem(line.getFilename()) + "_" +
              Twine(line.getLine()))
                 .str();
    return name;
  }

  FailureOr<WeightOp> makeWeight(Operation *constant, RankedTensorType type,
                                 ArrayRef<char> bytes, ArrayRef<int64_t> order,
                                 size_t rows, SymbolTable &symbols,
                                 Block::iterator place) {
    SmallVector<int64_t> shape = applyPermutation(type.getShape(), order);
    if (rows) {
      int64_t count = llvm::product_of(ArrayRef(shape).take_front(rows));
      shape = {count, type.getNumElements() / count};
    }
    auto weightType = RankedTensorType::get(shape, type.getElementType());
    std::string name = getName(constant->getLoc());
    if (name.empty())
      name = prefix + "_" + std::to_string(count++);
    OpBuilder builder(&getContext());
    auto weight =
        WeightOp::create(builder, constant->getLoc(), name, weightType);
    symbols.insert(weight, place);

    ArrayRef<uint8_t> raw(reinterpret_cast<const uint8_t *>(bytes.data()),
                          bytes.size());
    std::vector<uint8_t> moved;
    if (!llvm::is_sorted(order)) {
      moved = transpose(raw, type.getShape(), order);
      raw = moved;
    }
    llvm::Expected<std::string> key =
        getContext().getLoadedDialect<CompressDialect>()->getStore().add(
            weight.getSymName(), weightType, raw);
    if (!key) {
      emitError(constant->getLoc()) << llvm::toString(key.takeError());
      return failure();
    }
    builder.setInsertionPointToEnd(&weight.getBody().front());
    Value leaf =
        StoredOp::create(builder, constant->getLoc(), weightType, *key);
    YieldOp::create(builder, constant->getLoc(), leaf);
    return weight;
  }

  /// Elements of four bytes with dimension order[i] as dimension i.
  static std::vector<uint8_t> transpose(ArrayRef<uint8_t> bytes,
                                        ArrayRef<int64_t> shape,
                                        ArrayRef<int64_t> order) {
    SmallVector<int64_t> strides(shape.size(), 1);
    for (int64_t dim = int64_t(shape.size()) - 2; dim >= 0; --dim)
      strides[dim] = strides[dim + 1] * shape[dim + 1];
    std::vector<uint8_t> moved(bytes.size());
    SmallVector<int64_t> index(shape.size(), 0);
    int64_t from = 0;
    for (size_t to = 0; to < bytes.size(); to += 4) {
      std::copy_n(bytes.begin() + from * 4, 4, moved.begin() + to);
      for (int64_t dim = int64_t(order.size()) - 1; dim >= 0; --dim) {
        from += strides[order[dim]];
        if (++index[dim] < shape[order[dim]])
          break;
        from -= index[dim] * strides[order[dim]];
        index[dim] = 0;
      }
    }
    return moved;
  }

  int64_t count = 0;
};
} // namespace
