//===- Regex.cpp - Patterns, by PCRE2 -------------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

using namespace compresslib;
using namespace compresslib::rt;

Expected<Regex> Regex::compile(const std::string &pattern) {
  int code;
  PCRE2_SIZE offset;
  pcre2_code *compiled = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &code,
      &offset, nullptr);
  if (compiled)
    return Regex(compiled);
  PCRE2_UCHAR text[200];
  pcre2_get_error_message(code, text, sizeof text);
  return badInput("The pattern \"" + pattern + "\" is not understood at byte " +
                  std::to_string(offset) + ": " +
                  reinterpret_cast<char *>(text) + ".");
}

Regex::~Regex() { pcre2_code_free(static_cast<pcre2_code *>(code_)); }

Regex::Matcher::Matcher(const Regex &regex, uint32_t steps)
    : regex_(regex), data_(pcre2_match_data_create(1, nullptr)),
      context_(pcre2_match_context_create(nullptr)) {
  pcre2_set_match_limit(static_cast<pcre2_match_context *>(context_), steps);
  // KB of backtracking: steps of some 150 bytes.
  pcre2_set_heap_limit(static_cast<pcre2_match_context *>(context_), 1 << 20);
}

Regex::Matcher::~Matcher() {
  pcre2_match_data_free(static_cast<pcre2_match_data *>(data_));
  pcre2_match_context_free(static_cast<pcre2_match_context *>(context_));
}

Regex::Matcher::Result Regex::Matcher::find(std::string_view text, size_t from,
                                            size_t &begin, size_t &end) {
  auto *data = static_cast<pcre2_match_data *>(data_);
  int count = pcre2_match(static_cast<pcre2_code *>(regex_.code_),
                          reinterpret_cast<PCRE2_SPTR>(text.data()),
                          text.size(), from, PCRE2_NO_UTF_CHECK, data,
                          static_cast<pcre2_match_context *>(context_));
  if (count == PCRE2_ERROR_NOMATCH)
    return None;
  if (count < 0)
    return TooManySteps;
  begin = pcre2_get_ovector_pointer(data)[0];
  end = pcre2_get_ovector_pointer(data)[1];
  return Found;
}
