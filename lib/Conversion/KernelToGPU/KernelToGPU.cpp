//===- KernelToGPU.cpp - Products of one token as GPU kernels -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In the packed layout a register of 64 bytes holds four codes of each of 16
// rows, which is a 32-bit word a row: threads of neighbouring rows read
// neighbouring words.
//
//===----------------------------------------------------------------------===//

#include "Compress/IR/Compress.h"
#include "Kernel/Transforms/Passes.h"
#include "compress/Analysis/PackedLayout.h"
#include "compress/Conversion/Expander.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVAttributes.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVDialect.h"
#include "mlir/Dialect/SPIRV/IR/TargetAndABI.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_CONVERTKERNELTOGPUPASS
#include "Kernel/Transforms/Passes.h.inc"
} // namespace mlir::kernel

using namespace mlir;
using namespace mlir::kernel;
using compress::WeightOp;

namespace {

/// The body of a kernel: one row's sum.
struct RowProduct : CodeBuilder {
  RowProduct(OpBuilder &builder, Location loc, const TileFormat &format,
             int64_t offset, Value weights, Value input)
      : CodeBuilder(builder, loc), format(format), offset(offset),
        weights(weights), input(input) {
    auto op = cast<compress::DequantizeOp>(format.op);
    scaleType =
        cast<RankedTensorType>(op.getScales().getType()).getElementType();
    if (op.getZeros())
      zeroType =
          cast<RankedTensorType>(op.getZeros().getType()).getElementType();
    if (isa_and_present<IntegerType>(zeroType))
      zeroType = builder.getI8Type();
  }

  Value word(Value index) {
    return memref::LoadOp::create(builder, loc, weights, index);
  }
  Value i32(int64_t value) {
    return arith::ConstantIntOp::create(builder, loc, builder.getI32Type(),
                                        value);
  }
  Value shr(Value v, Value by) {
    return arith::ShRUIOp::create(builder, loc, v, by);
  }
  Value shl(Value v, Value by) {
    return arith::ShLIOp::create(builder, loc, v, by);
  }
  Value mask(Value v, int64_t bits) {
    return arith::AndIOp::create(builder, loc, v, i32(bits));
  }
  Value toWord(Value index) {
    return arith::IndexCastOp::create(builder, loc, builder.getI32Type(),
                                      index);
  }
  Value asFloat(Value bits) {
    return arith::BitcastOp::create(builder, loc, builder.getF32Type(), bits);
  }
  Value toFloat(Value code) {
    return arith::SIToFPOp::create(builder, loc, builder.getF32Type(), code);
  }

  /// The lane's value of sixteen values of `type` from a word on, as f32.
  Value laneValue(Value first, Type type) {
    unsigned width = type.getIntOrFloatBitWidth();
    unsigned perWord = 32 / width;
    Value at = first;
    Value bits;
    if (perWord == 1) {
      bits = word(add(at, lane));
    } else {
      bits = word(add(at, div(lane, index(perWord))));
      Value shift = toWord(mul(rem(lane, index(perWord)), index(width)));
      bits = mask(shr(bits, shift), (int64_t(1) << width) - 1);
    }
    if (isa<IntegerType>(type))
      return toFloat(bits);
    if (type.isF32())
      return asFloat(bits);
    if (type.isBF16())
      return asFloat(shl(bits, i32(16)));
    // f16: its magnitude where f32 has one is 2^-112 of the value.
    Value magnitude =
        mulf(asFloat(shl(mask(bits, 0x7fff), i32(13))), f32(0x1p112f));
    Value negative = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::ne, mask(bits, 0x8000), i32(0));
    return arith::SelectOp::create(builder, loc, negative,
                                   subf(f32(0), magnitude), magnitude);
  }

