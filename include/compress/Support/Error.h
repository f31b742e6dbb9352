//===- Error.h - Errors of the core, with an exit code ----------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The core (Support, Algorithms, Formats, Evaluation, runtime) is built without
// exceptions and without LLVM. A function that can fail returns `Status` or
// `Expected<T>`. A message is one or more whole sentences: the file, the tensor
// and the byte offset where they apply, what was expected, what was found, and
// what to do next. It stays short, whatever the input: the constructors below
// cut it.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_SUPPORT_ERROR_H
#define COMPRESS_SUPPORT_ERROR_H

#include <cassert>
#include <optional>
#include <string>
#include <utility>

namespace compresslib {

/// Exit codes of `compress` and of edge binaries.
enum class ErrorKind : int {
  BadInput = 1,    ///< the data is wrong
  Usage = 2,       ///< the command is wrong
  Environment = 3, ///< disk, memory, processor or I/O
};

struct Error {
  ErrorKind kind;
  std::string message;
};

/// Success, or an Error.
class [[nodiscard]] Status {
public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}
  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  const Error &error() const {
    assert(error_);
    return *error_;
  }

private:
  std::optional<Error> error_;
};

/// A T, or an Error.
template <typename T> class [[nodiscard]] Expected {
public:
  Expected(T value) : value_(std::move(value)) {}
  Expected(Error error) : error_(std::move(error)) {}
  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  T &operator*() {
    assert(ok());
    return *value_;
  }
  const T &operator*() const {
    assert(ok());
    return *value_;
  }
  T *operator->() { return &**this; }
  const T *operator->() const { return &**this; }
  const Error &error() const {
    assert(error_);
    return *error_;
  }
  Status status() const { return ok() ? Status() : Status(*error_); }

private:
  std::optional<T> value_;
  std::optional<Error> error_;
};

/// Bytes of the longest message.
constexpr size_t longestMessage = 4000;

/// The message's beginning, up to longestMessage bytes and a whole character,
/// and how much is left out.
inline std::string cutMessage(std::string message) {
  if (message.size() <= longestMessage)
    return message;
  size_t end = longestMessage - 48;
  while (end > 0 && (message[end] & 0xc0) == 0x80)
    --end;
  size_t more = message.size() - end;
  message.resize(end);
  return message + "… (" + std::to_string(more) + " more bytes)";
}

inline Error badInput(std::string message) {
  return {ErrorKind::BadInput, cutMessage(std::move(message))};
}
inline Error usageError(std::string message) {
  return {ErrorKind::Usage, cutMessage(std::move(message))};
}
inline Error environmentError(std::string message) {
  return {ErrorKind::Environment, cutMessage(std::move(message))};
}

} // namespace compresslib

#endif // COMPRESS_SUPPORT_ERROR_H
