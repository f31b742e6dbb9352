//===- Compile.cpp - From a model's module to objects ---------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Target/Compile.h"
#include "CodeGeneration.h"
#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "Kernel/Transforms/FunctionPasses.h"
#include "Kernel/Transforms/Passes.h"
#include "NN/IR/NN.h"
#include "compress/Analysis/PackedLayout.h"
#include "compress/Pipelines/Lowering.h"
#include "compress_runtime.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Threading.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace mlir::compress;

//===----------------------------------------------------------------------===//
// Objects
//===----------------------------------------------------------------------===//

static std::string entryName(StringRef entry, StringRef set) {
  return ("compress_" + entry + "_" + set).str();
}

/// One instruction set's code; `scratchBytes` receives what a thread of it
/// takes.
static FailureOr<std::vector<char>>
compileVariant(ModuleOp kernels, StringRef set, int64_t &scratchBytes) {
  OwningOpRef<ModuleOp> module = kernels.clone();
  PassManager pm(module->getContext(), ModuleOp::getOperationName());
  if (failed(buildKernelsToLLVMPipeline(pm, set, /*barePointers=*/false)) ||
      failed(pm.run(*module)))
    return failure();
  if (auto bytes =
          (*module)->getAttrOfType<IntegerAttr>("kernel.scratch_bytes"))
    scratchBytes = bytes.getInt();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated =
      translateModuleToLLVMIR(*module, context);
  if (!translated)
    return kernels.emitError("cannot translate to LLVM IR"), failure();
  for (llvm::Function &function : *translated) {
    if (function.isDeclaration())
      continue;
    // What the program calls is public.
    auto entry = kernels.lookupSymbol<func::FuncOp>(function.getName());
    if (entry && entry.isPublic()) {
      function.setName(entryName(function.getName(), set));
    } else {
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
      function.addFnAttr(llvm::Attribute::NoInline);
    }
    prepareFunction(function, set);
  }
  std::string error;
  MachineDescription description = getMachine(set);
  std::unique_ptr<llvm::TargetMachine> machine =
      createMachine(description, error);
  if (!machine)
    return kernels.emitError("cannot generate code: ") << error, failure();
  std::vector<char> bytes =
      emitObject(*translated, *machine, true, description.keepsOrder);
  if (bytes.empty())
    return kernels.emitError("the code generator emits no objects"), failure();
  return bytes;
}

