//===- WeightPass.cpp - What the passes over weights share ----------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compress/Transforms/WeightPass.h"
#include "Compress/IR/WeightConsumer.h"
#include "Compress/Transforms/Reference.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/ThreadPool.h"
#include <atomic>
#include <cmath>
#include <mutex>

using namespace mlir;
using namespace mlir::compress;
namespace algo = compresslib::algo;

//===----------------------------------------------------------------------===//
// Leaves
//===----------------------------------------------------------------------===//

static bool isRole(OperandRole role, LeafTarget target) {
  switch (target) {
  case LeafTarget::Values:
    return role == OperandRole::Values;
  case LeafTarget::Codes:
    return role == OperandRole::Codes;
  case LeafTarget::Elements:
    return role == OperandRole::Values || role == OperandRole::Codes;
  case LeafTarget::Scales:
    return role == OperandRole::Scales;
  case LeafTarget::Offsets:
    return role == OperandRole::Offsets;
  case LeafTarget::Codebook:
    return role == OperandRole::Codebook;
  }
  llvm_unreachable("unknown target");
}

SmallVector<Leaf> mlir::compress::collectLeaves(WeightOp weight,
                                                LeafTarget target) {
  SmallVector<Leaf> leaves;
  llvm::DenseMap<Value, size_t> index;
  SmallVector<Operation *> above;
  bool mayBeCodes =
      target == LeafTarget::Elements || target == LeafTarget::Codes;
  auto reach = [&](OpOperand &use) {
    auto type = cast<RankedTensorType>(use.get().getType());
    if (!holdsElements(use.get()) ||
        (!mayBeCodes && !isFloatElement(type.getElementType())))
      return;
    auto [it, isNew] = index.try_emplace(use.get(), leaves.size());
    if (isNew)
      leaves.push_back(Leaf{use.get(), {}, {}});
    Leaf &leaf = leaves[it->second];
    if (!llvm::is_contained(leaf.uses, &use))
      leaf.uses.push_back(&use);
    leaf.above.insert_range(above);
  };
  // What the weight is made of is reached through operands that its parts are
  // made of; scales and codebooks are those of any op.
  bool through = target == LeafTarget::Values || mayBeCodes;
  auto visit = [&](auto &&self, OpOperand &use, bool wanted) -> void {
    if (wanted)
      reach(use);
    auto op =
        dyn_cast_or_null<DecompressionOpInterface>(use.get().getDefiningOp());
    if (!op)
      return;
    above.push_back(op);
    for (OpOperand &operand : op->getOpOperands()) {
      OperandRole role = op.getOperandRole(operand.getOperandNumber());
      if (!through || isRole(role, LeafTarget::Elements))
        self(self, operand, isRole(role, target));
    }
    above.pop_back();
  };
  visit(visit, weight.getYield().getValueMutable(),
        target != LeafTarget::Codes && through);
  return leaves;
}

std::string mlir::compress::getStem(WeightOp weight, Value leaf) {
  auto stored = leaf.getDefiningOp<StoredOp>();
  if (!stored)
    return weight.getSymName().str();
  StringRef key = stored.getKey();
  // The store makes keys "<name>-<16 hexadecimal digits>".
  if (key.size() > 17 && key[key.size() - 17] == '-' &&
      key.take_back(16).find_first_not_of("0123456789abcdef") ==
          StringRef::npos)
    key = key.drop_back(17);
  return key.str();
}

LeafShape mlir::compress::getMatrixShape(RankedTensorType type) {
  if (type.getRank() == 0)
    return {};
  int64_t columns = type.getShape().back();
  return {columns ? type.getNumElements() / columns : 0, columns};
}

/// A NaN or infinity is the model's fault, and named by its place in the leaf.
static LogicalResult checkFinite(Value leaf, algo::MatrixRef block,
                                 int64_t firstRow) {
  if (algo::checkMatrix(block).ok())
    return success();
  const float *bad = llvm::find_if_not(
      block.values, [](float value) { return std::isfinite(value); });
  int64_t at = bad - block.values.begin();
  auto weight = leaf.getDefiningOp()->getParentOfType<WeightOp>();
  return emitError(weight.getLoc())
         << "weight @" << weight.getSymName() << " has a value that is "
         << (std::isnan(*bad) ? "NaN" : "infinite") << " at row "
         << firstRow + at / block.columns << ", column " << at % block.columns
         << " of \"" << getStem(weight, leaf)
         << "\", and only finite values can be compressed; correct the model, "
            "or run --compress-replace-non-finite before";
}

