//===- Structured.cpp - linalg ops, one element after another -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interpreter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::compress::reference;

static Scalar elementOf(const ReferenceTensor &tensor, int64_t at) {
  Scalar scalar;
  if (tensor.isInteger)
    scalar.integer = tensor.integers[at];
  else
    scalar.floating = tensor.floats[at];
  return scalar;
}

static void setElement(ReferenceTensor &tensor, int64_t at, Scalar scalar) {
  if (tensor.isInteger)
    tensor.integers[at] = scalar.integer;
  else
    tensor.floats[at] = float(scalar.floating);
}

/// Row-major offset of a point that an affine map gives; -1 outside the shape.
int64_t reference::offsetOf(ArrayRef<int64_t> shape, ArrayRef<int64_t> point) {
  int64_t offset = 0;
  for (auto [size, index] : llvm::zip_equal(shape, point)) {
    if (index < 0 || index >= size)
      return -1;
    offset = offset * size + index;
  }
  return offset;
}

/// A region of scalar ops, evaluated for one point of an iteration space.
namespace {
struct Body {
  explicit Body(
      llvm::function_ref<std::shared_ptr<const ReferenceTensor>(Value)> outer)
      : outer(outer) {}

  /// Values of the function, for what the region captures.
  llvm::function_ref<std::shared_ptr<const ReferenceTensor>(Value)> outer;
  llvm::DenseMap<Value, Scalar> scalars;

  FailureOr<Scalar> get(Value value) {
    if (auto it = scalars.find(value); it != scalars.end())
      return it->second;
    std::shared_ptr<const ReferenceTensor> held = outer(value);
    if (!held)
      return failure();
    return scalars[value] = elementOf(*held, 0);
  }

  LogicalResult run(Operation &op, ArrayRef<int64_t> point) {
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      scalars[index.getResult()].integer = point[index.getDim()];
      return success();
    }
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      Scalar scalar;
      if (auto integer = dyn_cast<IntegerAttr>(constant.getValue()))
        scalar.integer = integer.getInt();
      else if (auto number = dyn_cast<FloatAttr>(constant.getValue()))
        scalar.floating = number.getValueAsDouble();
      else
        return op.emitOpError("of a tensor stands in a body of scalars");
      scalars[constant.getResult()] = scalar;
      return success();
    }
    if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
      std::shared_ptr<const ReferenceTensor> tensor =
          outer(extract.getTensor());
      if (!tensor)
        return failure();
      SmallVector<int64_t> at;
      for (Value index : extract.getIndices()) {
        FailureOr<Scalar> scalar = get(index);
        if (failed(scalar))
          return failure();
        at.push_back(scalar->integer);
      }
      int64_t offset = offsetOf(tensor->shape, at);
      if (offset < 0)
        return op.emitOpError("reads outside its tensor");
      scalars[extract.getResult()] = elementOf(*tensor, offset);
      return success();
    }
    SmallVector<Scalar> operands;
    for (Value operand : op.getOperands()) {
      FailureOr<Scalar> scalar = get(operand);
      if (failed(scalar))
        return failure();
      operands.push_back(*scalar);
    }
    if (!isScalarOp(&op))
      return op.emitOpError("has no reference evaluation");
    FailureOr<Scalar> result = evaluateScalar(&op, operands);
    if (failed(result))
      return failure();
    scalars[op.getResult(0)] = *result;
    return success();
  }
};
} // namespace