  /// Adds `inputs` products of the block at word `at` to `sum`.
  Value block(Value at, Value firstInput, int64_t inputs, Value zero,
              Value sum) {
    for (unsigned s = 0; s < 8 && 4 * int64_t(s) < inputs; ++s) {
      Value quad;
      int64_t planeWord = 0;
      unsigned low = 0;
      for (unsigned plane : getCodePlanes(format.codes.bits)) {
        unsigned perRegister = 8 / plane;
        Value bits =
            word(add(at, add(index(planeWord + 16 * (s / perRegister)), lane)));
        if (unsigned shift = plane * (s % perRegister))
          bits = shr(bits, i32(shift));
        if (plane != 8)
          bits = mask(bits, 0x01010101 * ((1 << plane) - 1));
        if (low)
          bits = shl(bits, i32(low));
        quad =
            quad ? Value(arith::OrIOp::create(builder, loc, quad, bits)) : bits;
        planeWord += 16 * plane;
        low += plane;
      }
      for (unsigned k = 0; k < 4 && int64_t(4 * s + k) < inputs; ++k) {
        Value code = k ? shr(quad, i32(8 * k)) : quad;
        if (k < 3)
          code = mask(code, 255);
        Value x = memref::LoadOp::create(
            builder, loc, input,
            ValueRange{index(0), add(firstInput, index(4 * s + k))});
        sum = addf(sum, mulf(x, subf(toFloat(code), zero)));
      }
    }
    return sum;
  }

  Value group(Value tile, Value g, int64_t inputs, Value sum) {
    Value header = add(tile, mul(g, index(format.getSegmentBytes(0) / 4)));
    Value scale = laneValue(header, scaleType);
    Value zero = f32(float(format.codes.bias));
    if (zeroType)
      zero =
          laneValue(add(header, index(kTileRows *
                                      scaleType.getIntOrFloatBitWidth() / 32)),
                    zeroType);
    Value codes = add(header, index(format.getHeaderBytes(1) / 4));
    Value first = mul(g, index(format.group));
    int64_t whole = inputs / kBlockInputs, rest = inputs % kBlockInputs;
    Value partial = f32(0);
    auto blockAt = [&](Value i) {
      return add(codes, mul(i, index(format.codes.blockBytes / 4)));
    };
    if (whole == 1)
      partial = block(codes, first, kBlockInputs, zero, partial);
    else if (whole > 1)
      partial = loop(index(0), index(whole), 1, {partial},
                     [&](Value i, ValueRange sums) -> SmallVector<Value> {
                       return {block(blockAt(i),
                                     add(first, mul(i, index(kBlockInputs))),
                                     kBlockInputs, zero, sums.front())};
                     })
                    .front();
    if (rest)
      partial =
          block(blockAt(index(whole)), add(first, index(whole * kBlockInputs)),
                rest, zero, partial);
    return addf(sum, mulf(partial, scale));
  }

  Value run(Value row) {
    lane = rem(row, index(kTileRows));
    Value tile =
        add(index(offset / 4), mul(div(row, index(kTileRows)),
                                   index(format.getRowTileBytes() / 4)));
    int64_t groups = format.getGroups();
    int64_t last = format.columns - (groups - 1) * format.group;
    int64_t uniform = last == format.group ? groups : groups - 1;
    Value sum = f32(0);
    if (uniform)
      sum = loop(index(0), index(uniform), 1, {sum},
                 [&](Value g, ValueRange sums) -> SmallVector<Value> {
                   return {group(tile, g, format.group, sums.front())};
                 })
                .front();
    if (uniform != groups)
      sum = group(tile, index(uniform), last, sum);
    return sum;
  }

  const TileFormat &format;
  Type scaleType, zeroType; ///< zeros may be absent
  int64_t offset;
  Value weights, input, lane;
};

