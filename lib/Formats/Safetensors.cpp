//===- Safetensors.cpp - Reading and writing safetensors ------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/Safetensors.h"

#include "compress/Formats/Foreign.h"
#include "compress/Support/Hash.h"
#include "compress/Support/Json.h"
#include "compress/Support/Text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <tuple>
#include <unordered_set>

namespace compresslib {
namespace formats {

/// The cap of the format's own library.
constexpr uint64_t maxHeader = 100'000'000;

static std::string tensorText(const std::string &name) {
  return "tensor '" + printable(name) + "'";
}

/// Bytes of shape x type, or nothing on overflow.
static std::optional<uint64_t> bytesOfShape(Span<const int64_t> shape,
                                            DType type, uint64_t *elements) {
  uint64_t count = 1;
  bool overflow = false;
  // A zero anywhere makes the tensor empty, whatever else would overflow.
  bool empty = std::find(shape.begin(), shape.end(), 0) != shape.end();
  for (int64_t dim : shape)
    overflow |= __builtin_mul_overflow(count, uint64_t(dim), &count);
  if (empty)
    count = 0;
  else if (overflow)
    return std::nullopt;
  uint64_t bits;
  if (__builtin_mul_overflow(count, uint64_t(bitsOf(type)), &bits) ||
      bits % 8 != 0 || count > uint64_t(INT64_MAX))
    return std::nullopt;
  *elements = count;
  return bits / 8;
}

Expected<SafetensorsFile> SafetensorsFile::open(const std::string &path) {
  Expected<MappedFile> file = MappedFile::open(path);
  if (!file)
    return file.error();
  return fromMapped(std::move(*file));
}

Expected<SafetensorsFile> SafetensorsFile::fromMapped(MappedFile file) {
  SafetensorsFile result(std::move(file));
  if (Status status = result.parse(); !status)
    return status.error();
  return result;
}

Status SafetensorsFile::parse() {
  std::string where = "'" + printable(path(), 400) + "'";
  uint64_t fileSize = file_.size();
  auto refuse = [&](std::string problem, bool mayBeForeign = false) {
    std::string foreign = mayBeForeign ? describeForeign(file_.bytes()) : "";
    if (!foreign.empty())
      return Status(badInput(where + " is not a safetensors file. " + foreign));
    return Status(badInput(where + ": " + problem));
  };
  const std::string again = " The file is incomplete; copy it again.";
  const std::string damaged = " The file is damaged; get it again.";

  if (fileSize < 8)
    return refuse("A safetensors file begins with 8 bytes of header length: "
                  "need 8 bytes, have " +
                      std::to_string(fileSize) + "." + again,
                  true);
  uint64_t header = 0;
  for (int i = 7; i >= 0; --i)
    header = header << 8 | file_.data()[i];
  if (header < 2)
    return refuse("The header length at offset 0 is " + std::to_string(header) +
                      ", expected at least 2." + damaged,
                  true);
  if (header > maxHeader)
    return refuse("The header length at offset 0 is " + std::to_string(header) +
                      ", expected at most " + std::to_string(maxHeader) + "." +
                      damaged,
                  true);
  if (header > fileSize - 8)
    return refuse("The header ends past the end of the file: need " +
                      std::to_string(header + 8) + " bytes, have " +
                      std::to_string(fileSize) + "." + again,
                  true);
  std::string_view text = asText(file_.bytes().subspan(8, header));
  if (text[0] != '{')
    return refuse("The header at offset 8 begins with \"" +
                      printable(text.substr(0, 1)) + "\", expected \"{\"." +
                      damaged,
                  true);

  json::ReadOptions options;
  options.maxDepth = 8;
  options.offset = 8;
  Expected<json::Value> root = json::read(text, path(), options);
  if (!root)
    return root.error();

  uint64_t dataStart = 8 + header;
  uint64_t dataSize = fileSize - dataStart;
  for (const auto &[name, entry] : *root->getObject()) {
    if (name == "__metadata__") {
      const json::Object *object = entry.getObject();
      if (!object)
        return refuse(std::string("The header's __metadata__ is ") +
                      entry.kindName() + ", expected an object." + damaged);
      for (const auto &[key, value] : *object) {
        if (!value.isString())
          return refuse("The header's __metadata__ \"" + printable(key) +
                        "\" is " + value.kindName() + ", expected a string." +
                        damaged);
        metadata_.emplace_back(key, *value.getString());
      }
      continue;
    }
    std::string in = "In " + tensorText(name) + ": ";
    if (!entry.isObject())
      return refuse(in + "the header's entry is " + entry.kindName() +
                    ", expected an object." + damaged);
    for (const auto &[key, value] : *entry.getObject())
      if (key != "dtype" && key != "shape" && key != "data_offsets")
        return refuse(in + "unknown key \"" + printable(key) +
                      "\", expected dtype, shape and data_offsets. Perhaps a "
                      "newer safetensors; this reader knows version 0.8.");
    const json::Value *dtype = entry.find("dtype");
    const json::Value *shape = entry.find("shape");
    const json::Value *offsets = entry.find("data_offsets");
    if (!dtype || !dtype->isString())
      return refuse(in + "expected \"dtype\" as a string, found " +
                    (dtype ? dtype->kindName() : "none") + "." + damaged);
    SafetensorsTensor tensor;
    tensor.name = name;
    std::optional<DType> type = dtypeOfName(*dtype->getString());
    if (!type)
      return refuse(in + "unknown dtype \"" + printable(*dtype->getString()) +
                    "\". Convert the tensor to F32, F16 or BF16.");
    tensor.dtype = *type;
    if (!shape || !shape->isArray())
      return refuse(in + "expected \"shape\" as an array, found " +
                    (shape ? shape->kindName() : "none") + "." + damaged);
    for (const json::Value &dim : *shape->getArray()) {
      std::optional<int64_t> number = dim.getInt64();
      if (!number || *number < 0)
        return refuse(in + "dimension " + std::to_string(tensor.shape.size()) +
                      " of the shape is " +
                      (number ? std::to_string(*number) : dim.kindName()) +
                      ", expected an integer from 0 to 2^63 - 1." + damaged);
      tensor.shape.push_back(*number);
    }
    const json::Array *range = offsets ? offsets->getArray() : nullptr;
    if (!range || range->size() != 2 || !(*range)[0].getUint64() ||
        !(*range)[1].getUint64())
      return refuse(in +
                    "expected \"data_offsets\" as two integers not below "
                    "0, found " +
                    (offsets ? offsets->kindName() : "none") + "." + damaged);
    uint64_t begin = *(*range)[0].getUint64();
    uint64_t end = *(*range)[1].getUint64();
    if (begin > end)
      return refuse(in + "data_offsets [" + std::to_string(begin) + ", " +
                    std::to_string(end) + "] end before they begin." + damaged);
    std::optional<uint64_t> bytes =
        bytesOfShape(tensor.shape, tensor.dtype, &tensor.elements);
    std::string kind = std::string(dtypeName(tensor.dtype)) + " of shape " +
                       shapeText(tensor.shape);
    if (!bytes)
      return refuse(in + kind +
                    " has more bytes than 64 bits count, or no whole number "
                    "of bytes." +
                    damaged);
    if (*bytes != end - begin)
      return refuse(in + kind + " takes " + std::to_string(*bytes) +
                    " bytes, but data_offsets [" + std::to_string(begin) +
                    ", " + std::to_string(end) + "] hold " +
                    std::to_string(end - begin) + "." + damaged);
    if (end > dataSize) {
      uint64_t needed;
      bool huge = __builtin_add_overflow(dataStart, end, &needed);
      return refuse(in + "the data end past the end of the file: need " +
                    (huge ? "over 2^64" : std::to_string(needed)) +
                    " bytes, have " + std::to_string(fileSize) + "." + again);
    }
    tensor.offset = dataStart + begin;
    tensor.data = file_.bytes().subspan(dataStart + begin, end - begin);
    tensors_.push_back(std::move(tensor));
  }

  std::sort(tensors_.begin(), tensors_.end(),
            [](const SafetensorsTensor &a, const SafetensorsTensor &b) {
              return std::make_tuple(a.offset, a.data.size(),
                                     std::string_view(a.name)) <
                     std::make_tuple(b.offset, b.data.size(),
                                     std::string_view(b.name));
            });
  uint64_t at = dataStart;
  const SafetensorsTensor *last = nullptr;
  for (const SafetensorsTensor &tensor : tensors_) {
    std::string after = last ? "the end of " + tensorText(last->name)
                             : std::string("the header's end");
    if (tensor.offset < at)
      return refuse("The data of " + tensorText(tensor.name) + " at offset " +
                    std::to_string(tensor.offset) + " overlap those of " +
                    tensorText(last->name) + ", which end at offset " +
                    std::to_string(at) + "." + damaged);
    if (tensor.offset > at)
      return refuse("A hole of " + std::to_string(tensor.offset - at) +
                    " bytes between " + after + " at offset " +
                    std::to_string(at) + " and " + tensorText(tensor.name) +
                    " at offset " + std::to_string(tensor.offset) + "." +
                    damaged);
    at = tensor.offset + tensor.data.size();
    last = &tensor;
  }
  if (at != fileSize)
    return refuse(std::to_string(fileSize - at) + " trailing bytes after " +
                  (last ? "the end of " + tensorText(last->name)
                        : std::string("the header's end")) +
                  " at offset " + std::to_string(at) + ", expected none." +
                  damaged);
  index_.reserve(tensors_.size());
  for (size_t i = 0; i < tensors_.size(); ++i)
    index_.emplace(tensors_[i].name, i);
  return {};
}

const SafetensorsTensor *SafetensorsFile::find(const std::string &name) const {
  auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

const std::string *SafetensorsFile::metadata(std::string_view key) const {
  for (const auto &[name, value] : metadata_)
    if (name == key)
      return &value;
  return nullptr;
}

Status checkFinite(const SafetensorsTensor &tensor, const std::string &path) {
  if (!isFloat(tensor.dtype))
    return {};
  std::optional<uint64_t> found =
      firstNonFinite(tensor.dtype, tensor.data.data(), tensor.elements);
  if (!found)
    return {};
  unsigned bytes = bitsOf(tensor.dtype) / 8;
  double value;
  if (tensor.dtype == DType::F64) {
    std::memcpy(&value, tensor.data.data() + *found * 8, 8);
  } else {
    float narrow;
    toFloat(tensor.dtype, tensor.data.data() + *found * bytes, 1, &narrow);
    value = narrow;
  }
  // The index a dimension: what a person looks up.
  std::vector<int64_t> index(tensor.shape.size());
  uint64_t rest = *found;
  for (size_t i = tensor.shape.size(); i-- > 0;) {
    index[i] = int64_t(rest % uint64_t(tensor.shape[i]));
    rest /= uint64_t(tensor.shape[i]);
  }
  char number[32];
  std::snprintf(number, sizeof number, "%g", value);
  return badInput("'" + printable(path, 400) + "': " + tensorText(tensor.name) +
                  " holds " +
                  (value != value       ? "NaN"
                   : !std::isinf(value) ? number
                   : value > 0          ? "Inf"
                                        : "-Inf") +
                  " at index " + shapeText(index) + ", byte offset " +
                  std::to_string(tensor.offset + *found * bytes) +
                  ", where numbers are expected that are finite in f32.");
}

Status rowsToFloat(const SafetensorsTensor &tensor, int64_t begin,
                   int64_t count, float *out) {
  if (!isFloat(tensor.dtype))
    return badInput("The " + tensorText(tensor.name) + " is of type " +
                    dtypeName(tensor.dtype) +
                    ", expected F64, F32, F16 or BF16.");
  assert(begin >= 0 && count >= 0 && begin + count <= tensor.rows());
  uint64_t row = tensor.rowElements();
  toFloat(tensor.dtype,
          tensor.data.data() + uint64_t(begin) * row * bitsOf(tensor.dtype) / 8,
          uint64_t(count) * row, out);
  return {};
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

Expected<SafetensorsWriter> SafetensorsWriter::create(
    const std::string &path, std::vector<SafetensorsEntry> entries,
    const std::vector<std::pair<std::string, std::string>> &metadata) {
  std::string where = "'" + printable(path, 400) + "': ";
  std::unordered_set<std::string> names{"__metadata__"};
  std::vector<uint64_t> sizes(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const SafetensorsEntry &entry = entries[i];
    if (validUtf8Prefix(entry.name) != entry.name.size())
      return badInput(where + "the name of " + tensorText(entry.name) +
                      " is no UTF-8.");
    if (!names.insert(entry.name).second)
      return badInput(where + "two tensors are to be written under the name '" +
                      printable(entry.name) + "'.");
    bool negative = false;
    for (int64_t dim : entry.shape)
      negative |= dim < 0;
    uint64_t elements;
    std::optional<uint64_t> bytes;
    if (!negative)
      bytes = bytesOfShape(entry.shape, entry.dtype, &elements);
    if (!bytes)
      return badInput(where + tensorText(entry.name) + " of shape " +
                      shapeText(entry.shape) + " has no size in bytes.");
    sizes[i] = *bytes;
  }
  std::vector<size_t> order(entries.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    unsigned bitsA = bitsOf(entries[a].dtype), bitsB = bitsOf(entries[b].dtype);
    return bitsA != bitsB ? bitsA > bitsB : a < b;
  });

  json::Writer header(/*indent=*/0);
  header.beginObject();
  if (!metadata.empty()) {
    header.key("__metadata__").beginObject();
    for (const auto &[key, value] : metadata)
      header.member(key, value);
    header.endObject();
  }
  std::vector<Slot> slots(entries.size());
  uint64_t at = 0;
  for (size_t i : order) {
    const SafetensorsEntry &entry = entries[i];
    header.key(entry.name).beginObject();
    header.member("dtype", dtypeName(entry.dtype));
    header.key("shape").beginArray();
    for (int64_t dim : entry.shape)
      header.value(dim);
    header.endArray();
    header.key("data_offsets").beginArray().value(at);
    slots[i] = {entry.name, at, sizes[i], 0};
    if (__builtin_add_overflow(at, sizes[i], &at))
      return badInput(where + "the tensors take more than 2^64 bytes.");
    header.value(at).endArray().endObject();
  }
  header.endObject();
  std::string text = header.text();
  text.append((64 - (text.size() + 8) % 64) % 64, ' ');
  if (text.size() > maxHeader)
    return badInput(where + "the header would take " +
                    std::to_string(text.size()) + " bytes, more than the " +
                    std::to_string(maxHeader) + " that the format allows.");

  AtomicFileOptions options;
  options.size = text.size() + 8 + at;
  Expected<AtomicFile> file = AtomicFile::create(path, options);
  if (!file)
    return file.error();
  SafetensorsWriter writer(std::move(*file));
  writer.fileSize_ = *options.size;
  writer.slots_ = std::move(slots);
  for (Slot &slot : writer.slots_)
    slot.offset += 8 + text.size();
  uint8_t length[8];
  for (int i = 0; i < 8; ++i)
    length[i] = uint8_t(uint64_t(text.size()) >> 8 * i);
  if (Status status = writer.file_.writeAt(0, {length, 8}); !status)
    return status.error();
  if (Status status = writer.file_.writeAt(8, asBytes(text)); !status)
    return status.error();
  return writer;
}

Status SafetensorsWriter::append(size_t index, Bytes bytes) {
  assert(index < slots_.size());
  Slot &slot = slots_[index];
  if (bytes.size() > slot.size - slot.written)
    return badInput(
        "'" + printable(file_.path(), 400) + "': " + tensorText(slot.name) +
        " takes " + std::to_string(slot.size) + " bytes, but " +
        std::to_string(slot.written + bytes.size()) + " were written.");
  Status status = file_.writeAt(slot.offset + slot.written, bytes);
  if (status)
    slot.written += bytes.size();
  return status;
}

Expected<uint64_t> SafetensorsWriter::hash() {
  Expected<MappedFile> file = file_.map();
  if (!file)
    return file.error();
  return xxh3(file->bytes());
}

Expected<AtomicFile> SafetensorsWriter::finish() {
  for (const Slot &slot : slots_)
    if (slot.written != slot.size) {
      file_.discard();
      return badInput("'" + printable(file_.path(), 400) +
                      "': " + tensorText(slot.name) + " takes " +
                      std::to_string(slot.size) + " bytes, but " +
                      std::to_string(slot.written) + " were written.");
    }
  if (Status status = file_.sync(); !status)
    return status.error();
  return Expected<AtomicFile>(std::move(file_));
}

Status SafetensorsWriter::commit() {
  Expected<AtomicFile> file = finish();
  return file ? file->commit() : Status(file.error());
}

} // namespace formats
} // namespace compresslib
