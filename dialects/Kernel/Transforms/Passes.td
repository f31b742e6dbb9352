//===- Passes.td - Passes of the kernel dialect -----------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef KERNEL_TRANSFORMS_PASSES_TD
#define KERNEL_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertKernelToVectorPass : Pass<"convert-kernel-to-vector", "::mlir::ModuleOp"> {
  let summary = "Lower products with packed weights to vector code";
  let description = [{
    Each kernel op becomes an `scf.forall` over row tiles (or tokens) around
    vector code that expands packed tiles in registers, or rows in a small
    buffer, and multiplies them; integer products end in `kernel.lane_dot`. How
    many tokens and row tiles are blocked in registers follows from the
    target; results do not depend on it but for the order of f32 sums.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"avx512vnni\"",
           "Instruction set: avx512vnni, avxvnni, avx2, generic or neon">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::mlir::math::MathDialect",
    "::mlir::kernel::KernelDialect"];
}

def SplitThreadsPass : Pass<"kernel-split-threads", "::mlir::ModuleOp"> {
  let summary = "Give each thread its share of every scf.forall";
  let description = [{
    In functions whose first arguments are a `!kernel.context` and a thread,
    each `scf.forall` becomes an `scf.for` over the contiguous range
    n * thread / threads … n * (thread + 1) / threads of its (linearised)
    iterations. Iterations are split, never the sum inside one.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
    "::mlir::kernel::KernelDialect"];
}

def PlanWeightsPass : Pass<"kernel-plan-weights", "::mlir::ModuleOp"> {
  let summary = "Give every used weight its place in the packed weights";
  let description = [{
    Lays the weights that functions use one after another, in symbol order of
    their first use, each 64-byte aligned, and records `kernel.place` on them.
    Sizes follow from the expressions alone.
  }];
  let dependentDialects = ["::mlir::kernel::KernelDialect"];
}

def ConvertNNToKernelPass : Pass<"convert-nn-to-kernel", "::mlir::ModuleOp"> {
  let summary = "Lower a model's functions to kernels over planned buffers";
  let description = [{
    From `@forward(tokens, position, caches…)` makes `@decode` (one token) and
    `@prefill` (up to `chunk` tokens), single-program functions over the runtime's
    context. Products are split by their weights' expressions; every buffer
    has a fixed place in the arena, shared by values that are not alive
    together; the key-value cache is updated in place. Blocks become functions
    that read their weights' places from a table; blocks that differ in nothing
    else share one.

    The module's attribute `kernel.program` records what the runtime must
    allocate.
  }];
  let options = [
    Option<"chunk", "chunk", "int64_t", "64", "Most tokens of one prefill call">,
    Option<"activations", "activations", "std::string", "\"int8\"",
           "f32, or int8 where weights are integer codes">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::mlir::math::MathDialect", "::mlir::kernel::KernelDialect"];
}

def LowerLaneOpsPass : Pass<"kernel-lower-lane-ops", "::mlir::ModuleOp"> {
  let summary = "Lower lane ops to an instruction set";
  let description = [{
    `kernel.lane_dot` becomes vpdpbusd (avx512vnni, avxvnni), pmaddubsw and
    pmaddwd (avx2), sdot (neon) or shifts and multiplications (generic). For
    targets without conversion instructions, f16 widens by integer operations.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"avx512vnni\"",
           "Instruction set: avx512vnni, avxvnni, avx2, generic or neon">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::vector::VectorDialect",
    "::mlir::LLVM::LLVMDialect"];
}

def ConvertKernelToLLVMPass : Pass<"convert-kernel-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Lower context access and everything below kernels to the LLVM dialect";
  let description = [{
    Fields of the context become loads from the runtime's struct
    (compress_runtime.h), barriers calls of its function. Weights are erased,
    and what is left of upstream dialects is converted as well.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // KERNEL_TRANSFORMS_PASSES_TD
