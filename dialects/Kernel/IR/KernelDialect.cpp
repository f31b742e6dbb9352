//===- KernelDialect.cpp - The kernel dialect -----------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel/IR/LaunchOp.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/InliningUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::kernel;

#include "Kernel/IR/KernelDialect.cpp.inc"

#include "Kernel/IR/KernelEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "Kernel/IR/KernelAttributes.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "Kernel/IR/KernelTypes.cpp.inc"

#include "Kernel/IR/SharedWork.cpp.inc"
#include "Kernel/IR/TileSource.cpp.inc"
#define GET_OP_CLASSES
#include "Kernel/IR/KernelOps.cpp.inc"
#define GET_OP_CLASSES
#include "Kernel/IR/LaunchOp.cpp.inc"

namespace {
/// Functions that hold these ops may be inlined.
struct Inliner : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final {
    return true;
  }
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const final {
    return true;
  }
};
} // namespace

void KernelDialect::initialize() {
  addInterfaces<Inliner>();
  addOperations<
#define GET_OP_LIST
#include "Kernel/IR/KernelOps.cpp.inc"
      >();
  addOperations<LaunchOp>();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "Kernel/IR/KernelAttributes.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "Kernel/IR/KernelTypes.cpp.inc"
      >();
}

bool kernel::isSingleProgram(Operation *op) {
  auto function = cast<FunctionOpInterface>(op);
  return function.getNumArguments() >= 2 &&
         isa<ContextType>(function.getArgumentTypes()[0]) &&
         function.getArgumentTypes()[1].isIndex();
}

int64_t SplitAttr::getMappingId() const { return getDimension(); }
bool SplitAttr::isLinearMapping() const { return true; }
int64_t SplitAttr::getRelativeIndex() const { return getDimension(); }

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

static bool isPointer(ContextField field) {
  switch (field) {
  case ContextField::weights:
  case ContextField::arena:
  case ContextField::scratch:
  case ContextField::cache:
  case ContextField::rotary:
  case ContextField::logits:
  case ContextField::tokens:
  case ContextField::positions:
  case ContextField::slots:
  case ContextField::pages:
  case ContextField::runs:
  case ContextField::partials:
    return true;
  default:
    return false;
  }
}

LogicalResult BufferOp::verify() {
  if (!isPointer(getField()))
    return emitOpError("reads ")
           << stringifyContextField(getField()) << ", which is no buffer";
  auto type = cast<MemRefType>(getResult().getType());
  if (!type.isDynamicDim(0) || !type.getLayout().isIdentity())
    return emitOpError("has type ")
           << type
           << ", but a context's buffer has an unknown size and no layout";
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto callee = symbols.lookupNearestSymbolFrom<FunctionOpInterface>(
      *this, getCalleeAttr());
  if (!callee)
    return emitOpError("names @")
           << getCallee() << ", but no function of that name is there";
  if (!isSingleProgram(callee) || callee.getNumResults() ||
      TypeRange(callee.getArgumentTypes().drop_front(2)) !=
          TypeRange(getOperandTypes()))
    return emitOpError("needs @")
           << getCallee()
           << " to take a context, an index and the operands, and to return "
              "nothing";
  return success();
}

LogicalResult FieldOp::verify() {
  if (isPointer(getField()) || getField() == ContextField::barrier ||
      getField() == ContextField::take)
    return emitOpError("reads ")
           << stringifyContextField(getField()) << ", which is no integer";
  return success();
}

void FieldOp::populateBoundsForIndexValue(Value value,
                                          ValueBoundsConstraintSet &bounds) {
  bounds.bound(value) >= 0;
  if (std::optional<int64_t> most = getAtMost())
    bounds.bound(value) <= *most;
}

/// Rows of as many tokens, of known widths.
static LogicalResult verifyRows(Operation *op, ValueRange buffers) {
  auto first = cast<ShapedType>(buffers.front().getType());
  for (Value buffer : buffers) {
    auto type = cast<ShapedType>(buffer.getType());
    if (type.isDynamicDim(1))
      return op->emitOpError("has ")
             << Type(type) << ", but widths must be known";
    if (failed(verifyCompatibleDims({first.getDimSize(0), type.getDimSize(0)})))
      return op->emitOpError("has buffers of ")
             << first.getDimSize(0) << " and of " << type.getDimSize(0)
             << " tokens";
  }
  return success();
}

static int64_t widthOf(Value buffer) {
  return cast<ShapedType>(buffer.getType()).getDimSize(1);
}

