//===- Store.cpp - The weight store ---------------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Store.h"
#include "Compress/IR/Compress.h"
#include "compress/Support/Half.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mlir;
using namespace mlir::compress;

int64_t mlir::compress::getTensorBits(RankedTensorType type) {
  return type.getNumElements() * type.getElementTypeBitWidth();
}

int64_t mlir::compress::getTensorBytes(RankedTensorType type) {
  return llvm::divideCeil(getTensorBits(type), 8);
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// Unpacks elements of 8 or fewer bits, as whole bytes hold them: eight
/// elements take `width` bytes.
template <unsigned width, bool isSigned>
static void unpackCodes(const uint8_t *bytes, size_t size, int64_t begin,
                        float *out, int64_t count) {
  constexpr uint64_t mask = (uint64_t(1) << width) - 1;
  auto valueOf = [](uint64_t code) {
    return isSigned ? float(llvm::SignExtend64<width>(code)) : float(code);
  };
  auto one = [&](int64_t index) {
    uint64_t bit = uint64_t(index) * width, byte = bit / 8;
    uint64_t window = bytes[byte];
    if (byte + 1 < size)
      window |= uint64_t(bytes[byte + 1]) << 8;
    return valueOf((window >> bit % 8) & mask);
  };
  int64_t i = 0;
  for (; i < count && (begin + i) % 8; ++i)
    out[i] = one(begin + i);
  for (; i + 8 <= count; i += 8) {
    uint64_t eight = 0;
    std::memcpy(&eight, bytes + (begin + i) / 8 * width, width);
    for (unsigned j = 0; j < 8; ++j)
      out[i + j] = valueOf((eight >> (j * width)) & mask);
  }
  for (; i < count; ++i)
    out[i] = one(begin + i);
}

template <bool isSigned>
static bool unpackNarrow(const uint8_t *bytes, size_t size, unsigned width,
                         int64_t begin, float *out, int64_t count) {
  switch (width) {
#define COMPRESS_WIDTH(w)                                                      \
  case w:                                                                      \
    unpackCodes<w, isSigned>(bytes, size, begin, out, count);                  \
    return true;
    COMPRESS_WIDTH(1)
    COMPRESS_WIDTH(2)
    COMPRESS_WIDTH(3)
    COMPRESS_WIDTH(4)
    COMPRESS_WIDTH(5)
    COMPRESS_WIDTH(6)
    COMPRESS_WIDTH(7)
    COMPRESS_WIDTH(8)
#undef COMPRESS_WIDTH
  }
  return false;
}

void mlir::compress::unpackElements(ArrayRef<uint8_t> bytes, Type element,
                                    int64_t begin, MutableArrayRef<float> out) {
  if (element.isF32()) {
    std::memcpy(out.data(), bytes.data() + begin * 4, out.size() * 4);
    return;
  }
  if (element.isF16() || element.isBF16()) {
    const uint8_t *from = bytes.data() + begin * 2;
    auto widen = [&](auto convert) {
      for (size_t i = 0, n = out.size(); i < n; ++i) {
        uint16_t bits;
        std::memcpy(&bits, from + i * 2, 2);
        out[i] = convert(bits);
      }
    };
    if (element.isF16())
      widen(compresslib::floatFromF16);
    else
      widen(compresslib::floatFromBF16);
    return;
  }
  auto integer = cast<IntegerType>(element);
  unsigned width = integer.getWidth();
  assert(width <= 32 && "stored integers have up to 32 bits");
  if (integer.isUnsigned()
          ? unpackNarrow<false>(bytes.data(), bytes.size(), width, begin,
                                out.data(), out.size())
          : unpackNarrow<true>(bytes.data(), bytes.size(), width, begin,
                               out.data(), out.size()))
    return;
  for (auto [i, value] : llvm::enumerate(out)) {
    uint64_t bit = uint64_t(begin + i) * width, code = 0;
    for (unsigned got = 0; got < width;) {
      unsigned offset = (bit + got) % 8,
               take = std::min(8 - offset, width - got);
      uint64_t part = (bytes[(bit + got) / 8] >> offset) & ((1u << take) - 1);
      code |= part << got;
      got += take;
    }
    value = integer.isUnsigned() ? float(code)
                                 : float(llvm::SignExtend64(code, width));
  }
}

void mlir::compress::appendCodes(std::vector<uint8_t> &bytes,
                                 ArrayRef<uint8_t> codes, unsigned width) {
  assert(width >= 1 && width <= 8);
  size_t at = bytes.size();
  bytes.resize(at + llvm::divideCeil(codes.size() * width, 8));
  uint64_t mask = llvm::maskTrailingOnes<uint64_t>(width);
  size_t i = 0;
  // Eight codes take `width` bytes.
  for (; i + 8 <= codes.size(); i += 8, at += width) {
    uint64_t eight = 0;
    for (unsigned j = 0; j < 8; ++j)
      eight |= (codes[i + j] & mask) << (j * width);
    std::memcpy(bytes.data() + at, &eight, width);
  }
  uint64_t rest = 0;
  for (unsigned j = 0; i < codes.size(); ++i, ++j)
    rest |= (codes[i] & mask) << (j * width);
  for (; at < bytes.size(); ++at, rest >>= 8)
    bytes[at] = uint8_t(rest);
}

std::optional<size_t> mlir::compress::findOverflow(ArrayRef<float> values,
                                                   Type element) {
  // The least magnitude that rounds to infinity.
  uint32_t bound;
  if (element.isF16())
    bound = compresslib::bitsOfFloat(65520.0f);
  else if (element.isBF16())
    bound = 0x7f7f8000;
  else
    return std::nullopt;
  constexpr uint32_t infinity = 0x7f800000;
  auto *it = llvm::find_if(values, [&](float value) {
    uint32_t magnitude = compresslib::bitsOfFloat(value) & 0x7fffffff;
    return magnitude >= bound && magnitude < infinity;
  });
  if (it == values.end())
    return std::nullopt;
  return it - values.begin();
}

std::vector<uint8_t> mlir::compress::packElements(ArrayRef<float> values,
                                                  Type element) {
  unsigned width = element.getIntOrFloatBitWidth();
  std::vector<uint8_t> bytes(llvm::divideCeil(values.size() * width, 8));
  if (element.isF32()) {
    std::memcpy(bytes.data(), values.data(), values.size() * 4);
    return bytes;
  }
  if (element.isF16() || element.isBF16()) {
    auto narrow = [&](auto convert) {
      for (size_t i = 0, n = values.size(); i < n; ++i) {
        uint16_t bits = convert(values[i]);
        std::memcpy(bytes.data() + i * 2, &bits, 2);
      }
    };
    if (element.isF16())
      narrow(compresslib::f16FromFloat);
    else
      narrow(compresslib::bf16FromFloat);
    return bytes;
  }
  for (auto [i, value] : llvm::enumerate(values)) {
    uint64_t bit = uint64_t(i) * width;
    uint64_t code =
        uint64_t(int64_t(value)) & llvm::maskTrailingOnes<uint64_t>(width);
    for (unsigned done = 0; done < width;) {
      unsigned offset = (bit + done) % 8,
               take = std::min(8 - offset, width - done);
      bytes[(bit + done) / 8] |=
          uint8_t(((code >> done) & ((1u << take) - 1)) << offset);
      done += take;
    }
  }
  return bytes;
}

//===----------------------------------------------------------------------===//
// The spill file
//===----------------------------------------------------------------------===//

/// An unlinked temporary that grows by appending; each tensor is mapped by
/// itself, so that sweeping one releases its pages.
struct WeightStore::Spill {
  int fd = -1;
  int64_t end = 0;

  ~Spill() {
    if (fd >= 0)
      ::close(fd);
  }

  compresslib::Status open() {
    compresslib::Expected<int> opened =
        compresslib::openUnnamedTemporary("new tensors");
    if (!opened)
      return opened.error();
    fd = *opened;
    return {};
  }

  compresslib::Status append(ArrayRef<uint8_t> bytes, int64_t at) {
    for (size_t done = 0; done < bytes.size();) {
      ssize_t n =
          ::pwrite(fd, bytes.data() + done, bytes.size() - done, at + done);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno == EFAULT)
        compresslib::touch({bytes.data(), bytes.size()});
      if (n <= 0)
        return compresslib::environmentError(
            "Cannot write " + std::to_string(bytes.size() - done) +
            " bytes of new tensors to a temporary file: " +
            std::strerror(n < 0 ? errno : ENOSPC) +
            "; free some space, or set TMPDIR to a folder that has it.");
      done += n;
    }
    return {};
  }
};

