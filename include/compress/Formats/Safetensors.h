//===- Safetensors.h - Reading and writing safetensors ----------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A safetensors file is an 8-byte little-endian length N, N bytes of JSON, and
// the tensors' bytes, row-major, without gaps:
//
//   {"__metadata__": {"format": "pt"},
//    "model.norm.weight": {"dtype": "BF16", "shape": [256],
//                          "data_offsets": [0, 512]}, …}
//
// The file is untrusted: everything is checked before memory is taken for it,
// and a file that opens satisfies: every tensor lies inside the file, tensors
// neither overlap nor leave holes, shape x type equals the bytes, names are
// unique.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_FORMATS_SAFETENSORS_H
#define COMPRESS_FORMATS_SAFETENSORS_H

#include "compress/Formats/DType.h"
#include "compress/Support/Files.h"

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace compresslib {
namespace formats {

struct SafetensorsTensor {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;
  uint64_t elements = 0;
  uint64_t offset = 0; ///< of the first byte, in the file
  Bytes data;          ///< in the mapping; of any alignment

  /// Rows of the leading axis, and elements a row; rank 0 is one row of one.
  int64_t rows() const { return shape.empty() ? 1 : shape[0]; }
  uint64_t rowElements() const {
    return rows() ? elements / uint64_t(rows()) : 0;
  }
};

class SafetensorsFile {
public:
  static Expected<SafetensorsFile> open(const std::string &path);
  static Expected<SafetensorsFile> fromMapped(MappedFile file);

  const std::string &path() const { return file_.path(); }
  const MappedFile &file() const { return file_; }
  /// In the order of their offsets (of names, where bytes are none).
  const std::vector<SafetensorsTensor> &tensors() const { return tensors_; }
  const SafetensorsTensor *find(const std::string &name) const;
  /// `__metadata__`, in the order of the file.
  const std::vector<std::pair<std::string, std::string>> &metadata() const {
    return metadata_;
  }
  const std::string *metadata(std::string_view key) const;

private:
  explicit SafetensorsFile(MappedFile file) : file_(std::move(file)) {}
  Status parse();
  MappedFile file_;
  std::vector<SafetensorsTensor> tensors_;
  std::unordered_map<std::string, size_t> index_;
  std::vector<std::pair<std::string, std::string>> metadata_;
};

/// BadInput with the tensor, index and value if a float tensor holds a NaN or
/// an infinity. Other types pass.
Status checkFinite(const SafetensorsTensor &tensor, const std::string &path);

/// Rows [begin, begin + count) as f32 into out[count * rowElements()].
/// BadInput if the type is no float type.
Status rowsToFloat(const SafetensorsTensor &tensor, int64_t begin,
                   int64_t count, float *out);

struct SafetensorsEntry {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;
};

/// Writes a safetensors file whose tensors' bytes arrive piece by piece, in any
/// order. The same entries give the same bytes: tensors stand by descending
/// element size, then in the order given, so that each is aligned to its
/// elements; the first begins at a multiple of 64. The file appears when commit
/// succeeds.
class SafetensorsWriter {
public:
  static Expected<SafetensorsWriter>
  create(const std::string &path, std::vector<SafetensorsEntry> entries,
         const std::vector<std::pair<std::string, std::string>> &metadata = {});

  /// Appends to the bytes of entry `index` (of the list given to create).
  Status append(size_t index, Bytes bytes);
  /// Bytes that entry `index` takes in all.
  uint64_t bytesOf(size_t index) const { return slots_[index].size; }
  uint64_t fileSize() const { return fileSize_; }
  /// XXH3 of the whole file, once every entry has its bytes.
  Expected<uint64_t> hash();
  /// Another name, in the same folder, for commit.
  void rename(const std::string &name) { file_.rename(name); }
  /// The whole file, on the disk, which only its commit gives its name.
  /// BadInput if an entry has not got all of its bytes.
  Expected<AtomicFile> finish();
  Status commit();

private:
  struct Slot {
    std::string name;
    uint64_t offset, size, written;
  };
  explicit SafetensorsWriter(AtomicFile file) : file_(std::move(file)) {}
  AtomicFile file_;
  std::vector<Slot> slots_;
  uint64_t fileSize_ = 0;
};

} // namespace formats
} // namespace compresslib

#endif // COMPRESS_FORMATS_SAFETENSORS_H