/// An op that writes rows has a result for a tensor, none for a buffer.
static LogicalResult verifyDestination(Operation *op, Value output) {
  bool isTensor = isa<RankedTensorType>(output.getType());
  if (op->getNumResults() == unsigned(isTensor) &&
      (!isTensor || op->getResult(0).getType() == output.getType()))
    return success();
  return op->emitOpError("has ")
         << op->getNumResults()
         << " results, but there is one for a tensor and none for a buffer";
}

/// What it reads and writes, once on buffers.
static void addRowsEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects,
    ArrayRef<OpOperand *> reads, OpOperand &output) {
  if (isa<RankedTensorType>(output.get().getType()))
    return;
  for (OpOperand *read : reads)
    effects.emplace_back(MemoryEffects::Read::get(), read);
  effects.emplace_back(MemoryEffects::Write::get(), &output);
}

static LogicalResult verifyBlocks(Operation *op, Value codes, Value scales,
                                  Value sums) {
  int64_t width = widthOf(codes);
  if (width % 32)
    return op->emitOpError("has ")
           << width << " codes a token, but they come in blocks of 32";
  if (widthOf(scales) != width / 32 || widthOf(sums) != width / 16)
    return op->emitOpError("has ")
           << widthOf(scales) << " scales and " << widthOf(sums)
           << " sums a token, but " << width / 32
           << " blocks of codes, with a scale and two sums each";
  return success();
}

Value QuantizeActivationsOp::getWholeTokens() { return getTokens(); }
Value RoundActivationsOp::getWholeTokens() { return getTokens(); }
Value GatherRowsOp::getWholeTokens() { return getTokens(); }

LogicalResult QuantizeActivationsOp::verify() {
  if (failed(verifyRows(*this,
                        {getInput(), getCodes(), getScales(), getSums()})) ||
      failed(verifyBlocks(*this, getCodes(), getScales(), getSums())))
    return failure();
  int64_t inputs = widthOf(getInput()), codes = widthOf(getCodes());
  if (codes != (inputs + 31) / 32 * 32)
    return emitOpError("has ")
           << codes << " codes for " << inputs
           << " inputs; blocks of 32 have no more and no less";
  return success();
}

LogicalResult RoundActivationsOp::verify() {
  if (failed(verifyRows(*this, {getInput(), getOutput()})))
    return failure();
  if (widthOf(getInput()) != widthOf(getOutput()))
    return emitOpError("has ") << widthOf(getInput()) << " inputs and "
                               << widthOf(getOutput()) << " outputs a token";
  return success();
}

LogicalResult MatmulOp::verify() {
  return verifyRows(*this, {getInput(), getOutput()});
}

LogicalResult MatmulInt8Op::verify() {
  if (failed(
          verifyRows(*this, {getCodes(), getScales(), getSums(), getOutput()})))
    return failure();
  return verifyBlocks(*this, getCodes(), getScales(), getSums());
}

LogicalResult GatherRowsOp::verify() {
  return failure(failed(verifyRows(*this, getOutput())) ||
                 failed(verifyDestination(*this, getOutput())));
}

void GatherRowsOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addRowsEffects(effects, {&getWeightsMutable(), &getIndicesMutable()},
                 getOutputMutable());
}

/// The type of the matrices of a format.
static FailureOr<RankedTensorType>
getFormatType(Operation *op, FlatSymbolRefAttr name,
              SymbolTableCollection &symbols) {
  auto format = symbols.lookupNearestSymbolFrom<compress::FormatOp>(op, name);
  if (!format)
    return op->emitOpError("names ")
               << name << ", but no compress.format of that name is there",
           failure();
  RankedTensorType type = format.getResultType();
  if (type.getRank() != 2)
    return op->emitOpError("names format ")
               << name << " of " << type << ", which is no matrix",
           failure();
  return type;
}

/// Whether a width that is `count` is `wanted`.
static LogicalResult verifyWidth(Operation *op, FlatSymbolRefAttr name,
                                 RankedTensorType type, int64_t count,
                                 int64_t wanted, StringRef before,
                                 StringRef after = "") {
  if (count == wanted)
    return success();
  return op->emitOpError("has ") << before << count << after << ", but format "
                                 << name << " is " << type;
}

LogicalResult MatmulOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto type = getFormatType(*this, getFormatAttr(), symbols);
  if (failed(type))
    return failure();
  return failure(
      failed(verifyWidth(*this, getFormatAttr(), *type, widthOf(getInput()),
                         type->getDimSize(1), "", " inputs")) ||
      failed(verifyWidth(*this, getFormatAttr(), *type, widthOf(getOutput()),
                         type->getDimSize(0), "", " outputs")));
}

