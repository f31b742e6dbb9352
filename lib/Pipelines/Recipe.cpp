//===- Recipe.cpp - Recipes: named lists of compression steps -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Pipelines/Recipe.h"
#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "Compress/Transforms/Passes.h"
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
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/YAMLParser.h"

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

/// Bounds of what a person or a script writes.
static constexpr uint64_t longestRecipe = 256 << 10;
static constexpr size_t mostSteps = 1000;
static constexpr size_t deepestPipeline = 32;

namespace {
struct YamlStep {
  std::string pass, pipeline, match, regex, consumer, except, title;
};
struct YamlRecipe {
  std::string name;
  std::vector<YamlStep> steps;
};

/// Reads a recipe from YAML of mappings, one list and text. Nodes are visited
/// as they are parsed, and the first that is something else ends the reading,
/// so that no nesting is followed.
class YamlReader {
public:
  explicit YamlReader(StringRef yaml) : stream(yaml, sources) {
    sources.setDiagHandler(
        [](const llvm::SMDiagnostic &diagnostic, void *self) {
          static_cast<YamlReader *>(self)->problems.add(
              "line " + std::to_string(diagnostic.getLineNo()) + ", column " +
              std::to_string(diagnostic.getColumnNo() + 1) + ": " +
              compresslib::printable(diagnostic.getMessage().str(), 400));
        },
        this);
  }

  /// False, and problems, where the text is no recipe.
  bool read(YamlRecipe &recipe) {
    llvm::yaml::document_iterator document = stream.begin();
    if (document == stream.end() || !readDocument(document->getRoot(), recipe))
      return false;
    ++document;
    if (!stream.failed() && document != stream.end())
      refuse(document->getRoot(),
             "a second document begins; a recipe is one document");
    return !stream.failed() && problems.empty();
  }
  std::string getProblems() const { return problems.text(); }

private:
  bool readDocument(llvm::yaml::Node *root, YamlRecipe &recipe) {
    if (isa_and_present<llvm::yaml::NullNode>(root))
      return refuse(root, "the recipe is empty; expected steps");
    return readMapping(
        root,
        {{"name", [&](auto *node) { return readText(node, recipe.name); }},
         {"steps", [&](auto *node) { return readSteps(node, recipe.steps); }}});
  }

  bool readSteps(llvm::yaml::Node *node, std::vector<YamlStep> &steps) {
    auto *list = dyn_cast_if_present<llvm::yaml::SequenceNode>(node);
    if (!isPlain(node) || !list)
      return refuse(node, "steps are no list");
    for (llvm::yaml::Node &item : *list) {
      YamlStep &step = steps.emplace_back();
      auto text = [&](std::string YamlStep::*member) {
        return [&step, member, this](llvm::yaml::Node *node) {
          return readText(node, step.*member);
        };
      };
      if (steps.size() > mostSteps)
        return refuse(&item, "more than " + Twine(mostSteps) + " steps");
      if (!readMapping(&item, {{"pass", text(&YamlStep::pass)},
                               {"pipeline", text(&YamlStep::pipeline)},
                               {"match", text(&YamlStep::match)},
                               {"regex", text(&YamlStep::regex)},
                               {"consumer", text(&YamlStep::consumer)},
                               {"except", text(&YamlStep::except)},
                               {"title", text(&YamlStep::title)}}))
        return false;
    }
    return !stream.failed();
  }

  using Key = std::pair<std::string, std::function<bool(llvm::yaml::Node *)>>;

  bool readMapping(llvm::yaml::Node *node, const std::vector<Key> &keys) {
    auto *mapping = dyn_cast_if_present<llvm::yaml::MappingNode>(node);
    if (!isPlain(node) || !mapping)
      return refuse(node, "expected keys and values");
    llvm::StringSet<> seen;
    for (llvm::yaml::KeyValueNode &entry : *mapping) {
      std::string key;
      if (!readText(entry.getKey(), key))
        return false;
      if (!seen.insert(key).second)
        return refuse(entry.getKey(), "the key '" + key + "' occurs twice");
      auto known =
          llvm::find_if(keys, [&](const Key &one) { return one.first == key; });
      if (known == keys.end()) {
        std::vector<std::string> names;
        for (const Key &one : keys)
          names.push_back(one.first);
        return refuse(entry.getKey(), "unknown key '" + key + "'" +
                                          compresslib::didYouMean(key, names));
      }
      if (!known->second(entry.getValue()))
        return false;
    }
    return !stream.failed();
  }

  bool readText(llvm::yaml::Node *node, std::string &text) {
    SmallString<128> storage;
    if (auto *scalar = dyn_cast_if_present<llvm::yaml::ScalarNode>(node))
      text = scalar->getValue(storage).str();
    else if (auto *block =
                 dyn_cast_if_present<llvm::yaml::BlockScalarNode>(node))
      text = block->getValue().trim().str();
    else
      return refuse(node, "expected text");
    return isPlain(node) || refuse(node, "");
  }