LogicalResult Interpreter::runLinalg(linalg::LinalgOp op) {
  if (!op.hasPureTensorSemantics())
    return op->emitOpError("on memrefs has no reference evaluation");
  bool known = false;
  if (failed(runLinalgProduct(op, known)) || known)
    return success(known);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  std::vector<TensorPtr> inputs;
  std::vector<ReferenceTensor> outputs;
  SmallVector<int64_t> shapes;
  for (OpOperand &operand : op->getOpOperands()) {
    TensorPtr held = get(operand.get());
    if (!held)
      return failure();
    shapes.append(held->shape);
    if (op.isDpsInit(&operand))
      outputs.push_back(*held);
    else
      inputs.push_back(held);
  }
  AffineMap toLoops = op.getShapesToLoopsMap();
  if (!toLoops)
    return op->emitOpError("has maps from which its loops do not follow");
  SmallVector<int64_t> sizes = toLoops.compose(shapes);
  if (llvm::is_contained(sizes, 0)) {
    for (auto [result, output] : llvm::zip(op->getResults(), outputs))
      set(result, std::move(output));
    return success();
  }

  Block &block = *op.getBlock();
  auto outer = [this](Value value) { return get(value); };
  Body body(outer);
  SmallVector<int64_t> point(sizes.size(), 0);
  size_t inputCount = inputs.size();
  SmallVector<int64_t> outputOffsets(outputs.size());
  while (true) {
    for (auto [i, argument] : llvm::enumerate(block.getArguments())) {
      const ReferenceTensor &tensor =
          i < inputCount ? *inputs[i] : outputs[i - inputCount];
      SmallVector<int64_t> at = maps[i].compose(point);
      int64_t offset = offsetOf(tensor.shape, at);
      if (offset < 0)
        return op->emitOpError("reads outside operand ") << i;
      if (i >= inputCount)
        outputOffsets[i - inputCount] = offset;
      body.scalars[argument] = elementOf(tensor, offset);
    }
    for (Operation &inner : block.without_terminator())
      if (failed(body.run(inner, point)))
        return failure();
    for (auto [i, value] :
         llvm::enumerate(block.getTerminator()->getOperands())) {
      FailureOr<Scalar> scalar = body.get(value);
      if (failed(scalar))
        return failure();
      setElement(outputs[i], outputOffsets[i], *scalar);
    }
    int64_t d = int64_t(sizes.size()) - 1;
    for (; d >= 0 && ++point[d] == sizes[d]; --d)
      point[d] = 0;
    if (d < 0)
      break;
  }
  for (auto [result, output] : llvm::zip(op->getResults(), outputs))
    set(result, std::move(output));
  return success();
}

/// e^(x - largest) over the sum of these, along one dimension, in double.
LogicalResult Interpreter::runSoftmax(linalg::SoftmaxOp op) {
  TensorPtr input = get(op.getInput());
  if (!input || !op.hasPureTensorSemantics())
    return failure();
  if (input->isInteger)
    return op->emitOpError("of integers has no reference evaluation");
  ReferenceTensor result = *input;
  int64_t length = input->shape[op.getDimension()], inner = 1;
  for (int64_t d : ArrayRef(input->shape).drop_front(op.getDimension() + 1))
    inner *= d;
  for (int64_t start = 0; start < input->size(); start += length * inner)
    for (int64_t i = start; i < start + inner; ++i) {
      double largest = -INFINITY, sum = 0;
      for (int64_t k = 0; k < length; ++k)
        largest = std::max(largest, double(input->floats[i + k * inner]));
      for (int64_t k = 0; k < length; ++k)
        sum += std::exp(double(input->floats[i + k * inner]) - largest);
      for (int64_t k = 0; k < length; ++k)
        result.floats[i + k * inner] = float(
            std::exp(double(input->floats[i + k * inner]) - largest) / sum);
    }
  set(op->getResult(0), std::move(result));
  return success();
}

LogicalResult Interpreter::runElementwise(Operation *op) {
  std::vector<TensorPtr> operands;
  int64_t size = 0;
  ArrayRef<int64_t> shape;
  for (Value operand : op->getOperands()) {
    TensorPtr held = get(operand);
    if (!held)
      return failure();
    operands.push_back(held);
    // A select's condition may be one number for a whole tensor.
    if (isa<ShapedType>(operand.getType()) || operands.size() == 1) {
      size = held->size();
      shape = held->shape;
    }
  }
  for (auto [i, held] : llvm::enumerate(operands))
    if (held->shape != shape && isa<ShapedType>(op->getOperand(i).getType()))
      return op->emitOpError("has operands of different shapes");
  ReferenceTensor result = ReferenceTensor::zeros(
      shape, isIntegerLike(op->getResultTypes().front()));
  SmallVector<Scalar> numbers(operands.size());
  for (int64_t e = 0; e < size; ++e) {
    for (auto [number, held] : llvm::zip(numbers, operands))
      number = elementOf(*held, held->size() == size ? e : 0);
    FailureOr<Scalar> value = evaluateScalar(op, numbers);
    if (failed(value))
      return failure();
    setElement(result, e, *value);
  }
  set(op->getResult(0), std::move(result));
  return success();
}

//===----------------------------------------------------------------------===//
// tensor
//===----------------------------------------------------------------------===//

/// Copies a hyper-rectangle between two tensors.
static bool copySlice(ArrayRef<int64_t> sizes, const ReferenceTensor &from,
                      ArrayRef<int64_t> fromOffsets,
                      ArrayRef<int64_t> fromStrides, ReferenceTensor &to,
                      ArrayRef<int64_t> toOffsets,
                      ArrayRef<int64_t> toStrides) {
  if (llvm::is_contained(sizes, 0))
    return true;
  SmallVector<int64_t> point(sizes.size(), 0), a(sizes.size()), b(sizes.size());
  while (true) {
    for (size_t d = 0; d < sizes.size(); ++d) {
      a[d] = fromOffsets[d] + point[d] * fromStrides[d];
      b[d] = toOffsets[d] + point[d] * toStrides[d];
    }
    int64_t source = offsetOf(from.shape, a), target = offsetOf(to.shape, b);
    if (source < 0 || target < 0)
      return false;
    setElement(to, target, elementOf(from, source));
    int64_t d = int64_t(sizes.size()) - 1;
    for (; d >= 0 && ++point[d] == sizes[d]; --d)
      point[d] = 0;
    if (d < 0)
      return true;
  }
}

