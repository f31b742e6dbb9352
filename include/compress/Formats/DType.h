//===- DType.h - Element types of stored tensors ----------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_FORMATS_DTYPE_H
#define COMPRESS_FORMATS_DTYPE_H

#include "compress/Support/Bytes.h"
#include "compress/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace compresslib {
namespace formats {

/// The types that safetensors names.
enum class DType : uint8_t {
  F64,
  F32,
  F16,
  BF16,
  F8E4M3,
  F8E5M2,
  F8E8M0,
  F6E2M3,
  F6E3M2,
  F4,
  I64,
  I32,
  I16,
  I8,
  U64,
  U32,
  U16,
  U8,
  Bool,
  C64
};

/// Name as safetensors spells it: "F32", "BF16", "F8_E4M3", "BOOL", …
const char *dtypeName(DType type);
std::optional<DType> dtypeOfName(std::string_view name);
/// 64 … 4. A tensor of 4- or 6-bit elements fills whole bytes as a whole.
unsigned bitsOf(DType type);
/// F64, F32, F16 or BF16: what checkFinite and toFloat take.
bool isFloat(DType type);

/// "[2048, 576]"; "[]" for rank 0; of many dimensions the first.
std::string shapeText(Span<const int64_t> shape);

/// Converts `count` elements at `data` (any alignment) to f32. F64 rounds to
/// nearest even; the others are exact. `type` must satisfy isFloat.
void toFloat(DType type, const uint8_t *data, uint64_t count, float *out);

/// Index of the first among `count` elements that is NaN, infinite, or infinite
/// when rounded to f32, if there is one.
std::optional<uint64_t> firstNonFinite(DType type, const uint8_t *data,
                                       uint64_t count);

} // namespace formats
} // namespace compresslib

#endif // COMPRESS_FORMATS_DTYPE_H
