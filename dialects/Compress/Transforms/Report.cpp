//===- Report.cpp - What was done to each weight -------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Store.h"
#include "Compress/Transforms/Passes.h"
#include "compress/Support/Files.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::compress {
#define GEN_PASS_DEF_COMPRESSREPORTPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;

namespace {
struct Row {
  std::string name, shape;
  std::string passes;
  int64_t elements, before, after;
  /// None where no pass was lossy.
  std::optional<double> error;

  double bitsAValue() const {
    return elements ? double(after) / double(elements) : 0;
  }
};

struct ReportPass : compress::impl::CompressReportPassBase<ReportPass>,
                    CompressionPass {
  using CompressReportPassBase::CompressReportPassBase;

  StringRef getOutputFile() const override {
    return output == "-" ? StringRef() : StringRef(output.getValue());
  }
  using CompressReportPassBase::output;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    // A plan writes nothing.
    if (!output.empty() && getContext()
                               .getLoadedDialect<CompressDialect>()
                               ->getStore()
                               .isPlanning())
      return;
    std::vector<Row> rows;
    Row total{"total", "", "", 0, 0, 0, std::nullopt};
    llvm::StringSet<> seen;
    for (WeightOp weight : getOperation().getOps<WeightOp>()) {
      rows.push_back(describe(weight));
      total.elements += rows.back().elements;
      total.before += rows.back().before;
      weight.getBody().walk([&](DecompressionOpInterface op) {
        if (namesNewKey(op, seen))
          total.after += op.getStoredBits();
      });
    }
    std::string text;
    llvm::raw_string_ostream stream(text);
    json ? printJSON(rows, total, stream) : printTable(rows, total, stream);
    if (output.empty()) {
      llvm::errs() << text;
    } else if (output == "-") {
      llvm::outs() << text;
    } else if (compresslib::Status status =
                   compresslib::writeFileAtomically(output, text);
               !status) {
      emitError(UnknownLoc::get(&getContext()))
          << getArgument() << ": " << status.error().message;
      getContext()
          .getOrLoadDialect<CompressDialect>()
          ->getStore()
          .setFailureKind(status.error().kind);
      signalPassFailure();
    }
  }

  static Row describe(WeightOp weight) {
    RankedTensorType type = weight.getWeightType();
    Row row{weight.getSymName().str(),
            "",
            "",
            type.getNumElements(),
            weight.getStoredBits(),
            weight.getStoredBits(),
            std::nullopt};
    for (int64_t size : type.getShape())
      row.shape += (row.shape.empty() ? "" : "x") + std::to_string(size);
    auto reports = weight->getAttrOfType<ArrayAttr>("compress.reports");
    for (auto [index, attribute] : llvm::enumerate(
             reports ? reports.getValue() : ArrayRef<Attribute>())) {
      auto report = dyn_cast<ReportAttr>(attribute);
      if (!report)
        continue;
      if (row.passes.empty())
        row.before = report.getBitsBefore();
      StringRef pass = report.getPass();
      pass.consume_front("compress-");
      row.passes += (row.passes.empty() ? "" : ", ") + pass.str();
      row.error = report.getRelativeError().getValueAsDouble();
    }
    return row;
  }

  static void printTable(ArrayRef<Row> rows, const Row &total,
                         llvm::raw_ostream &os) {
    SmallVector<std::array<std::string, 7>> lines;
    lines.push_back({"weight", "shape", "bytes before", "bytes", "bits a value",
                     "relative error", "passes"});
    auto add = [&](const Row &row) {
      lines.push_back(
          {row.name, row.shape, std::to_string(row.before / 8),
           std::to_string((row.after + 7) / 8),
           llvm::formatv("{0:f3}", row.bitsAValue()).str(),
           row.error ? llvm::formatv("{0:e3}", *row.error).str() : "-",
           row.passes.empty() ? "-" : row.passes});
    };
    for (const Row &row : rows)
      add(row);
    add(total);
    std::array<size_t, 7> widths{};
    for (auto &line : lines)
      for (auto [width, cell] : llvm::zip(widths, line))
        width = std::max(width, cell.size());
    for (auto &line : lines) {
      std::string text;
      for (size_t column = 0; column < line.size(); ++column) {
        std::string pad(widths[column] - line[column].size(), ' ');
        // Numbers to the right, words to the left.
        bool isNumber = column >= 2 && column <= 5;
        text += (column ? "  " : "") +
                (isNumber ? pad + line[column] : line[column] + pad);
      }
      os << StringRef(text).rtrim() << "\n";
    }
  }

  static void printJSON(ArrayRef<Row> rows, const Row &total,
                        llvm::raw_ostream &os) {
    auto object = [](const Row &row) {
      llvm::json::Object object{
          {"name", row.name},         {"shape", row.shape},
          {"elements", row.elements}, {"bits_before", row.before},
          {"bits", row.after},        {"bits_per_value", row.bitsAValue()},
          {"passes", row.passes}};
      if (row.error)
        object["relative_error"] = *row.error;
      return object;
    };
    llvm::json::Array weights;
    for (const Row &row : rows)
      weights.push_back(object(row));
    os << llvm::formatv("{0:2}\n", llvm::json::Value(llvm::json::Object{
                                       {"weights", std::move(weights)},
                                       {"total", object(total)}}));
  }
};
} // namespace
