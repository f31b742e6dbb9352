//===- Sweep.cpp - Release stored tensors that no weight names ------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Store.h"
#include "Compress/Transforms/Passes.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::compress {
#define GEN_PASS_DEF_COMPRESSSWEEPPASS
#include "Compress/Transforms/Passes.h.inc"
} // namespace mlir::compress

using namespace mlir;
using namespace mlir::compress;

namespace {
struct SweepPass : compress::impl::CompressSweepPassBase<SweepPass>,
                   CompressionPass {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTableCollection tables;
    SymbolUserMap users(tables, module);
    for (WeightOp weight :
         llvm::make_early_inc_range(module.getOps<WeightOp>()))
      if (weight.isPrivate() && users.useEmpty(weight))
        weight.erase();
    getContext().getLoadedDialect<CompressDialect>()->getStore().sweep(module);
  }
};
} // namespace