struct ConvertKernelToGPU
    : kernel::impl::ConvertKernelToGPUPassBase<ConvertKernelToGPU> {
  using ConvertKernelToGPUPassBase::ConvertKernelToGPUPassBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    ConvertKernelToGPUPassBase::getDependentDialects(registry);
    registerTileSources(registry);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (target != "nvptx" && target != "spirv") {
      module.emitError("target \"")
          << target << "\" is unknown; there are nvptx and spirv";
      return signalPassFailure();
    }
    if (workgroup < 1 || workgroup > 1024) {
      module.emitError("workgroup-size is ")
          << int64_t(workgroup) << ", but a workgroup has 1 to 1024 threads";
      return signalPassFailure();
    }
    SmallVector<MatmulOp> ops;
    module.walk([&](MatmulOp op) { ops.push_back(op); });
    if (ops.empty())
      return;
    OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
    module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                    b.getUnitAttr());
    kernels = gpu::GPUModuleOp::create(b, module.getLoc(), "kernels");
    if (target == "spirv")
      kernels->setAttr(
          spirv::getTargetEnvAttrName(),
          spirv::TargetEnvAttr::get(
              spirv::VerCapExtAttr::get(
                  spirv::Version::V_1_3, {spirv::Capability::Shader},
                  {spirv::Extension::SPV_KHR_storage_buffer_storage_class},
                  &getContext()),
              spirv::getDefaultResourceLimits(&getContext()),
              spirv::ClientAPI::Vulkan));
    for (MatmulOp op : ops)
      if (failed(convert(op)))
        return signalPassFailure();
  }

  LogicalResult convert(MatmulOp op) {
    auto symbol = SymbolTable::lookupNearestSymbolFrom<compress::FormatOp>(
        op, op.getFormatAttr());
    FailureOr<PackedLayout> layout = PackedLayout::get(symbol);
    if (failed(layout))
      return failure();
    const PackedLayout::Node *node = &layout->nodes.front();
    auto output = cast<MemRefType>(op.getOutput().getType());
    auto input = cast<MemRefType>(op.getInput().getType());
    if (layout->nodes.size() != 1 || !node->tile || !node->tile->isPlain())
      return op.emitOpError("has a weight that is not of integer codes in "
                            "tiles; no GPU kernel takes it");
    if (output.getRank() != 2 || output.getDimSize(0) != 1)
      return op.emitOpError("has more than one token; no GPU kernel takes it");
    const TileFormat &format = *node->tile;
    OpBuilder b(&getContext());
    Location loc = op.getLoc();
    b.setInsertionPointToEnd(kernels.getBody());
    auto words = MemRefType::get({layout->bytes / 4}, b.getI32Type());
    auto flat = [&](MemRefType type) {
      return MemRefType::get(type.getShape(), type.getElementType());
    };
    std::string name = op.getFormat().str();
    for (unsigned i = 0; kernels.lookupSymbol(name); ++i)
      name = (op.getFormat() + "_" + Twine(i)).str();
    auto function = gpu::GPUFuncOp::create(
        b, loc, name,
        b.getFunctionType({words, flat(input), flat(output)}, {}));
    function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                      b.getUnitAttr());
    int64_t threads = workgroup;
    if (target == "spirv")
      function->setAttr(
          spirv::getEntryPointABIAttrName(),
          spirv::getEntryPointABIAttr(&getContext(), {int32_t(threads), 1, 1}));
    else
      function.setKnownBlockSize(ArrayRef<int32_t>{int32_t(threads), 1, 1});

    Block &body = function.getBody().front();
    b.setInsertionPointToStart(&body);
    RowProduct product(b, loc, format, node->tileOffset, body.getArgument(0),
                       body.getArgument(1));
    Value row = product.add(
        product.mul(gpu::BlockIdOp::create(b, loc, gpu::Dimension::x),
                    product.index(threads)),
        gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x));
    Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, row,
                                         product.index(format.rows));
    auto branch = scf::IfOp::create(b, loc, inside, /*withElseRegion=*/false);
    gpu::ReturnOp::create(b, loc);
    b.setInsertionPointToStart(branch.thenBlock());
    Value sum = product.run(row);
    SmallVector<Value> at = {product.index(0), row};
    if (op.getAccumulate())
      sum = product.addf(
          memref::LoadOp::create(b, loc, body.getArgument(2), at), sum);
    memref::StoreOp::create(b, loc, sum, body.getArgument(2), at);

    b.setInsertionPoint(op);
    auto index = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, loc, value);
    };
    Value packed = memref::ViewOp::create(b, loc, words, op.getWeights(),
                                          op.getOffset(), ValueRange());
    gpu::KernelDim3 grid{index(llvm::divideCeil(format.rows, threads)),
                         index(1), index(1)};
    gpu::KernelDim3 block{index(threads), index(1), index(1)};
    gpu::LaunchFuncOp::create(
        b, loc, function, grid, block, /*dynamicSharedMemorySize=*/Value(),
        ValueRange{packed, op.getInput(), op.getOutput()});
    op.erase();
    return success();
  }

  gpu::GPUModuleOp kernels;
};
} // namespace