/// `tensor` with another shape; the type's where it is static, otherwise with
/// the one unknown size that fits.
static bool reshape(ReferenceTensor &tensor, ArrayRef<int64_t> shape) {
  int64_t known = 1;
  int unknown = 0;
  for (int64_t size : shape)
    ShapedType::isDynamic(size) ? void(++unknown) : void(known *= size);
  if (unknown > 1 || (unknown && (known == 0 || tensor.size() % known)) ||
      (!unknown && known != tensor.size()))
    return false;
  int64_t count = tensor.size();
  tensor.shape.assign(shape.begin(), shape.end());
  for (int64_t &size : tensor.shape)
    if (ShapedType::isDynamic(size))
      size = count / known;
  return true;
}

LogicalResult Interpreter::runTensor(Operation *op, bool &known) {
  auto zerosOf = [&](Value result, ArrayRef<int64_t> shape) {
    return ReferenceTensor::zeros(shape, isIntegerLike(result.getType()));
  };
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    Attribute value = constant.getValue();
    if (auto integer = dyn_cast<IntegerAttr>(value)) {
      set(constant, ReferenceTensor::ofIntegers({}, {integer.getInt()}));
    } else if (auto number = dyn_cast<FloatAttr>(value)) {
      set(constant,
          ReferenceTensor::ofFloats({}, {float(number.getValueAsDouble())}));
    } else {
      FailureOr<ReferenceTensor> tensor = failure();
      if (auto elements = dyn_cast<ElementsAttr>(value))
        tensor = ReferenceTensor::ofAttribute(elements);
      if (failed(tensor))
        return op->emitOpError("has elements that the reference cannot read");
      set(constant, std::move(*tensor));
    }
    return success();
  }
  if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
    set(empty, zerosOf(empty, resolve(empty.getMixedSizes())));
    return success();
  }
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    TensorPtr source = get(dim.getSource());
    if (!source)
      return failure();
    int64_t index = getIndex(dim.getIndex());
    if (index < 0 || index >= int64_t(source->shape.size()))
      return op->emitOpError("asks for dimension ")
             << index << " of a tensor of rank " << source->shape.size();
    set(dim, ReferenceTensor::ofIntegers({}, {source->shape[index]}));
    return success();
  }
  if (auto cast = dyn_cast<tensor::CastOp>(op)) {
    TensorPtr source = get(cast.getSource());
    if (!source)
      return failure();
    set(cast, *source);
    return success();
  }
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
    TensorPtr source = get(op->getOperand(0));
    if (!source)
      return failure();
    ReferenceTensor result = *source;
    SmallVector<int64_t> shape(
        cast<RankedTensorType>(op->getResultTypes().front()).getShape());
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      shape = resolve(expand.getMixedOutputShape());
    } else {
      auto groups = cast<tensor::CollapseShapeOp>(op).getReassociationIndices();
      for (auto [size, group] : llvm::zip(shape, groups)) {
        size = 1;
        for (int64_t d : group)
          size *= source->shape[d];
      }
    }
    if (!reshape(result, shape))
      return op->emitOpError("does not keep the number of elements");
    set(op->getResult(0), std::move(result));
    return success();
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    TensorPtr source = get(extract.getTensor());
    if (!source)
      return failure();
    SmallVector<int64_t> at;
    for (Value index : extract.getIndices())
      at.push_back(getIndex(index));
    int64_t offset = offsetOf(source->shape, at);
    if (offset < 0)
      return op->emitOpError("reads outside its tensor");
    ReferenceTensor result = zerosOf(extract, {});
    setElement(result, 0, elementOf(*source, offset));
    set(extract, std::move(result));
    return success();
  }
  if (auto insert = dyn_cast<tensor::InsertOp>(op)) {
    TensorPtr dest = get(insert.getDest()), scalar = get(insert.getScalar());
    if (!dest || !scalar)
      return failure();
    SmallVector<int64_t> at;
    for (Value index : insert.getIndices())
      at.push_back(getIndex(index));
    int64_t offset = offsetOf(dest->shape, at);
    if (offset < 0)
      return op->emitOpError("writes outside its tensor");
    ReferenceTensor result = *dest;
    setElement(result, offset, elementOf(*scalar, 0));
    set(insert, std::move(result));
    return success();
  }
  if (auto splat = dyn_cast<tensor::SplatOp>(op)) {
    TensorPtr scalar = get(splat.getInput());
    if (!scalar)
      return failure();
    SmallVector<int64_t> shape(splat.getType().getShape());
    auto sizes = splat.getDynamicSizes().begin();
    for (int64_t &size : shape)
      if (ShapedType::isDynamic(size))
        size = getIndex(*sizes++);
    ReferenceTensor result = zerosOf(splat, shape);
    for (int64_t e = 0, n = result.size(); e < n; ++e)
      setElement(result, e, elementOf(*scalar, 0));
    set(splat, std::move(result));
    return success();
  }
  if (auto list = dyn_cast<tensor::FromElementsOp>(op)) {
    ReferenceTensor result = zerosOf(list, list.getType().getShape());
    for (auto [e, element] : llvm::enumerate(list.getElements())) {
      TensorPtr scalar = get(element);
      if (!scalar)
        return failure();
      setElement(result, e, elementOf(*scalar, 0));
    }
    set(list, std::move(result));
    return success();
  }
  if (auto extract = dyn_cast<tensor::ExtractSliceOp>(op)) {
    TensorPtr source = get(extract.getSource());
    if (!source)
      return failure();
    SmallVector<int64_t> sizes = resolve(extract.getMixedSizes());
    SmallVector<int64_t> zeros(sizes.size(), 0), ones(sizes.size(), 1);
    ReferenceTensor result = zerosOf(extract, sizes);
    if (!copySlice(sizes, *source, resolve(extract.getMixedOffsets()),
                   resolve(extract.getMixedStrides()), result, zeros, ones))
      return op->emitOpError("reads outside its tensor");
    SmallVector<int64_t> shape;
    llvm::SmallBitVector dropped = extract.getDroppedDims();
    for (auto [d, size] : llvm::enumerate(sizes))
      if (!dropped.test(d))
        shape.push_back(size);
    result.shape = shape;
    set(extract, std::move(result));
    return success();
  }
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    TensorPtr source = get(insert.getSource()), dest = get(insert.getDest());
    if (!source || !dest)
      return failure();
    SmallVector<int64_t> sizes = resolve(insert.getMixedSizes());
    SmallVector<int64_t> zeros(sizes.size(), 0), ones(sizes.size(), 1);
    ReferenceTensor flat = *source, result = *dest;
    if (!reshape(flat, sizes))
      return op->emitOpError("has a source of other sizes than it inserts");
    if (!copySlice(sizes, flat, zeros, ones, result,
                   resolve(insert.getMixedOffsets()),
                   resolve(insert.getMixedStrides())))
      return op->emitOpError("writes outside its tensor");
    set(insert, std::move(result));
    return success();
  }
  known = false;
  return success();
}

