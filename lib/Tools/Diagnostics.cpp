//===- Diagnostics.cpp - Errors that stay short ---------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Diagnostics.h"
#include "compress/Support/Text.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"
#include <deque>
#include <memory>

using namespace mlir;

static constexpr size_t limit = 4096;

void mlir::compress::shorten(std::string &message) {
  if (message.size() <= limit)
    return;
  size_t more = message.size() - limit;
  message.resize(limit);
  message.resize(compresslib::validUtf8Prefix(message));
  message += "… (" + std::to_string(more) + " bytes more)";
}

void mlir::compress::shortenDiagnostics(MLIRContext &context) {
  // Arguments refer to their text.
  auto texts = std::make_shared<std::deque<std::string>>();
  auto cut = [texts](Diagnostic &diagnostic) {
    for (DiagnosticArgument &argument : diagnostic.getArguments()) {
      std::string text;
      llvm::raw_string_ostream(text) << argument;
      if (text.size() <= limit)
        continue;
      shorten(text);
      texts->push_back(std::move(text));
      argument = DiagnosticArgument(StringRef(texts->back()));
    }
  };
  context.getDiagEngine().registerHandler([cut](Diagnostic &diagnostic) {
    cut(diagnostic);
    for (Diagnostic &note : diagnostic.getNotes())
      cut(note);
    return failure(); // for the others
  });
}
