//===- HuggingFaceTest.cpp - Folders become modules -----------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/HuggingFace.h"
#include "../TestData.h"
#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "Compress/Transforms/Passes.h"
#include "NN/IR/NN.h"
#include "NN/Transforms/Passes.h"
#include "compress/Formats/TokenizerJson.h"
#include "compress/Import/Import.h"
#include "compress/Reference/Reference.h"
#include "compress/Support/Half.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;
using namespace mlir::compress;
namespace formats = compresslib::formats;

namespace {

/// A one-layer Llama folder whose weights count up from 0 in steps of 1/64.
class TinyModel {
public:
  explicit TinyModel(formats::DType type, bool tied = false) : type(type) {
    writeContent(
        folder / "config.json",
        R"({"model_type":"llama","hidden_size":4,"intermediate_size":6,)"
        R"("num_hidden_layers":1,"num_attention_heads":2,"vocab_size":5,)"
        R"("num_key_value_heads":1,"max_position_embeddings":16,)"
        R"("bos_token_id":1,"eos_token_id":[2,3],"tie_word_embeddings":)" +
            std::string(tied ? "true}" : "false}"));
    auto value = compresslib::json::read(contentOf(folder / "config.json"), "");
    auto config = formats::parseLlamaConfig(*value, "", nullptr, "");
    EXPECT_TRUE(config) << config.error().message;
    tensors = formats::llamaTensors(*config);
  }

  /// `odd` replaces element 2 of the tensor of that name.
  void write(const std::string &name = "", float odd = 0) {
    std::vector<formats::SafetensorsEntry> entries;
    for (auto &tensor : tensors)
      entries.push_back({tensor.name, type, tensor.shape});
    auto writer = formats::SafetensorsWriter::create(
        folder / "model.safetensors", entries);
    ASSERT_TRUE(writer) << writer.error().message;
    for (auto [i, tensor] : llvm::enumerate(tensors)) {
      std::vector<uint8_t> bytes;
      uint64_t count = 1;
      for (int64_t d : tensor.shape)
        count *= d;
      for (uint64_t e = 0; e < count; ++e) {
        float number = tensor.name == name && e == 2 ? odd : float(e) / 64.0f;
        auto append = [&](auto held) {
          auto *raw = reinterpret_cast<uint8_t *>(&held);
          bytes.insert(bytes.end(), raw, raw + sizeof held);
        };
        if (type == formats::DType::F64)
          append(double(number) + 1e-12);
        else if (type == formats::DType::F32)
          append(number);
        else
          append(uint16_t(compresslib::bitsOfFloat(number) >> 16));
      }
      ASSERT_TRUE(writer->append(i, bytes));
    }
    ASSERT_TRUE(writer->commit());
  }

  TemporaryFolder folder;

private:
  formats::DType type;
  std::vector<formats::ExpectedTensor> tensors;
};

struct ImportTest : ::testing::Test {
  MLIRContext context;
  std::string messages;
  compresslib::ErrorKind kind = compresslib::ErrorKind::Usage;

  FailureOr<OwningOpRef<ModuleOp>> import(const std::string &path,
                                          ImportOptions options = {}) {
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      messages += diagnostic.str();
      return success();
    });
    return importFile(path, &context, options, &kind);
  }
};

