//===- NNToKernel.cpp - A model's functions over the runtime's context ----===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel/Transforms/Passes.h"
#include "RegionLowering.h"
#include "compress/Analysis/PackedLayout.h"
#include "compress/Conversion/AttentionLayout.h"
#include "compress/Conversion/LinalgToKernel.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

namespace mlir::kernel {
#define GEN_PASS_DEF_CONVERTNNTOKERNELPASS
#include "Kernel/Transforms/Passes.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;
using compress::UseOp;
using compress::WeightOp;

namespace {

/// What two weights must share to be served by the same code: how they
/// distribute over a product, and the formats of their parts.
std::string formOf(const PlannedWeight &weight, Value value) {
  if (const PackedLayout::Node *node = weight.layout.find(value)) {
    FlatSymbolRefAttr format = weight.partOf(node->value).getFormat();
    std::string text;
    llvm::raw_string_ostream os(text);
    if (format)
      os << format;
    else
      os << value.getType();
    return text;
  }
  Operation *op = value.getDefiningOp();
  std::string text;
  llvm::raw_string_ostream os(text);
  os << op->getName() << op->getAttrDictionary() << value.getType() << '(';
  for (Value operand : op->getOperands())
    os << formOf(weight, operand) << ',';
  os << ')';
  return text;
}

/// A block's uses and captured values, in order of appearance.
struct BlockShape {
  SmallVector<UseOp> uses;
  SmallVector<Value> tensors; ///< activations from outside
  SmallVector<Value> caches;
  std::string key;
};

bool isCache(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 4;
}

struct ModelLowering {
  ModuleOp module;
  func::FuncOp forward;
  int64_t chunk;
  Type cache;         ///< element of the cache
  std::string suffix; ///< of the names of its functions
  SymbolTable symbols;

  llvm::DenseMap<Value, int64_t> cacheBase; ///< bytes a position before a cache
  int64_t cachePerPosition = 0;
  UseOp rotary;
  int64_t partialBytes = 0; ///< of a page of a call's partial sums

  ModelLowering(ModuleOp module, func::FuncOp forward, int64_t chunk,
                Type cache, std::string suffix)
      : module(module), forward(forward), chunk(chunk), cache(cache),
        suffix(std::move(suffix)), symbols(module) {}

  /// Offsets of a weight's parts.
  ArrayRef<Attribute> partsOf(UseOp use) {
    return getParts(symbols.lookup<WeightOp>(use.getWeight()));
  }
  static int64_t offsetOf(Attribute part) {
    return cast<PartAttr>(part).getOffset();
  }

  FailureOr<BlockShape> shapeOf(nn::BlockOp block) {
    BlockShape shape;
    llvm::raw_string_ostream os(shape.key);
    llvm::DenseMap<Value, std::string> names;
    Block &body = block.getBody().front();
    int64_t next = 0;
    for (Operation &op : body) {
      os << op.getName() << '(';
      for (Value operand : op.getOperands()) {
        std::string &name = names[operand];
        if (name.empty()) {
          // From outside: activations and caches are passed, tokens and the
          // position are the context's.
          if (operand == forward.getArgument(0)) {
            name = "tokens";
          } else if (isCache(operand)) {
            name = "cache" + std::to_string(shape.caches.size());
            shape.caches.push_back(operand);
          } else if (isa<RankedTensorType>(operand.getType())) {
            name = "in" + std::to_string(shape.tensors.size());
            shape.tensors.push_back(operand);
          } else {
            name = "scalar";
          }
        }
        os << name << ':' << operand.getType() << ',';
      }
      os << ')';
      if (auto use = dyn_cast<UseOp>(op)) {
        shape.uses.push_back(use);
        auto weight = symbols.lookup<WeightOp>(use.getWeight());
        FailureOr<PlannedWeight> planned = PlannedWeight::get(weight);
        if (failed(planned))
          return failure();
        os << formOf(*planned, weight.getResultValue());
        if (auto rows = weight->getAttr("kernel.rows"))
          os << rows;
      } else {
        os << op.getAttrDictionary();
      }
      for (Value result : op.getResults())
        names[result] = "v" + std::to_string(next++);
    }
    return shape;
  }