  /// Neither a tag nor an anchor.
  static bool isPlain(const llvm::yaml::Node *node) {
    return !node || (node->getAnchor().empty() && node->getRawTag().empty());
  }

  bool refuse(llvm::yaml::Node *node, const Twine &message) {
    if (stream.failed() || !node)
      return false;
    bool isAlias = isa<llvm::yaml::AliasNode>(node);
    stream.printError(node, isAlias || !isPlain(node)
                                ? "anchors, aliases and tags are not supported"
                                : message);
    return false;
  }

  compresslib::Problems problems;
  llvm::SourceMgr sources;
  llvm::yaml::Stream stream;
};
} // namespace

/// Names of the passes of the compress dialect, which steps are made of.
static std::vector<std::string> getPassNames() {
  std::vector<std::string> names;
  for (StringRef name : getCompressPassNames())
    names.push_back(name.str());
  return names;
}

/// A name or pipeline as messages and titles quote it.
static std::string shown(StringRef text) {
  return compresslib::printable(text, 400);
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
  size_t deepest = compresslib::nestingDepth(pipeline);
  // The parser recurses.
  if (deepest > deepestPipeline)
    return compresslib::usageError(
        (where + ": the pipeline is nested " + Twine(deepest) +
         " deep, expected at most " + Twine(deepestPipeline) + ".")
            .str());
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
  if (why.empty()) // LLVM has named the option and its value on stderr itself
    why = "an option does not take the value that it is given";
  std::string text = (where + ": '" + shown(pipeline) + "' is no pipeline: " +
                      why.rtrim(".?") + (why.ends_with("?") ? "?" : "."))
                         .str();
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

static compresslib::Expected<RecipeStep> makeStep(const YamlStep &step,
                                                  const std::string &where) {
  if (step.pass.empty() == step.pipeline.empty())
    return compresslib::usageError(where +
                                   ": a step has either `pass` or `pipeline`");
  std::string pipeline = step.pass.empty() ? step.pipeline : step.pass;
  std::string title = shown(pipeline);
  std::pair<StringRef, StringRef> choice[] = {{"match", step.match},
                                              {"regex", step.regex},
                                              {"consumer", step.consumer},
                                              {"except", step.except}};
  std::string options;
  for (auto [name, value] : choice) {
    if (value.empty())
      continue;
    // Quotes keep a value together; braces count even within them.
    char quote = value.contains('\'') ? '"' : '\'';
    int depth = 0;
    bool isBalanced = !value.contains(quote);
    for (char c : value) {
      depth += (c == '{') - (c == '}');
      isBalanced &= depth >= 0;
    }
    if (!isBalanced || depth != 0)
      return compresslib::usageError(
          where + ": " + name.str() + " '" + shown(value) +
          "' has braces that are not paired, or both kinds of quotes.");
    bool isWord = value.find_first_of(" \t\n'\"{}=,") == StringRef::npos;
    std::string quotes(isWord ? 0 : 1, quote);
    options += name.str() + "=" + quotes + value.str() + quotes + " ";
    title += (" (" + name + " " + shown(value) + ")").str();
  }
  if (!options.empty()) {
    if (compresslib::Status status =
            checkPipeline(pipeline, WeightOp::getOperationName(), where);
        !status)
      return status.error();
    pipeline = "compress-for-each{" + options + "pipeline=" + pipeline + "}";
  }
  if (compresslib::Status status =
          checkPipeline(pipeline, ModuleOp::getOperationName(), where);
      !status)
    return status.error();
  return RecipeStep{step.title.empty() ? title : shown(step.title), pipeline};
}

compresslib::Expected<Recipe>
mlir::compress::parseRecipeYaml(StringRef yaml, StringRef source) {
  auto refuse = [&](const Twine &text) {
    return compresslib::usageError((shown(source) + ": " + text).str());
  };
  if (size_t valid = compresslib::validUtf8Prefix(yaml); valid != yaml.size())
    return refuse("broken UTF-8 at byte offset " + Twine(valid) + ".");
  if (size_t nul = yaml.find('\0'); nul != StringRef::npos)
    return refuse("a NUL byte at byte offset " + Twine(nul) + ".");
  SmallVector<StringRef> lines;
  yaml.split(lines, '\n');
  for (auto [i, line] : llvm::enumerate(lines))
    if (line.ltrim(' ').starts_with("\t"))
      return refuse("line " + Twine(i + 1) +
                    " is indented by a tab; YAML indents by spaces.");
  YamlRecipe parsed;
  YamlReader reader(yaml);
  if (!reader.read(parsed))
    return refuse(reader.getProblems());

  Recipe recipe;
  recipe.name = shown(parsed.name.empty() ? source : parsed.name);
  if (parsed.steps.empty())
    return refuse("the recipe has no steps");
  compresslib::Problems problems;
  for (auto [i, step] : llvm::enumerate(parsed.steps)) {
    compresslib::Expected<RecipeStep> made =
        makeStep(step, (shown(source) + ", step " + Twine(i + 1)).str());
    if (made)
      recipe.steps.push_back(*made);
    else
      problems.add(made.error().message);
  }
  if (!problems.empty())
    return compresslib::usageError(problems.text("\n"));
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
        compresslib::readFile(text.str(), longestRecipe);
    if (!yaml)
      return yaml.error().kind == compresslib::ErrorKind::BadInput
                 ? compresslib::usageError(yaml.error().message)
                 : yaml.error();
    return parseRecipeYaml(*yaml, text);
  }

  StringRef pipeline = text.trim();
  // As --pass-pipeline has it.
  if (pipeline.consume_front("builtin.module(") && !pipeline.consume_back(")"))
    return compresslib::usageError(
        "'" + shown(text) + "' opens builtin.module( and does not close it");
  std::string unknown = findUnknownPass(pipeline);
  if (pipeline.empty() || (!unknown.empty() && unknown == pipeline)) {
    for (const std::string &pass : getPassNames())
      names.push_back(pass);
    return compresslib::usageError(
        "'" + shown(text) +
        "' is no recipe: neither a preset (f16, int8, int4, int3), nor a file, "
        "nor a pass." +
        compresslib::didYouMean(text.str(), names));
  }
  Recipe recipe;
  recipe.name = shown(text);
  std::vector<std::string> parts = splitPipeline(pipeline);
  if (parts.size() > mostSteps)
    return compresslib::usageError(
        "The recipe has " + std::to_string(parts.size()) +
        " passes, expected at most " + std::to_string(mostSteps) + ".");
  for (const std::string &part : parts) {
    if (compresslib::Status status =
            checkPipeline(part, ModuleOp::getOperationName(), "The recipe");
        !status)
      return status.error();
    recipe.steps.push_back({shown(part), part});
  }
  return recipe;
}

