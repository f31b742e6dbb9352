//===- Recipe.cpp - Recipes: named lists of compression steps -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Pipelines/Recipe.h"
#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "compress/Pipelines/Fingerprint.h"
#include "compress/Support/Files.h"
#include "compress/Support/Sha256.h"
#include "compress/Support/Text.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/YAMLTraits.h"

using namespace mlir;
using namespace mlir::compress;

//===----------------------------------------------------------------------===//
// Presets
//===----------------------------------------------------------------------===//

static const RecipePreset presets[] = {
    {"f16",
     "every matrix and the embedding stored as f16, unquantised; norms and "
     "other vectors as they came",
     R"(
name: f16
steps:
  - pass: compress-decompress{type=f16}
    consumer: embedding
    title: embedding in f16
  - pass: compress-decompress{type=f16}
    consumer: linear
    except: embedding
    title: blocks in f16
)"},
    {"int8",
     "every matrix, the embedding and the output head included: symmetric "
     "8-bit codes, a half-precision scale for each 32 inputs (8.5 bits); norms "
     "as they came",
     R"(
name: int8
steps:
  - pass: compress-quantize{bits=8 group-size=32 scheme=symmetric}
    consumer: embedding
    title: embedding 8 bits
  - pass: compress-quantize{bits=8 group-size=32 scheme=symmetric}
    consumer: linear
    except: embedding
    title: blocks 8 bits
)"},
    {"int4",
     "matrices of the blocks, and an output head of its own: 4-bit codes with "
     "a half-precision scale and a "
     "4-bit zero point for each 32 inputs (4.625 bits); the embedding, and an "
     "output head tied to it: symmetric 8-bit codes, a half-precision scale "
     "for each 32 inputs (8.5 bits); norms as they came",
     R"(
name: int4
steps:
  - pass: compress-quantize{bits=8 group-size=32 scheme=symmetric}
    consumer: embedding
    title: embedding 8 bits
  - pass: compress-quantize{bits=4 group-size=32}
    consumer: linear
    except: embedding
    title: blocks 4 bits
)"},
    {"int3",
     "matrices of the blocks, and an output head of its own: 3-bit codes with "
     "a half-precision scale and a "
     "3-bit zero point for each 32 inputs (3.59 bits); the embedding, and an "
     "output head tied to it: symmetric 8-bit codes, a half-precision scale "
     "for each 32 inputs (8.5 bits); norms as they came",
     R"(
name: int3
steps:
  - pass: compress-quantize{bits=8 group-size=32 scheme=symmetric}
    consumer: embedding
    title: embedding 8 bits
  - pass: compress-quantize{bits=3 group-size=32}
    consumer: linear
    except: embedding
    title: blocks 3 bits
)"},
};

ArrayRef<RecipePreset> mlir::compress::getRecipePresets() { return presets; }

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

namespace {
struct YamlStep {
  std::string pass, pipeline, match, regex, consumer, except, title;
};
struct YamlRecipe {
  std::string name;
  std::vector<YamlStep> steps;
};
} // namespace

LLVM_YAML_IS_SEQUENCE_VECTOR(YamlStep)

namespace llvm::yaml {
template <> struct MappingTraits<YamlStep> {
  static void mapping(IO &io, YamlStep &step) {
    io.mapOptional("pass", step.pass);
    io.mapOptional("pipeline", step.pipeline);
    io.mapOptional("match", step.match);
    io.mapOptional("regex", step.regex);
    io.mapOptional("consumer", step.consumer);
    io.mapOptional("except", step.except);
    io.mapOptional("title", step.title);
  }
};
template <> struct MappingTraits<YamlRecipe> {
  static void mapping(IO &io, YamlRecipe &recipe) {
    io.mapOptional("name", recipe.name);
    io.mapRequired("steps", recipe.steps);
  }
};
} // namespace llvm::yaml

/// Names of all passes and pipelines that a step may name.
static std::vector<std::string> getPassNames() {
  // The registry does not list its content; its help text does.
  std::vector<std::string> names;
  for (StringRef name :
       {"compress-quantize", "compress-quantize-hqq", "compress-prune",
        "compress-decompose", "compress-correct", "compress-palettize",
        "compress-vector-quantize", "compress-tie", "compress-decompress",
        "compress-for-each", "compress-sweep", "compress-report"})
    if (PassInfo::lookup(name))
      names.push_back(name.str());
  return names;
}