/// The object that describes the program: compress_program_v2.
static FailureOr<std::vector<char>>
compileDescription(ModuleOp module, const CompileOptions &options,
                   int64_t weightsBytes, int64_t scratchBytes,
                   ArrayRef<float> frequencies, int64_t maxContext) {
  auto program = module->getAttrOfType<DictionaryAttr>("kernel.program");
  auto number = [&](StringRef name) {
    return program.getAs<IntegerAttr>(name).getInt();
  };
  int64_t arenaBytes = 0;
  for (auto function : module.getOps<func::FuncOp>())
    if (auto bytes = function->getAttrOfType<IntegerAttr>(kernel::kArenaBytes))
      arenaBytes = std::max(arenaBytes, bytes.getInt());
  llvm::LLVMContext context;
  llvm::Module description("compress_program", context);
  llvm::Type *i32 = llvm::Type::getInt32Ty(context);
  llvm::Type *i64 = llvm::Type::getInt64Ty(context);
  llvm::Type *pointer = llvm::PointerType::get(context, 0);
  auto constant = [&](llvm::Constant *value, const llvm::Twine &name) {
    return new llvm::GlobalVariable(description, value->getType(), true,
                                    llvm::GlobalValue::PrivateLinkage, value,
                                    name);
  };
  auto c32 = [&](uint64_t v) { return llvm::ConstantInt::get(i32, v); };
  auto c64 = [&](uint64_t v) { return llvm::ConstantInt::get(i64, v); };
  auto array = [&](ArrayRef<llvm::Constant *> values,
                   const llvm::Twine &name) -> llvm::Constant * {
    return constant(
        llvm::ConstantArray::get(
            llvm::ArrayType::get(values.front()->getType(), values.size()),
            values),
        name);
  };
  auto caches = program.getAs<ArrayAttr>("caches").getAsRange<DictionaryAttr>();
  auto *featureType = llvm::StructType::get(pointer, i32, i32, i32, i32, i64);
  auto text = [&](StringRef value) {
    return constant(llvm::ConstantDataArray::getString(context, value), "name");
  };
  std::vector<llvm::Constant *> variants;
  for (const std::string &set : options.instructionSets) {
    auto entry = [&](StringRef name) -> llvm::Constant * {
      auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                                           {pointer, i64}, false);
      return llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage,
                                    entryName(name, set), description);
    };
    std::vector<llvm::Constant *> entries, features;
    for (DictionaryAttr cache : caches)
      entries.push_back(llvm::ConstantStruct::getAnon(
          {entry(cache.getAs<FlatSymbolRefAttr>("decode").getValue()),
           entry(cache.getAs<FlatSymbolRefAttr>("prefill").getValue())}));
    for (const compress_feature &f : kernel::findInstructionSet(set)->needs)
      features.push_back(llvm::ConstantStruct::get(
          featureType, {text(f.name), c32(f.leaf), c32(f.subleaf), c32(f.word),
                        c32(f.bits), c64(f.saved)}));
    auto *featuresType = llvm::ArrayType::get(featureType, features.size());
    variants.push_back(llvm::ConstantStruct::getAnon(
        {text(set),
         constant(llvm::ConstantArray::get(featuresType, features), "features"),
         c64(features.size()), array(entries, "entries")}));
  }
  std::vector<llvm::Constant *> kinds;
  for (DictionaryAttr cache : caches)
    kinds.push_back(llvm::ConstantStruct::getAnon(
        {c64(cache.getAs<IntegerAttr>("bytes_per_position").getInt()),
         c32(cache.getAs<IntegerAttr>("type").getInt())}));
  auto *rotary = constant(llvm::ConstantDataArray::get(context, frequencies),
                          "rotary_frequencies");
  // In the order of compress_program.
  llvm::Constant *value = llvm::ConstantStruct::getAnon(
      {c32(COMPRESS_ABI_VERSION), c32(variants.size()),
       array(variants, "variants"), c64(arenaBytes), c64(scratchBytes),
       c64(kinds.size()), array(kinds, "caches"),
       c64(number("partial_bytes_per_page")), c64(weightsBytes), rotary,
       c32(2 * frequencies.size()), c32(number("vocabulary")),
       c32(number("prefill_chunk")), c32(maxContext),
       c32(options.activations == "int8"), c32(number("page_positions")),
       c32(number("run_tokens"))});
  new llvm::GlobalVariable(description, value->getType(), true,
                           llvm::GlobalValue::ExternalLinkage, value,
                           "compress_program_v2");
  std::string error;
  std::unique_ptr<llvm::TargetMachine> machine =
      createMachine(getMachine(options.instructionSets.back()), error);
  if (!machine)
    return module.emitError("cannot generate code: ") << error, failure();
  return emitObject(description, *machine, /*optimize=*/false,
                    /*keepsOrder=*/false);
}

