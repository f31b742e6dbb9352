//===- EvalCommand.cpp - compress eval ------------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Compress/IR/Compress.h"
#include "Program.h"
#include "Untouched.h"
#include "compress/Analysis/StoredSize.h"
#include "compress/Evaluation/Compare.h"
#include "compress/Evaluation/Report.h"
#include "compress/Evaluation/Tasks.h"
#include "compress/Pipelines/Fingerprint.h"
#include "compress/Reference/Reference.h"
#include "compress/Support/Files.h"
#include "compress/Support/Progress.h"
#include "compress/Support/Sha256.h"
#include "compress_runtime/CommandLine.h"
#include "compress_runtime/ThreadPool.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::compress;
namespace eval = compresslib::eval;
namespace rt = compresslib::rt;

static bool hasIntegerWeights(ModuleOp module) {
  return llvm::any_of(module.getOps<WeightOp>(), [](WeightOp weight) {
    auto ops = weight.getBody().front().getOps<DequantizeOp>();
    return !ops.empty();
  });
}

static std::string sha256Of(StringRef text) {
  return compresslib::sha256(
      {reinterpret_cast<const uint8_t *>(text.data()), text.size()});
}

namespace {
class Evaluation {
public:
  explicit Evaluation(const EvalArguments &arguments) : arguments(arguments) {}
  compresslib::Status run();

private:
  compresslib::Status prepare(ModuleOp module);
  compresslib::Status measureInput(ModuleOp module);
  compresslib::Status measure(ToolContext &where, const std::string &name,
                              ModuleOp module);
  compresslib::Expected<double>
  referenceNll(ToolContext &where, ModuleOp module, const CompileOptions &how);
  compresslib::Status measureCache(ToolContext &where, ModuleOp module);
  std::string getCachePath();
  int64_t getPositions() const;

  const EvalArguments &arguments;
  ToolContext context, baseContext;
  CompileOptions options;
  std::unique_ptr<rt::ThreadPool> pool;
  rt::TextCodec codec;
  ModelFacts facts;
  std::vector<rt::Sequence> sequences;
  std::vector<eval::Task> tasks;
  int32_t bos = -1;
  std::unique_ptr<Program> base;
  std::string cacheKey;
  std::vector<eval::Step> steps;
};
} // namespace

int64_t Evaluation::getPositions() const {
  // A task's prompt and answer may be longer than a window of the text.
  return tasks.empty() ? arguments.context
                       : std::max<int64_t>(arguments.context, 512);
}

/// A user's cache holds one base: another takes its place.
std::string Evaluation::getCachePath() {
  if (arguments.cache == "none")
    return "";
  std::string folder = arguments.cache;
  if (folder.empty()) {
    SmallString<128> user;
    if (!llvm::sys::path::cache_directory(user))
      return "";
    folder = (user + "/compress").str();
  }
  if (llvm::sys::fs::create_directories(folder))
    return "";
  return folder + "/base.logits";
}

compresslib::Status Evaluation::prepare(ModuleOp module) {
  compresslib::Expected<ModelFacts> read = getModelFacts(module);
  if (!read)
    return read.error();
  facts = std::move(*read);
  compresslib::Expected<rt::TextCodec> made =
      rt::loadTokenizerCodec(facts.tokenizer);
  if (!made)
    return made.error();
  codec = std::move(*made);
  bos = codec.bos;
  if (arguments.bos == "none")
    bos = -1;
  else if (arguments.bos != "auto" &&
           StringRef(arguments.bos).getAsInteger(10, bos))
    return compresslib::usageError("--bos is auto, none or a token's number, "
                                   "not '" +
                                   arguments.bos + "'.");

  if (!arguments.text.empty()) {
    compresslib::Expected<std::string> text =
        compresslib::readFile(arguments.text);
    if (!text)
      return text.error();
    rt::TextOptions cut;
    cut.context = arguments.context;
    cut.chunks = arguments.chunks;
    cut.documents = arguments.documents;
    cut.bos = bos;
    compresslib::Expected<std::vector<rt::Sequence>> made =
        rt::cutText(*text, cut, codec.encode);
    if (!made)
      return made.error();
    sequences = std::move(*made);
    cacheKey = sha256Of(*text) + " " + std::to_string(arguments.context) + " " +
               std::to_string(arguments.chunks) + " " +
               std::to_string(arguments.documents) + " " + std::to_string(bos);
  }
  if (!arguments.tasks.empty()) {
    compresslib::Expected<std::string> text =
        compresslib::readFile(arguments.tasks);
    if (!text)
      return text.error();
    compresslib::Expected<std::vector<eval::Task>> read =
        eval::readTasks(*text, arguments.tasks);
    if (!read)
      return read.error();
    tasks = std::move(*read);
  }
  return {};
}

