//===- LowerLaunch.cpp - Functions on every thread, in LLVM ---------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A launch writes its operands behind a context, in a frame that all threads
// see, and hands an entry that reads them to compress_launch. That is the
// runtime's (Threads.h); where a program links without it, the object's own
// launches on the calling thread.
//
//===----------------------------------------------------------------------===//

#include "LowerLaunch.h"
#include "Kernel/Transforms/FunctionPasses.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace mlir::kernel;

static constexpr llvm::StringLiteral kLaunch = "compress_launch";
static constexpr llvm::StringLiteral kAlone = "compress_launch_alone";
/// Of compress_context, with room for more fields.
static constexpr int64_t kContextBytes = 256;

namespace {
/// Short forms for code of the LLVM dialect.
struct LLVMCode : OpBuilder {
  LLVMCode(const OpBuilder &b, Location loc) : OpBuilder(b), loc(loc) {}
  Location loc;

  Type pointer() { return LLVM::LLVMPointerType::get(getContext()); }
  Value number(int64_t value) {
    return LLVM::ConstantOp::create(*this, loc, getI64Type(),
                                    getI64IntegerAttr(value));
  }
  Value at(Value base, int64_t bytes) {
    return LLVM::GEPOp::create(*this, loc, pointer(), getI8Type(), base,
                               ArrayRef<LLVM::GEPArg>{int32_t(bytes)});
  }
  Value field(Value context, ContextField field) {
    return at(context, 8 * int64_t(field));
  }
  void store(Value value, Value to) {
    LLVM::StoreOp::create(*this, loc, value, to);
  }
  Value address(StringRef name) {
    return LLVM::AddressOfOp::create(*this, loc, pointer(), name);
  }
  Value call(LLVM::LLVMFunctionType type, Value callee, ValueRange operands) {
    SmallVector<Value> all = {callee};
    llvm::append_range(all, operands);
    auto call = LLVM::CallOp::create(*this, loc, type, all);
    return call.getNumResults() ? call.getResult() : Value();
  }
  LLVM::LLVMFunctionType type(Type result, ArrayRef<Type> arguments) {
    return LLVM::LLVMFunctionType::get(result, arguments);
  }
  Type nothing() { return LLVM::LLVMVoidType::get(getContext()); }
  LLVM::LLVMFunctionType launchType() {
    return type(nothing(), {pointer(), pointer(), getI64Type(), getI64Type()});
  }
  LLVM::LLVMFunctionType entryType() {
    return type(nothing(), {pointer(), getI64Type()});
  }
  /// A function with a body, for this object alone.
  LLVM::LLVMFuncOp function(StringRef name, LLVM::LLVMFunctionType of) {
    auto made =
        LLVM::LLVMFuncOp::create(*this, loc, name, of, LLVM::Linkage::Internal);
    setInsertionPointToStart(made.addEntryBlock(*this));
    return made;
  }
};

/// void compress_launch_alone(context, entry, arena bytes, scratch bytes), and
/// what the context calls.
void defineAlone(LLVMCode b, ModuleOp module) {
  auto end = [&] { b.setInsertionPointToEnd(module.getBody()); };
  Type i64 = b.getI64Type();
  Type range = LLVM::LLVMStructType::getLiteral(b.getContext(), {i64, i64});
  end();
  b.function("compress_alone_barrier", b.entryType());
  LLVM::ReturnOp::create(b, b.loc, ValueRange());
  end();
  // All of a loop, the first time.
  auto take = b.function("compress_alone_take",
                         b.type(range, {b.pointer(), i64, i64, i64, i64}));
  Value all =
      LLVM::MulOp::create(b, b.loc, take.getArgument(2), take.getArgument(4));
  Value taken = LLVM::UndefOp::create(b, b.loc, range);
  taken = LLVM::InsertValueOp::create(b, b.loc, taken, b.number(0),
                                      ArrayRef<int64_t>{0});
  taken =
      LLVM::InsertValueOp::create(b, b.loc, taken, all, ArrayRef<int64_t>{1});
  LLVM::ReturnOp::create(b, b.loc, ValueRange(taken));
  end();
  LLVM::LLVMFuncOp::create(b, b.loc, "aligned_alloc",
                           b.type(b.pointer(), {i64, i64}));
  if (!module.lookupSymbol("free"))
    LLVM::LLVMFuncOp::create(b, b.loc, "free",
                             b.type(b.nothing(), {b.pointer()}));
  auto alone = b.function(kAlone, b.launchType());
  Value context = alone.getArgument(0), arena = alone.getArgument(2);
  Value bytes = LLVM::AddOp::create(b, b.loc, arena, alone.getArgument(3));
  Value memory = LLVM::CallOp::create(b, b.loc, b.pointer(), "aligned_alloc",
                                      ValueRange{b.number(64), bytes})
                     .getResult();
  b.store(memory, b.field(context, ContextField::arena));
  b.store(LLVM::GEPOp::create(b, b.loc, b.pointer(), b.getI8Type(), memory,
                              ArrayRef<LLVM::GEPArg>{arena}),
          b.field(context, ContextField::scratch));
  b.store(alone.getArgument(3), b.field(context, ContextField::scratch_stride));
  b.store(b.number(1), b.field(context, ContextField::threads));
  b.store(b.address("compress_alone_barrier"),
          b.field(context, ContextField::barrier));
  b.store(b.address("compress_alone_take"),
          b.field(context, ContextField::take));
  b.call(b.entryType(), alone.getArgument(1), {context, b.number(0)});
  LLVM::CallOp::create(b, b.loc, TypeRange(), "free", ValueRange{memory});
  LLVM::ReturnOp::create(b, b.loc, ValueRange());
}

struct LowerLaunch : ConvertOpToLLVMPattern<LaunchOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(LaunchOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto module = op->getParentOfType<ModuleOp>();
    LLVMCode b(rewriter, op.getLoc());
    SmallVector<Value> operands;
    for (auto [type, value] :
         llvm::zip(op.getOperandTypes(), adaptor.getOperands()))
      operands.push_back(isa<MemRefType>(type)
                             ? MemRefDescriptor(value).alignedPtr(b, b.loc)
                             : value);
    Value frame = LLVM::AllocaOp::create(
        b, b.loc, b.pointer(), b.getI8Type(),
        b.number(kContextBytes + 8 * int64_t(operands.size())), 64);
    Value zero = LLVM::ConstantOp::create(b, b.loc, b.getI8Type(),
                                          b.getI8IntegerAttr(0));
    LLVM::MemsetOp::create(b, b.loc, frame, zero, b.number(kContextBytes),
                           /*isVolatile=*/false);
    for (auto [i, operand] : llvm::enumerate(operands))
      b.store(operand, b.at(frame, kContextBytes + 8 * int64_t(i)));
    std::string entry = (op.getCallee() + ".entry").str();
    Value runtime = b.address(kLaunch);
    Value none = LLVM::ZeroOp::create(b, b.loc, b.pointer());
    Value missing =
        LLVM::ICmpOp::create(b, b.loc, LLVM::ICmpPredicate::eq, runtime, none);
    Value launch =
        LLVM::SelectOp::create(b, b.loc, missing, b.address(kAlone), runtime);
    auto bytes = [&](StringRef name) {
      return b.number(op->getAttrOfType<IntegerAttr>(name).getInt());
    };
    b.call(b.launchType(), launch,
           {frame, b.address(entry), bytes(kArenaBytes), bytes(kScratchBytes)});

    if (!module.lookupSymbol(entry)) {
      b.setInsertionPointToEnd(module.getBody());
      auto function = b.function(entry, b.entryType());
      SmallVector<Value> arguments(function.getArguments());
      for (auto [i, operand] : llvm::enumerate(operands))
        arguments.push_back(LLVM::LoadOp::create(
            b, b.loc, operand.getType(),
            b.at(function.getArgument(0), kContextBytes + 8 * int64_t(i))));
      LLVM::CallOp::create(b, b.loc, TypeRange(), op.getCallee(), arguments);
      LLVM::ReturnOp::create(b, b.loc, ValueRange());
    }
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

void mlir::kernel::prepareLaunches(ModuleOp module) {
  OpBuilder builder(module.getContext());
  bool any = false;
  int64_t scratch = 0;
  if (auto kernels = module->getAttrOfType<IntegerAttr>(kScratchBytes))
    scratch = kernels.getInt();
  module.walk([&](LaunchOp op) {
    any = true;
    auto callee = module.lookupSymbol<func::FuncOp>(op.getCallee());
    auto bytes = [&](StringRef name, int64_t least) {
      auto attribute = callee->getAttrOfType<IntegerAttr>(name);
      int64_t value = std::max(least, attribute ? attribute.getInt() : 0);
      op->setAttr(name,
                  builder.getI64IntegerAttr(llvm::alignTo(value, 64) + 64));
    };
    bytes(kArenaBytes, 0);
    bytes(kScratchBytes, scratch);
  });
  if (!any)
    return;
  builder.setInsertionPointToEnd(module.getBody());
  LLVMCode b(builder, module.getLoc());
  LLVM::LLVMFuncOp::create(b, b.loc, kLaunch, b.launchType(),
                           LLVM::Linkage::ExternWeak);
  defineAlone(b, module);
}

void mlir::kernel::populateLaunchPatterns(const LLVMTypeConverter &converter,
                                          RewritePatternSet &patterns) {
  patterns.add<LowerLaunch>(converter);
}
