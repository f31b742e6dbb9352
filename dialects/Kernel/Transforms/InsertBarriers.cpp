//===- InsertBarriers.cpp - Where threads must meet -----------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel/Transforms/FunctionPasses.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_INSERTBARRIERSPASS
#include "Kernel/Transforms/FunctionPasses.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;

namespace {

/// Bytes of a piece of memory: an argument, the arena, another field of the
/// context. Without a root it may be anything.
struct Access {
  Value root;
  int64_t begin = 0, end = INT64_MAX;

  bool overlaps(const Access &other) const {
    if (!root || !other.root)
      return true;
    return root == other.root && begin < other.end && other.begin < end;
  }
};

struct Effects {
  SmallVector<Access> reads, writes;
};

class BarrierInserter {
public:
  explicit BarrierInserter(func::FuncOp function) : function(function) {}
  void run(Block &block);

private:
  /// The memory behind a buffer, or nothing where it is each thread's own.
  std::optional<Access> resolve(Value buffer, Operation *op);
  Effects getEffects(Operation *op);
  void meet(Operation *op);
  static bool conflict(const Effects &before, const Effects &effects);
  void meetWhereNeeded(Operation *op, const Effects &effects);
  scf::ForallOp makeSerial(Operation *op);

  func::FuncOp function;
  llvm::DenseMap<std::pair<unsigned, Type>, Value> fields;
  Effects pending;
};

std::optional<Access> BarrierInserter::resolve(Value buffer, Operation *op) {
  if (!buffer)
    return Access{};
  Access access;
  bool placed = false;
  while (Operation *from = buffer.getDefiningOp()) {
    if (auto view = dyn_cast<memref::ViewOp>(from)) {
      // Of the arena, the place is known.
      APInt offset;
      auto type = cast<MemRefType>(view.getType());
      Type element = type.getElementType();
      if (!placed && type.hasStaticShape() &&
          matchPattern(view.getByteShift(), m_ConstantInt(&offset))) {
        placed = true;
        access.begin = offset.getSExtValue();
        int64_t bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
        access.end =
            access.begin + type.getNumElements() * llvm::divideCeil(bits, 8);
      }
      buffer = view.getSource();
      continue;
    }
    auto view = dyn_cast<ViewLikeOpInterface>(from);
    if (!view)
      break;
    buffer = view.getViewSource();
  }
  Operation *from = buffer.getDefiningOp();
  if (isa_and_present<memref::AllocaOp>(from))
    return std::nullopt;
  if (auto field = dyn_cast_if_present<BufferOp>(from)) {
    // Of its own scratch, a thread tells nobody.
    if (field.getField() == ContextField::scratch)
      return std::nullopt;
    Value &first = fields[{unsigned(field.getField()), field.getType()}];
    if (!first)
      first = buffer;
    access.root = first;
    return access;
  }
  if (auto argument = dyn_cast<BlockArgument>(buffer);
      argument && argument.getOwner() == &function.getBody().front()) {
    access.root = buffer;
    return access;
  }
  if (isa_and_present<memref::GetGlobalOp>(from))
    return Access{function.getArgument(0)}; // nothing writes it
  return Access{};
}

Effects BarrierInserter::getEffects(Operation *op) {
  Effects effects;
  op->walk([&](Operation *inner) {
    if (isa<BarrierOp, memref::PrefetchOp, memref::AllocaOp>(inner) ||
        isMemoryEffectFree(inner) ||
        inner->hasTrait<OpTrait::HasRecursiveMemoryEffects>())
      return;
    auto interface = dyn_cast<MemoryEffectOpInterface>(inner);
    if (!interface) {
      effects.writes.push_back({});
      return;
    }
    SmallVector<MemoryEffects::EffectInstance> found;
    interface.getEffects(found);
    for (const MemoryEffects::EffectInstance &effect : found) {
      std::optional<Access> access = resolve(effect.getValue(), inner);
      if (!access)
        continue;
      if (isa<MemoryEffects::Read>(effect.getEffect()))
        effects.reads.push_back(*access);
      else
        effects.writes.push_back(*access);
    }
  });
  return effects;
}

void BarrierInserter::meet(Operation *op) {
  OpBuilder b(op);
  BarrierOp::create(b, op->getLoc(), function.getArgument(0),
                    function.getArgument(1));
  pending = {};
}

bool BarrierInserter::conflict(const Effects &before, const Effects &effects) {
  auto any = [](ArrayRef<Access> a, ArrayRef<Access> b) {
    return llvm::any_of(a, [&](const Access &x) {
      return llvm::any_of(b, [&](const Access &y) { return x.overlaps(y); });
    });
  };
  return any(effects.reads, before.writes) ||
         any(effects.writes, before.writes) ||
         any(effects.writes, before.reads);
}

void BarrierInserter::meetWhereNeeded(Operation *op, const Effects &effects) {
  if (conflict(pending, effects))
    meet(op);
  llvm::append_range(pending.reads, effects.reads);
  llvm::append_range(pending.writes, effects.writes);
}

/// A region for one thread.
scf::ForallOp BarrierInserter::makeSerial(Operation *op) {
  OpBuilder b(op);
  auto serial = scf::ForallOp::create(
      b, op->getLoc(), ArrayRef<OpFoldResult>{b.getIndexAttr(1)}, ValueRange(),
      b.getArrayAttr({SplitAttr::get(b.getContext(), 0, 0)}));
  op->moveBefore(serial.getTerminator());
  return serial;
}

void BarrierInserter::run(Block &block) {
  scf::ForallOp serial;
  Effects before; // what other threads do beside `serial`
  for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
    if (isa<BarrierOp>(op)) {
      pending = {};
      continue;
    }
    Effects effects = getEffects(&op);
    if (effects.reads.empty() && effects.writes.empty())
      continue;
    bool inner = op.walk([](scf::ForallOp) {
                     return WalkResult::interrupt();
                   }).wasInterrupted();
    if (isa<scf::ForallOp>(op) || effects.writes.empty()) {
      meetWhereNeeded(&op, effects);
      continue;
    }
    if (!inner) {
      // What one thread writes after another op of its own waits for nobody.
      if (serial && op.getPrevNode() == serial && !conflict(before, effects)) {
        op.moveBefore(serial.getTerminator());
        llvm::append_range(pending.reads, effects.reads);
        llvm::append_range(pending.writes, effects.writes);
        continue;
      }
      serial = makeSerial(&op);
      if (conflict(pending, effects))
        meet(serial);
      before = pending;
      meetWhereNeeded(serial, effects);
      continue;
    }
    // Control flow around loops of threads: nothing is pending where it begins
    // and ends.
    meet(&op);
    for (Region &region : op.getRegions())
      for (Block &nested : region) {
        pending = {};
        run(nested);
        meet(nested.getTerminator());
      }
    pending = {};
  }
}

struct InsertBarriers : kernel::impl::InsertBarriersPassBase<InsertBarriers> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal() || !isSingleProgram(function))
      return;
    BarrierInserter(function).run(function.getBody().front());
  }
};
} // namespace
