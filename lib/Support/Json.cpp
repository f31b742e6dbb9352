//===- Json.cpp - JSON that nobody vouches for ----------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Support/Json.h"

#include "compress/Support/Text.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_set>

#include <nlohmann/json.hpp>

namespace compresslib {
namespace json {

std::optional<int64_t> Value::getInt64() const {
  if (const int64_t *number = std::get_if<int64_t>(&held_))
    return *number;
  if (const uint64_t *number = std::get_if<uint64_t>(&held_))
    if (*number <= uint64_t(std::numeric_limits<int64_t>::max()))
      return int64_t(*number);
  return std::nullopt;
}

std::optional<uint64_t> Value::getUint64() const {
  if (const uint64_t *number = std::get_if<uint64_t>(&held_))
    return *number;
  if (const int64_t *number = std::get_if<int64_t>(&held_))
    if (*number >= 0)
      return uint64_t(*number);
  return std::nullopt;
}

std::optional<double> Value::getNumber() const {
  if (const uint64_t *number = std::get_if<uint64_t>(&held_))
    return double(*number);
  if (const int64_t *number = std::get_if<int64_t>(&held_))
    return double(*number);
  if (const double *number = std::get_if<double>(&held_))
    return *number;
  return std::nullopt;
}

const Value *Value::find(std::string_view key) const {
  if (const Object *object = getObject())
    for (const auto &[name, value] : *object)
      if (name == key)
        return &value;
  return nullptr;
}

const char *Value::kindName() const {
  static const char *names[] = {"null",       "a boolean",  "an integer",
                                "an integer", "a fraction", "a string",
                                "an array",   "an object"};
  return names[held_.index()];
}

/// Receives nlohmann's events. Every event may refuse, which ends the parse
/// before more memory is taken.
class Builder {
public:
  using number_integer_t = int64_t;
  using number_unsigned_t = uint64_t;
  using number_float_t = double;
  using string_t = std::string;
  using binary_t = nlohmann::json::binary_t;

  Builder(const ReadOptions &options) : options_(options) {}

  bool null() { return add(Value()); }
  bool boolean(bool truth) { return add(Value(truth)); }
  bool number_integer(int64_t number) { return add(Value(number)); }
  bool number_unsigned(uint64_t number) { return add(Value(number)); }
  bool number_float(double number, const std::string &text) {
    return add(Value(number));
  }
  bool string(std::string &text) { return add(Value(std::move(text))); }
  bool binary(binary_t &) { return false; }
  bool start_object(size_t) { return open(Value(Object())); }
  bool start_array(size_t) { return open(Value(Array())); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string &name) {
    if (!frames_.back().keys.insert(name).second)
      return refuse("the key \"" + printable(name) + "\" occurs twice");
    frames_.back().key = std::move(name);
    return true;
  }
  bool parse_error(size_t position, const std::string &token,
                   const nlohmann::detail::exception &exception) {
    // "[json.exception.parse_error.101] parse error at …: syntax error while
    // parsing …": the part after the last prefix is the cause.
    std::string text = exception.what();
    size_t cause = text.find("syntax error ");
    if (cause != std::string::npos)
      text = text.substr(cause);
    else if (size_t bracket = text.find("] "); bracket != std::string::npos)
      text = text.substr(bracket + 2);
    problem_ = printable(text, 300);
    position_ = position ? position - 1 : 0;
    return false;
  }

  Value take() { return std::move(root_); }
  const std::string &problem() const { return problem_; }
  /// Offset of a syntax error; other refusals do not know theirs.
  std::optional<size_t> position() const { return position_; }

private:
  struct Frame {
    Value value;
    std::string key;
    std::unordered_set<std::string> keys;
  };