  LogicalResult checkForward();
  LogicalResult checkCachesAndPositions();
  void sinkUses();
  LogicalResult lowerRegime(StringRef name, int64_t tokens);
  void recordCaches();
};

LogicalResult ModelLowering::checkForward() {
  FunctionType type = forward.getFunctionType();
  auto fail = [&](const Twine &what) {
    return LogicalResult(forward.emitOpError(what));
  };
  if (!llvm::hasSingleElement(forward.getBody()))
    return fail("has more than one basic block");
  auto tokens = type.getNumInputs()
                    ? dyn_cast<RankedTensorType>(type.getInput(0))
                    : RankedTensorType();
  if (!tokens || tokens.getRank() != 1 || !tokens.isDynamicDim(0) ||
      !tokens.getElementType().isSignlessInteger(32) ||
      type.getNumInputs() < 2 || !type.getInput(1).isIndex() ||
      type.getNumResults() + 1 != type.getNumInputs())
    return fail("needs the form (tokens, position, caches...) -> (logits, "
                "caches...), tokens of tensor<?xi32>");
  for (const std::string &name : {"decode" + suffix, "prefill" + suffix})
    if (Operation *other = symbols.lookup(name))
      return other->emitOpError("has the name of what @forward is lowered to");
  for (unsigned i = 2; i < type.getNumInputs(); ++i)
    if (!isCache(forward.getArgument(i)))
      return fail("has an argument that is no key-value cache");
  WalkResult walk = forward.walk([&](UseOp use) {
    if (partsOf(use).empty()) {
      use.emitOpError("names a weight without a place; run "
                      "--kernel-plan-weights before");
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted() || failed(checkCachesAndPositions()));
}

/// What a program does itself, it does in one way: positions are counted from
/// the context's, angles come from one table, and a cache is updated in place.
LogicalResult ModelLowering::checkCachesAndPositions() {
  Value start = forward.getArgument(1);
  auto check = [&](Operation *op) -> LogicalResult {
    auto rotaryOp = dyn_cast<nn::RotaryOp>(op);
    auto attention = dyn_cast<nn::AttentionOp>(op);
    if ((rotaryOp && rotaryOp.getPosition() != start) ||
        (attention && attention.getPosition() != start))
      return op->emitOpError("has a position that is not the function's own, "
                             "from which a program counts");
    if (rotaryOp) {
      auto use = rotaryOp.getFrequencies().getDefiningOp<UseOp>();
      if (!use)
        return op->emitOpError("needs frequencies from compress.use");
      if (rotary && rotary.getWeight() != use.getWeight())
        return op->emitOpError(
            "has frequencies of its own; a program has one table");
      rotary = use;
    }
    if (attention)
      for (Operation *other : attention.getCache().getUsers())
        if (other != op && isa<nn::AttentionOp>(other))
          return op->emitOpError("shares its cache with another nn.attention, "
                                 "but a cache is updated in place; pass on the "
                                 "one that comes out");
    return success();
  };
  WalkResult walk = forward.walk([&](Operation *op) {
    return failed(check(op)) ? WalkResult::interrupt() : WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  recordCaches();
  Operation *terminator = forward.getBody().front().getTerminator();
  for (auto [argument, result] :
       llvm::zip(forward.getArguments().drop_front(2),
                 terminator->getOperands().drop_front()))
    if (!cacheBase.count(result) ||
        cacheBase.lookup(result) != cacheBase.lookup(argument))
      return terminator->emitOpError(
          "returns the caches in another order than the function takes them");
  return success();
}

/// A block's code finds its weights in a table of its own, so it must not take
/// them from outside, where CSE may have put them.
void ModelLowering::sinkUses() {
  for (nn::BlockOp block : forward.getOps<nn::BlockOp>()) {
    llvm::DenseMap<Operation *, Value> clones;
    OpBuilder b = OpBuilder::atBlockBegin(&block.getBody().front());
    block.walk([&](Operation *op) {
      for (OpOperand &operand : op->getOpOperands()) {
        auto use = operand.get().getDefiningOp<UseOp>();
        if (!use || block->isProperAncestor(use))
          continue;
        Value &clone = clones[use];
        if (!clone)
          clone = b.clone(*use)->getResult(0);
        operand.set(clone);
      }
    });
  }
}

void ModelLowering::recordCaches() {
  for (BlockArgument argument : forward.getArguments().drop_front(2)) {
    auto type = cast<RankedTensorType>(argument.getType());
    AttentionLayout layout{type.getDimSize(3), cache};
    cacheBase[argument] = cachePerPosition;
    cachePerPosition +=
        type.getDimSize(2) * layout.record() * layout.elementBytes() / kLanes;
  }
  // A result of attention is the cache that went in; a block passes it on.
  forward.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto attention = dyn_cast<nn::AttentionOp>(op)) {
      cacheBase[attention.getNewCache()] =
          cacheBase.lookup(attention.getCache());
      AttentionLayout layout{int64_t(attention.getHeadSize()), cache};
      partialBytes = std::max(partialBytes, 4 * int64_t(attention.getHeads()) *
                                                layout.stateFloats());
    }
    if (auto yield = dyn_cast<nn::YieldOp>(op))
      for (auto [value, result] :
           llvm::zip(yield->getOperands(), yield->getParentOp()->getResults()))
        if (isCache(value))
          cacheBase[result] = cacheBase.lookup(value);
  });
}

LogicalResult ModelLowering::lowerRegime(StringRef name, int64_t tokens) {
  MLIRContext *context = module.getContext();
  Location loc = forward.getLoc();
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  LoweringOptions options{tokens, cache, cachePerPosition};
  Type contextType = ContextType::get(context), index = b.getIndexType();
  auto bufferType = [&](Value tensor) {
    return MemRefType::get(
        {tokens == 1 ? 1 : ShapedType::kDynamic,
         cast<RankedTensorType>(tensor.getType()).getDimSize(1)},
        b.getF32Type());
  };

  struct Shared {
    func::FuncOp function;
    SmallVector<BlockShape> calls;
  };
  std::map<std::string, Shared> functions;
  llvm::DenseMap<Operation *, std::pair<std::string, int64_t>> callOf;
  for (nn::BlockOp block : forward.getOps<nn::BlockOp>()) {
    FailureOr<BlockShape> found = shapeOf(block);
    if (failed(found))
      return failure();
    BlockShape &shape = *found;
    for (Value tensor : shape.tensors)
      if (cast<RankedTensorType>(tensor.getType()).getRank() != 2 ||
          tensor.getDefiningOp<arith::ConstantOp>())
        return block.emitOpError("captures a tensor that is no activation");
    Shared &shared = functions[shape.key];
    callOf[block] = {shape.key, int64_t(shared.calls.size())};
    shared.calls.push_back(shape);
    if (shared.function)
      continue;
    SmallVector<Type> types = {contextType, index, index};
    for (Value tensor : shape.tensors)
      types.push_back(bufferType(tensor));
    SmallVector<Value> results;
    for (Value result : block.getResults())
      if (!isCache(result)) {
        types.push_back(bufferType(result));
        results.push_back(result);
      }
    std::string symbol = (name + "_block" + Twine(functions.size() - 1)).str();
    auto function =
        func::FuncOp::create(b, loc, symbol, b.getFunctionType(types, {}));
    function.setPrivate();
    shared.function = function;
    Block *entry = function.addEntryBlock();
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(entry);
    RegionLowering lowering(b, loc, options, entry->getArgument(0));
    Value row = entry->getArgument(2);
    int64_t slots = shape.caches.size();
    for (UseOp use : shape.uses)
      slots += partsOf(use).size();
    auto tableType =
        MemRefType::get({ShapedType::kDynamic, slots}, b.getI64Type());
    // The table's rows are known when every block was seen; until then its
    // length is open, and the global is made at the end.
    Value table =
        memref::GetGlobalOp::create(lowering, tableType, symbol + "_table");
    auto slot = [&](int64_t i) -> Value {
      Value column = arith::ConstantIndexOp::create(lowering, i);
      Value value =
          memref::LoadOp::create(lowering, table, ValueRange{row, column});
      return arith::IndexCastOp::create(lowering, index, value);
    };
    llvm::DenseMap<Operation *, SmallVector<Value>> offsets;
    int64_t next = 0;
    for (UseOp use : shape.uses)
      for (size_t part = 0; part < partsOf(use).size(); ++part)
        offsets[use].push_back(slot(next++));
    llvm::DenseMap<Value, Value> caches;
    for (Value cache : shape.caches)
      caches[cache] = slot(next++);
    lowering.placesOf = [&](UseOp use) { return offsets[use]; };
    lowering.cacheBase = [&](Value cache) { return caches.lookup(cache); };
    unsigned argument = 3;
    for (Value tensor : shape.tensors)
      lowering.bind(tensor, lowering.load(lowering.rowsOfBuffer(
                                entry->getArgument(argument++))));
    if (failed(lowering.lower(block.getBody().front())))
      return failure();
    Operation *yield = block.getBody().front().getTerminator();
    for (Value value : yield->getOperands()) {
      if (isCache(value))
        continue;
      Value rows = lowering.lookup(value);
      if (!rows || cast<RankedTensorType>(rows.getType()).getRank() != 2)
        return yield->emitOpError("yields a value that is no activation");
      lowering.store(rows,
                     lowering.rowsOfBuffer(entry->getArgument(argument++)));
    }
    func::ReturnOp::create(lowering);
  }

  // Tables: a row a call, the weights' offsets and the caches' bases.
  for (auto &entry : functions) {
    Shared &shared = entry.second;
    SmallVector<int64_t> values;
    for (BlockShape &shape : shared.calls) {
      for (UseOp use : shape.uses)
        for (Attribute part : partsOf(use))
          values.push_back(offsetOf(part));
      for (Value cache : shape.caches)
        values.push_back(cacheBase.lookup(cache));
    }
    int64_t rows = shared.calls.size(), slots = values.size() / rows;
    auto type = MemRefType::get({rows, slots}, b.getI64Type());
    auto tensor = RankedTensorType::get({rows, slots}, b.getI64Type());
    std::string symbol = shared.function.getName().str() + "_table";
    b.setInsertionPoint(shared.function);
    memref::GlobalOp::create(b, loc, symbol, b.getStringAttr("private"), type,
                             DenseElementsAttr::get(tensor, ArrayRef(values)),
                             /*constant=*/true, /*alignment=*/nullptr);
    shared.function.walk(
        [&](memref::GetGlobalOp get) { get.getResult().setType(type); });
  }

  b.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(
      b, loc, name, b.getFunctionType({contextType, index}, {}));
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  RegionLowering lowering(b, loc, options, entry->getArgument(0));
  lowering.placesOf = [&](UseOp use) {
    SmallVector<Value> places;
    for (Attribute part : partsOf(use))
      places.push_back(
          arith::ConstantIndexOp::create(lowering, offsetOf(part)));
    return places;
  };
  lowering.cacheBase = [&](Value cache) -> Value {
    return arith::ConstantIndexOp::create(lowering, cacheBase.lookup(cache));
  };
  lowering.lowerBlock = [&](nn::BlockOp block) {
    auto [key, call] = callOf.lookup(block);
    Shared &shared = functions[key];
    BlockShape &shape = shared.calls[call];
    SmallVector<Value> arguments = {
        entry->getArgument(0), entry->getArgument(1),
        arith::ConstantIndexOp::create(lowering, call)};
    for (Value tensor : shape.tensors)
      arguments.push_back(bufferization::ToBufferOp::create(
          lowering, bufferType(tensor), lowering.lookup(tensor),
          /*read_only=*/true));
    SmallVector<std::pair<Value, Value>> results;
    for (Value result : block.getResults())
      if (!isCache(result)) {
        SmallVector<Value> sizes;
        if (tokens > 1)
          sizes.push_back(lowering.getCount());
        arguments.push_back(memref::AllocOp::create(
            lowering, bufferType(result), sizes, b.getI64IntegerAttr(64)));
        results.push_back({result, arguments.back()});
      }
    func::CallOp::create(lowering, shared.function, arguments);
    for (auto [result, buffer] : results)
      lowering.bind(result, lowering.load(buffer));
    return success();
  };
  lowering.logits = forward.getBody().front().getTerminator()->getOperand(0);
  if (!lowering.logits.getDefiningOp<nn::LinearOp>() ||
      !lowering.logits.hasOneUse())
    return forward.emitOpError("returns logits that are not the result of an "
                               "nn.linear of their own");
  if (failed(lowering.lower(forward.getBody().front())))
    return failure();
  func::ReturnOp::create(lowering);
  return success();
}

struct ConvertNNToKernel
    : kernel::impl::ConvertNNToKernelPassBase<ConvertNNToKernel> {
  using ConvertNNToKernelPassBase::ConvertNNToKernelPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto forward = module.lookupSymbol<func::FuncOp>("forward");
    if (!forward) {
      module.emitError("has no function @forward; compress import makes one");
      return signalPassFailure();
    }
    if (chunk < 1) {
      module.emitError("chunk=") << int64_t(chunk) << " is below 1";
      return signalPassFailure();
    }
    Builder b(&getContext());
    // In the order of compress_cache_type.
    const std::pair<StringRef, Type> types[] = {{"f32", b.getF32Type()},
                                                {"f16", b.getF16Type()},
                                                {"int8", b.getI8Type()}};
    SmallVector<std::string> wanted(cacheTypes.begin(), cacheTypes.end());
    if (wanted.empty())
      wanted.push_back("f32");
    SmallVector<Attribute> caches;
    int64_t partialBytes = 0;
    FlatSymbolRefAttr frequencies;
    for (const std::string &name : wanted) {
      const auto *type = llvm::find_if(
          types, [&](auto &known) { return known.first == name; });
      if (type == std::end(types)) {
        module.emitError("cache-type=")
            << name << " is unknown; there are f32, f16 and int8";
        return signalPassFailure();
      }
      std::string suffix = caches.empty() ? "" : "_" + name;
      ModelLowering lowering(module, forward, chunk, type->second, suffix);
      if (failed(lowering.checkForward()))
        return signalPassFailure();
      lowering.sinkUses();
      if (failed(lowering.lowerRegime("decode" + suffix, 1)) ||
          failed(lowering.lowerRegime("prefill" + suffix, chunk)))
        return signalPassFailure();
      auto symbol = [&](const std::string &regime) {
        return FlatSymbolRefAttr::get(&getContext(), regime + suffix);
      };
      caches.push_back(b.getDictionaryAttr(
          {b.getNamedAttr("bytes_per_position",
                          b.getI64IntegerAttr(lowering.cachePerPosition)),
           b.getNamedAttr("decode", symbol("decode")),
           b.getNamedAttr("prefill", symbol("prefill")),
           b.getNamedAttr("type", b.getI64IntegerAttr(type - types))}));
      partialBytes = std::max(partialBytes, lowering.partialBytes);
      if (lowering.rotary)
        frequencies = lowering.rotary.getWeightAttr();
    }

    Value logits = forward.getBody().front().getTerminator()->getOperand(0);
    SmallVector<NamedAttribute> program = {
        b.getNamedAttr("caches", b.getArrayAttr(caches)),
        b.getNamedAttr("page_positions", b.getI64IntegerAttr(kPagePositions)),
        b.getNamedAttr("partial_bytes_per_page",
                       b.getI64IntegerAttr(partialBytes)),
        b.getNamedAttr("prefill_chunk", b.getI64IntegerAttr(chunk)),
        b.getNamedAttr("run_tokens", b.getI64IntegerAttr(kRunTokens)),
        b.getNamedAttr(
            "vocabulary",
            b.getI64IntegerAttr(
                cast<RankedTensorType>(logits.getType()).getDimSize(1))),
    };
    if (frequencies)
      program.push_back(b.getNamedAttr("rotary_frequencies", frequencies));
    module->setAttr("kernel.program", b.getDictionaryAttr(program));
    forward.erase();
  }
};
} // namespace
