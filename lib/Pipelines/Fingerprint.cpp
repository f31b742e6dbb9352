//===- Fingerprint.cpp - What a module is, as a hash ----------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Pipelines/Fingerprint.h"
#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include "compress/Support/Sha256.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::compress;

namespace {
struct HashingStream : llvm::raw_ostream {
  compresslib::Sha256 hash;
  uint64_t position = 0;
  ~HashingStream() override { flush(); }
  void write_impl(const char *data, size_t size) override {
    hash.update({reinterpret_cast<const uint8_t *>(data), size});
    position += size;
  }
  uint64_t current_pos() const override { return position; }
};
} // namespace

std::string mlir::compress::getFingerprint(ModuleOp module) {
  HashingStream stream;
  for (Operation &op : module.getOps())
    if (!isa<StoreOp>(op)) {
      op.print(stream, OpPrintingFlags().useLocalScope().assumeVerified());
      stream << '\n';
    }
  // A key is a name: a side-car may hold anything under it.
  WeightStore &store =
      module.getContext()->getOrLoadDialect<CompressDialect>()->getStore();
  for (const std::string &key : WeightStore::getNamedKeys(module))
    stream << key << ' ' << store.getContentHash(key) << '\n';
  stream.flush();
  std::array<uint8_t, 32> digest = stream.hash.digest();
  return compresslib::hexadecimal({digest.data(), digest.size()});
}

bool mlir::compress::isSameModel(ModuleOp a, ModuleOp b) {
  auto withoutHistory = [](ModuleOp module) {
    OwningOpRef<ModuleOp> bare = module.clone();
    for (WeightOp weight : bare->getOps<WeightOp>()) {
      weight.removeOriginAttr();
      weight->removeAttr("compress.reports");
    }
    return getFingerprint(*bare);
  };
  return withoutHistory(a) == withoutHistory(b);
}