WeightStore::WeightStore() : baseFolder(".") {}
WeightStore::~WeightStore() = default;

void WeightStore::setBaseFolder(StringRef folder) {
  baseFolder = folder.empty() ? "." : folder.str();
}

static uint64_t hashContent(RankedTensorType type, ArrayRef<uint8_t> bytes) {
  std::string typeText = "blob";
  if (type) {
    typeText.clear();
    llvm::raw_string_ostream(typeText) << type;
  }
  uint64_t parts[2] = {llvm::xxh3_64bits(bytes), llvm::xxh3_64bits(typeText)};
  return llvm::xxh3_64bits(
      ArrayRef<uint8_t>(reinterpret_cast<uint8_t *>(parts), sizeof parts));
}

llvm::Expected<std::string> WeightStore::insert(StringRef name,
                                                RankedTensorType type,
                                                ArrayRef<uint8_t> bytes,
                                                std::shared_ptr<void> owner) {
  uint64_t hash = hashContent(type, bytes);
  std::string key = (name + "-" + llvm::utohexstr(hash, true, 16)).str();

  auto fail = [&](const compresslib::Error &error) {
    setFailureKind(error.kind);
    return llvm::createStringError(error.message);
  };
  int64_t at = -1;
  int64_t page = ::sysconf(_SC_PAGESIZE);
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (entries.count(key))
      return key;
    if (!owner && !bytes.empty()) {
      if (!spill) {
        auto fresh = std::make_unique<Spill>();
        if (compresslib::Status status = fresh->open(); !status)
          return fail(status.error());
        spill = std::move(fresh);
      }
      at = spill->end;
      spill->end += llvm::alignTo(bytes.size(), page);
    }
  }
  Entry entry{bytes, type, std::move(owner), at, {}, hash};
  if (at >= 0) {
    if (compresslib::Status status = spill->append(bytes, at); !status)
      return fail(status.error());
    size_t size = bytes.size();
    void *base = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, spill->fd, at);
    if (base == MAP_FAILED)
      return fail(compresslib::environmentError(
          "Cannot map " + std::to_string(size) +
          " bytes of new tensors: " + std::strerror(errno) + "."));
    int fd = spill->fd;
    entry.bytes = ArrayRef<uint8_t>(static_cast<uint8_t *>(base), size);
    // Sweeping an entry gives its disk space back as well.
    entry.owner = std::shared_ptr<void>(base, [size, fd, at, page](void *p) {
      ::munmap(p, size);
      (void)::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
                        llvm::alignTo(size, page));
    });
  }
  std::lock_guard<std::mutex> lock(mutex);
  entries.try_emplace(key, std::move(entry));
  return key;
}