LogicalResult MatmulInt8Op::verifySymbolUses(SymbolTableCollection &symbols) {
  auto type = getFormatType(*this, getFormatAttr(), symbols);
  if (failed(type))
    return failure();
  return failure(
      failed(verifyWidth(*this, getFormatAttr(), *type, widthOf(getCodes()),
                         (type->getDimSize(1) + 31) / 32 * 32, "",
                         " codes a token")) ||
      failed(verifyWidth(*this, getFormatAttr(), *type, widthOf(getOutput()),
                         type->getDimSize(0), "", " outputs")));
}

LogicalResult GatherRowsOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto type = getFormatType(*this, getFormatAttr(), symbols);
  if (failed(type))
    return failure();
  return verifyWidth(*this, getFormatAttr(), *type, widthOf(getOutput()),
                     type->getDimSize(1), "rows of ");
}

LogicalResult AttentionOp::verify() {
  if (failed(
          verifyRows(*this, {getQuery(), getKey(), getValue(), getOutput()})) ||
      failed(verifyDestination(*this, getOutput())))
    return failure();
  int64_t heads = getHeads(), kvHeads = getKvHeads();
  if (heads % kvHeads || widthOf(getQuery()) % heads)
    return emitOpError("has ")
           << heads << " heads of " << widthOf(getQuery()) << " channels and "
           << kvHeads << " key-value heads";
  if (widthOf(getOutput()) != widthOf(getQuery()))
    return emitOpError("has queries of ")
           << widthOf(getQuery()) << " channels and an output of "
           << widthOf(getOutput());
  for (Value rows : {getKey(), getValue()})
    if (widthOf(rows) != widthOf(getQuery()) / heads * kvHeads)
      return emitOpError("has keys or values of ")
             << widthOf(rows) << " channels, but " << kvHeads << " heads are "
             << widthOf(getQuery()) / heads * kvHeads;
  if (!getCache().isF32() && !getCache().isF16() && !getCache().isInteger(8))
    return emitOpError("has a cache of ")
           << getCache() << "; there are f32, f16 and i8";
  return success();
}

/// It is in the cache that calls leave something for each other.
void AttentionOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  effects.emplace_back(MemoryEffects::Read::get());
  effects.emplace_back(MemoryEffects::Write::get());
  addRowsEffects(effects,
                 {&getQueryMutable(), &getKeyMutable(), &getValueMutable()},
                 getOutputMutable());
}

LogicalResult AttendOp::verify() {
  if (getTokens().empty())
    return emitOpError("has no query");
  if (!llvm::isPowerOf2_64(getChains()) || getHeadSize() % getChains())
    return emitOpError("has ")
           << getChains() << " chains; a power of two that divides the "
           << getHeadSize() << " channels is needed";
  return success();
}

LogicalResult LaneDotOp::verify() {
  int64_t lanes = cast<VectorType>(getAcc().getType()).getNumElements();
  int64_t bytes = cast<VectorType>(getA().getType()).getNumElements();
  if (bytes != 4 * lanes)
    return emitOpError("has ") << lanes << " lanes and " << bytes
                               << " bytes, but a lane takes four bytes";
  if (int64_t(getBits()) < 1 || int64_t(getBits()) > 8)
    return emitOpError("has codes of ")
           << int64_t(getBits()) << " bits, but a byte holds 1 to 8";
  return success();
}

LogicalResult LaneDotBF16Op::verify() {
  int64_t lanes = cast<VectorType>(getAcc().getType()).getNumElements();
  int64_t values = cast<VectorType>(getA().getType()).getNumElements();
  if (values != 2 * lanes)
    return emitOpError("has ") << lanes << " lanes and " << values
                               << " values, but a lane takes two values";
  return success();
}

LogicalResult TileDotOp::verify() {
  if (!cast<MemRefType>(getA().getType()).isLastDimUnitStride())
    return emitOpError("has rows whose elements do not lie side by side");
  return success();
}

LogicalResult LaneLookupOp::verify() {
  int64_t entries = cast<VectorType>(getTable().getType()).getNumElements();
  if (entries != 16 && entries != 64 && entries != 256)
    return emitOpError("has a table of ")
           << entries << " entries, but a table has 16, 64 or 256";
  return success();
}

LogicalResult MultiplyOp::verify() {
  auto input = cast<ShapedType>(getInput().getType());
  auto output = cast<ShapedType>(getOutput().getType());
  for (ShapedType type : {input, output})
    if (!type.hasRank() || type.getRank() != 2 ||
        !type.getElementType().isF32())
      return emitOpError("takes and makes f32 of [tokens, channels], but has ")
             << Type(type);
  if (isa<RankedTensorType>(input) != isa<RankedTensorType>(output))
    return emitOpError("has a tensor and a buffer; both are one or the other");
  return verifyDestination(*this, getOutput());
}

void MultiplyOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addRowsEffects(effects, {&getWeightsMutable(), &getInputMutable()},
                 getOutputMutable());
}
