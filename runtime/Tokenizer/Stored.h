//===- Stored.h - Numbers and texts of a stored tokenizer -------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_RUNTIME_TOKENIZER_STORED_H
#define COMPRESS_RUNTIME_TOKENIZER_STORED_H

#include "compress/Support/Bytes.h"

#include <cstdint>
#include <string>
#include <vector>

namespace compresslib {
namespace rt {

// Far above any real tokenizer; they bound the memory that a blob can ask for.
constexpr uint64_t maxTokens = uint64_t(1) << 24;
constexpr uint64_t maxTokenBytes = uint64_t(1) << 16;
constexpr uint64_t maxAllBytes = uint64_t(1) << 28;

/// Appends numbers of variable length, seven bits a byte, lowest first.
class StoredOutput {
public:
  std::vector<uint8_t> bytes;
  void number(uint64_t value) {
    for (; value >= 128; value >>= 7)
      bytes.push_back(uint8_t(value | 128));
    bytes.push_back(uint8_t(value));
  }
  /// Small for values near 0 of either sign.
  void difference(int64_t value) {
    number(uint64_t(value) << 1 ^ uint64_t(value >> 63));
  }
  void text(const std::string &value) {
    number(value.size());
    bytes.insert(bytes.end(), value.begin(), value.end());
  }
  void ids(const std::vector<int32_t> &values) {
    number(values.size());
    for (int32_t id : values)
      number(uint64_t(id));
  }
};

/// Reads; the first fault is kept and everything after it reads as 0.
class StoredInput {
public:
  explicit StoredInput(Bytes bytes) : bytes_(bytes) {}
  bool failed() const { return failed_; }
  size_t offset() const { return at_; }
  bool atEnd() const { return at_ == bytes_.size(); }
  bool fail() {
    failed_ = true;
    return false;
  }
  uint64_t number(uint64_t most = UINT64_MAX) {
    uint64_t value = 0;
    for (unsigned shift = 0; !failed_ && shift < 64; shift += 7) {
      if (at_ == bytes_.size())
        break;
      uint8_t byte = bytes_[at_++];
      value |= uint64_t(byte & 127) << shift;
      if (byte < 128) {
        if (value <= most)
          return value;
        break;
      }
    }
    fail();
    return 0;
  }
  /// A count of things of at least one byte each.
  uint64_t count(uint64_t most) {
    uint64_t value = number(most);
    if (value > bytes_.size() - at_)
      fail();
    return failed_ ? 0 : value;
  }
  int64_t difference() {
    uint64_t value = number();
    return int64_t(value >> 1) ^ -int64_t(value & 1);
  }
  std::string text() {
    uint64_t size = count(maxTokenBytes);
    std::string value(reinterpret_cast<const char *>(bytes_.data()) + at_,
                      size);
    at_ += size;
    return value;
  }
  std::vector<int32_t> ids(uint64_t vocabulary) {
    std::vector<int32_t> values(count(1000));
    for (int32_t &id : values)
      id = this->id(vocabulary);
    return values;
  }
  int32_t id(uint64_t vocabulary) {
    uint64_t value = number(maxTokens);
    if (value >= vocabulary)
      fail();
    return failed_ ? 0 : int32_t(value);
  }

private:
  Bytes bytes_;
  size_t at_ = 0;
  bool failed_ = false;
};

} // namespace rt
} // namespace compresslib

#endif // COMPRESS_RUNTIME_TOKENIZER_STORED_H