/// The body gives each element of the result; the source then lies over them.
LogicalResult Interpreter::runPad(tensor::PadOp op) {
  TensorPtr source = get(op.getSource());
  if (!source)
    return failure();
  SmallVector<int64_t> low = resolve(op.getMixedLowPad()),
                       high = resolve(op.getMixedHighPad()), shape;
  for (auto [size, before, behind] : llvm::zip(source->shape, low, high)) {
    shape.push_back(size + before + behind);
    if (before < 0 || behind < 0)
      return op.emitOpError("takes away elements, which has no reference "
                            "evaluation");
  }
  ReferenceTensor result =
      ReferenceTensor::zeros(shape, isIntegerLike(op.getType()));
  Block &block = op.getRegion().front();
  auto outer = [this](Value value) { return get(value); };
  SmallVector<int64_t> point(shape.size(), 0), ones(shape.size(), 1),
      zeros(shape.size(), 0);
  for (int64_t e = 0, n = result.size(); e < n; ++e) {
    Body body(outer);
    for (auto [argument, index] : llvm::zip(block.getArguments(), point))
      body.scalars[argument].integer = index;
    for (Operation &inner : block.without_terminator())
      if (failed(body.run(inner, point)))
        return failure();
    FailureOr<Scalar> value = body.get(block.getTerminator()->getOperand(0));
    if (failed(value))
      return failure();
    setElement(result, e, *value);
    for (int64_t d = int64_t(shape.size()) - 1;
         d >= 0 && ++point[d] == shape[d]; --d)
      point[d] = 0;
  }
  copySlice(source->shape, *source, zeros, ones, result, low, ones);
  set(op, std::move(result));
  return success();
}
