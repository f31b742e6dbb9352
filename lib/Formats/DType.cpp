//===- DType.cpp - Element types of stored tensors ------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/DType.h"

#include "compress/Support/Half.h"

#include <algorithm>

namespace compresslib {
namespace formats {

static const struct {
  DType type;
  const char *name;
  unsigned bits;
} types[] = {
    {DType::F64, "F64", 64},       {DType::F32, "F32", 32},
    {DType::F16, "F16", 16},       {DType::BF16, "BF16", 16},
    {DType::F8E4M3, "F8_E4M3", 8}, {DType::F8E5M2, "F8_E5M2", 8},
    {DType::F8E8M0, "F8_E8M0", 8}, {DType::F6E2M3, "F6_E2M3", 6},
    {DType::F6E3M2, "F6_E3M2", 6}, {DType::F4, "F4", 4},
    {DType::I64, "I64", 64},       {DType::I32, "I32", 32},
    {DType::I16, "I16", 16},       {DType::I8, "I8", 8},
    {DType::U64, "U64", 64},       {DType::U32, "U32", 32},
    {DType::U16, "U16", 16},       {DType::U8, "U8", 8},
    {DType::Bool, "BOOL", 8},      {DType::C64, "C64", 64},
};

const char *dtypeName(DType type) { return types[size_t(type)].name; }
unsigned bitsOf(DType type) { return types[size_t(type)].bits; }

std::optional<DType> dtypeOfName(std::string_view name) {
  for (const auto &entry : types)
    if (name == entry.name)
      return entry.type;
  return std::nullopt;
}

bool isFloat(DType type) {
  return type == DType::F64 || type == DType::F32 || type == DType::F16 ||
         type == DType::BF16;
}

std::string shapeText(Span<const int64_t> shape) {
  constexpr size_t shown = 16;
  std::string text = "[";
  for (size_t i = 0; i < shape.size() && i < shown; ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  if (shape.size() > shown)
    text += ", … of " + std::to_string(shape.size()) + " dimensions";
  return text + "]";
}

template <typename T> static T load(const uint8_t *data, uint64_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  return value;
}

void toFloat(DType type, const uint8_t *data, uint64_t count, float *out) {
  switch (type) {
  case DType::F64:
    for (uint64_t i = 0; i < count; ++i)
      out[i] = float(load<double>(data, i));
    return;
  case DType::F32:
    if (count)
      std::memcpy(out, data, count * 4);
    return;
  case DType::F16:
    for (uint64_t i = 0; i < count; ++i)
      out[i] = floatFromF16(load<uint16_t>(data, i));
    return;
  case DType::BF16:
    for (uint64_t i = 0; i < count; ++i)
      out[i] = floatFromBF16(load<uint16_t>(data, i));
    return;
  default:
    assert(false && "not a float type");
  }
}

/// The first value whose magnitude, as bits, is at least `bound`: those of
/// infinity and NaN are above all others. Blocks are first tested as a whole,
/// without a branch an element.
template <typename T>
static std::optional<uint64_t> firstFrom(const uint8_t *data, uint64_t count,
                                         T bound) {
  constexpr uint64_t block = 4096;
  constexpr T magnitude = T(~T(0)) >> 1;
  for (uint64_t begin = 0; begin < count; begin += block) {
    uint64_t end = std::min(count, begin + block);
    unsigned found = 0;
    for (uint64_t i = begin; i < end; ++i)
      found |= T(load<T>(data, i) & magnitude) >= bound;
    if (!found)
      continue;
    for (uint64_t i = begin; i < end; ++i)
      if (T(load<T>(data, i) & magnitude) >= bound)
        return i;
  }
  return std::nullopt;
}

std::optional<uint64_t> firstNonFinite(DType type, const uint8_t *data,
                                       uint64_t count) {
  switch (type) {
  case DType::F64:
    // The least double that rounds to an infinite f32: 2^128 - 2^103.
    return firstFrom<uint64_t>(data, count, 0x47effffff0000000);
  case DType::F32:
    return firstFrom<uint32_t>(data, count, 0x7f800000);
  case DType::F16:
    return firstFrom<uint16_t>(data, count, 0x7c00);
  case DType::BF16:
    return firstFrom<uint16_t>(data, count, 0x7f80);
  default:
    assert(false && "not a float type");
    return std::nullopt;
  }
}

} // namespace formats
} // namespace compresslib