/// The text's negative log likelihood by the reference evaluator, which shares
/// no code with packers and kernels.
compresslib::Expected<double>
Evaluation::referenceNll(ToolContext &where, ModuleOp module,
                         const CompileOptions &how) {
  ReferenceOptions same;
  same.activations =
      how.activations == "int8" ? Activations::int8 : Activations::f32;
  const std::string &type = how.cacheTypes.front();
  same.cacheType = type == "int8"  ? CacheType::int8
                   : type == "f16" ? CacheType::f16
                                   : CacheType::f32;
  same.context = arguments.context + 1;
  FailureOr<std::unique_ptr<ReferenceModel>> model =
      ReferenceModel::create(module, same);
  if (failed(model))
    return where.fail(
        compresslib::badInput("The reference evaluation failed."));
  compresslib::Progress progress("reference", sequences.size());
  int64_t vocabulary = (*model)->getVocabulary();
  rt::Mean mean;
  for (const rt::Sequence &sequence : sequences) {
    FailureOr<std::vector<float>> logits =
        (*model)->forward(ArrayRef(sequence.tokens).drop_back(), 0);
    if (failed(logits))
      return where.fail(
          compresslib::badInput("The reference evaluation failed."));
    for (size_t t = sequence.firstScored; t + 1 < sequence.tokens.size(); ++t) {
      const float *row = logits->data() + t * vocabulary;
      mean.add(rt::logSumExp(row, vocabulary) - row[sequence.tokens[t + 1]]);
    }
    progress.advance(1);
  }
  return mean.mean();
}

/// Measures one model; the first is the base of the others.
compresslib::Status Evaluation::measure(ToolContext &where,
                                        const std::string &name,
                                        ModuleOp module) {
  // The first is the base of the others: what it makes of the text is kept.
  // Its caches round nothing, so that what another's do is measured, too.
  const bool isBase = steps.empty() && arguments.base != "none";
  CompileOptions how = options;
  if (isBase)
    how.cacheTypes = {"f32"};
  compresslib::Expected<std::unique_ptr<Program>> made =
      Program::create(where, module, how, *pool, getPositions());
  if (!made)
    return made.error();
  std::unique_ptr<Program> program = std::move(*made);
  rt::Model &model = program->model();

  StoredSize size = getStoredSize(module);
  eval::Step step;
  step.name = name;
  step.bytes = uint64_t(size.bytes);
  step.parameters = double(facts.parameters);
  // Float weights meet float activations, whatever was asked for.
  step.activations = hasIntegerWeights(module) ? model.activations() : "f32";
  if (isBase)
    cacheKey += " " + getFingerprint(module) + " " + step.activations + " " +
                llvm::join(options.instructionSets, ",") + " " COMPRESS_VERSION;
  if (!sequences.empty()) {
    compresslib::Progress progress(name, sequences.size());
    eval::CompareOptions compare;
    size_t shown = 0;
    compare.progress = [&](size_t done, size_t) {
      progress.advance(done - shown);
      shown = done;
      return true;
    };
    if (isBase || base) {
      compare.cachePath = getCachePath();
      compare.cacheKey = cacheKey;
    }
    compresslib::Expected<eval::Comparison> compared =
        isBase ? eval::compareModels(&model, {}, sequences, compare)
               : eval::compareModels(base ? &base->model() : nullptr, {&model},
                                     sequences, compare);
    if (!compared)
      return compared.error();
    step.text = isBase ? compared->base : compared->models[0];
    step.text->compared &= !isBase;
    if (arguments.reference) {
      compresslib::Expected<double> nll = referenceNll(where, module, how);
      if (!nll)
        return nll.error();
      step.referenceNll = *nll;
    }
  }
  if (!tasks.empty()) {
    compresslib::Progress progress(name + ", tasks", tasks.size());
    size_t shown = 0;
    compresslib::Expected<eval::Accuracy> accuracy = eval::runTasks(
        model, codec, bos, facts.endTokens, tasks, [&](size_t done, size_t) {
          progress.advance(done - shown);
          shown = done;
          return true;
        });
    if (!accuracy)
      return accuracy.error();
    step.accuracy = *accuracy;
  }
  if (isBase)
    base = std::move(program);
  steps.push_back(std::move(step));
  return {};
}

