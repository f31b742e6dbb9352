//===- Driver.cpp - The compress command ----------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/Driver.h"
#include "Commands.h"
#include "compress/Tools/Process.h"
#include "compress/Tools/Register.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::compress;
namespace cl = llvm::cl;

static std::string getRecipeHelp() {
  std::string text = "A recipe is the name of a preset, a YAML file, or a pass "
                     "pipeline. Presets:\n";
  for (const RecipePreset &preset : getRecipePresets())
    text += ("  " + preset.name + ": " + preset.description + ".\n").str();
  return text;
}

namespace {
/// The command line. Options live as long as the process parses it, so that a
/// library that links this holds no global ones.
struct CommandLine {
  cl::OptionCategory category{"Options"};

  cl::SubCommand import{"import", "Read a model folder (Hugging Face layout) "
                                  "and write a module beside its weights"};
  cl::opt<std::string> importInput{cl::Positional, cl::Required,
                                   cl::desc("MODEL"), cl::sub(import),
                                   cl::cat(category)};
  cl::opt<std::string> importOutput{"o",
                                    cl::Required,
                                    cl::desc("The module to write"),
                                    cl::value_desc("OUT.mlir"),
                                    cl::sub(import),
                                    cl::cat(category)};
  cl::opt<bool> importNonFinite{"allow-non-finite",
                                cl::desc("Take weights with a NaN or Inf"),
                                cl::sub(import), cl::cat(category)};

  cl::SubCommand info{"info", "Print the exact sizes of a model's weights"};
  cl::opt<std::string> infoInput{cl::Positional, cl::Required,
                                 cl::desc("MODEL"), cl::sub(info),
                                 cl::cat(category)};
  cl::opt<std::string> infoRecipe{
      "recipe",
      cl::desc("Print the sizes that this recipe would leave, exactly "
               "and without running it"),
      cl::value_desc("RECIPE"), cl::sub(info), cl::cat(category)};
  cl::opt<bool> infoJson{"json", cl::desc("Print JSON"), cl::sub(info),
                         cl::cat(category)};
};
} // namespace

static compresslib::Status run(CommandLine &line) {
  if (line.import)
    return importCommand(
        {line.importInput, line.importOutput, line.importNonFinite});
  if (line.info) {
    InfoArguments arguments;
    arguments.input = line.infoInput;
    arguments.recipe = line.infoRecipe;
    arguments.json = line.infoJson;
    return infoCommand(arguments);
  }
  return compresslib::usageError(
      "Name a command: import, info, eval or build; see compress --help.");
}

int mlir::compress::driverMain(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  installProcessHandlers();
  registerEveryPass();
  CommandLine line;
  cl::HideUnrelatedOptions(line.category);
  for (cl::SubCommand *command : {&line.import, &line.info})
    cl::HideUnrelatedOptions(line.category, *command);
  std::string overview = "Compresses trained networks and compiles them to "
                         "small programs.\n\n" +
                         getRecipeHelp();
  std::string message;
  llvm::raw_string_ostream errors(message);
  if (!cl::ParseCommandLineOptions(argc, argv, overview, &errors)) {
    llvm::errs() << message;
    return int(compresslib::ErrorKind::Usage);
  }
  compresslib::Status status = run(line);
  if (!status) {
    llvm::errs() << "compress: error: " << status.error().message << "\n";
    return int(status.error().kind);
  }
  llvm::outs().flush();
  if (llvm::outs().has_error()) {
    llvm::errs() << "compress: error: Cannot write to standard output: "
                 << llvm::outs().error().message() << ".\n";
    llvm::outs().clear_error();
    return int(compresslib::ErrorKind::Environment);
  }
  return 0;
}
