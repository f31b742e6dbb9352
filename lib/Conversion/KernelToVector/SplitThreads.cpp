//===- SplitThreads.cpp - Loops that threads share out --------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel/IR/Kernel.h"
#include "Kernel/Transforms/Passes.h"
#include "compress/Conversion/CodeBuilder.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_SPLITTHREADSPASS
#include "Kernel/Transforms/Passes.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;

namespace {
struct SplitThreads : kernel::impl::SplitThreadsPassBase<SplitThreads> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<FunctionOpInterface>()) {
      if (function.isExternal() || !isSingleProgram(function))
        continue;
      SmallVector<scf::ForallOp> loops;
      function.walk([&](scf::ForallOp loop) { loops.push_back(loop); });
      for (scf::ForallOp loop : loops)
        if (failed(check(loop)))
          return signalPassFailure();
      if (loops.empty())
        continue;
      OpBuilder builder(&function.getFunctionBody().front(),
                        function.getFunctionBody().front().begin());
      CodeBuilder b(builder, function.getLoc());
      Value context = function.getArgument(0), thread = function.getArgument(1);
      Value threads =
          FieldOp::create(builder, b.loc, context, ContextField::threads);
      Value next = b.add(thread, b.index(1));
      for (scf::ForallOp loop : loops)
        split(loop, context, thread, next, threads);
    }
  }

  static LogicalResult check(scf::ForallOp loop) {
    if (loop->getParentOfType<scf::ForallOp>())
      return loop.emitOpError(
          "is nested in another, but threads are shared out "
          "once; write one loop over both ranges");
    if (loop.getRank() == 0 || !loop.isNormalized())
      return loop.emitOpError("must count from 0 in steps of 1");
    if (!loop.getOutputs().empty())
      return loop.emitOpError("has results, but threads share buffers only");
    return success();
  }

  /// Of iterations that are not shared out beforehand, or 0.
  static int64_t grainOf(scf::ForallOp loop) {
    if (std::optional<ArrayAttr> mapping = loop.getMapping())
      for (Attribute attribute : *mapping)
        if (auto split = dyn_cast<SplitAttr>(attribute))
          return split.getGrain();
    return 0;
  }

  static void split(scf::ForallOp loop, Value context, Value thread, Value next,
                    Value threads) {
    OpBuilder builder(loop);
    CodeBuilder b(builder, loop.getLoc());
    SmallVector<Value> uppers = loop.getUpperBound(builder);
    Value total = uppers.front();
    for (Value upper : ArrayRef(uppers).drop_front())
      total = b.mul(total, upper);
    int64_t grain = grainOf(loop);
    if (!grain) {
      auto share = [&](Value i) { return b.div(b.mul(total, i), threads); };
      iterate(b, loop, uppers, share(thread), share(next));
    } else {
      Type index = builder.getIndexType();
      auto take = [&](bool first) -> SmallVector<Value> {
        return TakeOp::create(builder, b.loc, index, index, context, thread,
                              total, grain, first)
            ->getResults();
      };
      scf::WhileOp::create(
          builder, b.loc, TypeRange{index, index}, take(true),
          [&](OpBuilder &, Location loc, ValueRange range) {
            Value more =
                arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                      range.front(), range.back());
            scf::ConditionOp::create(builder, loc, more, range);
          },
          [&](OpBuilder &, Location loc, ValueRange range) {
            iterate(b, loop, uppers, range.front(), range.back());
            scf::YieldOp::create(builder, loc, take(false));
          });
    }
    loop.erase();
  }

  /// The (linearised) iterations begin … end-1 of a loop, whose body moves.
  static void iterate(CodeBuilder &b, scf::ForallOp loop,
                      ArrayRef<Value> uppers, Value begin, Value end) {
    auto own = scf::ForOp::create(b.builder, b.loc, begin, end, b.index(1));
    OpBuilder::InsertionGuard guard(b.builder);
    b.builder.setInsertionPointToStart(own.getBody());
    SmallVector<Value> indices(uppers.size());
    Value rest = own.getInductionVar();
    for (int64_t d = int64_t(uppers.size()) - 1; d > 0; --d) {
      indices[d] = b.rem(rest, uppers[d]);
      rest = b.div(rest, uppers[d]);
    }
    indices[0] = rest;
    for (auto [var, index] : llvm::zip(loop.getInductionVars(), indices))
      var.replaceAllUsesWith(index);
    Block *body = loop.getBody();
    own.getBody()->getOperations().splice(std::prev(own.getBody()->end()),
                                          body->getOperations(), body->begin(),
                                          std::prev(body->end()));
  }
};
} // namespace