TEST_F(ImportTest, Primer) {
  auto module = import(inSource("models/primer"));
  ASSERT_TRUE(succeeded(module)) << messages;
  ASSERT_TRUE(succeeded(verify(**module)));
  auto model = *(*module)->getOps<nn::ModelOp>().begin();
  EXPECT_EQ(model.getModelName(), "primer");
  EXPECT_EQ(model.getArchitecture(), "llama");
  // Embedding, 6 layers of two norms, four projections and three of the feed-
  // forward part, and the last norm; the tied head counts once.
  EXPECT_EQ(int64_t(model.getParameters()),
            4096 * 256 +
                6 * (2 * 256 + 2 * 256 * 256 + 2 * 128 * 256 + 3 * 768 * 256) +
                256);
  EXPECT_EQ(int64_t(model.getContext()), 256);
  EXPECT_EQ(model.getBos(), std::optional<uint64_t>(0));
  EXPECT_EQ(model.getEos(), ArrayRef<int64_t>({0}));
  WeightStore &store = context.getLoadedDialect<CompressDialect>()->getStore();
  auto blobs = model->getAttrOfType<DictionaryAttr>("compress.blobs");
  ASSERT_TRUE(blobs);
  auto blob = store.lookup(cast<StringAttr>(blobs.get("config")).getValue());
  ASSERT_TRUE(blob);
  EXPECT_EQ(llvm::toStringRef(blob->bytes),
            contentOf(inSource("models/primer/config.json")));
  EXPECT_FALSE(blob->type);
  auto tokenizer =
      formats::readTokenizerJson(inSource("models/primer/tokenizer.json"));
  ASSERT_TRUE(tokenizer);
  blob = store.lookup(cast<StringAttr>(blobs.get("tokenizer")).getValue());
  ASSERT_TRUE(blob);
  EXPECT_EQ(blob->bytes, ArrayRef<uint8_t>(tokenizer->blob));

  auto opened = formats::HuggingFaceModel::open(inSource("models/primer"));
  ASSERT_TRUE(opened);
  int64_t count = 0;
  for (WeightOp weight : (*module)->getOps<WeightOp>()) {
    if (weight.getSymName() == "rotary_frequencies") {
      auto values = evaluateWeight(weight, store);
      ASSERT_TRUE(succeeded(values));
      ASSERT_EQ(values->size(), 32u);
      for (auto [j, value] : llvm::enumerate(*values))
        EXPECT_FLOAT_EQ(value, std::pow(10000.0, -double(j) / 32));
      continue;
    }
    ++count;
    const formats::SafetensorsTensor *tensor =
        opened->find(weight.getSymName().str());
    ASSERT_TRUE(tensor) << weight.getSymName().str();
    auto stored = weight.getResultValue().getDefiningOp<StoredOp>();
    ASSERT_TRUE(stored);
    auto type = cast<RankedTensorType>(stored.getType());
    EXPECT_TRUE(type.getElementType().isBF16());
    EXPECT_EQ(type.getShape(), ArrayRef<int64_t>(tensor->shape));
    auto leaf = store.lookup(stored.getKey());
    ASSERT_TRUE(leaf);
    EXPECT_EQ(leaf->bytes,
              ArrayRef<uint8_t>(tensor->data.data(), tensor->data.size()));
    ASSERT_TRUE(weight.getOrigin());
    EXPECT_EQ(weight.getOrigin()->getTensor(), weight.getSymName());
    EXPECT_TRUE(pathExists(weight.getOrigin()->getFile().str()));
  }
  EXPECT_EQ(count, 1 + 6 * 9 + 1);

  auto forward = (*module)->lookupSymbol<func::FuncOp>("forward");
  ASSERT_TRUE(forward);
  EXPECT_EQ(forward.getNumArguments(), 2u + 6);
  EXPECT_EQ(forward.getNumResults(), 1u + 6);
  std::vector<std::string> blocks;
  forward.walk([&](nn::BlockOp block) {
    blocks.push_back(block.getBlockName().str());
    std::vector<StringRef> names;
    for (Operation &op : block.getBody().front())
      if (!isa<UseOp>(op))
        names.push_back(op.getName().getStringRef());
    EXPECT_EQ(names, (std::vector<StringRef>{
                         "nn.rms_norm", "nn.linear", "nn.linear", "nn.linear",
                         "nn.rotary", "nn.rotary", "nn.attention", "nn.linear",
                         "arith.addf", "nn.rms_norm", "nn.linear", "nn.linear",
                         "nn.activation", "arith.mulf", "nn.linear",
                         "arith.addf", "nn.yield"}));
  });
  EXPECT_EQ(blocks.size(), 6u);
  EXPECT_EQ(blocks.back(), "model.layers.5");
  int64_t embeddingUses = 0;
  forward.walk([&](UseOp use) {
    embeddingUses += use.getWeight() == "model.embed_tokens.weight";
  });
  EXPECT_EQ(embeddingUses, 2) << "a tied head is a second use";
}

