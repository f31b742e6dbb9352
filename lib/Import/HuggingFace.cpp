//===- HuggingFace.cpp - A Hugging Face folder as a module ----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Formats/HuggingFace.h"
#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "NN/IR/NN.h"
#include "compress/Import/Import.h"
#include "compress/Support/Text.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Threading.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace mlir::compress;
namespace formats = compresslib::formats;

namespace {

class Importer {
public:
  Importer(std::shared_ptr<formats::HuggingFaceModel> model,
           MLIRContext *context, const ImportOptions &options)
      : model(std::move(model)), config(this->model->config()),
        options(options), builder(UnknownLoc::get(context), context),
        store(context->getLoadedDialect<CompressDialect>()->getStore()),
        hidden(RankedTensorType::get({ShapedType::kDynamic, config.hiddenSize},
                                     builder.getF32Type())),
        cache(RankedTensorType::get(
            {2, ShapedType::kDynamic, config.kvHeads, config.headDim},
            builder.getF32Type())) {}

  compresslib::Expected<OwningOpRef<ModuleOp>> run();

private:
  using Status = compresslib::Status;

  Status addModelOp();
  Status addBlob(StringRef name, StringRef text,
                 SmallVectorImpl<NamedAttribute> &blobs);
  Status addWeights();
  Status addRotaryFrequencies();
  void addForward();
  void addWeight(StringRef name, RankedTensorType leaf, StringRef key,
                 OriginAttr origin);

  Type typeOf(formats::DType type);
  /// The path that origins name for a file.
  std::string originOf(const std::string &path);

  Value use(const Twine &name) {
    std::string symbol = name.str();
    return UseOp::create(builder, weights.lookup(symbol), symbol);
  }
  Value linear(Value input, const Twine &name) {
    Value weight = use(name + ".weight");
    auto type = RankedTensorType::get(
        {ShapedType::kDynamic,
         cast<RankedTensorType>(weight.getType()).getDimSize(0)},
        builder.getF32Type());
    return nn::LinearOp::create(builder, type, input, weight, Value());
  }
  Value norm(Value input, const Twine &name) {
    return nn::RMSNormOp::create(
        builder, input.getType(), input, use(name + ".weight"),
        builder.getF32FloatAttr(config.rmsNormEpsilon));
  }
  Value rotary(Value input, Value position, Value frequencies) {
    return nn::RotaryOp::create(builder, input.getType(), input, position,
                                frequencies);
  }
  /// One layer: the new hidden state and cache.
  std::pair<Value, Value> addLayer(int64_t layer, Value input, Value position,
                                   Value cacheIn);

  std::shared_ptr<formats::HuggingFaceModel> model;
  const formats::LlamaConfig &config;
  const ImportOptions &options;
  ImplicitLocOpBuilder builder;
  WeightStore &store;
  RankedTensorType hidden, cache;
  llvm::StringMap<RankedTensorType> weights;
};

} // namespace

/// A failure of the weight store: its spill file could not be written.
static compresslib::Error storeError(llvm::Error error) {
  return compresslib::environmentError(llvm::toString(std::move(error)));
}

Type Importer::typeOf(formats::DType type) {
  switch (type) {
  case formats::DType::F16:
    return builder.getF16Type();
  case formats::DType::BF16:
    return builder.getBF16Type();
  default: // F64 leaves are rounded to f32
    return builder.getF32Type();
  }
}

std::string Importer::originOf(const std::string &path) {
  SmallString<256> file(path);
  llvm::sys::fs::make_absolute(file);
  llvm::sys::path::remove_dots(file, /*remove_dot_dot=*/true);
  if (options.originFolder.empty())
    return file.str().str();
  SmallString<256> base(options.originFolder);
  llvm::sys::fs::make_absolute(base);
  llvm::sys::path::remove_dots(base, /*remove_dot_dot=*/true);
  auto at = llvm::sys::path::begin(base), end = llvm::sys::path::end(base);
  auto other = llvm::sys::path::begin(file), last = llvm::sys::path::end(file);
  while (at != end && other != last && *at == *other)
    ++at, ++other;
  SmallString<256> relative;
  for (; at != end; ++at)
    llvm::sys::path::append(relative, "..");
  for (; other != last; ++other)
    llvm::sys::path::append(relative, *other);
  return relative.str().str();
}

void Importer::addWeight(StringRef name, RankedTensorType leaf, StringRef key,
                         OriginAttr origin) {
  RankedTensorType type = leaf.clone(builder.getF32Type());
  auto weight = WeightOp::create(builder, name, type, origin);
  weights[name] = type;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&weight.getBody().front());
  Value stored = StoredOp::create(builder, leaf, key);
  compress::YieldOp::create(builder, stored);
}

