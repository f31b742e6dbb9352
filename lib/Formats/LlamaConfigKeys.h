//===- LlamaConfigKeys.h - What keys of a config.json mean ------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_LIB_FORMATS_LLAMACONFIGKEYS_H
#define COMPRESS_LIB_FORMATS_LLAMACONFIGKEYS_H

#include "compress/Support/Json.h"
#include "compress/Support/Span.h"

#include <string>
#include <string_view>

namespace compresslib {
namespace formats {

/// A key that chooses a mathematics of which one is supported.
struct FixedKey {
  const char *name;
  /// The values that mean it, in JSON, separated by spaces.
  const char *values;
  const char *remedy = "";
};
Span<const FixedKey> fixedKeys();

/// Whether one of the key's values is `value`.
bool isAllowed(const FixedKey &key, const json::Value &value);
/// "true", "1 or null".
std::string allowedText(const FixedKey &key);

/// Whether the key does not change what a Llama network computes, whatever its
/// value: training, sampling, bookkeeping, and how sums are split.
bool isHarmlessKey(std::string_view name);

} // namespace formats
} // namespace compresslib

#endif // COMPRESS_LIB_FORMATS_LLAMACONFIGKEYS_H