FailureOr<CompiledModel>
mlir::compress::compileModel(ModuleOp module, const CompileOptions &options) {
  MLIRContext *context = module.getContext();
  DialectRegistry registry;
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registry.insert<LLVM::LLVMDialect>();
  context->appendDialectRegistry(registry);
  // Instruction sets are compiled in parallel, where dialects cannot be loaded.
  context->loadDialect<LLVM::LLVMDialect>();

  int64_t maxContext = 2048;
  for (auto model : module.getOps<nn::ModelOp>())
    maxContext = model.getContext();

  CompiledModel result;
  result.module = module.clone();
  PassManager plan(context, ModuleOp::getOperationName());
  if (failed(buildModelPipeline(
          plan, {options.activations, options.cacheTypes, options.chunk})) ||
      failed(plan.run(*result.module)))
    return failure();
  result.weightsBytes = (*result.module)
                            ->getAttrOfType<IntegerAttr>("kernel.weights_bytes")
                            .getInt();

  std::vector<float> frequencies;
  auto program =
      (*result.module)->getAttrOfType<DictionaryAttr>("kernel.program");
  if (auto name = program.getAs<FlatSymbolRefAttr>("rotary_frequencies")) {
    auto weight = result.module->lookupSymbol<WeightOp>(name.getValue());
    FailureOr<std::vector<float>> values = evaluateWeight(
        weight, context->getLoadedDialect<CompressDialect>()->getStore());
    if (failed(values))
      return failure();
    frequencies = std::move(*values);
  }

  // Instruction sets are compiled side by side; the order is theirs.
  size_t count = options.instructionSets.size();
  std::vector<std::vector<char>> codes(count);
  std::vector<int64_t> scratch(count, 64);
  initializeTargets();
  // A context's dialects are not for several threads to load.
  for (const std::string &set : options.instructionSets) {
    PassManager lowering(context, ModuleOp::getOperationName());
    if (failed(buildKernelsToLLVMPipeline(lowering, set,
                                          /*barePointers=*/false)))
      return failure();
    DialectRegistry dialects;
    lowering.getDependentDialects(dialects);
    context->appendDialectRegistry(dialects);
    for (StringRef name : dialects.getDialectNames())
      context->getOrLoadDialect(name);
  }
  LogicalResult compiled =
      failableParallelForEachN(context, 0, count, [&](size_t i) {
        FailureOr<std::vector<char>> code = compileVariant(
            *result.module, options.instructionSets[i], scratch[i]);
        if (failed(code))
          return failure();
        codes[i] = std::move(*code);
        return success();
      });
  if (failed(compiled))
    return failure();
  FailureOr<std::vector<char>> description =
      compileDescription(*result.module, options, result.weightsBytes,
                         *llvm::max_element(scratch), frequencies, maxContext);
  if (failed(description))
    return failure();
  result.objects.push_back({"program", std::move(*description)});
  for (size_t i = 0; i < count; ++i)
    result.objects.push_back({options.instructionSets[i], std::move(codes[i])});
  return result;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

LogicalResult mlir::compress::writePackedWeights(
    const CompiledModel &model,
    const std::function<bool(const uint8_t *, size_t)> &sink) {
  ModuleOp module = *const_cast<CompiledModel &>(model).module;
  MLIRContext *context = module.getContext();
  const WeightStore &store =
      context->getLoadedDialect<CompressDialect>()->getStore();
  SmallVector<WeightOp> weights;
  for (WeightOp weight : module.getOps<WeightOp>())
    if (weight->hasAttr("kernel.place"))
      weights.push_back(weight);
  auto place = [](WeightOp weight) {
    return weight->getAttrOfType<kernel::PlaceAttr>("kernel.place");
  };
  llvm::sort(weights, [&](WeightOp a, WeightOp b) {
    return place(a).getOffset() < place(b).getOffset();
  });
  // A few weights at a time are packed in parallel and written in order.
  constexpr size_t batch = 4;
  int64_t end = 0;
  static const uint8_t zeros[64] = {};
  for (size_t first = 0; first < weights.size(); first += batch) {
    size_t count = std::min(batch, weights.size() - first);
    std::vector<std::vector<uint8_t>> packed(count);
    if (failed(failableParallelForEachN(context, 0, count, [&](size_t i) {
          WeightOp weight = weights[first + i];
          FailureOr<kernel::PlannedWeight> planned =
              kernel::PlannedWeight::get(weight);
          if (failed(planned))
            return failure();
          packed[i].resize(planned->layout.bytes);
          return kernel::packWeight(weight, planned->layout, store, packed[i]);
        })))
      return failure();
    for (size_t i = 0; i < count; ++i) {
      int64_t offset = place(weights[first + i]).getOffset();
      if (offset > end && !sink(zeros, offset - end))
        return failure();
      if (!packed[i].empty() && !sink(packed[i].data(), packed[i].size()))
        return failure();
      end = offset + packed[i].size();
    }
  }
  if (end < model.weightsBytes && !sink(zeros, model.weightsBytes - end))
    return failure();
  return success();
}