std::string WeightStore::plan(StringRef name, RankedTensorType type) {
  std::lock_guard<std::mutex> lock(mutex);
  std::string key =
      (name + "-" + llvm::utohexstr(planned++, /*LowerCase=*/true, 16)).str();
  entries.try_emplace(key, Entry{{}, type, nullptr, -1, {}});
  return key;
}

llvm::Expected<std::string> WeightStore::add(StringRef name,
                                             RankedTensorType type,
                                             ArrayRef<uint8_t> bytes) {
  assert(int64_t(bytes.size()) == getTensorBytes(type));
  return insert(name, type, bytes, nullptr);
}

llvm::Expected<std::string> WeightStore::addValues(StringRef name,
                                                   RankedTensorType type,
                                                   ArrayRef<float> values) {
  assert(int64_t(values.size()) == type.getNumElements());
  return add(name, type, packElements(values, type.getElementType()));
}

llvm::Expected<std::string> WeightStore::addBlob(StringRef name,
                                                 ArrayRef<uint8_t> bytes) {
  return insert(name, nullptr, bytes, nullptr);
}

llvm::Expected<std::string>
WeightStore::addMapped(StringRef name, RankedTensorType type,
                       ArrayRef<uint8_t> bytes, std::shared_ptr<void> owner) {
  return insert(name, type, bytes, std::move(owner));
}

std::optional<WeightStore::Blob> WeightStore::lookup(StringRef key) const {
  std::lock_guard<std::mutex> lock(mutex);
  auto it = entries.find(key);
  if (it == entries.end())
    return std::nullopt;
  return Blob{it->second.bytes, it->second.type};
}

std::string WeightStore::getContentHash(StringRef key) const {
  std::lock_guard<std::mutex> lock(mutex);
  auto it = entries.find(key);
  if (it == entries.end())
    return "";
  const Entry &entry = it->second;
  if (!entry.contentHash)
    entry.contentHash = hashContent(entry.type, entry.bytes);
  return llvm::utohexstr(entry.contentHash, /*LowerCase=*/true, /*Width=*/16);
}

bool mlir::compress::namesNewKey(Operation *op, llvm::StringSet<> &seen) {
  auto user = dyn_cast<StoreUserOpInterface>(op);
  bool isNew = !user;
  if (user)
    user.visitKeys([&](StringRef key, RankedTensorType) {
      isNew |= seen.insert(key).second;
    });
  return isNew;
}

std::vector<std::string> WeightStore::getNamedKeys(ModuleOp module) {
  std::vector<std::string> keys;
  llvm::StringSet<> seen;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto user = dyn_cast<StoreUserOpInterface>(op))
      user.visitKeys([&](StringRef key, RankedTensorType) {
        if (seen.insert(key).second)
          keys.push_back(key.str());
      });
  });
  return keys;
}

void WeightStore::sweep(ModuleOp module) {
  llvm::StringSet<> named;
  for (const std::string &key : getNamedKeys(module))
    named.insert(key);
  std::vector<std::shared_ptr<void>> released;
  std::lock_guard<std::mutex> lock(mutex);
  SmallVector<std::string> dead;
  for (auto &entry : entries)
    if (!named.count(entry.getKey()))
      dead.push_back(entry.getKey().str());
  for (const std::string &key : dead)
    entries.erase(key);
}