/// The options behind a pass's name: what is between the braces, if any.
static StringRef takeOptions(StringRef text) {
  if (!text.starts_with("{"))
    return "";
  int depth = 0;
  for (auto [i, c] : llvm::enumerate(text)) {
    depth += (c == '{') - (c == '}');
    if (depth == 0)
      return text.slice(1, i);
  }
  return "";
}

/// The first pass of `pipeline` that cannot be planned, nested ones included:
/// every word that names a pass is one.
static std::string findUnplannable(StringRef pipeline) {
  auto ends = [](char c) { return !llvm::isAlnum(c) && c != '-' && c != '_'; };
  auto ignore = [](const Twine &) { return failure(); };
  for (StringRef rest = pipeline; !rest.empty();) {
    StringRef word = rest.take_until(ends);
    rest = rest.drop_front(std::max<size_t>(1, word.size()));
    const PassRegistryEntry *pass = PassInfo::lookup(word);
    const PassRegistryEntry *alias = PassPipelineInfo::lookup(word);
    if (!pass && !alias)
      continue;
    OpPassManager manager(ModuleOp::getOperationName(),
                          OpPassManager::Nesting::Implicit);
    bool made =
        succeeded((pass ? pass : alias)
                      ->addToPipeline(manager, takeOptions(rest), ignore));
    if (pass) {
      auto *known = made && !manager.empty()
                        ? CompressionPass::get(*manager.begin())
                        : nullptr;
      if (!known || !known->isPlannable())
        return word.str();
      continue;
    }
    std::string text;
    llvm::raw_string_ostream stream(text);
    manager.printAsTextualPipeline(stream);
    if (std::string found = findUnplannable(text); !found.empty())
      return found;
  }
  return "";
}

compresslib::Status mlir::compress::checkPlannable(const Recipe &recipe) {
  for (auto [i, step] : llvm::enumerate(recipe.steps))
    if (std::string word = findUnplannable(step.pipeline); !word.empty())
      return compresslib::usageError(
          ("Step " + Twine(i + 1) + " (" + step.title + ") runs '" + word +
           "', which cannot be planned: only passes over weights can, as "
           "others might do more than change the module. Run the recipe to "
           "know its sizes.")
              .str());
  return {};
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
      FailureOr<OwningOpRef<ModuleOp>> next = parseModuleFile(kept, context);
      store.setBaseFolder(base);
      if (failed(next))
        return compresslib::badInput("The kept step '" + kept +
                                     "' cannot be used; remove it.");
      module = std::move(*next);
    } else {
      PassManager manager(context, ModuleOp::getOperationName());
      manager.enableVerifier(true);
      std::string message;
      llvm::raw_string_ostream stream(message);
      if (failed(parsePassPipeline(step.pipeline, manager, stream)))
        return compresslib::usageError("'" + shown(step.pipeline) +
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