  bool refuse(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  bool count() {
    if (++values_ > options_.maxValues)
      return refuse("more than " + std::to_string(options_.maxValues) +
                    " values");
    return true;
  }
  bool add(Value value) {
    if (!count())
      return false;
    place(std::move(value));
    return true;
  }
  void place(Value value) {
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame &frame = frames_.back();
    if (Array *array = std::get_if<Array>(&frame.value.held_))
      array->push_back(std::move(value));
    else
      std::get<Object>(frame.value.held_)
          .emplace_back(std::move(frame.key), std::move(value));
  }
  bool open(Value value) {
    if (frames_.size() >= options_.maxDepth)
      return refuse("nested deeper than " + std::to_string(options_.maxDepth) +
                    " levels");
    if (!count())
      return false;
    frames_.push_back({std::move(value), {}, {}});
    return true;
  }
  bool close() {
    Value value = std::move(frames_.back().value);
    frames_.pop_back();
    place(std::move(value));
    return true;
  }

  const ReadOptions &options_;
  std::vector<Frame> frames_;
  Value root_;
  std::string problem_;
  std::optional<size_t> position_;
  uint64_t values_ = 0;
};

namespace {
/// Counts what the parser has taken, so that a refusal knows its offset.
struct CountingIterator {
  using difference_type = std::ptrdiff_t;
  using value_type = char;
  using pointer = const char *;
  using reference = const char &;
  using iterator_category = std::input_iterator_tag;
  const char *at;
  size_t *taken;
  const char &operator*() const { return *at; }
  CountingIterator &operator++() {
    ++at;
    ++*taken;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator old = *this;
    ++*this;
    return old;
  }
  bool operator==(const CountingIterator &other) const {
    return at == other.at;
  }
  bool operator!=(const CountingIterator &other) const {
    return at != other.at;
  }
};
} // namespace

Expected<Value> read(std::string_view text, const std::string &source,
                     const ReadOptions &options) {
  auto fail = [&](size_t offset, const std::string &problem) {
    return badInput(
        "'" + printable(source, 400) + "' holds invalid JSON at byte offset " +
        std::to_string(options.offset + offset) + ": " + problem + ".");
  };
  // nlohmann takes a NUL for the end of the text.
  size_t nul = text.find('\0');
  if (nul != std::string_view::npos)
    return fail(nul, "a NUL byte");
  size_t valid = validUtf8Prefix(text);
  if (valid != text.size())
    return fail(valid, "broken UTF-8");
  size_t taken = 0;
  Builder builder(options);
  CountingIterator begin{text.data(), &taken};
  CountingIterator end{text.data() + text.size(), &taken};
  if (!nlohmann::json::sax_parse(begin, end, &builder))
    return fail(builder.position() ? *builder.position()
                                   : (taken ? taken - 1 : 0),
                builder.problem());
  return builder.take();
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  size_t at = 0;
  while (at < text.size()) {
    size_t valid = at + validUtf8Prefix(text.substr(at));
    for (; at < valid; ++at) {
      unsigned char c = text[at];
      switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (c < 0x20) {
          char escape[8];
          std::snprintf(escape, sizeof escape, "\\u%04x", c);
          out += escape;
        } else {
          out += char(c);
        }
      }
    }
    if (at < text.size()) {
      out += "\xef\xbf\xbd";
      ++at;
    }
  }
  return out + '"';
}

void Writer::newLine() {
  if (!indent_)
    return;
  text_ += '\n';
  text_.append(indent_ * hasMembers_.size(), ' ');
}

void Writer::separate() {
  if (afterKey_) {
    afterKey_ = false;
    return;
  }
  if (hasMembers_.empty())
    return;
  if (hasMembers_.back())
    text_ += ',';
  hasMembers_.back() = true;
  newLine();
}

Writer &Writer::open(char bracket) {
  separate();
  text_ += bracket;
  hasMembers_.push_back(false);
  return *this;
}

Writer &Writer::close(char bracket) {
  bool had = hasMembers_.back();
  hasMembers_.pop_back();
  if (had)
    newLine();
  text_ += bracket;
  if (hasMembers_.empty() && indent_)
    text_ += '\n';
  return *this;
}

Writer &Writer::key(std::string_view name) {
  separate();
  text_ += quote(name);
  text_ += indent_ ? ": " : ":";
  afterKey_ = true;
  return *this;
}

Writer &Writer::value(std::string_view text) {
  separate();
  text_ += quote(text);
  return *this;
}

Writer &Writer::value(bool truth) {
  separate();
  text_ += truth ? "true" : "false";
  return *this;
}

template <typename T> static void append(std::string &text, T number) {
  char digits[40];
  auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  text.append(digits, end);
}

Writer &Writer::value(double number) {
  if (!std::isfinite(number))
    return null();
  separate();
  append(text_, number);
  return *this;
}

Writer &Writer::value(int64_t number) {
  separate();
  append(text_, number);
  return *this;
}

Writer &Writer::value(uint64_t number) {
  separate();
  append(text_, number);
  return *this;
}

Writer &Writer::null() {
  separate();
  text_ += "null";
  return *this;
}

} // namespace json
} // namespace compresslib
