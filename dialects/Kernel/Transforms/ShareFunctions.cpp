//===- ShareFunctions.cpp - Functions that every thread runs --------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel/Transforms/FunctionPasses.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_SHAREFUNCTIONSPASS
#include "Kernel/Transforms/FunctionPasses.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;

/// Whether an op has work for several threads.
static bool isWork(Operation *op) {
  return isa<linalg::LinalgOp, scf::ForallOp, MatmulOp, MatmulInt8Op,
             GatherRowsOp>(op);
}

/// Whether all threads may run the function together: buffers that can be
/// planned, and no values that control flow makes.
static bool isShareable(func::FuncOp function) {
  if (!function.isPublic() || function.isExternal() ||
      !llvm::hasSingleElement(function.getBody()) ||
      function.getNumResults() != 0)
    return false;
  Block *entry = &function.getBody().front();
  bool works = false;
  WalkResult walk = function.walk([&](Operation *op) {
    works |= isWork(op);
    if (auto allocation = dyn_cast<memref::AllocOp>(op))
      if (!allocation.getType().hasStaticShape() ||
          !allocation.getType().getLayout().isIdentity() ||
          (op->getBlock() != entry && !isa<scf::ForallOp>(op->getParentOp())))
        return WalkResult::interrupt();
    bool shared = !op->getParentOfType<scf::ForallOp>() &&
                  !op->getParentOfType<linalg::LinalgOp>();
    if (isa<CallOpInterface, memref::ReallocOp, memref::AllocaOp>(op) ||
        (shared && op->getNumRegions() && op != function &&
         !isa<linalg::LinalgOp>(op) &&
         (op->getNumResults() ||
          !isa<scf::ForallOp, scf::ForOp, scf::IfOp>(op))))
      return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return works && !walk.wasInterrupted();
}

namespace {
struct ShareFunctions : kernel::impl::ShareFunctionsPassBase<ShareFunctions> {
  void runOnOperation() override {
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (isShareable(function))
        share(function);
  }

  static void share(func::FuncOp function) {
    OpBuilder b(function);
    Location loc = function.getLoc();
    SmallVector<Type> types = {ContextType::get(b.getContext()),
                               b.getIndexType()};
    llvm::append_range(types, function.getArgumentTypes());
    auto body =
        func::FuncOp::create(b, loc, (function.getName() + ".threads").str(),
                             b.getFunctionType(types, {}));
    body.setPrivate();
    body.getBody().takeBody(function.getBody());
    Block &entry = body.getBody().front();
    entry.insertArgument(0u, types[0], loc);
    entry.insertArgument(1u, types[1], loc);
    b.setInsertionPointToStart(function.addEntryBlock());
    LaunchOp::create(b, loc, body.getSymNameAttr(), function.getArguments());
    func::ReturnOp::create(b, loc);
  }
};
} // namespace
