//===- OptMain.cpp - compress-opt -----------------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/OptMain.h"
#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "compress/Support/Files.h"
#include "compress/Tools/ModuleOutput.h"
#include "compress/Tools/Process.h"
#include "compress/Tools/Register.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/ToolOutputFile.h"
#include <sys/stat.h>

using namespace mlir;
using namespace mlir::compress;

/// What a tensor may take to be printed on standard output.
static constexpr int64_t inlineBytes = 64 << 10;

namespace {
/// Where the module goes after the last pass.
struct Destination {
  /// Null where it is standard output or a device.
  ModuleOutput *file = nullptr;
  bool isStandardOutput = false;
  compresslib::ErrorKind kind = compresslib::ErrorKind::BadInput;
};

/// Runs before all other passes where the input mentions a side-car.
struct AttachStorePass : PassWrapper<AttachStorePass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AttachStorePass)
  AttachStorePass(compresslib::ErrorKind *kind = nullptr) : kind(kind) {}
  StringRef getArgument() const override { return "compress-attach-store"; }
  StringRef getDescription() const override {
    return "Map the side-car that the module names (compress-opt runs it "
           "first by itself)";
  }
  void runOnOperation() override {
    auto module = dyn_cast<ModuleOp>(getOperation());
    auto *dialect = getContext().getLoadedDialect<CompressDialect>();
    if (module && dialect && failed(dialect->getStore().attach(module, kind)))
      signalPassFailure();
  }
  compresslib::ErrorKind *kind;
};

/// Runs after all other passes.
struct DetachStorePass : PassWrapper<DetachStorePass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DetachStorePass)
  DetachStorePass(Destination *destination = nullptr)
      : destination(destination) {}
  StringRef getArgument() const override { return "compress-detach-store"; }
  StringRef getDescription() const override {
    return "Write the side-car of the output, or print its tensors inline "
           "(compress-opt runs it last by itself)";
  }
  void runOnOperation() override {
    auto module = dyn_cast<ModuleOp>(getOperation());
    auto *dialect = getContext().getLoadedDialect<CompressDialect>();
    if (!module || !dialect || !destination)
      return;
    LogicalResult result = success();
    if (destination->file)
      result = destination->file->writeSideCar(module, &destination->kind);
    else if (destination->isStandardOutput)
      result = inlineTensors(module, dialect->getStore());
    if (failed(result))
      signalPassFailure();
  }
  static LogicalResult inlineTensors(ModuleOp module, const WeightStore &store);
  Destination *destination;
};
} // namespace

static TypedAttr getElements(const WeightStore::Blob &blob) {
  Type element = blob.type.getElementType();
  if (isa<FloatType>(element)) {
    ArrayRef<char> raw(reinterpret_cast<const char *>(blob.bytes.data()),
                       blob.bytes.size());
    return DenseElementsAttr::getFromRawBuffer(blob.type, raw);
  }
  auto integer = cast<IntegerType>(element);
  SmallVector<APInt> values;
  std::vector<float> one(1);
  for (int64_t i = 0, e = blob.type.getNumElements(); i < e; ++i) {
    unpackElements(blob.bytes, element, i, one);
    values.emplace_back(integer.getWidth(), uint64_t(int64_t(one[0])),
                        /*isSigned=*/false, /*implicitTrunc=*/true);
  }
  return DenseElementsAttr::get(blob.type, values);
}

LogicalResult DetachStorePass::inlineTensors(ModuleOp module,
                                             const WeightStore &store) {
  StoreOp sideCar;
  for (StoreOp op : module.getOps<StoreOp>())
    sideCar = op;
  // What cannot be printed: a large leaf, or a blob.
  Operation *large = nullptr;
  std::string key;
  int64_t bytes = 0;
  bool isNew = false;
  SmallVector<StoredOp> leaves;
  for (const std::string &named : WeightStore::getNamedKeys(module)) {
    std::optional<WeightStore::Blob> blob = store.lookup(named);
    if (!blob)
      continue;
    isNew |= !sideCar || !store.isFrom(named, sideCar);
    if (!blob->type || int64_t(blob->bytes.size()) > inlineBytes) {
      key = named;
      bytes = int64_t(blob->bytes.size());
    }
  }
  module.walk([&](Operation *op) {
    auto stored = dyn_cast<StoredOp>(op);
    if (stored && store.lookup(stored.getKey()))
      leaves.push_back(stored);
    auto blobs = op->getAttrOfType<DictionaryAttr>("compress.blobs");
    if (!key.empty() && !large &&
        ((stored && stored.getKey() == key) ||
         (blobs && llvm::any_of(blobs, [&](NamedAttribute blob) {
            auto text = dyn_cast<StringAttr>(blob.getValue());
            return text && text.getValue() == key;
          }))))
      large = op;
  });
  if (large) {
    // The side-car still holds everything: its name prints.
    if (!isNew)
      return success();
    return large->emitOpError("names \"")
           << key << "\", whose " << bytes
           << " bytes do not print on standard output (tensors up to "
           << inlineBytes
           << " bytes do); name an output file with -o, which gets a side-car";
  }
  for (StoredOp leaf : leaves) {
    std::optional<WeightStore::Blob> blob = store.lookup(leaf.getKey());
    blob->type = cast<RankedTensorType>(leaf.getType());
    OpBuilder builder(leaf);
    auto constant =
        ConstantOp::create(builder, leaf.getLoc(), getElements(*blob));
    leaf.getResult().replaceAllUsesWith(constant.getResult());
    leaf.erase();
  }
  if (sideCar && WeightStore::getNamedKeys(module).empty())
    sideCar.erase();
  return success();
}

