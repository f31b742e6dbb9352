//===- Driver.cpp - The compress command ----------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/Driver.h"
#include "Commands.h"
#include "compress/InstructionSets/InstructionSet.h"
#include "compress/Tools/Plugins.h"
#include "compress/Tools/Process.h"
#include "compress/Tools/Register.h"
#include "llvm/ADT/StringExtras.h"
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
  std::string targetHelp =
      "Instruction sets, separated by commas: " +
      kernel::listInstructionSets() +
      "; native (the best of this machine, the default of eval); or what a "
      "family of processors is built for, " +
      llvm::join(kernel::getFamilies(), " or ") +
      " (the default of build is x86-64). Of object files one set (default "
      "generic)";

  /// As mlir-opt has them, of every command.
  cl::list<std::string> plugins{
      "load-dialect-plugin", cl::desc("Load dialects and passes of a plugin"),
      cl::value_desc("FILE"), cl::sub(cl::SubCommand::getAll()),
      cl::cat(category)};
  cl::alias passPlugins{"load-pass-plugin", cl::desc("The same"),
                        cl::aliasopt(plugins), cl::cat(category)};

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

  cl::SubCommand eval{"eval", "Measure a model's quality and size, after every "
                              "step of a recipe"};
  cl::opt<std::string> evalInput{cl::Positional, cl::Required,
                                 cl::desc("MODEL"), cl::sub(eval),
                                 cl::cat(category)};
  cl::opt<std::string> evalBase{
      "base",
      cl::desc("The model that KL and agreement are measured against: another "
               "one, or none (default: the untouched model that the weights' "
               "origins name, which must be as it was)"),
      cl::value_desc("MODEL"), cl::sub(eval), cl::cat(category)};
  cl::opt<std::string> evalText{
      "text", cl::desc("Perplexity, KL and agreement on this text"),
      cl::value_desc("FILE"), cl::sub(eval), cl::cat(category)};
  cl::opt<bool> evalDocuments{
      "documents",
      cl::desc("The text is documents, parted by <|endoftext|>; each is scored "
               "from its beginning, up to --context tokens"),
      cl::sub(eval), cl::cat(category)};
  cl::opt<bool> evalReference{
      "reference",
      cl::desc("Also evaluate the text by the slow reference evaluator, which "
               "shares no code with packers and kernels"),
      cl::sub(eval), cl::cat(category)};
  cl::opt<int64_t> evalContext{
      "context",
      cl::desc("Tokens of a window of the text (default 512)"),
      cl::value_desc("N"),
      cl::init(512),
      cl::sub(eval),
      cl::cat(category)};
  cl::opt<int64_t> evalChunks{"chunks",
                              cl::desc("Only the first N windows or documents"),
                              cl::value_desc("N"),
                              cl::init(0),
                              cl::sub(eval),
                              cl::cat(category)};
  cl::opt<std::string> evalTasks{
      "tasks", cl::desc("Exact-match accuracy on these tasks"),
      cl::value_desc("FILE.jsonl"), cl::sub(eval), cl::cat(category)};
  cl::opt<std::string> evalBos{
      "bos",
      cl::desc("The token before a text: auto (what the tokenizer puts there), "
               "none, or a number"),
      cl::value_desc("TOKEN"),
      cl::init("auto"),
      cl::sub(eval),
      cl::cat(category)};
  cl::opt<int> evalThreads{
      "threads",           cl::desc("Threads (default: one a core)"),
      cl::value_desc("N"), cl::init(0),
      cl::sub(eval),       cl::cat(category)};
  cl::alias evalThreadsShort{"t", cl::desc("Short for --threads"),
                             cl::aliasopt(evalThreads), cl::cat(category)};
  cl::opt<std::string> evalCache{
      "cache",
      cl::desc("Folder that keeps the untouched model's distributions from run "
               "to run, or none (default: the user's cache folder)"),
      cl::value_desc("DIR"), cl::sub(eval), cl::cat(category)};
  cl::opt<bool> evalJson{"json", cl::desc("Print JSON"), cl::sub(eval),
                         cl::cat(category)};

  cl::SubCommand build{"build", "Compile a model to a program of its own"};
  cl::opt<std::string> buildInput{cl::Positional, cl::Required,
                                  cl::desc("MODEL"), cl::sub(build),
                                  cl::cat(category)};
  cl::opt<std::string> buildOutput{"o", cl::desc("The program to write"),
                                   cl::value_desc("FILE"), cl::sub(build),
                                   cl::cat(category)};
  cl::opt<std::string> buildEmit{
      "emit",
      cl::desc("executable (default); or object: the functions of a module of "
               "linalg as an object file with their weights, and FILE.h beside "
               "it"),
      cl::value_desc("KIND"),
      cl::init("executable"),
      cl::sub(build),
      cl::cat(category)};
  cl::opt<bool> buildSideCar{
      "side-car", cl::desc("Put the weights into FILE.weights beside it"),
      cl::sub(build), cl::cat(category)};
  cl::opt<std::string> buildManifest{
      "manifest",
      cl::desc("Write what the program was made of: SHA-256 of the inputs, "
               "recipe, version, target"),
      cl::value_desc("FILE.json"), cl::sub(build), cl::cat(category)};
  cl::opt<bool> buildDryRun{"dry-run",
                            cl::desc("Print the exact sizes, and make nothing"),
                            cl::sub(build), cl::cat(category)};

  // Of eval and of build.
  cl::opt<std::string> recipe{
      "recipe",
      cl::desc("How to compress: f16, int8, int4, int3, a YAML file, or a pass "
               "pipeline (see compress --help)"),
      cl::value_desc("RECIPE"),
      cl::sub(eval),
      cl::sub(build),
      cl::cat(category)};
  cl::opt<std::string> resume{
      "resume",
      cl::desc("Folder that keeps the model after each step of the recipe; a "
               "step whose input and options are unchanged is not done again"),
      cl::value_desc("DIR"),
      cl::sub(eval),
      cl::sub(build),
      cl::cat(category)};
  cl::opt<std::string> activations{
      "activations",
      cl::desc("What integer weights are multiplied with: int8 (default), "
               "rounded anew before each product, or f32"),
      cl::value_desc("TYPE"),
      cl::init("int8"),
      cl::sub(eval),
      cl::sub(build),
      cl::cat(category)};
  cl::opt<std::string> cacheType{
      "cache-type",
      cl::desc("How keys and values are stored: f32 (default), f16, or int8 "
               "with a scale a position and head; of build a list, the first "
               "being the program's default; eval's base has f32"),
      cl::value_desc("TYPE"),
      cl::init("f32"),
      cl::sub(eval),
      cl::sub(build),
      cl::cat(category)};
  cl::opt<std::string> target{
      "target",      cl::desc(targetHelp), cl::value_desc("SETS"),
      cl::sub(eval), cl::sub(build),       cl::cat(category)};
  cl::opt<int64_t> chunk{
      "chunk",
      cl::desc("Most tokens that a prompt is read by (default 64)"),
      cl::value_desc("N"),
      cl::init(64),
      cl::sub(eval),
      cl::sub(build),
      cl::cat(category)};
};
} // namespace