compresslib::Status Importer::addWeights() {
  const auto &tensors = model->tensors();
  struct Result {
    Status status;
    RankedTensorType type;
    std::string key, hash;
  };
  std::vector<Result> results(tensors.size());
  // Checking and hashing read every byte: all threads, one tensor each.
  parallelFor(builder.getContext(), 0, tensors.size(), [&](size_t i) {
    const formats::SafetensorsTensor &tensor = *tensors[i];
    Result &result = results[i];
    if (!options.allowNonFinite) {
      result.status =
          formats::checkFinite(tensor, model->fileOf(tensor).path());
      if (!result.status)
        return;
    }
    result.type = RankedTensorType::get(tensor.shape, typeOf(tensor.dtype));
    ArrayRef<uint8_t> bytes(tensor.data.data(), tensor.data.size());
    result.hash = llvm::utohexstr(llvm::xxh3_64bits(bytes), true, 16);
    llvm::Expected<std::string> key = [&]() -> llvm::Expected<std::string> {
      if (tensor.dtype != formats::DType::F64)
        return store.addMapped(tensor.name, result.type, bytes, model);
      std::vector<float> values(tensor.elements);
      formats::toFloat(tensor.dtype, tensor.data.data(), tensor.elements,
                       values.data());
      return store.addValues(tensor.name, result.type, values);
    }();
    if (key)
      result.key = std::move(*key);
    else
      result.status = storeError(key.takeError());
  });
  // All problems of the same kind at once, in the order of the model.
  compresslib::Problems problems;
  for (const Result &result : results) {
    if (result.status)
      continue;
    if (result.status.error().kind != compresslib::ErrorKind::BadInput)
      return result.status;
    problems.add(result.status.error().message);
  }
  if (!problems.empty())
    return compresslib::badInput(problems.text("\n"));
  for (auto [tensor, result] : llvm::zip(tensors, results)) {
    auto origin = OriginAttr::get(builder.getContext(),
                                  originOf(model->fileOf(*tensor).path()),
                                  tensor->name, result.hash);
    addWeight(tensor->name, result.type, result.key, origin);
  }
  return {};
}

compresslib::Status Importer::addRotaryFrequencies() {
  std::vector<float> frequencies = config.inverseFrequencies();
  auto type = RankedTensorType::get({int64_t(frequencies.size())},
                                    builder.getF32Type());
  llvm::Expected<std::string> key =
      store.addValues("rotary_frequencies", type, frequencies);
  if (!key)
    return storeError(key.takeError());
  addWeight("rotary_frequencies", type, *key, {});
  return {};
}

compresslib::Status Importer::addBlob(StringRef name, StringRef text,
                                      SmallVectorImpl<NamedAttribute> &blobs) {
  llvm::Expected<std::string> key =
      store.addBlob(name, llvm::arrayRefFromStringRef(text));
  if (!key)
    return storeError(key.takeError());
  blobs.push_back(builder.getNamedAttr(name, builder.getStringAttr(*key)));
  return {};
}

compresslib::Status Importer::addModelOp() {
  SmallVector<NamedAttribute> blobs;
  std::pair<StringRef, StringRef> texts[4] = {
      {"config", model->configText()},
      {"generation_config", model->generationConfigText()},
      {"tokenizer_config", model->tokenizerConfigText()}};
  if (const auto &tokenizer = model->tokenizer())
    texts[3] = {"tokenizer", llvm::toStringRef(tokenizer->blob)};
  for (auto [name, text] : texts)
    if (!text.empty())
      if (Status status = addBlob(name, text, blobs); !status)
        return status;
  int64_t parameters = 0;
  for (const formats::SafetensorsTensor *tensor : model->tensors())
    parameters += tensor->elements;
  // The folder's own name, however it was reached.
  SmallString<256> folder;
  if (llvm::sys::fs::real_path(model->folder(), folder))
    folder = model->folder();
  auto op = nn::ModelOp::create(
      builder, builder.getStringAttr(llvm::sys::path::filename(folder)),
      builder.getStringAttr("llama"), builder.getI64IntegerAttr(parameters),
      builder.getI64IntegerAttr(config.maxPosition),
      config.bosId ? builder.getI64IntegerAttr(*config.bosId) : IntegerAttr(),
      builder.getDenseI64ArrayAttr(config.eosIds));
  op->setAttr("compress.blobs", builder.getDictionaryAttr(blobs));
  return {};
}

