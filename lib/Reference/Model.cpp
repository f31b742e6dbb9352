//===- Model.cpp - The evaluator, and a language model --------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interpreter.h"
#include "compress/Reference/Reference.h"

using namespace mlir;
using namespace mlir::compress;
using namespace mlir::compress::reference;

struct ReferenceEvaluator::Implementation {
  Interpreter interpreter;
};

ReferenceEvaluator::ReferenceEvaluator(ModuleOp module,
                                       ReferenceOptions options)
    : implementation(new Implementation{Interpreter(module, options)}) {}

ReferenceEvaluator::~ReferenceEvaluator() = default;

FailureOr<std::vector<ReferenceTensor>>
ReferenceEvaluator::call(func::FuncOp function,
                         std::vector<ReferenceTensor> inputs) {
  return implementation->interpreter.call(function, std::move(inputs));
}

FailureOr<std::vector<ReferenceTensor>>
mlir::compress::evaluateFunction(func::FuncOp function,
                                 std::vector<ReferenceTensor> inputs,
                                 ReferenceOptions options) {
  return ReferenceEvaluator(function->getParentOfType<ModuleOp>(), options)
      .call(function, std::move(inputs));
}

FailureOr<std::unique_ptr<ReferenceModel>>
ReferenceModel::create(ModuleOp module, ReferenceOptions options) {
  std::unique_ptr<ReferenceModel> model(new ReferenceModel(module, options));
  model->function = module.lookupSymbol<func::FuncOp>("forward");
  if (!model->function)
    return module.emitOpError("has no function @forward");
  FunctionType type = model->function.getFunctionType();
  auto refuse = [&]() {
    return model->function.emitOpError("has type ")
           << type
           << ", but a language model takes tokens, a position and caches, and "
              "returns logits and caches";
  };
  auto rank = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor ? tensor.getRank() : -1;
  };
  if (type.getNumInputs() < 2 ||
      type.getNumResults() + 1 != type.getNumInputs() ||
      rank(type.getInput(0)) != 1 || !isIntegerLike(type.getInput(0)) ||
      !type.getInput(1).isIndex() || rank(type.getResult(0)) != 2)
    return refuse();
  model->vocabulary = cast<RankedTensorType>(type.getResult(0)).getDimSize(1);
  model->context = options.context;
  if (!model->context) {
    auto models = module.getOps<nn::ModelOp>();
    if (models.empty())
      return module.emitOpError("has no nn.model that gives the context");
    model->context = (*models.begin()).getContext();
  }
  for (Type input : type.getInputs().drop_front(2)) {
    if (rank(input) != 4)
      return refuse();
    SmallVector<int64_t> shape(cast<RankedTensorType>(input).getShape());
    shape[1] = model->context;
    if (llvm::any_of(shape, ShapedType::isDynamic))
      return refuse();
    model->caches.push_back(ReferenceTensor::zeros(shape));
  }
  return model;
}

FailureOr<std::vector<float>> ReferenceModel::forward(ArrayRef<int32_t> tokens,
                                                      int64_t position) {
  if (position < 0 || position + int64_t(tokens.size()) > context)
    return function.emitOpError("was given ")
           << tokens.size() << " tokens at position " << position
           << ", but the context has " << context << " positions";
  std::vector<ReferenceTensor> inputs = {
      ReferenceTensor::ofIntegers(
          {int64_t(tokens.size())},
          std::vector<int64_t>(tokens.begin(), tokens.end())),
      ReferenceTensor::ofIntegers({}, {position})};
  for (ReferenceTensor &cache : caches)
    inputs.push_back(cache);
  FailureOr<std::vector<ReferenceTensor>> results =
      evaluator.call(function, std::move(inputs));
  if (failed(results))
    return failure();
  for (auto [cache, result] :
       llvm::zip_equal(caches, llvm::drop_begin(*results)))
    cache = std::move(result);
  return std::move(results->front().floats);
}
