//===- Payload.h - What is appended to an edge binary --------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An edge binary is an executable of code with its payload appended:
//
//   executable | zeros to a page | packed weights | tokenizer | metadata |
//   [side-car name] | checksums | trailer
//
// Sections start at multiples of 64 bytes, the weights at a multiple of 4096,
// so that they are used where they are mapped. The trailer is the last 128
// bytes of the file: magic, format version, ABI version, offsets and lengths,
// and an XXH3 checksum. It is of the table of checksums before it: an XXH3 hash
// of each block of 256 KiB of what is before the table, so that each block is
// checked by itself.
//
// With a side-car, NAME holds the code and a trailer that names NAME.weights
// and its checksum; NAME.weights is a payload without an executable. A trailer
// is found from the end of the file, so the ELF headers know nothing of it:
// `strip`, which rewrites the file from its headers, deletes the payload.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_PAYLOAD_H
#define COMPRESS_RUNTIME_PAYLOAD_H

#include "compress_runtime/BlockGuard.h"

#include "compress/Support/Error.h"
#include "compress/Support/Files.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace compresslib {
namespace rt {

class ThreadPool;

/// What a binary tells about itself: written as lines of `key=value`, where a
/// backslash, a line feed and a NUL in a value are escaped. Unknown keys are
/// kept out of the way of older readers by being ignored.
struct Metadata {
  std::string name;               ///< of the model
  std::string recipe;             ///< how it was compressed
  std::string manifest;           ///< SHA-256 of the inputs and the recipe
  std::string version;            ///< of the compiler
  std::string target;             ///< target triple
  uint64_t parameters = 0;        ///< of the untouched model, tied ones once
  uint64_t bytes = 0;             ///< stored bytes of the weights
  std::vector<int32_t> endTokens; ///< ends of sequence
  /// The command line that makes this binary again for another processor.
  std::string rebuild;

  std::string write() const;
  static Expected<Metadata> read(std::string_view text);
};

/// Bytes of a section: in memory, or a range of a file that is streamed.
struct Section {
  std::string_view memory;
  std::string path; ///< when not empty: this file, from `offset`
  uint64_t offset = 0;
  uint64_t length = 0;

  static Section ofMemory(const void *data, size_t size) {
    return {{static_cast<const char *>(data), size}, {}, 0, size};
  }
  static Section ofText(std::string_view text) {
    return {text, {}, 0, text.size()};
  }
  static Section ofFile(std::string path, uint64_t offset, uint64_t length) {
    return {{}, std::move(path), offset, length};
  }
};

struct EdgeBinary {
  /// The linked executable: exactly one section, or none for a payload alone.
  std::vector<Section> executable;
  /// Concatenated; their sum is the program's weights_bytes.
  std::vector<Section> weights;
  Section tokenizer;
  Metadata metadata;
  bool sideCar = false; ///< weights go to OUTPUT.weights
};

/// Writes `output` (and its side-car) beside their final names, for
/// commitTogether. Errors: Environment for I/O and for an output that is an
/// input of the run, a directory or no regular file.
Expected<std::vector<AtomicFile>> makeEdgeBinary(const std::string &output,
                                                 const EdgeBinary &binary);
/// The name of the side-car of a program.
std::string sideCarOf(const std::string &output);
/// Makes and commits; old files survive any failure.
Status writeEdgeBinary(const std::string &output, const EdgeBinary &binary);

/// A mapped payload. What is read of it has been checked.
class Payload {
public:
  /// Maps `path`, or the side-car that it names, and checks versions, lengths
  /// and the blocks that have anything but weights in them. The others are
  /// checked when they are first read (`BlockGuard`): a changed one ends the
  /// process then. BadInput where the payload is absent, cut short, changed or
  /// of another version; Environment where the file cannot be read or is no
  /// regular file.
  static Expected<Payload> open(const std::string &path);

  /// Checks every block now, on all threads of `pool` (none: this thread).
  /// BadInput names the first that was changed.
  Status verify(ThreadPool *pool) const;

  const uint8_t *weights() const { return weights_; }
  uint64_t weightsBytes() const { return weightsBytes_; }
  std::string_view tokenizer() const { return tokenizer_; }
  const Metadata &metadata() const { return metadata_; }
  uint64_t fileBytes() const { return file_.size(); }
  /// Blocks that have checksums.
  size_t blocks() const { return hashes_->size(); }
  const std::string &path() const { return file_.path(); }

private:
  explicit Payload(MappedFile file) : file_(std::move(file)) {}
  Status verifyBlock(uint64_t index) const;
  MappedFile file_;
  uint64_t bodyBytes_ = 0; ///< of what has checksums
  std::unique_ptr<std::vector<uint64_t>> hashes_;
  std::unique_ptr<BlockGuard> guard_;
  const uint8_t *weights_ = nullptr;
  uint64_t weightsBytes_ = 0;
  std::string_view tokenizer_;
  Metadata metadata_;
};

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_PAYLOAD_H
