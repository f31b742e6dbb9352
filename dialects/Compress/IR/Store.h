//===- Store.h - The weight store -------------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights never live in the IR. The store, one a context and owned by the
// compress dialect, maps files and hands out tensors by key; a pass streams new
// tensors to the store's spill file, an unlinked temporary, and maps them back.
// Anonymous memory therefore does not grow with the model.
//
// Bytes of a tensor: elements in row-major order, little-endian; elements of b
// bits that are no whole bytes are packed from the lowest bit, element e in the
// bits e*b … e*b+b-1 of the whole.
//
// Keys are "<name>-<16 hexadecimal digits>", the digits a hash of type and
// content: equal tensors of one name are one, and a key does not depend on the
// order in which threads add.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_IR_STORE_H
#define COMPRESS_IR_STORE_H

#include "compress/Support/Error.h"
#include "compress/Support/Files.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mlir::compress {
class StoreOp;

/// Bits that a tensor of this type takes.
int64_t getTensorBits(RankedTensorType type);
/// Bytes that it takes: the bits, rounded up.
int64_t getTensorBytes(RankedTensorType type);

class WeightStore {
public:
  struct Blob {
    ArrayRef<uint8_t> bytes;
    /// Null for a blob that is no tensor (a tokenizer, a configuration).
    RankedTensorType type;
  };

  WeightStore();
  ~WeightStore();
  WeightStore(const WeightStore &) = delete;

  /// Folder against which a module's side-car is resolved. A tool sets it
  /// before parsing; the default is the current folder.
  void setBaseFolder(StringRef folder);
  StringRef getBaseFolder() const { return baseFolder; }

  /// Adds a tensor: streams it to the spill file. Returns its key.
  /// Thread-safe. Fails with a message where the disk is full.
  llvm::Expected<std::string> add(StringRef name, RankedTensorType type,
                                  ArrayRef<uint8_t> bytes);
  /// Adds integer values (or floats) given one a float, packed as `type` says.
  llvm::Expected<std::string> addValues(StringRef name, RankedTensorType type,
                                        ArrayRef<float> values);
  /// Adds bytes that are no tensor.
  llvm::Expected<std::string> addBlob(StringRef name, ArrayRef<uint8_t> bytes);
  /// Adds bytes that live elsewhere, such as a mapped file that `owner` keeps.
  llvm::Expected<std::string> addMapped(StringRef name, RankedTensorType type,
                                        ArrayRef<uint8_t> bytes,
                                        std::shared_ptr<void> owner);

  /// In a store that plans, passes make the expressions that they would make,
  /// of tensors that have types and no bytes, so that sizes are exact before
  /// anything runs: values read as zeros, and what follows from values alone
  /// (an energy, equal content) is refused.
  void setPlanning(bool plans) { planning = plans; }
  bool isPlanning() const { return planning; }
  /// A tensor without bytes.
  std::string plan(StringRef name, RankedTensorType type);

  /// The tensor or blob of a key, or nullopt.
  std::optional<Blob> lookup(StringRef key) const;

  /// A hash of the type and the bytes under a key, as text; empty where the
  /// key is not there. Equal keys need not mean equal content: a side-car may
  /// have been written by hand.
  std::string getContentHash(StringRef key) const;

  /// Maps the side-car that `module`'s compress.store names, checks its hash,
  /// and registers its tensors; every key that the module names must be there.
  /// Does nothing where there is no compress.store. Emits errors at the op at
  /// fault; `kind`, where given, then says which exit code they stand for.
  LogicalResult attach(ModuleOp module, compresslib::ErrorKind *kind = nullptr);

  /// Writes the keys that `module` names (leaves, and string attributes of
  /// nn.model) to a side-car in `folder` whose name is `stem` and a hash,
  /// atomically, and makes module's compress.store name it. Returns the path,
  /// empty where the module names nothing that the store has. The same module
  /// gives the same bytes. In the file, floats and integers of whole bytes have
  /// their own type and shape; codes of fewer bits are U8, packed as above, and
  /// the file's metadata say their type; so are blobs.
  FailureOr<std::string> write(ModuleOp module, StringRef folder,
                               StringRef stem,
                               compresslib::ErrorKind *kind = nullptr);

  /// The same, but the file gets its name, that of `path`, only by its commit.
  struct SideCar {
    std::string path;
    std::optional<compresslib::AtomicFile> file;
  };
  FailureOr<SideCar> prepare(ModuleOp module, StringRef folder, StringRef stem,
                             compresslib::ErrorKind *kind = nullptr);

  /// Which exit code the failure of a pass stands for: passes only say that
  /// they failed. Environment once the store, or what says so, could not write.
  compresslib::ErrorKind getFailureKind() const { return failureKind; }
  void setFailureKind(compresslib::ErrorKind kind) { failureKind = kind; }

  /// Whether the side-car that `op` names holds the key.
  bool isFrom(StringRef key, StoreOp op) const;

  /// Releases what `module` no longer names.
  void sweep(ModuleOp module);

  /// Keys that the module's ops name (`StoreUserOpInterface`), in order of
  /// first mention.
  static std::vector<std::string> getNamedKeys(ModuleOp module);

private:
  struct Entry {
    ArrayRef<uint8_t> bytes;
    RankedTensorType type;
    std::shared_ptr<void> owner;
    int64_t spillOffset = -1;
    /// Hash of the side-car that it is from.
    std::string sideCar;
    /// Of type and bytes; 0 where it was not asked for yet.
    mutable uint64_t contentHash = 0;
  };
  struct Spill;

  llvm::Expected<std::string> insert(StringRef name, RankedTensorType type,
                                     ArrayRef<uint8_t> bytes,
                                     std::shared_ptr<void> owner);

  mutable std::mutex mutex;
  std::atomic<compresslib::ErrorKind> failureKind{
      compresslib::ErrorKind::BadInput};
  std::string baseFolder;
  llvm::StringMap<Entry> entries;
  llvm::StringSet<> attached;
  bool planning = false;
  uint64_t planned = 0;
  std::unique_ptr<Spill> spill;
};

/// Parses a module, sets the store's base folder to the file's, and attaches
/// the side-car. The file is read and not mapped: it may change meanwhile.
/// Emits errors; `kind`, where given, then says which exit code they stand for.
FailureOr<OwningOpRef<ModuleOp>>
parseModuleFile(StringRef path, MLIRContext *context,
                compresslib::ErrorKind *kind = nullptr);

/// Whether the op names a key that is not in `seen`, to which its keys are
/// added, or none at all: whether what it stores is counted here.
bool namesNewKey(Operation *op, llvm::StringSet<> &seen);

/// Values of elements [begin, begin + out.size()) of a tensor's bytes.
void unpackElements(ArrayRef<uint8_t> bytes, Type element, int64_t begin,
                    MutableArrayRef<float> out);
/// The first of `values` that is finite and would be infinite as an f16 or
/// bf16; nullopt where `element` holds them all.
std::optional<size_t> findOverflow(ArrayRef<float> values, Type element);
/// The inverse: `values` as a tensor of `element` (rounded to nearest even for
/// f16 and bf16, where what overflows becomes infinite; integers must be in
/// range).
std::vector<uint8_t> packElements(ArrayRef<float> values, Type element);
/// Packs codes, one a byte (of which the low `width` bits count), behind
/// `bytes`, which hold a whole number of bytes.
void appendCodes(std::vector<uint8_t> &bytes, ArrayRef<uint8_t> codes,
                 unsigned width);

} // namespace mlir::compress

#endif // COMPRESS_IR_STORE_H
