//===- InfoCommand.cpp - compress info ------------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "compress/Analysis/StoredSize.h"
#include "compress/Pipelines/Lowering.h"
#include "compress/Support/Json.h"
#include "compress/Support/Text.h"
#include "compress/Target/Compile.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::compress;

static std::string getShapeText(RankedTensorType type) {
  std::string text;
  for (int64_t size : type.getShape())
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text.empty() ? "scalar" : text;
}

static void printTable(const StoredSize &size, int64_t packed,
                       llvm::raw_ostream &os) {
  size_t names = 6, shapes = 5;
  for (const WeightSize &one : size.weights) {
    names = std::max(names, WeightOp(one.weight).getSymName().size());
    shapes = std::max(
        shapes, getShapeText(WeightOp(one.weight).getWeightType()).size());
  }
  auto pad = [&](StringRef text, size_t width) {
    os << text;
    os.indent(unsigned(width - text.size() + 2));
  };
  pad("weight", names);
  pad("shape", shapes);
  os << "       bytes    bits  stored as\n";
  for (const WeightSize &one : size.weights) {
    WeightOp weight = one.weight;
    pad(weight.getSymName(), names);
    pad(getShapeText(weight.getWeightType()), shapes);
    os << llvm::format("%12lld  %6.3f  ", (long long)((one.bits + 7) / 8),
                       one.elements ? double(one.bits) / double(one.elements)
                                    : 0.0)
       << one.expression << "\n";
  }
  os << size.weights.size() << " weights, " << size.parameters
     << " parameters, " << size.bytes << " bytes ("
     << compresslib::humanSize(uint64_t(size.bytes)) << "), "
     << llvm::format("%.4f", size.getBitsPerWeight()) << " bits per weight; "
     << packed << " bytes packed in a program; " << size.blobBytes
     << " bytes of tokenizer and configuration\n";
}

static void printJson(const StoredSize &size, int64_t packed,
                      llvm::raw_ostream &os) {
  compresslib::json::Writer json;
  json.beginObject();
  json.member("parameters", size.parameters);
  json.member("bytes", size.bytes);
  json.member("bits", size.bits);
  json.member("bits_per_weight", size.getBitsPerWeight());
  json.member("packed_bytes", packed);
  json.member("blob_bytes", size.blobBytes);
  json.key("weights").beginArray();
  for (const WeightSize &one : size.weights) {
    WeightOp weight = one.weight;
    json.beginObject();
    json.member("name", weight.getSymName().str());
    json.key("shape").beginArray();
    for (int64_t dimension : weight.getWeightType().getShape())
      json.value(dimension);
    json.endArray();
    json.member("elements", one.elements);
    json.member("bits", one.bits);
    json.member("bytes", (one.bits + 7) / 8);
    json.member("stored_as", one.expression);
    json.endObject();
  }
  json.endArray().endObject();
  os << json.text() << "\n";
}

compresslib::Status
mlir::compress::infoCommand(const InfoArguments &arguments) {
  ToolContext context;
  compresslib::Expected<Recipe> recipe = Recipe();
  if (!arguments.recipe.empty())
    recipe = parseRecipe(arguments.recipe);
  if (!recipe)
    return recipe.error();
  compresslib::Expected<OwningOpRef<ModuleOp>> module =
      context.load(arguments.input);
  if (!module)
    return module.error();
  if (!recipe->steps.empty())
    if (compresslib::Status status = planRecipe(context, *module, *recipe);
        !status)
      return status;
  StoredSize size = getStoredSize(**module);
  PassManager plan((*module)->getContext());
  buildPlanWeightsPipeline(plan);
  if (failed(plan.run(**module)))
    return context.fail(compresslib::badInput("A weight has no packed form."));
  int64_t packed =
      (**module)->getAttrOfType<IntegerAttr>("kernel.weights_bytes").getInt();
  if (arguments.json)
    printJson(size, packed, llvm::outs());
  else
    printTable(size, packed, llvm::outs());
  return {};
}
