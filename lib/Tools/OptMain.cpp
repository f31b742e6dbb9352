//===- OptMain.cpp - compress-opt -----------------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Tools/OptMain.h"
#include "Commands.h"
#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "Diagnostics.h"
#include "compress/Support/Files.h"
#include "compress/Tools/ModuleOutput.h"
#include "compress/Tools/Process.h"
#include "compress/Tools/Register.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/FileSystem.h"
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
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<CompressDialect>();
  }
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

namespace {
/// A pass says only that it failed; the store knows what that stands for.
struct FailureKind : PassInstrumentation {
  explicit FailureKind(compresslib::ErrorKind &kind) : kind(kind) {}
  void runAfterPassFailed(Pass *, Operation *op) override {
    if (auto *dialect = op->getContext()->getLoadedDialect<CompressDialect>())
      kind = std::max(kind, dialect->getStore().getFailureKind());
  }
  compresslib::ErrorKind &kind;
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
    if (auto user = dyn_cast<StoreUserOpInterface>(op))
      user.visitKeys([&](StringRef named, RankedTensorType) {
        if (!large && !key.empty() && named == key)
          large = op;
      });
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

/// Declares what the command line names. Fails where its pipeline does not
/// parse, which has then been said.
static FailureOr<compresslib::Status>
declareOptFiles(const DialectRegistry &registry,
                const MlirOptMainConfig &config, const std::string &input,
                const std::string &output) {
  compresslib::RunFiles files;
  if (input != "-")
    files.inputs = getModelFiles(input);
  // Only the module's own output takes its place, no report.
  if (bool same = false;
      !llvm::sys::fs::equivalent(input, output, same) && same)
    files.inPlace = input;
  if (output != "-" && !isDevice(output))
    files.outputs.push_back(output);
  for (const std::string &file :
       {config.getReproducerFilename().str(), config.getRemarksOutputFile()})
    if (!file.empty() && file != "-" && !isDevice(file))
      files.outputs.push_back(file);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  PassManager passes(&context, ModuleOp::getOperationName(),
                     PassManager::Nesting::Implicit);
  if (failed(config.setupPassPipeline(passes)))
    return failure();
  addPassOutputs(passes, files);
  return declareRun(files);
}

/// Whether an error that shows its line would fill the screen.
static bool hasLongLine(StringRef text) {
  while (!text.empty()) {
    auto [line, rest] = text.split('\n');
    if (line.size() > 2000)
      return true;
    text = rest;
  }
  return false;
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
  nameVersion();
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
  prepareTool();

  setUpContexts(registry,
                inputName == "-" ? "." : compresslib::parentFolder(inputName));
  if (inputName == "-" &&
      llvm::sys::Process::FileDescriptorIsDisplayed(fileno(stdin)))
    llvm::errs() << "(processing input from stdin now, hit ctrl-c/ctrl-d to "
                    "interrupt)\n";
  // Read and not mapped: it may change meanwhile.
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> read =
      inputName == "-"
          ? llvm::MemoryBuffer::getSTDIN()
          : llvm::MemoryBuffer::getFile(inputName, /*IsText=*/false,
                                        /*RequiresNullTerminator=*/true,
                                        /*IsVolatile=*/true, llvm::Align(4096));
  if (std::error_code code = read.getError())
    return fail("cannot open input file '" + Twine(inputName) +
                    "': " + code.message(),
                compresslib::ErrorKind::BadInput);
  std::unique_ptr<llvm::MemoryBuffer> input = std::move(*read);
  std::string error;
  if (!given.shouldVerifyDiagnostics() && hasLongLine(input->getBuffer()))
    hideSource(registry);

  if (FailureOr<compresslib::Status> declared =
          declareOptFiles(registry, given, inputName, outputName);
      failed(declared))
    return EXIT_FAILURE;
  else if (!*declared)
    return fail(declared->error().message, declared->error().kind);

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
    manager.addInstrumentation(std::make_unique<FailureKind>(destination.kind));
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