/// The first pass name of `pipeline` that is not registered.
static std::string findUnknownPass(StringRef pipeline) {
  int depth = 0;
  std::string name;
  auto isUnknown = [&] {
    return !name.empty() && !PassInfo::lookup(name) &&
           !PassPipelineInfo::lookup(name);
  };
  for (char c : pipeline.str() + ",") {
    if (c == '{' || c == '(')
      ++depth;
    if (depth == 0 && (llvm::isAlnum(c) || c == '-' || c == '_' || c == '.'))
      name += c;
    if (c == ',' && depth == 0) {
      if (isUnknown())
        return name;
      name.clear();
    }
    if (c == '}' || c == ')')
      --depth;
  }
  return "";
}

/// Checks that a pipeline parses, anchored on the module or on a weight.
static compresslib::Status checkPipeline(StringRef pipeline, StringRef anchor,
                                         StringRef where) {
  std::string message;
  llvm::raw_string_ostream stream(message);
  OpPassManager manager(anchor);
  if (succeeded(parsePassPipeline(pipeline, manager, stream)))
    return {};
  // The parser draws the line and a caret below its sentence.
  StringRef why = StringRef(message).split('\n').first;
  if (size_t at = why.find("error: "); at != StringRef::npos)
    why = why.substr(at + 7);
  why.consume_front("<Pass-Options-Parser>: ");
  std::string text =
      (where + ": '" + pipeline + "' is no pipeline: " + why + ".").str();
  if (std::string name = findUnknownPass(pipeline); !name.empty())
    text += compresslib::didYouMean(name, getPassNames());
  return compresslib::usageError(text);
}

/// Splits a pipeline at its top-level commas.
static std::vector<std::string> splitPipeline(StringRef pipeline) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (char c : pipeline) {
    depth += (c == '{' || c == '(') - (c == '}' || c == ')');
    if (c == ',' && depth == 0)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  for (std::string &part : parts)
    part = StringRef(part).trim().str();
  return parts;
}

compresslib::Expected<Recipe>
mlir::compress::parseRecipeYaml(StringRef yaml, StringRef source) {
  std::string message;
  auto collect = [](const llvm::SMDiagnostic &diagnostic, void *context) {
    auto *message = static_cast<std::string *>(context);
    if (!message->empty())
      *message += "; ";
    *message += "line " + std::to_string(diagnostic.getLineNo()) + ", column " +
                std::to_string(diagnostic.getColumnNo() + 1) + ": " +
                diagnostic.getMessage().str();
    StringRef text = diagnostic.getMessage();
    if (text.consume_front("unknown key '"))
      *message += compresslib::didYouMean(
          text.take_until([](char c) { return c == '\''; }).str(),
          {"name", "steps", "pass", "pipeline", "match", "regex", "consumer",
           "except", "title"});
  };
  YamlRecipe parsed;
  llvm::yaml::Input input(yaml, nullptr, collect, &message);
  input >> parsed;
  if (input.error())
    return compresslib::usageError((source + ": " + message).str());

  Recipe recipe;
  recipe.name = parsed.name.empty() ? source.str() : parsed.name;
  if (parsed.steps.empty())
    return compresslib::usageError(
        (source + ": the recipe has no steps").str());
  for (auto [i, step] : llvm::enumerate(parsed.steps)) {
    std::string where = (source + ", step " + Twine(i + 1)).str();
    if (step.pass.empty() == step.pipeline.empty())
      return compresslib::usageError(
          where + ": a step has either `pass` or `pipeline`");
    std::string pipeline = step.pass.empty() ? step.pipeline : step.pass;
    bool isChosen = !step.match.empty() || !step.regex.empty() ||
                    !step.consumer.empty() || !step.except.empty();
    std::string title = pipeline;
    if (isChosen) {
      if (compresslib::Status status =
              checkPipeline(pipeline, WeightOp::getOperationName(), where);
          !status)
        return status.error();
      std::string options;
      auto add = [&](StringRef name, StringRef value) {
        if (value.empty())
          return;
        // Quotes keep a value with spaces together.
        StringRef quote = value.contains(' ') ? "'" : "";
        options += (name + "=" + quote + value + quote + " ").str();
        title += (" (" + name + " " + value + ")").str();
      };
      add("match", step.match);
      add("regex", step.regex);
      add("consumer", step.consumer);
      add("except", step.except);
      pipeline = "compress-for-each{" + options + "pipeline=" + pipeline + "}";
    }
    if (compresslib::Status status =
            checkPipeline(pipeline, ModuleOp::getOperationName(), where);
        !status)
      return status.error();
    recipe.steps.push_back({step.title.empty() ? title : step.title, pipeline});
  }
  return recipe;
}

