//===- Interpreter.cpp - Evaluates ops, one after another -----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interpreter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::compress::reference;

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

static int64_t countOf(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

ReferenceTensor ReferenceTensor::ofFloats(ArrayRef<int64_t> shape,
                                          std::vector<float> values) {
  assert(countOf(shape) == int64_t(values.size()));
  return {SmallVector<int64_t>(shape), false, std::move(values), {}};
}

ReferenceTensor ReferenceTensor::ofIntegers(ArrayRef<int64_t> shape,
                                            std::vector<int64_t> values) {
  assert(countOf(shape) == int64_t(values.size()));
  return {SmallVector<int64_t>(shape), true, {}, std::move(values)};
}

ReferenceTensor ReferenceTensor::zeros(ArrayRef<int64_t> shape,
                                       bool isInteger) {
  if (isInteger)
    return ofIntegers(shape, std::vector<int64_t>(countOf(shape)));
  return ofFloats(shape, std::vector<float>(countOf(shape)));
}

FailureOr<ReferenceTensor> ReferenceTensor::ofAttribute(ElementsAttr elements) {
  ArrayRef<int64_t> shape = elements.getShapedType().getShape();
  Type type = elements.getElementType();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!type.isF32() || !blob ||
        blob->getData().size() != size_t(countOf(shape)) * sizeof(float))
      return failure();
    ArrayRef<float> values = blob->getDataAs<float>();
    return ofFloats(shape, values.vec());
  }
  if (type.isF64() || type.isInteger(0))
    return failure();
  if (isa<FloatType>(type)) {
    auto values = elements.tryGetValues<APFloat>();
    if (!values)
      return failure();
    std::vector<float> floats;
    floats.reserve(countOf(shape));
    for (const APFloat &value : *values)
      floats.push_back(float(value.convertToDouble()));
    return ofFloats(shape, std::move(floats));
  }
  auto values = elements.tryGetValues<APInt>();
  if (!values)
    return failure();
  std::vector<int64_t> integers;
  integers.reserve(countOf(shape));
  for (const APInt &value : *values)
    integers.push_back(type.isUnsignedInteger() ? int64_t(value.getZExtValue())
                                                : value.getSExtValue());
  return ofIntegers(shape, std::move(integers));
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

WeightOp Interpreter::getWeight(Value value) {
  auto use = value.getDefiningOp<UseOp>();
  if (!use)
    return {};
  return symbols.lookupNearestSymbolFrom<WeightOp>(use, use.getWeightAttr());
}

Interpreter::TensorPtr Interpreter::get(Value value) {
  if (auto it = frame->find(value); it != frame->end())
    return it->second;
  if (WeightOp weight = getWeight(value)) {
    FailureOr<TensorPtr> dense = products.getDense(weight);
    return succeeded(dense) ? *dense : nullptr;
  }
  emitError(value.getLoc()) << "This value has no reference evaluation.";
  return nullptr;
}

int64_t Interpreter::getIndex(Value value) {
  TensorPtr held = get(value);
  return held ? held->integers[0] : -1;
}

void Interpreter::set(Value value, ReferenceTensor tensor) {
  (*frame)[value] = std::make_shared<ReferenceTensor>(std::move(tensor));
}

SmallVector<int64_t> Interpreter::resolve(ArrayRef<OpFoldResult> sizes) {
  SmallVector<int64_t> resolved;
  for (OpFoldResult size : sizes)
    if (auto constant = dyn_cast<Attribute>(size))
      resolved.push_back(cast<IntegerAttr>(constant).getInt());
    else
      resolved.push_back(getIndex(cast<Value>(size)));
  return resolved;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

FailureOr<std::vector<Interpreter::TensorPtr>>
Interpreter::runBlock(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(run(&op)))
      return failure();
  std::vector<TensorPtr> results;
  for (Value value : block.getTerminator()->getOperands()) {
    results.push_back(get(value));
    if (!results.back())
      return failure();
  }
  return results;
}