/// What `--base` names, the origin of the weights, or the input itself; then
/// the input, where it is another model.
compresslib::Status Evaluation::measureInput(ModuleOp module) {
  std::string name = llvm::sys::path::filename(arguments.input).str();
  if (arguments.base == "none")
    return measure(context, name, module);
  std::string untouched = arguments.base;
  if (untouched.empty() && !llvm::sys::fs::is_directory(arguments.input)) {
    compresslib::Expected<std::string> origin =
        findUntouchedModel(module, arguments.input);
    if (!origin)
      return origin.error();
    untouched = *origin;
  }
  if (untouched.empty()) {
    if (compresslib::Status status = measure(context, "untouched", module);
        !status)
      return status;
    return measureCache(context, module);
  }
  compresslib::Expected<OwningOpRef<ModuleOp>> other =
      baseContext.load(untouched);
  if (!other)
    return other.error();
  // Its tokens are the input's.
  compresslib::Expected<ModelFacts> otherFacts = getModelFacts(**other);
  if (!otherFacts)
    return otherFacts.error();
  if (otherFacts->tokenizer != facts.tokenizer)
    return compresslib::badInput(
        "'" + untouched + "' has another tokenizer than '" + arguments.input +
        "': they cannot be compared.");
  if (arguments.base.empty() && otherFacts->config != facts.config)
    return compresslib::badInput(
        "The config.json of the untouched model in '" + untouched +
        "' is not what it was when '" + arguments.input +
        "' was made. Restore it, or name the model to measure against with "
        "--base MODEL (--base none measures alone).");
  std::string title = "untouched";
  if (!arguments.base.empty())
    title = llvm::sys::path::filename(StringRef(untouched).rtrim('/')).str();
  if (compresslib::Status status = measure(baseContext, title, **other);
      !status)
    return status;
  if (isSameModel(**other, module))
    return measureCache(context, module);
  return measure(context, name, module);
}

/// What a cache that rounds does to the model that is as it was.
compresslib::Status Evaluation::measureCache(ToolContext &where,
                                             ModuleOp module) {
  const std::string &type = options.cacheTypes.front();
  if (type == "f32")
    return {};
  return measure(where, type + " cache", module);
}

compresslib::Status Evaluation::run() {
  if (arguments.text.empty() && arguments.tasks.empty())
    return compresslib::usageError("Name what to measure on: --text FILE, "
                                   "--tasks FILE.jsonl, or both.");
  compresslib::Expected<CompileOptions> made =
      getCompileOptions(arguments.target, arguments.activations,
                        arguments.chunk, arguments.cacheType);
  if (!made)
    return made.error();
  options = std::move(*made);
  compresslib::Expected<Recipe> recipe = Recipe();
  if (!arguments.recipe.empty())
    recipe = parseRecipe(arguments.recipe);
  if (!recipe)
    return recipe.error();
  rt::ThreadPoolOptions threads;
  threads.threads = arguments.threads;
  compresslib::Expected<std::unique_ptr<rt::ThreadPool>> workers =
      rt::ThreadPool::create(threads);
  if (!workers)
    return workers.error();
  pool = std::move(*workers);

  compresslib::Expected<OwningOpRef<ModuleOp>> module =
      context.load(arguments.input);
  if (!module)
    return module.error();
  if (compresslib::Status status = prepare(**module); !status)
    return status;

  if (compresslib::Status status = measureInput(**module); !status)
    return status;
  if (!recipe->steps.empty()) {
    auto after = [&](size_t i, ModuleOp now) {
      return measure(context, recipe->steps[i].title, now);
    };
    if (compresslib::Status status =
            runRecipeOn(context, *module, *recipe, arguments.resume, after);
        !status)
      return status;
  }

  if (!arguments.json) {
    llvm::outs() << eval::stepsTable(steps);
    return {};
  }
  compresslib::json::Writer json;
  json.beginObject();
  json.member("model", facts.name);
  json.member("recipe", recipe->name);
  json.member("instruction_set", options.instructionSets.front());
  json.member("context", arguments.context);
  json.member("documents", arguments.documents);
  json.key("steps").beginArray();
  for (const eval::Step &step : steps)
    eval::writeStep(json, step);
  json.endArray().endObject();
  llvm::outs() << json.text() << "\n";
  return {};
}

compresslib::Status
mlir::compress::evalCommand(const EvalArguments &arguments) {
  return Evaluation(arguments).run();
}
