//===- PlanWeights.cpp - Places of packed weights -------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Kernel/Transforms/Passes.h"
#include "NN/IR/NN.h"
#include "compress/Conversion/Expander.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

namespace mlir::kernel {
#define GEN_PASS_DEF_PLANWEIGHTSPASS
#include "Kernel/Transforms/Passes.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;

namespace {
/// Makes formats, one for all values of one form.
class Formats {
public:
  explicit Formats(ModuleOp module) : symbols(module) {}

  /// The format of a part, or of a whole expression that is no single part:
  /// there nothing may vary, since what lies behind it would move.
  FlatSymbolRefAttr get(Value root, bool isPart) {
    OpBuilder b(root.getContext());
    if (last)
      b.setInsertionPointAfter(last);
    else
      b.setInsertionPointToStart(cast<ModuleOp>(symbols.getOp()).getBody());
    compress::FormatOp format = build(b, root, isPart && TileFormat::get(root));
    if (isPart && !TileFormat::get(format.getResultValue()) &&
        TileFormat::get(root)) {
      format.erase();
      format = build(b, root, false);
    }
    // All are called the same until they are known to be new.
    std::string key;
    llvm::raw_string_ostream(key) << *format;
    auto [it, isNew] = known.try_emplace(key, format);
    if (isNew) {
      symbols.insert(format);
      last = format;
    } else {
      format.erase();
    }
    return FlatSymbolRefAttr::get(it->second.getSymNameAttr());
  }

private:
  /// `vary` makes room for as many elements as a pattern may keep.
  static compress::FormatOp build(OpBuilder &b, Value root, bool vary) {
    auto format = compress::FormatOp::create(b, root.getLoc(), "format");
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&format.getBody().front());
    llvm::SetVector<Operation *> ops;
    BackwardSliceOptions options;
    options.inclusive = true;
    (void)getBackwardSlice(root.getDefiningOp(), &ops, options);
    IRMapping mapping;
    int64_t streams = 0;
    for (Operation *op : ops) {
      auto type = cast<RankedTensorType>(op->getResult(0).getType());
      // A named codebook is part of the form.
      if (!compress::holdsElements(op->getResult(0))) {
        b.clone(*op, mapping);
        continue;
      }
      if (vary && op->hasOneUse()) {
        OpOperand &use = *op->use_begin();
        if (auto sparse = dyn_cast<compress::SparseOpInterface>(use.getOwner()))
          if (int64_t most = sparse.getMostElements(use.getOperandNumber())) {
            SmallVector<int64_t> shape(type.getShape());
            shape.front() = most;
            type = type.clone(shape);
          }
      }
      mapping.map(op->getResult(0),
                  compress::StreamOp::create(b, op->getLoc(), type, streams++));
    }
    compress::YieldOp::create(b, root.getLoc(), mapping.lookup(root));
    return format;
  }

  SymbolTable symbols;
  Operation *last = nullptr;
  std::map<std::string, compress::FormatOp> known;
};

struct PlanWeights : kernel::impl::PlanWeightsPassBase<PlanWeights> {
  void getDependentDialects(DialectRegistry &registry) const override {
    PlanWeightsPassBase::getDependentDialects(registry);
    registerTileSources(registry);
  }

  /// Says what is slow, and why.
  static void remarkRows(compress::WeightOp weight,
                         const PackedLayout &layout) {
    for (const PackedLayout::Node &node : layout.nodes) {
      auto type = cast<RankedTensorType>(node.value.getType());
      Operation *op = node.value.getDefiningOp();
      if (node.tile || type.getRank() != 2 || isa<ListSource>(op))
        continue;
      remark::missed(
          op->getLoc(),
          remark::RemarkOpts::name("rows").category("kernel").function(
              weight.getSymName()))
          << op->getName().getStringRef().str() +
                 " expands row by row, slowly: " + whyRows(node.value);
    }
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    // Places and formats of an earlier plan mean nothing for this one.
    for (auto weight : module.getOps<compress::WeightOp>())
      for (StringRef name : {"kernel.place", "kernel.parts", "kernel.rows"})
        weight->removeAttr(name);
    for (auto format :
         llvm::make_early_inc_range(module.getOps<compress::FormatOp>()))
      if (SymbolTable::symbolKnownUseEmpty(format, module))
        format.erase();
    SmallVector<std::pair<compress::WeightOp, PackedLayout>, 0> planned;
    FailureOr<int64_t> end =
        planPlaces(module, [&](compress::WeightOp weight, int64_t offset,
                               const PackedLayout &layout) {
          weight->setAttr("kernel.place",
                          PlaceAttr::get(&getContext(), offset, layout.bytes));
          planned.push_back({weight, layout});
        });
    if (failed(end))
      return signalPassFailure();
    module->setAttr(
        "kernel.weights_bytes",
        IntegerAttr::get(IntegerType::get(&getContext(), 64), *end));

    llvm::DenseSet<StringAttr> gathered;
    module.walk([&](nn::EmbeddingOp op) {
      if (auto use = op.getWeight().getDefiningOp<compress::UseOp>())
        gathered.insert(use.getWeightAttr().getAttr());
    });
    Formats formats(module);
    for (auto &[weight, layout] : planned) {
      remarkRows(weight, layout);
      int64_t base =
          weight->getAttrOfType<PlaceAttr>("kernel.place").getOffset();
      SmallVector<Attribute> parts;
      for (const PackedLayout::Node &node : layout.nodes) {
        auto type = cast<RankedTensorType>(node.value.getType());
        FlatSymbolRefAttr format;
        if (type.getRank() > 1)
          format = formats.get(node.value, true);
        parts.push_back(
            PartAttr::get(&getContext(), base + node.offset, format));
      }
      weight->setAttr("kernel.parts", ArrayAttr::get(&getContext(), parts));
      Value root = weight.getResultValue();
      if (gathered.contains(weight.getSymNameAttr()) &&
          weight.getWeightType().getRank() > 1)
        weight->setAttr("kernel.rows",
                        formats.get(root, layout.nodes.size() == 1));
    }
  }
};
} // namespace
