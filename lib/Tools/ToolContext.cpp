//===- ToolContext.cpp - A context for the commands of the driver ---------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Compress/IR/Compress.h"
#include "Compress/IR/ErrorKind.h"
#include "Compress/IR/Store.h"
#include "Diagnostics.h"
#include "compress/Import/Import.h"
#include "compress/Support/Progress.h"
#include "compress/Tools/ModuleOutput.h"
#include "compress/Tools/Register.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::compress;

ToolContext::ToolContext() {
  DialectRegistry registry;
  registerAllDialectsAndExtensions(registry);
  context = std::make_unique<MLIRContext>(registry);
  // The ops would be notes, which are not shown.
  context->printOpOnDiagnostic(false);
  context->getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    if (!isa<UnknownLoc>(diagnostic.getLocation()))
      stream << diagnostic.getLocation() << ": ";
    stream << diagnostic;
    shorten(text);
    switch (diagnostic.getSeverity()) {
    case DiagnosticSeverity::Error:
      kind = std::max(kind, getErrorKind(diagnostic));
      errors += (errors.empty() ? "" : "\n") + text;
      break;
    case DiagnosticSeverity::Warning:
      llvm::errs() << "compress: warning: " << compresslib::cutMessage(text)
                   << "\n";
      break;
    case DiagnosticSeverity::Remark:
      if (showRemarks)
        llvm::errs() << "compress: " << compresslib::cutMessage(text) << "\n";
      break;
    case DiagnosticSeverity::Note:
      break;
    }
    return success();
  });
}

ToolContext::~ToolContext() = default;

std::string ToolContext::takeErrors() {
  kind = compresslib::ErrorKind::BadInput;
  return std::exchange(errors, {});
}

compresslib::Error ToolContext::fail(const compresslib::Error &error) {
  compresslib::Error both = error;
  both.kind = std::max(both.kind, kind);
  if (auto *dialect = context->getLoadedDialect<CompressDialect>())
    both.kind = std::max(both.kind, dialect->getStore().getFailureKind());
  std::string emitted = takeErrors();
  if (emitted.empty())
    return both;
  both.message += "\n" + emitted;
  return both;
}

compresslib::Expected<OwningOpRef<ModuleOp>>
ToolContext::load(StringRef path, StringRef originFolder, bool allowNonFinite) {
  ImportOptions options;
  options.originFolder = originFolder.str();
  options.allowNonFinite = allowNonFinite;
  compresslib::ErrorKind kind = compresslib::ErrorKind::BadInput;
  FailureOr<OwningOpRef<ModuleOp>> module =
      importFile(path, context.get(), options, &kind);
  if (failed(module)) {
    std::string text = takeErrors();
    return compresslib::Error{
        kind, text.empty() ? "Cannot read '" + path.str() + "'." : text};
  }
  return std::move(*module);
}

compresslib::Status mlir::compress::planRecipe(ToolContext &context,
                                               OwningOpRef<ModuleOp> &module,
                                               const Recipe &recipe) {
  if (compresslib::Status status = checkPlannable(recipe); !status)
    return status;
  WeightStore &store =
      context.get()->getOrLoadDialect<CompressDialect>()->getStore();
  store.setPlanning(true);
  compresslib::Status status = runRecipe(recipe, module);
  store.setPlanning(false);
  return status ? status : context.fail(status.error());
}

compresslib::Status mlir::compress::runRecipeOn(
    ToolContext &context, OwningOpRef<ModuleOp> &module, const Recipe &recipe,
    StringRef resume,
    std::function<compresslib::Status(size_t, ModuleOp)> afterStep) {
  std::unique_ptr<compresslib::Progress> progress;
  RunRecipeOptions options;
  options.resumeFolder = resume.str();
  options.writeModule = [](ModuleOp module, StringRef path) {
    return writeModule(module, path);
  };
  options.onStep = [&](size_t i, bool isKept) {
    llvm::errs() << "compress: step " << i + 1 << " of " << recipe.steps.size()
                 << ": " << recipe.steps[i].title
                 << (isKept ? " (kept from a former run)" : "") << "\n";
  };
  options.afterStep = std::move(afterStep);
  compresslib::Status status = runRecipe(recipe, module, options);
  if (!status)
    return context.fail(status.error());
  return {};
}