static compresslib::Status run(CommandLine &line) {
  auto declared = [](const auto &arguments, auto command) {
    compresslib::Status status = declareFiles(arguments);
    return status ? command(arguments) : status;
  };
  if (line.import)
    return declared(ImportArguments{line.importInput, line.importOutput,
                                    line.importNonFinite},
                    importCommand);
  if (line.info) {
    InfoArguments arguments;
    arguments.input = line.infoInput;
    arguments.recipe = line.infoRecipe;
    arguments.json = line.infoJson;
    return infoCommand(arguments);
  }
  if (line.eval) {
    EvalArguments arguments;
    arguments.input = line.evalInput;
    arguments.recipe = line.recipe;
    arguments.base = line.evalBase;
    arguments.text = line.evalText;
    arguments.tasks = line.evalTasks;
    arguments.cacheType = line.cacheType;
    arguments.activations = line.activations;
    arguments.target =
        line.target.empty() ? "native" : std::string(line.target);
    arguments.resume = line.resume;
    arguments.bos = line.evalBos;
    arguments.cache = line.evalCache;
    arguments.documents = line.evalDocuments;
    arguments.reference = line.evalReference;
    arguments.json = line.evalJson;
    arguments.context = line.evalContext;
    arguments.chunks = line.evalChunks;
    arguments.chunk = line.chunk;
    arguments.threads = line.evalThreads;
    return declared(arguments, evalCommand);
  }
  if (line.build) {
    BuildArguments arguments;
    arguments.input = line.buildInput;
    arguments.output = line.buildOutput;
    arguments.cacheType = line.cacheType;
    arguments.recipe = line.recipe;
    arguments.activations = line.activations;
    arguments.emit = line.buildEmit;
    arguments.target = !line.target.empty()         ? std::string(line.target)
                       : arguments.emit == "object" ? "generic"
                                                    : "x86-64";
    arguments.resume = line.resume;
    arguments.manifest = line.buildManifest;
    arguments.sideCar = line.buildSideCar;
    arguments.dryRun = line.buildDryRun;
    arguments.chunk = line.chunk;
    if (arguments.output.empty() && !arguments.dryRun)
      return compresslib::usageError("Name the program to write with -o.");
    if (arguments.emit == "object")
      return declared(arguments, buildObjectCommand);
    if (arguments.emit != "executable")
      return compresslib::usageError("--emit is '" + arguments.emit +
                                     "'; expected executable or object.");
    return declared(arguments, buildCommand);
  }
  return compresslib::usageError(
      "Name a command: import, info, eval or build; see compress --help.");
}

int mlir::compress::driverMain(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  prepareTool();
  registerEveryPass();
  CommandLine line;
  cl::HideUnrelatedOptions(line.category);
  for (cl::SubCommand *command :
       {&line.import, &line.info, &line.eval, &line.build})
    cl::HideUnrelatedOptions(line.category, *command);
  std::string overview = "Compresses trained networks and compiles them to "
                         "small programs.\n\n" +
                         getRecipeHelp();
  std::string message;
  llvm::raw_string_ostream errors(message);
  if (!cl::ParseCommandLineOptions(argc, argv, overview, &errors)) {
    llvm::errs() << compresslib::cutMessage(message);
    return int(compresslib::ErrorKind::Usage);
  }
  compresslib::Status status;
  for (const std::string &plugin : line.plugins)
    if (llvm::Error error = loadPlugin(plugin); error && status)
      status = compresslib::usageError(
          "Cannot load a plugin: " + llvm::toString(std::move(error)) + ".");
  if (status)
    status = run(line);
  if (!status) {
    // Errors of passes are joined to it, uncut.
    llvm::errs() << "compress: error: "
                 << compresslib::cutMessage(status.error().message) << "\n";
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
