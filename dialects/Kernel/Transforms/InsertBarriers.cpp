//===- InsertBarriers.cpp - Where threads must meet -----------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel/Transforms/FunctionPasses.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/TypeSwitch.h"

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
  /// Whether the one thread accesses them that has every loop of a single
  /// iteration.
  bool alone = false;
  /// Of a buffer of `type` whose rows are given to threads in whole, how many.
  OpFoldResult rows = {};
  Type type = {};

  /// Whether one thread may access bytes that another does.
  bool meets(const Access &other) const {
    if (alone && other.alone)
      return false;
    if (!root || !other.root)
      return true;
    if (root != other.root)
      return false;
    if (rows && other.rows && isEqualConstantIntOrValue(rows, other.rows) &&
        type == other.type && begin == other.begin)
      return false;
    return begin < other.end && other.begin < end;
  }
};

struct Effects {
  SmallVector<Access> reads, writes;

  bool any() const { return !reads.empty() || !writes.empty(); }
};

/// How an op gives its iterations to threads: `rows` of tokens, each to one of
/// them, or all of them to a single thread.
struct Sharing {
  OpFoldResult rows = {};
  bool alone = false;

  static Sharing of(Operation *op);
};

/// Whether the op is reached by all threads, which share its work out.
bool isShared(Operation *op) { return isa<scf::ForallOp, SharedWork>(op); }

/// Whether it calls a function of values alone, such as C's of mathematics.
bool isPureCall(Operation *op) {
  auto call = dyn_cast<func::CallOp>(op);
  auto callee = call ? SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
                           op, call.getCalleeAttr())
                     : func::FuncOp();
  return callee && callee->hasAttr("llvm.readnone");
}

/// Whether it calls a function that every thread runs.
bool isProgramCall(Operation *op) {
  return isa<func::CallOp>(op) && op->getNumOperands() &&
         isa<ContextType>(op->getOperand(0).getType());
}

class BarrierInserter {
public:
  explicit BarrierInserter(func::FuncOp function) : function(function) {}
  void run(Block &block);

private:
  /// The memory behind a buffer, or nothing where it is each thread's own.
  std::optional<Access> resolve(Value buffer);
  Effects getEffects(Operation *op, const Sharing &sharing);
  void meet(Operation *op);
  bool isConflict(const Effects &effects) const;
  void meetWhereNeeded(Operation *op, const Effects &effects);
  void add(const Effects &effects) {
    llvm::append_range(pending.reads, effects.reads);
    llvm::append_range(pending.writes, effects.writes);
  }
  scf::ForallOp makeSerial(Operation *op);

  func::FuncOp function;
  llvm::SmallDenseMap<unsigned, Value> fields;
  Effects pending;
};

Sharing Sharing::of(Operation *op) {
  auto loop = dyn_cast<scf::ForallOp>(op);
  if (!loop) {
    Value tokens = cast<SharedWork>(op).getWholeTokens();
    if (!tokens)
      return {};
    return {getAsOpFoldResult(tokens), isConstantIntValue(tokens, 1)};
  }
  // A loop with a grain is anybody's.
  if (std::optional<ArrayAttr> mapping = loop.getMapping())
    for (Attribute attribute : *mapping)
      if (auto split = dyn_cast<SplitAttr>(attribute); split.getGrain())
        return {};
  Sharing sharing;
  SmallVector<OpFoldResult> counts = loop.getMixedUpperBound();
  sharing.alone = llvm::all_of(
      counts, [](OpFoldResult n) { return isConstantIntValue(n, 1); });
  if (counts.size() == 1)
    sharing.rows = counts.front();
  return sharing;
}

/// A row of a buffer that an op accesses, of all that it does.
struct Row {
  Value index; ///< or null
  Value buffer;
};

/// The row is that of the indices, or of a view of one row.
Row getRow(Operation *op, Value buffer) {
  for (Value inner = buffer; Operation *from = inner.getDefiningOp();) {
    auto view = dyn_cast<memref::SubViewOp>(from);
    if (view && view.getSourceType().getRank() > 1 &&
        isConstantIntValue(view.getMixedSizes().front(), 1))
      return {dyn_cast<Value>(view.getMixedOffsets().front()),
              view.getSource()};
    auto other = dyn_cast<ViewLikeOpInterface>(from);
    if (!other)
      break;
    inner = other.getViewSource();
  }
  Value index =
      llvm::TypeSwitch<Operation *, Value>(op)
          .Case<memref::LoadOp, memref::StoreOp, vector::LoadOp,
                vector::StoreOp, vector::MaskedLoadOp, vector::MaskedStoreOp>(
              [](auto access) -> Value {
                OperandRange indices = access.getIndices();
                return indices.size() > 1 ? Value(indices.front()) : Value();
              })
          .Default([](Operation *) { return Value(); });
  return {index, buffer};
}

