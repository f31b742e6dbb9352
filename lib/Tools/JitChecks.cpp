//===- JitChecks.cpp - Checks, run as machine code ------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The executor "jit": a test's function is compiled as `compress build`
// compiles functions to an object, for this machine, and called.
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "compress/Reference/Check.h"
#include "compress/Target/Compile.h"
#include "compress/Target/Functions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::compress;

/// A result as C says it: a tensor of f32 or of 64-bit integers.
static Value plainResult(OpBuilder &b, Location loc, Value value) {
  if (!isa<RankedTensorType>(value.getType()))
    value = tensor::FromElementsOp::create(
        b, loc, RankedTensorType::get({}, value.getType()), value);
  auto type = cast<RankedTensorType>(value.getType());
  Type element = type.getElementType();
  Type i64 = type.clone(b.getI64Type());
  if (element.isIndex())
    return arith::IndexCastOp::create(b, loc, i64, value);
  if (element.isInteger(1))
    return arith::ExtUIOp::create(b, loc, i64, value);
  if (element.isSignlessInteger() && element.getIntOrFloatBitWidth() < 64)
    return arith::ExtSIOp::create(b, loc, i64, value);
  if (isa<FloatType>(element) && element.getIntOrFloatBitWidth() < 32)
    return arith::ExtFOp::create(b, loc, type.clone(b.getF32Type()), value);
  return value;
}

static FailureOr<std::vector<ReferenceTensor>>
evaluateByJit(ModuleOp module, StringRef name,
              const ReferenceOptions &options) {
  MLIRContext *context = module.getContext();
  auto function = module.lookupSymbol<func::FuncOp>(name);
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitOpError("has several blocks; a test has one");
  // A function for every value, so that two of a kind stay two.
  SmallVector<SmallVector<int64_t>> shapes;
  SmallVector<RankedTensorType> types;
  auto nameOf = [](size_t i) { return "compress_check_" + std::to_string(i); };
  SmallVector<Value> values(
      function.getBody().front().getTerminator()->getOperands());
  for (auto [i, value] : llvm::enumerate(values)) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (type && !type.hasStaticShape())
      return function.emitOpError("checks ")
             << type << ", but machine code is run for known sizes only";
    shapes.push_back(type ? SmallVector<int64_t>(type.getShape())
                          : SmallVector<int64_t>());
    OpBuilder b(function);
    auto one = cast<func::FuncOp>(b.clone(*function));
    Operation *terminator = one.getBody().front().getTerminator();
    b.setInsertionPoint(terminator);
    Value result = plainResult(b, one.getLoc(), terminator->getOperand(i));
    terminator->setOperands(result);
    one.setName(nameOf(i));
    one.setPublic();
    one.setFunctionType(b.getFunctionType({}, result.getType()));
    types.push_back(cast<RankedTensorType>(result.getType()));
  }
  // Nothing that these do not call is compiled.
  for (auto other : module.getOps<func::FuncOp>())
    if (!other.getName().starts_with("compress_check_"))
      other.setPrivate();
  PassManager pm(context, ModuleOp::getOperationName());
  pm.addPass(createSymbolDCEPass());
  if (failed(pm.run(module)))
    return failure();

  FunctionsOptions compile;
  std::string error;
  FailureOr<std::vector<std::string>> sets = parseTarget("native", error);
  if (failed(sets))
    return module.emitError(error), failure();
  compile.instructionSet = sets->front();
  compile.activations =
      options.activations == Activations::int8 ? "int8" : "f32";
  FailureOr<CompiledFunctions> compiled = compileFunctions(module, compile);
  if (failed(compiled))
    return failure();

  std::vector<ReferenceTensor> results;
  for (auto [i, type] : llvm::enumerate(types)) {
    // An element more, so that an empty tensor has an address, too.
    int64_t size = type.getNumElements();
    std::vector<uint64_t> memory(size + 1);
    if (failed(callFunction(context, compiled->object, nameOf(i),
                            {memory.data()})))
      return failure();
    if (type.getElementType().isF32()) {
      auto *floats = reinterpret_cast<const float *>(memory.data());
      results.push_back(ReferenceTensor::ofFloats(
          shapes[i], std::vector<float>(floats, floats + size)));
    } else if (type.getElementType().isInteger(64)) {
      results.push_back(ReferenceTensor::ofIntegers(
          shapes[i],
          std::vector<int64_t>(memory.begin(), memory.begin() + size)));
    } else {
      return module.emitError("checks ")
                 << type << "; machine code is run for floats of up to 32 bits "
                 << "and for integers",
             failure();
    }
  }
  return results;
}

void mlir::compress::registerJitChecks() {
  registerCheckExecutor("jit", evaluateByJit);
}