LogicalResult mlir::compress::forEachRowBlock(
    Value leaf, ExpressionEvaluator &evaluator,
    llvm::function_ref<LogicalResult(algo::MatrixRef, int64_t)> body) {
  auto type = cast<RankedTensorType>(leaf.getType());
  LeafShape shape = getMatrixShape(type);
  // An evaluator's row is an index of dimension 0, an element in rank 1.
  int64_t outer = getRowCount(type);
  if (evaluator.getStore().isPlanning()) {
    // The form of what a row becomes says all.
    std::vector<float> row(shape.columns);
    return body(algo::MatrixRef(row, 1, shape.columns), 0);
  }
  int64_t step = outer;
  if (type.getRank() > 1)
    step = llvm::alignTo(
        std::max<int64_t>(1, (int64_t(1) << 20) /
                                 std::max<int64_t>(getRowSize(type), 1)),
        8);
  std::vector<float> values;
  for (int64_t begin = 0; begin < outer; begin += step) {
    int64_t end = std::min(outer, begin + step);
    values.resize((end - begin) * getRowSize(type));
    if (failed(evaluator.evaluateRows(leaf, begin, end, values)))
      return failure();
    int64_t firstRow = type.getRank() > 1 ? begin * (shape.rows / outer) : 0;
    algo::MatrixRef block(values, int64_t(values.size()) / shape.columns,
                          shape.columns);
    if (failed(checkFinite(leaf, block, firstRow)) ||
        failed(body(block, firstRow)))
      return failure();
  }
  return success();
}

FailureOr<std::vector<float>>
mlir::compress::readLeaf(Value leaf, ExpressionEvaluator &evaluator) {
  auto type = cast<RankedTensorType>(leaf.getType());
  FailureOr<std::vector<float>> values =
      evaluator.evaluateRows(leaf, 0, getRowCount(type));
  LeafShape shape = getMatrixShape(type);
  if (failed(values) ||
      failed(checkFinite(
          leaf, algo::MatrixRef(*values, shape.rows, shape.columns), 0)))
    return failure();
  return values;
}

LeafBuilder::LeafBuilder(WeightOp weight, Operation *after, std::string stem,
                         bool isWritten)
    : builder(after), loc(after->getLoc()), weight(weight),
      stem(std::move(stem)), isWritten(isWritten) {
  builder.setInsertionPointAfter(after);
}

LeafBuilder::LeafBuilder(WeightOp weight, Value leaf)
    : LeafBuilder(weight, leaf.getDefiningOp(), getStem(weight, leaf),
                  !isa<StoreUserOpInterface>(leaf.getDefiningOp())) {}

LeafBuilder LeafBuilder::forWeight(WeightOp weight, Value value) {
  return LeafBuilder(
      weight, value.getDefiningOp(), weight.getSymName().str(),
      weight.getBody().front().getOps<StoreUserOpInterface>().empty());
}

FailureOr<Value> LeafBuilder::fromBytes(StringRef part, RankedTensorType type,
                                        ArrayRef<uint8_t> bytes) {
  WeightStore &store =
      weight.getContext()->getLoadedDialect<CompressDialect>()->getStore();
  if (store.isPlanning())
    return StoredOp::create(builder, loc, type,
                            store.plan((stem + "/" + part).str(), type))
        .getResult();
  if (isWritten) {
    std::vector<float> values(type.getNumElements());
    unpackElements(bytes, type.getElementType(), 0, values);
    return fromValues(part, type, values);
  }
  llvm::Expected<std::string> key =
      store.add((stem + "/" + part).str(), type, bytes);
  if (!key)
    return withKind(emitError(weight.getLoc()), store.getFailureKind())
           << "weight @" << weight.getSymName() << ": "
           << llvm::toString(key.takeError());
  return StoredOp::create(builder, loc, type, *key).getResult();
}

