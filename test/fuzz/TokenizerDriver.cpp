//===- TokenizerDriver.cpp - Tokenizers and texts from standard input -----===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For fuzz-tokenizers.py: reads one JSON object a line, {"tokenizer": "the text
// of a tokenizer.json", "texts": […]}, and answers each by a line: {"refused":
// "why"}, or {"results": [{"ids": […], "plain": […], "decoded": "…", "whole":
// "…"}, …]}, where a text may have {"error": "why"} instead. With --time FILE
// JSON, encodes a file by a tokenizer.json and prints the seconds.
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/TokenizerJson.h"
#include "compress/Support/Files.h"
#include "compress/Support/Json.h"
#include "compress_runtime/Tokenizer.h"

#include <chrono>
#include <cstdio>
#include <iostream>

using namespace compresslib;

static Expected<rt::Tokenizer> load(const std::string &text) {
  auto file = formats::parseTokenizerJson(text, "T");
  if (!file)
    return file.error();
  return rt::Tokenizer::load(file->blob);
}

static std::string list(const std::vector<int32_t> &ids) {
  std::string out = "[";
  for (size_t i = 0; i < ids.size(); ++i)
    out += (i ? "," : "") + std::to_string(ids[i]);
  return out + "]";
}

static std::string result(const rt::Tokenizer &tokenizer,
                          const std::string &text) {
  auto ids = tokenizer.encode(text);
  if (!ids)
    return "{\"error\":" + json::quote(ids.error().message) + "}";
  auto plain = tokenizer.encode(text, /*addSpecial=*/false);
  return "{\"ids\":" + list(*ids) + ",\"plain\":" + list(*plain) +
         ",\"decoded\":" + json::quote(tokenizer.decode(*ids)) +
         ",\"whole\":" + json::quote(tokenizer.decode(*ids, false)) + "}";
}

static int timeEncoding(const char *textPath, const char *jsonPath) {
  auto text = readFile(textPath), source = readFile(jsonPath);
  if (!text || !source)
    return 3;
  auto tokenizer = load(*source);
  if (!tokenizer) {
    std::fprintf(stderr, "%s\n", tokenizer.error().message.c_str());
    return 1;
  }
  auto start = std::chrono::steady_clock::now();
  auto ids = tokenizer->encode(*text, false);
  double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  if (!ids)
    std::printf("%.3f s, refused: %s\n", seconds, ids.error().message.c_str());
  else
    std::printf("%.3f s, %zu bytes, %zu tokens, %.0f tokens/s\n", seconds,
                text->size(), ids->size(), double(ids->size()) / seconds);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 4 && std::string(argv[1]) == "--time")
    return timeEncoding(argv[2], argv[3]);
  std::string line;
  while (std::getline(std::cin, line)) {
    auto request = json::read(line, "standard input");
    if (!request) {
      std::fprintf(stderr, "%s\n", request.error().message.c_str());
      return 1;
    }
    auto tokenizer = load(*request->find("tokenizer")->getString());
    if (!tokenizer) {
      std::cout << "{\"refused\":" << json::quote(tokenizer.error().message)
                << "}" << std::endl;
      continue;
    }
    std::cout << "{\"results\":[";
    bool first = true;
    for (const json::Value &text : *request->find("texts")->getArray()) {
      std::cout << (first ? "" : ",") << result(*tokenizer, *text.getString());
      first = false;
    }
    std::cout << "]}" << std::endl;
  }
  return 0;
}