compresslib::Expected<Recipe> mlir::compress::parseRecipe(StringRef text) {
  std::vector<std::string> names;
  for (const RecipePreset &preset : presets) {
    if (preset.name == text)
      return parseRecipeYaml(preset.yaml, preset.name);
    names.push_back(preset.name.str());
  }
  bool isFile = llvm::sys::fs::exists(text) || text.ends_with(".yaml") ||
                text.ends_with(".yml");
  if (isFile) {
    compresslib::Expected<std::string> yaml =
        compresslib::readFile(text.str(), uint64_t(1) << 20);
    if (!yaml)
      return yaml.error();
    return parseRecipeYaml(*yaml, text);
  }

  StringRef pipeline = text.trim();
  // As --pass-pipeline has it.
  if (pipeline.consume_front("builtin.module(") && !pipeline.consume_back(")"))
    return compresslib::usageError(
        ("'" + text + "' opens builtin.module( and does not close it").str());
  std::string unknown = findUnknownPass(pipeline);
  if (pipeline.empty() || (!unknown.empty() && unknown == pipeline)) {
    for (const std::string &pass : getPassNames())
      names.push_back(pass);
    return compresslib::usageError(("'" + text +
                                    "' is no recipe: neither a preset (f16, "
                                    "int8, int4, int3), nor a file, "
                                    "nor a pass." +
                                    compresslib::didYouMean(text.str(), names))
                                       .str());
  }
  Recipe recipe;
  recipe.name = text.str();
  for (const std::string &part : splitPipeline(pipeline)) {
    if (compresslib::Status status =
            checkPipeline(part, ModuleOp::getOperationName(), "The recipe");
        !status)
      return status.error();
    recipe.steps.push_back({part, part});
  }
  return recipe;
}

void mlir::compress::registerRecipePipelines() {
  for (const RecipePreset &preset : presets)
    PassPipelineRegistration<>(
        ("compress-" + preset.name + "-pipeline").str(),
        ("The recipe " + preset.name + ": " + preset.description).str(),
        [&preset](OpPassManager &manager) {
          compresslib::Expected<Recipe> recipe =
              parseRecipeYaml(preset.yaml, preset.name);
          if (!recipe)
            llvm::report_fatal_error(llvm::StringRef(recipe.error().message));
          for (const RecipeStep &step : recipe->steps)
            if (failed(parsePassPipeline(step.pipeline, manager)))
              llvm::report_fatal_error("a preset's pipeline does not parse");
        });
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

compresslib::Status mlir::compress::runRecipe(const Recipe &recipe,
                                              OwningOpRef<ModuleOp> &module,
                                              const RunRecipeOptions &options) {
  MLIRContext *context = module->getContext();
  WeightStore &store = context->getOrLoadDialect<CompressDialect>()->getStore();
  bool isResumable = !options.resumeFolder.empty() && options.writeModule;
  if (isResumable)
    if (std::error_code error =
            llvm::sys::fs::create_directories(options.resumeFolder))
      return compresslib::environmentError("Cannot make the folder '" +
                                           options.resumeFolder +
                                           "': " + error.message() + ".");
  for (auto [i, step] : llvm::enumerate(recipe.steps)) {
    std::string kept;
    if (isResumable) {
      std::string key = getFingerprint(*module) + "\n" + step.pipeline +
                        "\n" COMPRESS_VERSION;
      kept = options.resumeFolder + "/" +
             compresslib::sha256(
                 {reinterpret_cast<const uint8_t *>(key.data()), key.size()})
                 .substr(0, 32) +
             ".mlir";
    }
    bool isKept = !kept.empty() && llvm::sys::fs::exists(kept);
    if (options.onStep)
      options.onStep(i, isKept);
    if (isKept) {
      std::string base = store.getBaseFolder().str();
      store.setBaseFolder(options.resumeFolder);
      OwningOpRef<ModuleOp> next =
          parseSourceFile<ModuleOp>(kept, ParserConfig(context));
      bool isAttached = next && succeeded(store.attach(*next));
      store.setBaseFolder(base);
      if (!isAttached)
        return compresslib::badInput("The kept step '" + kept +
                                     "' cannot be used; remove it.");
      module = std::move(next);
    } else {
      PassManager manager(context, ModuleOp::getOperationName());
      manager.enableVerifier(true);
      std::string message;
      llvm::raw_string_ostream stream(message);
      if (failed(parsePassPipeline(step.pipeline, manager, stream)))
        return compresslib::usageError("'" + step.pipeline +
                                       "' is no pipeline: " + message);
      if (failed(manager.run(*module)))
        return compresslib::badInput("Step " + std::to_string(i + 1) + " (" +
                                     step.title + ") failed.");
      store.sweep(*module);
      if (!kept.empty())
        if (compresslib::Status status = options.writeModule(*module, kept);
            !status)
          return status;
    }
    if (options.afterStep)
      if (compresslib::Status status = options.afterStep(i, *module); !status)
        return status;
  }
  return {};
}