std::pair<Value, Value> Importer::addLayer(int64_t layer, Value input,
                                           Value position, Value cacheIn) {
  std::string name = "model.layers." + std::to_string(layer);
  auto block = nn::BlockOp::create(builder, TypeRange{hidden, cache},
                                   builder.getStringAttr(name));
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&block.getBody());
  std::string attention = name + ".self_attn", feedForward = name + ".mlp";

  Value normed = norm(input, name + ".input_layernorm");
  Value query = linear(normed, attention + ".q_proj");
  Value key = linear(normed, attention + ".k_proj");
  Value value = linear(normed, attention + ".v_proj");
  Value frequencies = use("rotary_frequencies");
  query = rotary(query, position, frequencies);
  key = rotary(key, position, frequencies);
  auto attended = nn::AttentionOp::create(
      builder, query.getType(), cache, query, key, value, cacheIn, position,
      builder.getI64IntegerAttr(config.heads),
      builder.getI64IntegerAttr(config.kvHeads), FloatAttr());
  Value mixed = linear(attended.getResult(), attention + ".o_proj");
  Value middle = arith::AddFOp::create(builder, input, mixed);

  normed = norm(middle, name + ".post_attention_layernorm");
  Value gate = linear(normed, feedForward + ".gate_proj");
  Value up = linear(normed, feedForward + ".up_proj");
  gate = nn::ActivationOp::create(builder, gate.getType(),
                                  nn::ActivationKind::silu, gate);
  Value product = arith::MulFOp::create(builder, gate, up);
  Value down = linear(product, feedForward + ".down_proj");
  Value output = arith::AddFOp::create(builder, middle, down);
  nn::YieldOp::create(builder, ValueRange{output, attended.getNewCache()});
  return {block.getResult(0), block.getResult(1)};
}

void Importer::addForward() {
  auto logitsType = RankedTensorType::get(
      {ShapedType::kDynamic, config.vocabularySize}, builder.getF32Type());
  SmallVector<Type> inputs = {
      RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type()),
      builder.getIndexType()};
  SmallVector<Type> results = {logitsType};
  inputs.append(config.layers, cache);
  results.append(config.layers, cache);
  auto function = func::FuncOp::create(
      builder, "forward", builder.getFunctionType(inputs, results));
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToEnd(entry);

  Value position = entry->getArgument(1);
  Value state = nn::EmbeddingOp::create(builder, hidden, entry->getArgument(0),
                                        use("model.embed_tokens.weight"));
  SmallVector<Value> caches;
  for (int64_t layer = 0; layer < config.layers; ++layer) {
    auto [output, newCache] =
        addLayer(layer, state, position, entry->getArgument(2 + layer));
    state = output;
    caches.push_back(newCache);
  }
  state = norm(state, "model.norm");
  SmallVector<Value> returned = {linear(
      state, config.tieWordEmbeddings ? "model.embed_tokens" : "lm_head")};
  returned.append(caches);
  func::ReturnOp::create(builder, returned);
}

compresslib::Expected<OwningOpRef<ModuleOp>> Importer::run() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getLoc());
  builder.setInsertionPointToEnd(module->getBody());
  if (Status status = addModelOp(); !status)
    return status.error();
  if (Status status = addWeights(); !status)
    return status.error();
  if (Status status = addRotaryFrequencies(); !status)
    return status.error();
  addForward();
  return module;
}

FailureOr<OwningOpRef<ModuleOp>>
mlir::compress::importHuggingFace(StringRef folder, MLIRContext *context,
                                  const ImportOptions &options,
                                  compresslib::ErrorKind *kind) {
  auto fail = [&](const compresslib::Error &error) {
    emitError(UnknownLoc::get(context)) << error.message;
    if (kind)
      *kind = error.kind;
    return failure();
  };
  DialectRegistry registry;
  registerImportDialects(registry);
  context->appendDialectRegistry(registry);
  context->loadDialect<CompressDialect, nn::NNDialect, arith::ArithDialect,
                       func::FuncDialect>();
  compresslib::Expected<formats::HuggingFaceModel> opened =
      formats::HuggingFaceModel::open(folder.str());
  if (!opened)
    return fail(opened.error());
  compresslib::Expected<OwningOpRef<ModuleOp>> module =
      Importer(std::make_shared<formats::HuggingFaceModel>(std::move(*opened)),
               context, options)
          .run();
  if (!module)
    return fail(module.error());
  assert(succeeded(verify(**module)));
  return std::move(*module);
}