LogicalResult Interpreter::runControl(Operation *op, bool &known) {
  std::vector<TensorPtr> results;
  if (auto block = dyn_cast<nn::BlockOp>(op)) {
    auto yielded = runBlock(block.getBody().front());
    if (failed(yielded))
      return failure();
    results = std::move(*yielded);
  } else if (auto branch = dyn_cast<scf::IfOp>(op)) {
    TensorPtr condition = get(branch.getCondition());
    if (!condition)
      return failure();
    Region &region = condition->integers[0] ? branch.getThenRegion()
                                            : branch.getElseRegion();
    if (!region.empty()) {
      auto yielded = runBlock(region.front());
      if (failed(yielded))
        return failure();
      results = std::move(*yielded);
    }
  } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
    for (Value initial : loop.getInitArgs()) {
      results.push_back(get(initial));
      if (!results.back())
        return failure();
    }
    int64_t end = getIndex(loop.getUpperBound());
    int64_t step = getIndex(loop.getStep());
    if (step < 1)
      return op->emitOpError("has step ") << step;
    for (int64_t i = getIndex(loop.getLowerBound()); i < end; i += step) {
      set(loop.getInductionVar(), ReferenceTensor::ofIntegers({}, {i}));
      for (auto [argument, held] : llvm::zip(loop.getRegionIterArgs(), results))
        (*frame)[argument] = held;
      auto yielded = runBlock(*loop.getBody());
      if (failed(yielded))
        return failure();
      results = std::move(*yielded);
    }
  } else if (auto call = dyn_cast<func::CallOp>(op)) {
    auto callee = symbols.lookupNearestSymbolFrom<func::FuncOp>(
        call, call.getCalleeAttr());
    if (!callee)
      return op->emitOpError("calls @")
             << call.getCallee() << ", which is no function here";
    std::vector<ReferenceTensor> inputs;
    for (Value operand : call.getOperands()) {
      TensorPtr held = get(operand);
      if (!held)
        return failure();
      inputs.push_back(*held);
    }
    auto returned = this->call(callee, std::move(inputs));
    if (failed(returned))
      return failure();
    for (ReferenceTensor &tensor : *returned)
      results.push_back(std::make_shared<ReferenceTensor>(std::move(tensor)));
  } else {
    known = false;
    return success();
  }
  for (auto [result, held] : llvm::zip_equal(op->getResults(), results))
    (*frame)[result] = held;
  return success();
}

LogicalResult Interpreter::run(Operation *op) {
  // Values are held as f32, which would round these silently.
  if (llvm::any_of(op->getResultTypes(), [](Type type) {
        return getElementTypeOrSelf(type).isF64();
      }))
    return op->emitOpError("gives f64, which has no reference evaluation");
  if (failed(verifyAddressable(op)))
    return failure();
  bool known = true;
  if (LogicalResult result = runControl(op, known); known || failed(result))
    return result;
  known = true;
  if (LogicalResult result = runTensor(op, known); known || failed(result))
    return result;
  if (isScalarOp(op))
    return runElementwise(op);
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](UseOp) { return success(); })
      .Case([&](nn::EmbeddingOp embedding) { return runEmbedding(embedding); })
      .Case([&](nn::LinearOp linear) { return runLinear(linear); })
      .Case<nn::RMSNormOp, nn::LayerNormOp>([&](auto) { return runNorm(op); })
      .Case([&](nn::RotaryOp rotary) { return runRotary(rotary); })
      .Case([&](nn::AttentionOp attention) { return runAttention(attention); })
      .Case([&](nn::ActivationOp activation) {
        return runActivation(activation);
      })
      .Case([&](linalg::LinalgOp structured) { return runLinalg(structured); })
      .Case([&](linalg::SoftmaxOp softmax) { return runSoftmax(softmax); })
      .Case([&](tensor::PadOp pad) { return runPad(pad); })
      .Default([](Operation *op) {
        return op->emitOpError("has no reference evaluation");
      });
}

FailureOr<std::vector<ReferenceTensor>>
Interpreter::call(func::FuncOp function, std::vector<ReferenceTensor> inputs) {
  if (function.isExternal() || !llvm::hasSingleElement(function.getBody()))
    return function.emitOpError("needs one block to be evaluated");
  if (inputs.size() != function.getNumArguments())
    return function.emitOpError("takes ")
           << function.getNumArguments() << " inputs, but was given "
           << inputs.size();
  if (depth >= 100)
    return function.emitOpError("calls itself too deeply");
  for (auto [i, argument] : llvm::enumerate(function.getArguments())) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    ArrayRef<int64_t> shape = type ? type.getShape() : ArrayRef<int64_t>();
    bool fits = shape.size() == inputs[i].shape.size() &&
                isIntegerLike(argument.getType()) == inputs[i].isInteger;
    for (size_t d = 0; fits && d < shape.size(); ++d)
      fits = ShapedType::isDynamic(shape[d]) || shape[d] == inputs[i].shape[d];
    if (!fits)
      return function.emitOpError("was given an input ")
             << i << " that is no " << argument.getType();
  }
  Frame fresh;
  Frame *outer = frame;
  frame = &fresh;
  ++depth;
  for (auto [argument, input] : llvm::zip(function.getArguments(), inputs))
    set(argument, std::move(input));
  FailureOr<std::vector<TensorPtr>> returned =
      runBlock(function.getBody().front());
  frame = outer;
  --depth;
  if (failed(returned))
    return failure();
  std::vector<ReferenceTensor> results;
  for (TensorPtr &held : *returned)
    results.push_back(*held);
  return results;
}