TEST_F(ImportTest, TypesOfLeaves) {
  for (auto [type, text] : {std::pair(formats::DType::F32, "f32"),
                            std::pair(formats::DType::F64, "f32"),
                            std::pair(formats::DType::BF16, "bf16")}) {
    TinyModel tiny(type);
    tiny.write();
    auto module = import(tiny.folder.path());
    ASSERT_TRUE(succeeded(module)) << messages;
    auto head = (*module)->lookupSymbol<WeightOp>("lm_head.weight");
    ASSERT_TRUE(head) << "an untied head is a weight of its own";
    auto leaf = cast<RankedTensorType>(head.getResultValue().getType());
    std::string spelled;
    llvm::raw_string_ostream(spelled) << leaf.getElementType();
    EXPECT_EQ(spelled, text);
    auto values = evaluateWeight(
        head, context.getLoadedDialect<CompressDialect>()->getStore());
    ASSERT_TRUE(succeeded(values));
    for (auto [e, value] : llvm::enumerate(*values))
      EXPECT_EQ(value, float(e                             ? double(e) / 64
                             : type == formats::DType::F64 ? 1e-12
                                                           : 0));
  }
}

TEST_F(ImportTest, OriginsAreRelativeToTheModule) {
  TinyModel tiny(formats::DType::F32);
  tiny.write();
  ImportOptions options;
  options.originFolder = tiny.folder / "out/deep";
  auto module = import(tiny.folder.path(), options);
  ASSERT_TRUE(succeeded(module)) << messages;
  EXPECT_EQ((*module)
                ->lookupSymbol<WeightOp>("model.norm.weight")
                .getOrigin()
                ->getFile(),
            "../../model.safetensors");
}

TEST_F(ImportTest, NonFiniteWeightsAreRefusedUnlessAllowed) {
  TinyModel tiny(formats::DType::F32, /*tied=*/true);
  tiny.write("model.layers.0.mlp.up_proj.weight", NAN);
  EXPECT_TRUE(failed(import(tiny.folder.path())));
  EXPECT_EQ(kind, compresslib::ErrorKind::BadInput);
  EXPECT_NE(messages.find("model.layers.0.mlp.up_proj.weight"),
            std::string::npos)
      << messages;
  EXPECT_NE(messages.find("2"), std::string::npos) << messages;
  ImportOptions options;
  options.allowNonFinite = true;
  EXPECT_TRUE(succeeded(import(tiny.folder.path(), options))) << messages;
}

TEST_F(ImportTest, TheSideCarHoldsNoForeignFile) {
  TinyModel tiny(formats::DType::F32);
  tiny.write();
  TemporaryFolder other;
  writeContent(other / "secret", R"({"password":"secret"})");
  ASSERT_EQ(symlink((other / "secret").c_str(),
                    (tiny.folder / "tokenizer_config.json").c_str()),
            0);
  EXPECT_TRUE(failed(import(tiny.folder.path())));
  EXPECT_EQ(kind, compresslib::ErrorKind::BadInput);
  EXPECT_NE(messages.find("tokenizer_config.json' is a symbolic link that "
                          "leaves the folder"),
            std::string::npos)
      << messages;
}

TEST_F(ImportTest, TokensNeedRowsOfTheEmbedding) {
  TinyModel tiny(formats::DType::F32);
  tiny.write();
  writeContent(tiny.folder / "tokenizer.json",
               R"({"version":"1.0","added_tokens":[],"normalizer":null,)"
               R"("pre_tokenizer":null,"post_processor":null,"decoder":null,)"
               R"("model":{"type":"BPE","vocab":{"a":0,"b":9},"merges":[]}})");
  EXPECT_TRUE(failed(import(tiny.folder.path())));
  EXPECT_EQ(kind, compresslib::ErrorKind::BadInput);
  EXPECT_NE(messages.find("9"), std::string::npos) << messages;
}