LogicalResult mlir::compress::checkRange(WeightOp weight, const Twine &name,
                                         RankedTensorType type, int64_t first,
                                         ArrayRef<float> values) {
  Type element = type.getElementType();
  auto *bad = llvm::find_if_not(
      values, [](float value) { return std::isfinite(value); });
  std::optional<size_t> at = bad != values.end()
                                 ? size_t(bad - values.begin())
                                 : findOverflow(values, element);
  if (!at)
    return success();
  SmallVector<int64_t> index(type.getRank());
  int64_t rest = first + int64_t(*at);
  for (int64_t i = type.getRank(); i-- > 0; rest /= type.getDimSize(i))
    index[i] = rest % type.getDimSize(i);
  InFlightDiagnostic diagnostic =
      emitError(weight.getLoc())
      << "weight @" << weight.getSymName() << ": \"" << name << "\" would hold "
      << llvm::formatv("{0}", llvm::format("%g", values[*at])).str()
      << " at index [";
  llvm::interleaveComma(index, diagnostic);
  diagnostic << "], ";
  if (!std::isfinite(values[*at]))
    return diagnostic << "and only finite values can be stored; correct the "
                         "model, or run --compress-replace-non-finite before";
  return diagnostic << "beyond the range of " << element
                    << "; store it in a type of wider range ("
                    << (element.isF16() ? "bf16 or f32" : "f32")
                    << "), or look at this weight";
}

FailureOr<Value> LeafBuilder::fromValues(StringRef part, RankedTensorType type,
                                         ArrayRef<float> values) {
  WeightStore &store =
      weight.getContext()->getLoadedDialect<CompressDialect>()->getStore();
  if (store.isPlanning())
    return fromBytes(part, type, {});
  if (failed(checkRange(weight, stem + "/" + part, type, 0, values)))
    return failure();
  if (!isWritten)
    return fromBytes(part, type, packElements(values, type.getElementType()));
  return ConstantOp::create(builder, loc, type, getElements(type, values))
      .getResult();
}

FailureOr<Value> mlir::compress::buildProduct(
    LeafBuilder &builder, const algo::LowRankFactors &factors, LeafShape shape,
    Type factorType, StringRef prefix) {
  FailureOr<Value> left = builder.fromValues(
      (prefix + "left").str(),
      RankedTensorType::get({shape.rows, factors.rank}, factorType),
      factors.left);
  FailureOr<Value> right = builder.fromValues(
      (prefix + "right").str(),
      RankedTensorType::get({factors.rank, shape.columns}, factorType),
      factors.right);
  if (failed(left) || failed(right))
    return failure();
  return ProductOp::create(builder.builder, builder.loc,
                           RankedTensorType::get({shape.rows, shape.columns},
                                                 builder.builder.getF32Type()),
                           *left, *right)
      .getResult();
}

DenseElementsAttr mlir::compress::getElements(RankedTensorType type,
                                              ArrayRef<float> values) {
  Type element = type.getElementType();
  if (auto integer = dyn_cast<IntegerType>(element)) {
    SmallVector<APInt> integers;
    for (float value : values)
      integers.emplace_back(integer.getWidth(), uint64_t(int64_t(value)),
                            /*isSigned=*/false, /*implicitTrunc=*/true);
    return DenseElementsAttr::get(type, integers);
  }
  SmallVector<APFloat> floats;
  for (float value : values) {
    APFloat converted(value);
    bool losesInfo;
    converted.convert(cast<FloatType>(element).getFloatSemantics(),
                      APFloat::rmNearestTiesToEven, &losesInfo);
    floats.push_back(converted);
  }
  return DenseElementsAttr::get(type, floats);
}

