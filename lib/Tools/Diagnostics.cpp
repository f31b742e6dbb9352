//===- Diagnostics.cpp - Errors that stay short ---------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Diagnostics.h"
#include "Compress/IR/ErrorKind.h"
#include "Compress/IR/Store.h"
#include "compress/Support/Text.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"
#include <deque>
#include <memory>

using namespace mlir;

/// Of messages, and of the ops that notes print.
static constexpr size_t messageLimit = 4096, noteLimit = 1024;

static void shortenTo(std::string &message, size_t limit) {
  if (message.size() <= limit)
    return;
  size_t more = message.size() - limit;
  message.resize(limit);
  message.resize(compresslib::validUtf8Prefix(message));
  message += "… (" + std::to_string(more) + " bytes more)";
}

void mlir::compress::shorten(std::string &message) {
  shortenTo(message, messageLimit);
}

void mlir::compress::shortenDiagnostics(MLIRContext &context,
                                        WeightStore &store) {
  // Arguments refer to their text.
  auto texts = std::make_shared<std::deque<std::string>>();
  auto cut = [texts](Diagnostic &diagnostic, size_t limit) {
    for (DiagnosticArgument &argument : diagnostic.getArguments()) {
      std::string text;
      llvm::raw_string_ostream(text) << argument;
      if (text.size() <= limit)
        continue;
      shortenTo(text, limit);
      texts->push_back(std::move(text));
      argument = DiagnosticArgument(StringRef(texts->back()));
    }
  };
  context.getDiagEngine().registerHandler([=, &store, shown = 0](
                                              Diagnostic &diagnostic) mutable {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      store.setFailureKind(
          std::max(store.getFailureKind(), getErrorKind(diagnostic)));
    if (store.getFailureKind() == compresslib::ErrorKind::Environment &&
        diagnostic.getSeverity() == DiagnosticSeverity::Error && shown++ >= 3)
      return success();
    cut(diagnostic, messageLimit);
    for (Diagnostic &note : diagnostic.getNotes())
      cut(note, noteLimit);
    return failure(); // for the others
  });
}

namespace {
/// Of every dialect: the first that is loaded comes after the handler that it
/// shall stand before.
struct HideSource : DialectExtensionBase {
  HideSource() : DialectExtensionBase({}) {}
  void apply(MLIRContext *context, MutableArrayRef<Dialect *>) const override {
    context->getDiagEngine().registerHandler([](Diagnostic &diagnostic) {
      print(diagnostic, messageLimit);
      for (Diagnostic &note : diagnostic.getNotes())
        print(note, noteLimit);
      return success();
    });
  }
  std::unique_ptr<DialectExtensionBase> clone() const override {
    return std::make_unique<HideSource>();
  }

  static void print(Diagnostic &diagnostic, size_t limit) {
    auto place = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>();
    if (place)
      llvm::errs() << place.getFilename().getValue() << ':' << place.getLine()
                   << ':' << place.getColumn() << ": ";
    switch (diagnostic.getSeverity()) {
    case DiagnosticSeverity::Note:
      llvm::errs() << "note: ";
      break;
    case DiagnosticSeverity::Warning:
      llvm::errs() << "warning: ";
      break;
    case DiagnosticSeverity::Error:
      llvm::errs() << "error: ";
      break;
    case DiagnosticSeverity::Remark:
      llvm::errs() << "remark: ";
      break;
    }
    std::string text = diagnostic.str();
    shortenTo(text, limit);
    llvm::errs() << text << '\n';
  }
};
} // namespace

void mlir::compress::hideSource(DialectRegistry &registry) {
  registry.addExtension(TypeID::get<HideSource>(),
                        std::make_unique<HideSource>());
}
