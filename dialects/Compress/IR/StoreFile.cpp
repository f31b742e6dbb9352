//===- StoreFile.cpp - Side-car files of the weight store -----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Compress/IR/ErrorKind.h"
#include "Compress/IR/Store.h"
#include "compress/Formats/Safetensors.h"
#include "mlir/IR/Builders.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace mlir::compress;
using compresslib::formats::DType;
using compresslib::formats::SafetensorsEntry;
using compresslib::formats::SafetensorsFile;
using compresslib::formats::SafetensorsTensor;
using compresslib::formats::SafetensorsWriter;

/// What the metadata say of bytes that are no tensor.
static constexpr StringLiteral blobText = "blob";

/// The type of the file that says all of `type`, or nullopt for codes of fewer
/// bits than a byte.
static std::optional<DType> getDType(RankedTensorType type) {
  Type element = type.getElementType();
  if (element.isF32())
    return DType::F32;
  if (element.isF16())
    return DType::F16;
  if (element.isBF16())
    return DType::BF16;
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer || integer.isSignless())
    return std::nullopt;
  switch (integer.getWidth()) {
  case 8:
    return integer.isSigned() ? DType::I8 : DType::U8;
  case 16:
    return integer.isSigned() ? DType::I16 : DType::U16;
  case 32:
    return integer.isSigned() ? DType::I32 : DType::U32;
  default:
    return std::nullopt;
  }
}

/// The inverse, for tensors of files that others wrote.
static RankedTensorType getType(const SafetensorsTensor &tensor,
                                MLIRContext *context) {
  auto integer = [&](unsigned width, IntegerType::SignednessSemantics sign) {
    return IntegerType::get(context, width, sign);
  };
  Type element;
  switch (tensor.dtype) {
  case DType::F32:
    element = Float32Type::get(context);
    break;
  case DType::F16:
    element = Float16Type::get(context);
    break;
  case DType::BF16:
    element = BFloat16Type::get(context);
    break;
  case DType::I8:
    element = integer(8, IntegerType::Signed);
    break;
  case DType::U8:
    element = integer(8, IntegerType::Unsigned);
    break;
  case DType::I16:
    element = integer(16, IntegerType::Signed);
    break;
  case DType::U16:
    element = integer(16, IntegerType::Unsigned);
    break;
  case DType::I32:
    element = integer(32, IntegerType::Signed);
    break;
  case DType::U32:
    element = integer(32, IntegerType::Unsigned);
    break;
  default:
    return {};
  }
  return RankedTensorType::get(tensor.shape, element);
}

