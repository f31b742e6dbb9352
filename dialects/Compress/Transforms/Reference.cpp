//===- Reference.cpp - What a weight was, and what is lost ----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/Reference.h"
#include "Compress/IR/ErrorKind.h"
#include "Compress/IR/Expression.h"
#include "Compress/Transforms/WeightPass.h"
#include "compress/Algorithms/ErrorMeasure.h"
#include "compress/Formats/Safetensors.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace mlir::compress;
namespace formats = compresslib::formats;

static std::string hashOf(ArrayRef<uint8_t> bytes) {
  return llvm::utohexstr(llvm::xxh3_64bits(bytes), /*LowerCase=*/true, 16);
}

LogicalResult mlir::compress::keepOrigin(WeightOp weight) {
  if (weight.getOrigin())
    return success();
  Operation *leaf = weight.getResultValue().getDefiningOp();
  auto type = cast<RankedTensorType>(weight.getResultValue().getType());
  WeightStore &store =
      weight.getContext()->getLoadedDialect<CompressDialect>()->getStore();
  std::string key;
  if (auto stored = dyn_cast<StoredOp>(leaf)) {
    key = stored.getKey().str();
  } else if (holdsElements(weight.getResultValue())) {
    ExpressionEvaluator evaluator(store);
    FailureOr<std::vector<float>> values =
        evaluator.evaluateRows(weight.getResultValue(), 0, getRowCount(type));
    if (failed(values))
      return failure();
    llvm::Expected<std::string> added =
        store.addValues((weight.getSymName() + "/origin").str(), type, *values);
    if (!added)
      return withKind(emitError(weight.getLoc()), store.getFailureKind())
             << "weight @" << weight.getSymName() << ": "
             << llvm::toString(added.takeError());
    key = *added;
  } else {
    return success();
  }
  if (std::optional<WeightStore::Blob> blob = store.lookup(key))
    weight.setOriginAttr(
        OriginAttr::get(weight.getContext(), "", key, hashOf(blob->bytes)));
  return success();
}

bool mlir::compress::isAtOrigin(WeightOp weight) {
  Value leaf = weight.getResultValue();
  if (!isLeaf(leaf))
    return false;
  OriginAttr origin = weight.getOriginAttr();
  if (!origin)
    return true;
  auto stored = leaf.getDefiningOp<StoredOp>();
  if (stored)
    return origin.getTensor() == (origin.getFile().empty()
                                      ? stored.getKey().str()
                                      : getStem(weight, leaf));
  // What is written in the IR has no name.
  auto type = cast<RankedTensorType>(leaf.getType());
  ExpressionEvaluator evaluator(
      weight.getContext()->getLoadedDialect<CompressDialect>()->getStore());
  FailureOr<std::vector<float>> values =
      evaluator.evaluateRows(leaf, 0, getRowCount(type));
  return succeeded(values) &&
         hashOf(packElements(*values, type.getElementType())) ==
             origin.getHash();
}

RowReader mlir::compress::openOrigin(WeightOp weight,
                                     const WeightStore &store) {
  OriginAttr origin = weight.getOriginAttr();
  if (!origin)
    return nullptr;
  RankedTensorType type = weight.getWeightType();
  int64_t rowSize = getRowSize(type);

  if (origin.getFile().empty()) {
    std::optional<WeightStore::Blob> blob = store.lookup(origin.getTensor());
    if (!blob || !blob->type || blob->type.getShape() != type.getShape())
      return nullptr;
    Type element = blob->type.getElementType();
    return [=](int64_t begin, int64_t, MutableArrayRef<float> out) {
      unpackElements(blob->bytes, element, begin * rowSize, out);
      return success();
    };
  }

  auto file = formats::SafetensorsFile::open(compresslib::joinPath(
      store.getBaseFolder().str(), origin.getFile().str()));
  if (!file)
    return nullptr;
  const formats::SafetensorsTensor *tensor =
      file->find(origin.getTensor().str());
  if (!tensor || !formats::isFloat(tensor->dtype) ||
      ArrayRef<int64_t>(tensor->shape) != type.getShape() ||
      hashOf(ArrayRef<uint8_t>(tensor->data.data(), tensor->data.size())) !=
          origin.getHash())
    return nullptr;
  // A std::function is copied; a mapping is not.
  auto shared = std::make_shared<formats::SafetensorsFile>(std::move(*file));
  tensor = shared->find(origin.getTensor().str());
  return
      [shared, tensor](int64_t begin, int64_t end, MutableArrayRef<float> out) {
        return success(
            tensor->shape.empty() ||
            formats::rowsToFloat(*tensor, begin, end - begin, out.data()).ok());
      };
}

FailureOr<double>
mlir::compress::measureRelativeError(WeightOp weight, WeightOp old,
                                     const WeightStore &store) {
  RankedTensorType type = weight.getWeightType();
  ExpressionEvaluator evaluator(store), oldEvaluator(store);
  RowReader reference = openOrigin(weight, store);
  if (!reference)
    reference = [&](int64_t begin, int64_t end, MutableArrayRef<float> out) {
      return oldEvaluator.evaluateRows(old.getResultValue(), begin, end, out);
    };
  int64_t rows = getRowCount(type), rowSize = getRowSize(type);
  int64_t step =
      std::max<int64_t>(1, (int64_t(1) << 20) / std::max<int64_t>(rowSize, 1));
  std::vector<float> was, is;
  compresslib::algo::ErrorMeasure error;
  for (int64_t begin = 0; begin < rows; begin += step) {
    int64_t end = std::min(rows, begin + step);
    was.resize((end - begin) * rowSize);
    is.resize(was.size());
    if (failed(reference(begin, end, was)) ||
        failed(evaluator.evaluateRows(weight.getResultValue(), begin, end, is)))
      return failure();
    error.add(was, is);
  }
  return error.relative();
}
