//===- OutlineProducts.cpp - One function a format ------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Kernel/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include <map>

namespace mlir::kernel {
#define GEN_PASS_DEF_OUTLINEPRODUCTSPASS
#include "Kernel/Transforms/Passes.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;

namespace {
struct OutlineProducts
    : kernel::impl::OutlineProductsPassBase<OutlineProducts> {
  void runOnOperation() override {
    // What the same code can do: the op, its format and flags, its buffers.
    using Key = SmallVector<const void *>;
    std::map<Key, unsigned> known;
    SmallVector<SmallVector<Operation *>> alike;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && isSingleProgram(function))
        function.walk([&](Operation *op) {
          if (!isa<MatmulOp, MatmulInt8Op, GatherRowsOp>(op))
            return;
          Key key = {op->getName().getAsOpaquePointer(),
                     op->getAttrDictionary().getAsOpaquePointer()};
          for (Type type : op->getOperandTypes())
            key.push_back(type.getAsOpaquePointer());
          auto [it, isNew] = known.try_emplace(key, alike.size());
          if (isNew)
            alike.emplace_back();
          alike[it->second].push_back(op);
        });
    SymbolTable symbols(getOperation());
    for (ArrayRef<Operation *> ops : alike)
      if (ops.size() > 1)
        outline(ops, symbols);
  }

  void outline(ArrayRef<Operation *> ops, SymbolTable &symbols) {
    Operation *first = ops.front();
    OpBuilder b(&getContext());
    SmallVector<Type> types = {ContextType::get(&getContext()),
                               b.getIndexType()};
    llvm::append_range(types, first->getOperandTypes());
    std::string name =
        (first->getName().stripDialect() + "_" +
         first->getAttrOfType<FlatSymbolRefAttr>("format").getValue())
            .str();
    auto function = func::FuncOp::create(first->getLoc(), name,
                                         b.getFunctionType(types, {}));
    function.setPrivate();
    symbols.insert(function);
    Block *entry = function.addEntryBlock();
    b.setInsertionPointToStart(entry);
    Operation *inside = b.clone(*first);
    inside->setOperands(entry->getArguments().drop_front(2));
    func::ReturnOp::create(b, first->getLoc());
    for (Operation *op : ops) {
      auto caller = op->getParentOfType<func::FuncOp>();
      SmallVector<Value> arguments = {caller.getArgument(0),
                                      caller.getArgument(1)};
      llvm::append_range(arguments, op->getOperands());
      b.setInsertionPoint(op);
      func::CallOp::create(b, op->getLoc(), function, arguments);
      op->erase();
    }
  }
};
} // namespace
