//===- Foreign.cpp - What a file is that is not what was wanted -----------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/Foreign.h"

#include <string_view>

std::string compresslib::formats::describeForeign(Bytes file) {
  std::string_view text = asText(file);
  auto starts = [&](std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
  };
  if (starts("version https://git-lfs.github.com/spec"))
    return "This is a Git-LFS pointer, not the file itself; fetch it with "
           "`git lfs pull`.";
  if (starts("PK\x03\x04"))
    return "This is a zip archive, perhaps a PyTorch checkpoint; convert it to "
           "safetensors with the tool that made it.";
  if (text.size() > 1 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5)
    return "This is a Python pickle, perhaps an old PyTorch checkpoint; "
           "pickles "
           "run code when opened and are never read. Convert it to "
           "safetensors.";
  if (starts("GGUF"))
    return "This is a GGUF file.";
  if (starts("\x89HDF\r\n"))
    return "This is an HDF5 file, perhaps of Keras; convert it to safetensors.";
  if (starts("\x1f\x8b"))
    return "This is a gzip archive; unpack it first.";
  if (starts("\x7f"
             "ELF"))
    return "This is an ELF executable or library.";
  if (starts("\x93NUMPY"))
    return "This is a NumPy array file.";
  // Text, past white space and a byte order mark.
  if (starts("\xef\xbb\xbf"))
    text.remove_prefix(3);
  while (!text.empty() && (text[0] == ' ' || text[0] == '\n' ||
                           text[0] == '\r' || text[0] == '\t'))
    text.remove_prefix(1);
  auto startsAnyCase = [&](std::string_view prefix) {
    if (text.size() < prefix.size())
      return false;
    for (size_t i = 0; i < prefix.size(); ++i) {
      char c = text[i] >= 'A' && text[i] <= 'Z' ? char(text[i] + 32) : text[i];
      if (c != prefix[i])
        return false;
    }
    return true;
  };
  if (startsAnyCase("<!doctype html") || startsAnyCase("<html"))
    return "This is an HTML page, perhaps a log-in or error page saved under "
           "the model's name; download the file again.";
  if (startsAnyCase("<?xml"))
    return "This is an XML file, perhaps an error message of a download; "
           "download the file again.";
  if (starts("{") || (!text.empty() && text[0] == '{'))
    return "This is a JSON text.";
  return "";
}