Type mlir::compress::getStorageType(MLIRContext *context,
                                    algo::StorageType type) {
  switch (type) {
  case algo::StorageType::F32:
    return Float32Type::get(context);
  case algo::StorageType::F16:
    return Float16Type::get(context);
  case algo::StorageType::BF16:
    return BFloat16Type::get(context);
  }
  llvm_unreachable("unknown storage type");
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

CompressionPass::~CompressionPass() = default;

bool mlir::compress::isTrivial(WeightOp weight) {
  RankedTensorType type = weight.getWeightType();
  return type.getRank() == 0 || type.getNumElements() <= 1;
}

bool mlir::compress::isWeightOrModule(RegisteredOperationName name) {
  return name.getTypeID() == TypeID::get<WeightOp>() ||
         name.getTypeID() == TypeID::get<ModuleOp>();
}

void mlir::compress::eraseDeadOps(WeightOp weight) {
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(weight.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

/// MLIR's remark engine takes no part in multi-threading.
static std::mutex remarkMutex;

void mlir::compress::remarkOn(WeightOp weight, StringRef name,
                              const Twine &text) {
  std::lock_guard<std::mutex> lock(remarkMutex);
  remark::analysis(weight.getLoc(), remark::RemarkOpts::name(name)
                                        .category("compress")
                                        .function(weight.getSymName()))
      << text.str();
}

WeightContext::WeightContext(WeightOp weight, StringRef passName,
                             const WeightConsumers *consumers)
    : weight(weight), passName(passName),
      store(
          weight.getContext()->getLoadedDialect<CompressDialect>()->getStore()),
      evaluator(store), consumers(consumers) {}

std::optional<ArrayRef<WeightConsumer>> WeightContext::getConsumers() const {
  if (!consumers)
    return std::nullopt;
  return consumers->of(weight);
}

InFlightDiagnostic WeightContext::emitError() {
  return mlir::emitError(weight.getLoc())
         << "weight @" << weight.getSymName() << ", " << passName << ": ";
}

InFlightDiagnostic WeightContext::emitError(const compresslib::Error &error) {
  return withKind(emitError() << error.message, error.kind);
}

/// The kinds of what takes a weight, each once.
static std::string listKinds(ArrayRef<WeightConsumer> consumers) {
  llvm::SmallSetVector<StringRef, 4> kinds;
  for (const WeightConsumer &consumer : consumers)
    kinds.insert(stringifyWeightKind(consumer.kind));
  return llvm::join(kinds, ",");
}

LogicalResult
mlir::compress::rewriteLossy(WeightOp weight, WeightContext &context,
                             StringRef passText,
                             llvm::function_ref<FailureOr<bool>()> rewrite) {
  const WeightStore &store = context.getStore();
  int64_t before = weight.getStoredBits();
  OwningOpRef<WeightOp> old = weight.clone();
  if (failed(keepOrigin(weight)))
    return failure();

  FailureOr<bool> changed = rewrite();
  if (failed(changed))
    return failure();
  if (!*changed) {
    weight.setOriginAttr(old->getOriginAttr());
    return success();
  }
  eraseDeadOps(weight);
  if (store.isPlanning())
    return success();

  FailureOr<double> error = measureRelativeError(weight, *old, store);
  if (failed(error))
    return failure();
  int64_t after = weight.getStoredBits();
  OpBuilder builder(weight.getContext());
  weight.addReport(ReportAttr::get(weight.getContext(), passText,
                                   builder.getF32FloatAttr(*error), before,
                                   after));

  std::lock_guard<std::mutex> lock(remarkMutex);
  auto said = remark::passed(weight.getLoc(),
                             remark::RemarkOpts::name(context.getPassName())
                                 .category("compress")
                                 .function(weight.getSymName()));
  said << remark::metric("RelativeError", llvm::formatv("{0:e3}", *error).str())
       << remark::metric("BitsBefore", before)
       << remark::metric("BitsAfter", after);
  if (auto consumers = context.getConsumers(); consumers && !consumers->empty())
    said << remark::metric("Consumers", listKinds(*consumers));
  return success();
}

SmallVector<WeightOp>
mlir::compress::getMatrices(ModuleOp module, const WeightConsumers &consumers) {
  SmallVector<WeightOp> matrices;
  for (WeightOp weight : module.getOps<WeightOp>()) {
    if (weight.getWeightType().getRank() != 2)
      continue;
    ArrayRef<WeightConsumer> uses = consumers.of(weight);
    if (uses.empty() || llvm::any_of(uses, [](const WeightConsumer &use) {
          return use.isProduct() || use.isEmbedding();
        }))
      matrices.push_back(weight);
  }
  return matrices;
}

LogicalResult mlir::compress::runOnWeights(
    ArrayRef<WeightOp> weights, AnalysisManager analyses,
    llvm::function_ref<LogicalResult(OpPassManager &)> build,
    llvm::function_ref<LogicalResult(OpPassManager &, Operation *)> run) {
  if (weights.empty())
    return success();
  WeightOp first = weights.front();
  MLIRContext *context = first.getContext();
  const WeightStore &store =
      context->getLoadedDialect<CompressDialect>()->getStore();
  // A pipeline is run by one thread at a time, and nesting an analysis manager
  // is not for several at once.
  for (WeightOp weight : weights)
    (void)analyses.nest(weight);
  size_t threads = context->isMultithreadingEnabled()
                       ? std::max(1u, context->getNumThreads())
                       : 1;
  threads = std::min(threads, weights.size());
  std::vector<OpPassManager> pipelines;
  for (size_t i = 0; i < threads; ++i) {
    pipelines.emplace_back(WeightOp::getOperationName());
    if (failed(build(pipelines.back())))
      return failure();
  }
  // Large weights first: the last to start then ends early.
  auto order = llvm::to_vector(llvm::seq<size_t>(0, weights.size()));
  SmallVector<int64_t> sizes;
  for (WeightOp weight : weights)
    sizes.push_back(weight.getWeightType().getNumElements());
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::make_pair(-sizes[a], a) < std::make_pair(-sizes[b], b);
  });
  std::atomic<size_t> next = 0;
  std::atomic<bool> anyFailed = false;
  // Errors come in the order of the weights. (mlir::parallelForEach would put
  // them in the order of the pipelines, by a handler of its own.)
  ParallelDiagnosticHandler handler(context);
  auto work = [&](OpPassManager &pipeline) {
    for (size_t i; (i = next++) < order.size();) {
      // Without room for one tensor there is none for the others.
      if (store.getFailureKind() == compresslib::ErrorKind::Environment)
        break;
      handler.setOrderIDForThread(order[i]);
      if (failed(run(pipeline, weights[order[i]])))
        anyFailed = true;
      handler.eraseOrderIDForThread();
    }
  };
  if (threads == 1) {
    work(pipelines.front());
    return failure(anyFailed);
  }
  llvm::ThreadPoolTaskGroup tasks(context->getThreadPool());
  for (OpPassManager &pipeline : pipelines)
    tasks.async([&work, &pipeline] { work(pipeline); });
  tasks.wait();
  return failure(anyFailed);
}

LogicalResult mlir::compress::runOnAllWeights(
    llvm::function_ref<std::unique_ptr<Pass>()> clone, ModuleOp module,
    AnalysisManager analyses,
    llvm::function_ref<LogicalResult(OpPassManager &, Operation *)> run) {
  return runOnWeights(
      llvm::to_vector(module.getOps<WeightOp>()), analyses,
      [&](OpPassManager &pipeline) {
        pipeline.addPass(clone());
        return success();
      },
      run);
}

std::string mlir::compress::getPassText(const Pass &pass,
                                        const Pass &withDefaults) {
  auto print = [](const Pass &pass) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    // Not const in MLIR, though it changes nothing.
    const_cast<Pass &>(pass).printAsTextualPipeline(stream);
    return text;
  };
  std::string full = print(pass), bare = print(withDefaults);
  auto split = [](StringRef text) {
    SmallVector<StringRef> words;
    auto [name, options] = text.split('{');
    options.consume_back("}");
    options.split(words, ' ', -1, /*KeepEmpty=*/false);
    return std::make_pair(name, words);
  };
  auto [name, options] = split(full);
  auto [bareName, defaults] = split(bare);
  llvm::erase_if(options, [&, &defaults = defaults](StringRef option) {
    return llvm::is_contained(defaults, option);
  });
  if (options.empty())
    return name.str();
  std::string text = name.str() + "{";
  for (StringRef option : options) {
    auto [key, value] = option.split('=');
    text += (text.back() == '{' ? "" : " ") + key.str() + "=";
    // MLIR prints 30.0 as 3.000000e+01.
    double number;
    if (value.contains('.') && !value.getAsDouble(number)) {
      llvm::raw_string_ostream(text) << llvm::format("%.6g", number);
      continue;
    }
    text += value;
  }
  return text + "}";
}
