//===- BuildObjectCommand.cpp - compress build --emit=object --------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "NN/IR/NN.h"
#include "Program.h"
#include "compress/Pipelines/Lowering.h"
#include "compress/Support/Files.h"
#include "compress/Target/Functions.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::compress;

std::string mlir::compress::getHeaderOf(StringRef object) {
  SmallString<256> header(object);
  llvm::sys::path::replace_extension(header, "h");
  return std::string(header);
}

compresslib::Status
mlir::compress::buildObjectCommand(const BuildArguments &arguments) {
  compresslib::Expected<CompileOptions> options =
      getCompileOptions(arguments.target, arguments.activations,
                        arguments.chunk, arguments.cacheType);
  if (!options)
    return options.error();
  if (options->instructionSets.size() != 1)
    return compresslib::usageError(
        "An object file is made for one instruction set, but --target names " +
        std::to_string(options->instructionSets.size()) + ".");
  compresslib::Expected<Recipe> recipe = Recipe();
  if (!arguments.recipe.empty())
    recipe = parseRecipe(arguments.recipe);
  if (!recipe)
    return recipe.error();
  if (arguments.sideCar || !arguments.manifest.empty())
    return compresslib::usageError(
        "--side-car and --manifest are for programs; "
        "an object file holds its weights.");
  if (arguments.dryRun) {
    InfoArguments info;
    info.input = arguments.input;
    info.recipe = arguments.recipe;
    return infoCommand(info);
  }
  if (llvm::sys::path::extension(arguments.output) != ".o")
    return compresslib::usageError("The output '" + arguments.output +
                                   "' does not end in .o.");

  ToolContext context;
  compresslib::Expected<OwningOpRef<ModuleOp>> module =
      context.load(arguments.input);
  if (!module)
    return module.error();
  if (!(**module).getOps<nn::ModelOp>().empty())
    return compresslib::badInput(
        "'" + arguments.input +
        "' is a language model, whose functions need the runtime; build it "
        "without --emit=object.");
  // Constants are weights like others: the recipe finds them, and products
  // with them are kernels.
  PassManager outline(context.get(), ModuleOp::getOperationName());
  bool tosa = (**module)
                  .walk([](Operation *op) {
                    return op->getName().getDialectNamespace() == "tosa"
                               ? WalkResult::interrupt()
                               : WalkResult::advance();
                  })
                  .wasInterrupted();
  if ((tosa && failed(buildTosaToLinalgPipeline(outline))) ||
      failed(parsePassPipeline("compress-outline-weights", outline)) ||
      failed(outline.run(**module)))
    return context.fail(compresslib::badInput(
        "The constants of '" + arguments.input + "' cannot become weights."));
  if (!recipe->steps.empty())
    if (compresslib::Status status =
            runRecipeOn(context, *module, *recipe, arguments.resume, nullptr);
        !status)
      return status;
  FunctionsOptions functions;
  functions.instructionSet = options->instructionSets.front();
  functions.activations = options->activations;
  functions.name = llvm::sys::path::stem(arguments.output).str();
  FailureOr<CompiledFunctions> compiled = compileFunctions(**module, functions);
  if (failed(compiled))
    return context.fail(
        compresslib::badInput("The module could not be compiled."));
  std::vector<compresslib::AtomicFile> outputs;
  for (const auto &[path, bytes] :
       {std::make_pair(arguments.output, StringRef(compiled->object.data(),
                                                   compiled->object.size())),
        std::make_pair(getHeaderOf(arguments.output),
                       StringRef(compiled->header))}) {
    compresslib::AtomicFileOptions size;
    size.size = bytes.size();
    compresslib::Expected<compresslib::AtomicFile> file =
        compresslib::AtomicFile::create(path, size);
    if (!file)
      return file.error();
    if (compresslib::Status status =
            file->write(std::string_view(bytes.data(), bytes.size()));
        !status)
      return status;
    outputs.push_back(std::move(*file));
  }
  return compresslib::commitTogether(std::move(outputs));
}