static int fail(const Twine &message, compresslib::ErrorKind kind) {
  llvm::errs() << "compress-opt: error: " << message << "\n";
  return int(kind);
}

/// Whether `path` is a device such as /dev/null, which no rename replaces.
static bool isDevice(const std::string &path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISCHR(status.st_mode);
}

static void moveLastToFront(OpPassManager &manager) {
  // The iterator's underlying one is protected.
  struct Iterator : OpPassManager::pass_iterator {
    static std::unique_ptr<Pass> *get(const OpPassManager::pass_iterator &it) {
      return (it.*&Iterator::wrapped)();
    }
  };
  std::unique_ptr<Pass> *begin = Iterator::get(manager.begin());
  std::unique_ptr<Pass> *end = Iterator::get(manager.end());
  std::rotate(begin, end - 1, end);
}

int mlir::compress::optMain(int argc, char **argv) {
  registerEveryPass();
  PassRegistration<AttachStorePass>();
  PassRegistration<DetachStorePass>();
  DialectRegistry registry;
  registerAllDialectsAndExtensions(registry);
  auto [inputName, outputName] = registerAndParseCLIOptions(
      argc, argv, "Compress optimizer driver\n", registry);
  MlirOptMainConfig given = MlirOptMainConfig::createFromCLOptions();
  if (given.shouldShowDialects() || given.shouldListPasses())
    return asMainReturnCode(
        MlirOptMain(argc, argv, inputName, outputName, registry));
  llvm::InitLLVM init(argc, argv);
  installProcessHandlers();

  setBaseFolder(registry,
                inputName == "-" ? "." : compresslib::parentFolder(inputName));
  if (inputName == "-" &&
      llvm::sys::Process::FileDescriptorIsDisplayed(fileno(stdin)))
    llvm::errs() << "(processing input from stdin now, hit ctrl-c/ctrl-d to "
                    "interrupt)\n";
  std::string error;
  std::unique_ptr<llvm::MemoryBuffer> input = openInputFile(inputName, &error);
  if (!input)
    return fail(error, compresslib::ErrorKind::BadInput);

  Destination destination;
  destination.isStandardOutput = outputName == "-";
  std::unique_ptr<ModuleOutput> file;
  std::unique_ptr<llvm::ToolOutputFile> stream;
  if (destination.isStandardOutput || isDevice(outputName)) {
    stream = openOutputFile(outputName, &error);
    if (!stream)
      return fail(error, compresslib::ErrorKind::Environment);
  } else {
    compresslib::Expected<std::unique_ptr<ModuleOutput>> made =
        ModuleOutput::create(outputName);
    if (!made)
      return fail(made.error().message, made.error().kind);
    file = std::move(*made);
    destination.file = file.get();
  }

  bool hasSideCar = input->getBuffer().contains("compress.store") ||
                    input->getBuffer().starts_with("ML\xefR");
  MlirOptMainConfig config = given;
  if (StringRef(outputName).ends_with(".mlirbc"))
    config.emitBytecode(true);
  config.setPassPipelineSetupFn([&](PassManager &manager) -> LogicalResult {
    // --pass-pipeline replaces what the manager holds, so that what must run
    // first is added behind it and moved.
    if (failed(given.setupPassPipeline(manager)))
      return failure();
    if (hasSideCar) {
      manager.addPass(std::make_unique<AttachStorePass>(&destination.kind));
      moveLastToFront(manager);
    }
    manager.addPass(std::make_unique<DetachStorePass>(&destination));
    return success();
  });
  if (failed(MlirOptMain(file ? file->os() : stream->os(), std::move(input),
                         registry, config)))
    return int(destination.kind);

  if (file) {
    if (compresslib::Status status = file->commit(); !status)
      return fail(status.error().message, status.error().kind);
    return EXIT_SUCCESS;
  }
  stream->keep();
  stream->os().flush();
  if (std::error_code code = stream->os().error()) {
    stream->os().clear_error();
    return fail("cannot write \"" + Twine(outputName) + "\": " + code.message(),
                compresslib::ErrorKind::Environment);
  }
  return EXIT_SUCCESS;
}