std::optional<Access> BarrierInserter::resolve(Value buffer) {
  if (!buffer)
    return Access{};
  Access access;
  bool placed = false;
  while (Operation *from = buffer.getDefiningOp()) {
    if (auto view = dyn_cast<memref::ViewOp>(from)) {
      // Of the arena, the place is known.
      APInt offset;
      std::optional<int64_t> bytes =
          placed ? std::nullopt : getMostBytes(view.getType(), view.getSizes());
      if (bytes && matchPattern(view.getByteShift(), m_ConstantInt(&offset))) {
        placed = true;
        access.begin = offset.getSExtValue();
        access.end = access.begin + *bytes;
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
    Value &first = fields[unsigned(field.getField())];
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

Effects BarrierInserter::getEffects(Operation *op, const Sharing &sharing) {
  Effects effects;
  auto loop = dyn_cast<scf::ForallOp>(op);
  op->walk([&](Operation *inner) {
    if (isa<BarrierOp, memref::PrefetchOp, memref::AllocaOp>(inner) ||
        isMemoryEffectFree(inner) || isPureCall(inner) ||
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
      Value buffer = effect.getValue();
      std::optional<Access> access = resolve(buffer);
      if (!access)
        continue;
      access->alone = sharing.alone;
      bool ownRows = false;
      if (buffer && loop) {
        Row row = getRow(inner, buffer);
        buffer = row.buffer;
        ownRows = loop.getRank() == 1 && row.index == loop.getInductionVar(0) &&
                  !loop->isAncestor(buffer.getParentBlock()->getParentOp());
      }
      auto type = buffer ? dyn_cast<MemRefType>(buffer.getType()) : nullptr;
      if (!loop)
        ownRows = type && type.getRank() == 2;
      if (sharing.rows && type && ownRows) {
        access->rows = sharing.rows;
        access->type = type;
      }
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

bool BarrierInserter::isConflict(const Effects &effects) const {
  auto any = [](ArrayRef<Access> a, ArrayRef<Access> b) {
    return llvm::any_of(a, [&](const Access &x) {
      return llvm::any_of(b, [&](const Access &y) { return x.meets(y); });
    });
  };
  return any(effects.reads, pending.writes) ||
         any(effects.writes, pending.writes) ||
         any(effects.writes, pending.reads);
}

void BarrierInserter::meetWhereNeeded(Operation *op, const Effects &effects) {
  if (isConflict(effects))
    meet(op);
  add(effects);
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
  for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
    if (isa<BarrierOp>(op)) {
      pending = {};
      continue;
    }
    if (isProgramCall(&op)) {
      if (pending.any())
        meet(&op);
      pending.writes.push_back({});
      continue;
    }
    if (isShared(&op)) {
      meetWhereNeeded(&op, getEffects(&op, Sharing::of(&op)));
      continue;
    }
    bool inner = op.walk([](Operation *nested) {
                     return isShared(nested) || isProgramCall(nested)
                                ? WalkResult::interrupt()
                                : WalkResult::advance();
                   }).wasInterrupted();
    if (inner) {
      // Control flow around loops of threads: nothing is pending where it
      // begins and ends.
      if (pending.any())
        meet(&op);
      for (Region &region : op.getRegions())
        for (Block &nested : region) {
          pending = {};
          run(nested);
          if (pending.any())
            meet(nested.getTerminator());
        }
      pending = {};
      continue;
    }
    Effects effects = getEffects(&op, {});
    if (!effects.any())
      continue;
    // What is read here every thread reads.
    if (effects.writes.empty()) {
      meetWhereNeeded(&op, effects);
      continue;
    }
    for (SmallVector<Access> *accesses : {&effects.reads, &effects.writes})
      for (Access &access : *accesses)
        access.alone = true;
    if (serial && op.getPrevNode() == serial && !isConflict(effects)) {
      op.moveBefore(serial.getTerminator());
      add(effects);
      continue;
    }
    serial = makeSerial(&op);
    meetWhereNeeded(serial, effects);
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
