//===- UnicodeProperties.h - Sets of characters by name ---------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As Hugging Face's tokenizers has them: what Oniguruma's \p{…} and classes
// hold, and what its own pre-tokenizers take for digits and punctuation.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_LIB_FORMATS_UNICODEPROPERTIES_H
#define COMPRESS_LIB_FORMATS_UNICODEPROPERTIES_H

#include "compress_runtime/Pattern.h"

#include <optional>
#include <string_view>

namespace compresslib {
namespace formats {

/// In any order, overlapping: made what CodeRanges must be.
rt::CodeRanges ordered(rt::CodeRanges ranges);
rt::CodeRanges unite(const rt::CodeRanges &a, const rt::CodeRanges &b);
rt::CodeRanges intersect(const rt::CodeRanges &a, const rt::CodeRanges &b);
rt::CodeRanges complement(const rt::CodeRanges &ranges);

/// A general category ("Lu", "L", "Letter") or a script ("Han"), without regard
/// to case, spaces, "_" and "-"; nothing if there is none of that name.
std::optional<rt::CodeRanges> propertyNamed(std::string_view name);

/// \s everywhere.
rt::CodeRanges whiteSpace();
/// \w inside of a class; \w alone has superscripts and fractions of Latin-1
/// besides.
rt::CodeRanges wordCharacters();
rt::CodeRanges loneWordCharacters();
/// \w of Rust, for the Whitespace pre-tokenizer and single words:
/// wordCharacters and the joiners.
rt::CodeRanges rustWordCharacters();
/// Of the Digits and Punctuation pre-tokenizers.
rt::CodeRanges rustNumeric();
rt::CodeRanges rustPunctuation();

} // namespace formats
} // namespace compresslib

#endif // COMPRESS_LIB_FORMATS_UNICODEPROPERTIES_H
