//===- PlanBuffers.cpp - Fixed places for a function's buffers ------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel/Transforms/ArenaAllocator.h"
#include "Kernel/Transforms/FunctionPasses.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_PLANBUFFERSPASS
#include "Kernel/Transforms/FunctionPasses.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;

int64_t ArenaAllocator::allocate(int64_t bytes) {
  bytes = llvm::alignTo(std::max<int64_t>(bytes, 1), 64);
  int64_t at = base;
  for (auto [begin, end] : live) {
    if (begin - at >= bytes)
      break;
    at = std::max(at, end);
  }
  live[at] = at + bytes;
  most = std::max(most, at + bytes);
  return at;
}

void ArenaAllocator::release(int64_t offset) { live.erase(offset); }

std::optional<int64_t> kernel::getMostBytes(MemRefType type, ValueRange sizes) {
  Type element = type.getElementType();
  int64_t bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  int64_t bytes = llvm::divideCeil(bits, 8);
  for (int64_t size : type.getShape()) {
    if (ShapedType::isDynamic(size)) {
      FailureOr<int64_t> most = ValueBoundsConstraintSet::computeConstantBound(
          presburger::BoundType::UB, sizes.front(), /*stopCondition=*/nullptr,
          /*closedUB=*/true);
      if (failed(most))
        return std::nullopt;
      sizes = sizes.drop_front();
      size = *most;
    }
    bytes *= size;
  }
  return bytes;
}

namespace {

/// Places for the allocations of one block and of what is nested in it, but for
/// loops that are shared out.
class Planner {
public:
  Planner(Block &block, const BufferViewFlowAnalysis &aliases)
      : block(block), aliases(aliases) {}

  /// Replaces them by views of `memory`, `first` bytes into it, of which
  /// those before `base` are taken, and returns the end of what they take.
  FailureOr<int64_t> run(Value memory, Value first, int64_t base = 0);

private:
  /// The last op of the block that may use the buffer.
  Operation *getLastUse(memref::AllocOp op);

  Block &block;
  const BufferViewFlowAnalysis &aliases;
};

Operation *Planner::getLastUse(memref::AllocOp op) {
  Operation *last = block.findAncestorOpInBlock(*op);
  for (Value alias : aliases.resolve(op.getMemref()))
    for (Operation *user : alias.getUsers())
      if (Operation *here = block.findAncestorOpInBlock(*user))
        if (!isa<memref::DeallocOp>(user) && last->isBeforeInBlock(here))
          last = here;
  return last;
}

FailureOr<int64_t> Planner::run(Value memory, Value first, int64_t base) {
  ArenaAllocator arena(base);
  llvm::DenseMap<Operation *, SmallVector<int64_t>> released;
  SmallVector<std::pair<memref::AllocOp, int64_t>> places;
  for (Operation &op : block) {
    WalkResult walk = op.walk<WalkOrder::PreOrder>([&](Operation *inner) {
      if (isa<scf::ForallOp>(inner))
        return WalkResult::skip();
      if (auto allocation = dyn_cast<memref::AllocOp>(inner)) {
        std::optional<int64_t> bytes =
            getMostBytes(allocation.getType(), allocation.getDynamicSizes());
        if (!bytes) {
          inner->emitOpError("has a size of which no bound is known, so that "
                             "it has no place");
          return WalkResult::interrupt();
        }
        int64_t at = arena.allocate(*bytes);
        places.push_back({allocation, at});
        released[getLastUse(allocation)].push_back(at);
      }
      return WalkResult::advance();
    });
    if (walk.wasInterrupted())
      return failure();
    for (int64_t at : released.lookup(&op))
      arena.release(at);
  }
  for (auto [op, at] : places) {
    OpBuilder b(op);
    Location loc = op.getLoc();
    Value offset = arith::ConstantIndexOp::create(b, loc, at);
    if (first)
      offset = arith::AddIOp::create(b, loc, first, offset);
    Value view = memref::ViewOp::create(b, loc, op.getType(), memory, offset,
                                        op.getDynamicSizes());
    for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
      if (isa<memref::DeallocOp>(user))
        user->erase();
    op.getMemref().replaceAllUsesWith(view);
    op->erase();
  }
  return arena.getMost();
}

struct PlanBuffers : kernel::impl::PlanBuffersPassBase<PlanBuffers> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    llvm::SmallDenseSet<Operation *> planned;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(plan(function, symbols, planned)))
        return signalPassFailure();
  }

  /// Returns the bytes of the arena that the function and what it calls take.
  static FailureOr<int64_t> plan(func::FuncOp function, SymbolTable &symbols,
                                 llvm::SmallDenseSet<Operation *> &planned) {
    if (function.isExternal() || !isSingleProgram(function))
      return 0;
    if (!planned.insert(function).second) {
      auto bytes = function->getAttrOfType<IntegerAttr>(kArenaBytes);
      return bytes ? bytes.getInt() : 0;
    }
    // What a callee needs lies below its caller's.
    int64_t base = 0;
    WalkResult walk = function.walk([&](func::CallOp call) {
      auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
      FailureOr<int64_t> own = 0;
      if (callee)
        own = plan(callee, symbols, planned);
      if (failed(own))
        return WalkResult::interrupt();
      base = std::max(base, *own);
      return WalkResult::advance();
    });
    if (walk.wasInterrupted())
      return failure();
    BufferViewFlowAnalysis aliases(function);
    Block &entry = function.getBody().front();
    SmallVector<scf::ForallOp> units;
    function.walk([&](scf::ForallOp op) { units.push_back(op); });
    OpBuilder b(&entry, entry.begin());
    Location loc = function.getLoc();
    Value context = entry.getArgument(0);
    auto bytes = MemRefType::get({ShapedType::kDynamic}, b.getI8Type());
    Value scratch =
        BufferOp::create(b, loc, bytes, context, ContextField::scratch);
    Value own = arith::MulIOp::create(
        b, loc, entry.getArgument(1),
        FieldOp::create(b, loc, context, ContextField::scratch_stride));
    Value arena = BufferOp::create(b, loc, bytes, context, ContextField::arena);
    int64_t most = 0;
    for (scf::ForallOp op : units) {
      FailureOr<int64_t> bytes =
          Planner(*op.getBody(), aliases).run(scratch, own);
      if (failed(bytes))
        return failure();
      most = std::max(most, *bytes);
    }
    FailureOr<int64_t> end = Planner(entry, aliases).run(arena, {}, base);
    if (failed(end))
      return failure();
    function->setAttr(kScratchBytes, b.getI64IntegerAttr(most));
    function->setAttr(kArenaBytes, b.getI64IntegerAttr(*end));
    // Copies are work like other, and a copy of strided buffers would be a call
    // of MLIR's own runtime.
    function.walk([](memref::CopyOp op) {
      OpBuilder b(op);
      linalg::CopyOp::create(b, op.getLoc(), op.getSource(), op.getTarget());
      op->erase();
    });
    return end;
  }
};
} // namespace