static std::string getText(RankedTensorType type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

static StoreOp getStoreOp(ModuleOp module) {
  auto ops = module.getOps<StoreOp>();
  return ops.empty() ? StoreOp() : *ops.begin();
}

/// Calls `visit(op, key, type)` for every mention of a key; the type is null
/// for a blob. Stops at the first failure.
static LogicalResult walkKeys(
    ModuleOp module,
    llvm::function_ref<LogicalResult(Operation *, StringRef, RankedTensorType)>
        visit) {
  WalkResult result =
      module.walk<WalkOrder::PreOrder>([&](Operation *op) -> WalkResult {
        LogicalResult visited = success();
        if (auto user = dyn_cast<StoreUserOpInterface>(op))
          user.visitKeys([&](StringRef key, RankedTensorType type) {
            if (succeeded(visited))
              visited = visit(op, key, type);
          });
        return visited;
      });
  return failure(result.wasInterrupted());
}

static LogicalResult report(Operation *op, const compresslib::Error &error,
                            compresslib::ErrorKind *kind) {
  if (kind)
    *kind = error.kind;
  // Not at the op, which a note would print whole: the module may be one.
  return withKind(emitError(op->getLoc()), error.kind) << error.message;
}

LogicalResult WeightStore::attach(ModuleOp module,
                                  compresslib::ErrorKind *kind) {
  StoreOp op = getStoreOp(module);
  if (!op)
    return success();
  if (kind)
    *kind = compresslib::ErrorKind::BadInput;
  std::string path = baseFolder + "/" + op.getFile().str();
  bool isNew;
  {
    std::lock_guard<std::mutex> lock(mutex);
    isNew = attached.insert(path + " " + op.getHash().str()).second;
  }
  if (isNew) {
    compresslib::Expected<SafetensorsFile> opened = SafetensorsFile::open(path);
    if (!opened)
      return report(op, opened.error(), kind);
    auto file = std::make_shared<SafetensorsFile>(std::move(*opened));
    std::string hash =
        llvm::utohexstr(llvm::xxh3_64bits(ArrayRef<uint8_t>(
                            file->file().data(), file->file().size())),
                        /*LowerCase=*/true, /*Width=*/16);
    if (hash != op.getHash())
      return op.emitOpError("names \"")
             << path << "\" with hash \"" << op.getHash()
             << "\", but the file's hash is " << hash
             << ": the module and its side-car do not belong together, or the "
                "file was changed; restore the file, or make the module anew";
    MLIRContext *context = module.getContext();
    std::lock_guard<std::mutex> lock(mutex);
    for (const SafetensorsTensor &tensor : file->tensors()) {
      // A type that the file cannot say is that of the leaf, checked below.
      RankedTensorType type = file->metadata(tensor.name)
                                  ? RankedTensorType()
                                  : getType(tensor, context);
      entries.try_emplace(
          tensor.name,
          Entry{ArrayRef<uint8_t>(tensor.data.data(), tensor.data.size()), type,
                file, -1, hash});
    }
  }
  return walkKeys(module,
                  [&](Operation *user, StringRef key,
                      RankedTensorType type) -> LogicalResult {
                    std::lock_guard<std::mutex> lock(mutex);
                    auto it = entries.find(key);
                    if (it == entries.end())
                      return user->emitOpError("names \"")
                             << key << "\", which is not in the side-car \""
                             << path << "\"";
                    Entry &entry = it->second;
                    if (!type)
                      return success();
                    if (int64_t(entry.bytes.size()) != getTensorBytes(type))
                      return user->emitOpError("has type ")
                             << type << ", which takes " << getTensorBytes(type)
                             << " bytes, but \"" << key
                             << "\" of the side-car \"" << path << "\" has "
                             << entry.bytes.size();
                    entry.type = type;
                    return success();
                  });
}

bool WeightStore::isFrom(StringRef key, StoreOp op) const {
  std::lock_guard<std::mutex> lock(mutex);
  auto it = entries.find(key);
  return it != entries.end() && it->second.sideCar == op.getHash();
}

FailureOr<std::string> WeightStore::write(ModuleOp module, StringRef folder,
                                          StringRef stem,
                                          compresslib::ErrorKind *kind) {
  FailureOr<SideCar> sideCar = prepare(module, folder, stem, kind);
  if (failed(sideCar))
    return failure();
  if (sideCar->file)
    if (compresslib::Status status = sideCar->file->commit(); !status) {
      (void)report(module, status.error(), kind);
      return failure();
    }
  return sideCar->path;
}

FailureOr<WeightStore::SideCar>
WeightStore::prepare(ModuleOp module, StringRef folder, StringRef stem,
                     compresslib::ErrorKind *kind) {
  if (kind)
    *kind = compresslib::ErrorKind::BadInput;
  // Entries, in the order of first mention.
  std::vector<std::string> keys;
  std::vector<Blob> blobs;
  llvm::StringSet<> seen;
  Operation *missing = nullptr;
  std::string missingKey;
  (void)walkKeys(module, [&](Operation *op, StringRef key, RankedTensorType) {
    if (!seen.insert(key).second)
      return success();
    if (std::optional<Blob> blob = lookup(key)) {
      keys.push_back(key.str());
      blobs.push_back(*blob);
    } else if (!missing) {
      missing = op;
      missingKey = key.str();
    }
    return success();
  });
  StoreOp op = getStoreOp(module);
  if (keys.empty()) {
    // Leaves that no store ever held are the text's own affair.
    if (op && !missing)
      op.erase();
    return SideCar();
  }
  if (missing) {
    missing->emitOpError("names \"")
        << missingKey << "\", which is not in the weight store, so that the "
        << "side-car cannot be written";
    return failure();
  }

  std::vector<SafetensorsEntry> fileEntries;
  std::vector<std::pair<std::string, std::string>> metadata = {
      {"format", "compress"}};
  for (auto [key, blob] : llvm::zip_equal(keys, blobs)) {
    std::optional<DType> dtype;
    if (blob.type)
      dtype = getDType(blob.type);
    if (dtype) {
      fileEntries.push_back({key, *dtype, blob.type.getShape().vec()});
      continue;
    }
    fileEntries.push_back({key, DType::U8, {int64_t(blob.bytes.size())}});
    metadata.push_back({key, blob.type ? getText(blob.type) : blobText.str()});
  }
  std::string base = folder.empty() ? "." : folder.str();
  compresslib::Expected<SafetensorsWriter> writer =
      SafetensorsWriter::create(base + "/" + stem.str() + ".safetensors.part",
                                std::move(fileEntries), metadata);
  auto fail = [&](const compresslib::Error &error) {
    return FailureOr<SideCar>(report(module, error, kind));
  };
  if (!writer)
    return fail(writer.error());
  for (auto [i, blob] : llvm::enumerate(blobs))
    if (compresslib::Status status =
            writer->append(i, {blob.bytes.data(), blob.bytes.size()});
        !status)
      return fail(status.error());
  compresslib::Expected<uint64_t> hash = writer->hash();
  if (!hash)
    return fail(hash.error());
  std::string hashText = llvm::utohexstr(*hash, /*LowerCase=*/true, 16);
  std::string name = stem.str() + "." + hashText + ".safetensors";
  writer->rename(name);
  compresslib::Expected<compresslib::AtomicFile> file = writer->finish();
  if (!file)
    return fail(file.error());

  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  if (op) {
    op.setFile(name);
    op.setHash(hashText);
  } else {
    StoreOp::create(builder, module.getLoc(), name, hashText);
  }
  std::string path = base + "/" + name;
  std::lock_guard<std::mutex> lock(mutex);
  attached.insert(path + " " + hashText);
  return SideCar{std::move(path), std::move(*file)};
}

FailureOr<OwningOpRef<ModuleOp>>
mlir::compress::parseModuleFile(StringRef path, MLIRContext *context,
                                compresslib::ErrorKind *kind) {
  // Bytecode wants its sections aligned.
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                  /*RequiresNullTerminator=*/true,
                                  /*IsVolatile=*/true, llvm::Align(4096));
  if (std::error_code error = buffer.getError()) {
    if (kind)
      *kind = compresslib::ErrorKind::Environment;
    return emitError(UnknownLoc::get(context))
           << "Cannot read '" << path << "': " << error.message() << '.';
  }
  WeightStore &store = context->getOrLoadDialect<CompressDialect>()->getStore();
  store.setBaseFolder(llvm::sys::path::parent_path(path));
  if (kind)
    *kind = compresslib::ErrorKind::BadInput;
  llvm::SourceMgr manager;
  manager.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(manager, ParserConfig(context));
  if (!module || failed(store.attach(*module, kind)))
    return failure();
  return module;
}