TEST_F(ImportTest, ModulesAreParsedAndAttached) {
  TinyModel tiny(formats::DType::BF16);
  tiny.write();
  auto module = import(tiny.folder.path());
  ASSERT_TRUE(succeeded(module)) << messages;
  WeightStore &store = context.getLoadedDialect<CompressDialect>()->getStore();
  ASSERT_TRUE(succeeded(store.write(**module, tiny.folder.path(), "tiny")));
  std::string text;
  llvm::raw_string_ostream(text) << **module;
  writeContent(tiny.folder / "tiny.mlir", text);

  MLIRContext other;
  auto again = importFile(tiny.folder / "tiny.mlir", &other);
  ASSERT_TRUE(succeeded(again));
  auto before = (*module)->lookupSymbol<WeightOp>("lm_head.weight");
  auto after = (*again)->lookupSymbol<WeightOp>("lm_head.weight");
  auto a = evaluateWeight(before, store);
  auto b = evaluateWeight(
      after, other.getLoadedDialect<CompressDialect>()->getStore());
  ASSERT_TRUE(succeeded(a) && succeeded(b));
  EXPECT_EQ(*a, *b);
}

TEST_F(ImportTest, LoweredToUpstreamItComputesTheSame) {
  TinyModel tiny(formats::DType::F32);
  tiny.write();
  auto module = import(tiny.folder.path());
  ASSERT_TRUE(succeeded(module)) << messages;
  ReferenceOptions options;
  options.context = 5;
  auto model = ReferenceModel::create(**module, options);
  ASSERT_TRUE(succeeded(model));

  OwningOpRef<ModuleOp> lowered = (*module)->clone();
  PassManager passes(&context);
  passes.addPass(createConvertCompressToArithPass());
  passes.addPass(nn::createConvertNNToLinalgPass());
  ASSERT_TRUE(succeeded(passes.run(*lowered)));
  lowered->walk([](Operation *op) {
    EXPECT_FALSE(isa_and_present<nn::NNDialect>(op->getDialect()));
    EXPECT_FALSE(isa_and_present<CompressDialect>(op->getDialect()));
  });
  auto upstream = ReferenceModel::create(*lowered, options);
  ASSERT_TRUE(succeeded(upstream));

  // Three tokens, then two behind them.
  for (auto [tokens, position] : {std::pair(std::vector<int32_t>{1, 4, 0}, 0),
                                  std::pair(std::vector<int32_t>{2, 3}, 3)}) {
    auto expected = (*model)->forward(tokens, position);
    auto actual = (*upstream)->forward(tokens, position);
    ASSERT_TRUE(succeeded(expected) && succeeded(actual));
    ASSERT_EQ(actual->size(), expected->size());
    for (size_t i = 0; i < expected->size(); ++i) {
      EXPECT_TRUE(std::isfinite((*expected)[i]));
      EXPECT_NEAR((*actual)[i], (*expected)[i], 1e-5) << i;
    }
  }
}

TEST_F(ImportTest, Refusals) {
  EXPECT_TRUE(failed(import("no/such/folder")));
  EXPECT_EQ(kind, compresslib::ErrorKind::Environment);
  EXPECT_NE(messages.find("Cannot open 'no/such/folder'"), std::string::npos);

  TemporaryFolder folder;
  writeContent(folder / "model.gguf", "GGUF");
  messages.clear();
  EXPECT_TRUE(failed(import(folder / "model.gguf")));
  EXPECT_EQ(kind, compresslib::ErrorKind::BadInput);
  EXPECT_NE(messages.find("expected the folder of a Hugging Face model"),
            std::string::npos);

  messages.clear();
  EXPECT_TRUE(failed(import(folder.path())));
  EXPECT_EQ(kind, compresslib::ErrorKind::BadInput);
  EXPECT_NE(messages.find("holds no config.json"), std::string::npos);
}

} // namespace
