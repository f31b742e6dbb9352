//===- Json.h - JSON that nobody vouches for --------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reader refuses what a careless one would let through: text nested beyond
// a depth, duplicate keys (compared after unescaping), broken UTF-8, a NUL
// byte, anything after the value, more values than a budget. Errors name the
// byte offset.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_SUPPORT_JSON_H
#define COMPRESS_SUPPORT_JSON_H

#include "compress/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace compresslib {
namespace json {

class Value;
using Array = std::vector<Value>;
/// Members in the order of the text.
using Object = std::vector<std::pair<std::string, Value>>;

class Value {
public:
  Value() = default;
  template <typename T> explicit Value(T value) : held_(std::move(value)) {}

  bool isNull() const { return std::holds_alternative<std::monostate>(held_); }
  bool isBool() const { return std::holds_alternative<bool>(held_); }
  bool isString() const { return std::holds_alternative<std::string>(held_); }
  bool isArray() const { return std::holds_alternative<Array>(held_); }
  bool isObject() const { return std::holds_alternative<Object>(held_); }
  /// A number written without fraction or exponent that fits the type.
  bool isInteger() const {
    return std::holds_alternative<int64_t>(held_) ||
           std::holds_alternative<uint64_t>(held_);
  }
  bool isNumber() const {
    return isInteger() || std::holds_alternative<double>(held_);
  }

  // Of the right kind only; each get… answers null for another kind.
  const bool *getBool() const { return std::get_if<bool>(&held_); }
  const std::string *getString() const {
    return std::get_if<std::string>(&held_);
  }
  const Array *getArray() const { return std::get_if<Array>(&held_); }
  const Object *getObject() const { return std::get_if<Object>(&held_); }
  std::optional<int64_t> getInt64() const;
  std::optional<uint64_t> getUint64() const;
  std::optional<double> getNumber() const;

  /// The member of that name, or null: also where this is no object. Linear.
  const Value *find(std::string_view key) const;

  /// "null", "a boolean", "an integer", "a fraction", "a string", "an array",
  /// "an object": for messages.
  const char *kindName() const;

private:
  std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string,
               Array, Object>
      held_;
  friend class Builder;
};

struct ReadOptions {
  unsigned maxDepth = 64;
  /// Values of any kind, a bound of the memory taken (some 50 bytes each).
  uint64_t maxValues = uint64_t(1) << 24;
  /// Where the text begins in its file: added to offsets in messages.
  uint64_t offset = 0;
};

/// `source` names the text in messages (a file's path).
Expected<Value> read(std::string_view text, const std::string &source,
                     const ReadOptions &options = {});

/// The text in quotes, escaped; broken UTF-8 becomes U+FFFD.
std::string quote(std::string_view text);

/// Writes JSON piece by piece; commas, colons and indentation are its own.
class Writer {
public:
  /// `indent` 0 writes one line.
  explicit Writer(unsigned indent = 2) : indent_(indent) {}
  Writer &beginObject() { return open('{'); }
  Writer &endObject() { return close('}'); }
  Writer &beginArray() { return open('['); }
  Writer &endArray() { return close(']'); }
  Writer &key(std::string_view name);
  Writer &value(std::string_view text);
  Writer &value(const char *text) { return value(std::string_view(text)); }
  Writer &value(const std::string &text) {
    return value(std::string_view(text));
  }
  Writer &value(bool truth);
  Writer &value(double number); ///< shortest that reads back; NaN, Inf: null
  Writer &value(int64_t number);
  Writer &value(uint64_t number);
  Writer &value(int number) { return value(int64_t(number)); }
  Writer &value(unsigned number) { return value(uint64_t(number)); }
  Writer &null();
  template <typename T> Writer &member(std::string_view name, const T &held) {
    key(name);
    return value(held);
  }
  /// The text so far; complete once every object and array is closed.
  const std::string &text() const { return text_; }

private:
  Writer &open(char bracket);
  Writer &close(char bracket);
  void separate();
  void newLine();
  std::string text_;
  std::vector<bool> hasMembers_;
  unsigned indent_;
  bool afterKey_ = false;
};

} // namespace json
} // namespace compresslib

#endif // COMPRESS_SUPPORT_JSON_H
