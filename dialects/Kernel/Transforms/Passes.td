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
    buffer, and multiplies them; integer products end in `kernel.lane_dot`, or
    of many tokens in `kernel.tile_dot` where the target has tiles.
    `kernel.attend` becomes vector code where it is. How many tokens, row tiles
    and queries are blocked in registers follows from the target; results do not depend on it but for the order of f32 sums.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"avx512vnni\"",
           "Instruction set">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::mlir::math::MathDialect",
    "::mlir::kernel::KernelDialect"];
}

def OutlineProductsPass : Pass<"kernel-outline-products", "::mlir::ModuleOp"> {
  let summary = "Make products that are alike one function";
  let description = [{
    In functions whose first arguments are a `!kernel.context` and a thread,
    products that agree in their format, flags and buffers' types become calls
    of one function, so that kernels are made a format and not a layer. What
    occurs once stays.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::kernel::KernelDialect"];
}

def SplitThreadsPass : Pass<"kernel-split-threads", "::mlir::ModuleOp"> {
  let summary = "Give each thread its share of every scf.forall";
  let description = [{
    In functions whose first arguments are a `!kernel.context` and a thread,
    each `scf.forall` becomes an `scf.for` over the contiguous range
    n * thread / threads … n * (thread + 1) / threads of its (linearised)
    iterations, or, where its mapping has a grain, an `scf.while` over the ranges
    that `kernel.take` gives. Iterations are split, never the sum inside one.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
    "::mlir::kernel::KernelDialect"];
}

def PlanWeightsPass : Pass<"kernel-plan-weights", "::mlir::ModuleOp"> {
  let summary = "Give every used weight its place in the packed weights";
  let description = [{
    Lays the weights that functions use one after another, in the order of
    their first use, each 64-byte aligned, and records `kernel.place` on them,
    and as `kernel.parts` where each part lies that is multiplied by itself and
    its format. A `compress.format` is made of each form that parts have; one of
    the whole weight where an embedding takes its rows (`kernel.rows`). Sizes
    follow from the expressions alone.
  }];
  let dependentDialects = ["::mlir::kernel::KernelDialect"];
}

def ConvertNNToKernelPass : Pass<"convert-nn-to-kernel", "::mlir::ModuleOp"> {
  let summary = "Lower a model's functions to kernels over the runtime's context";
  let description = [{
    From `@forward(tokens, position, caches…)` makes `@decode` (one token) and
    `@prefill` (up to `chunk` tokens), single-program functions over the runtime's
    context; of several cache types, the second and further ones have functions of
    their own, as `@decode_f16`. What needs the context becomes kernel ops on tensors: products
    `kernel.multiply`, attention `kernel.attention`, embeddings
    `kernel.gather_rows`; rotary positions an `scf.forall` of linalg. Norms and
    activations stay, for `--convert-nn-to-linalg` and the passes that plain
    functions take too. Blocks become functions that take their activations in
    buffers and read their weights' places from a table; blocks that differ in
    nothing else share one.

    The module's attribute `kernel.program` records what the runtime must
    allocate.
  }];
  let options = [
    Option<"chunk", "chunk", "int64_t", "64", "Most tokens of one prefill call">,
    ListOption<"cacheTypes", "cache-type", "std::string",
               "How keys and values can be stored: f32 (default), f16, int8">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::bufferization::BufferizationDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::mlir::kernel::KernelDialect"];
}

def SplitAttentionPass : Pass<"kernel-split-attention"> {
  let summary = "Attention as loops over tokens and pages of the cache";
  let description = [{
    Each `kernel.attention` on buffers becomes loops that threads share out: keys
    and values are put into the cache, a token at a time; then of one token the
    pages of each key-value head, whose states are merged, or of several tokens
    runs of them. `kernel.attend` is what is left of the arithmetic.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::mlir::kernel::KernelDialect"];
}

def ConvertProductsToKernelPass : Pass<"convert-products-to-kernel", "::mlir::ModuleOp"> {
  let summary = "Raise products with weights to kernel.multiply";
  let description = [{
    For functions of plain linalg. Every linalg contraction of a tensor with a
    `compress.use` (as it is or transposed) and every `nn.linear` of one becomes a
    `kernel.multiply` on tensors, so that the weight stays packed; what a product
    accumulates onto and a bias become additions. Other uses read the weight's
    values in place where it is a vector or stored as f32, and are an error
    elsewhere: they would need the dense matrix.

    Weights must have places (`--kernel-plan-weights`); they lie in the global
    `@packed_weights`. Public functions do not write to their arguments. Ops
    that stand for several, as linalg.softmax does, are decomposed, for which
    upstream has no pass.

    ```mlir
    %w = compress.use @w : tensor<172x64xf32>
    %y = nn.linear %x, %w : (tensor<1x64xf32>, tensor<172x64xf32>) -> tensor<1x172xf32>
    // becomes
    %z = kernel.multiply @w at %packed[%offset] ins(%x) outs(%empty)
        : memref<13824xi8>, tensor<1x64xf32>, tensor<1x172xf32> -> tensor<1x172xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect", "::mlir::tensor::TensorDialect",
    "::mlir::kernel::KernelDialect"];
}

def SplitMultiplyPass : Pass<"kernel-split-multiply", "::mlir::ModuleOp"> {
  let summary = "Split products by their weights' expressions";
  let description = [{
    Each `kernel.multiply` on buffers becomes `kernel.matmul` and
    `kernel.matmul_int8` ops: the terms of a sum one after another, the factors
    of a product through a temporary buffer, a permutation as a gather or scatter
    of activations. Products of one input, in a block in which nothing changes
    it, take it quantised once. Copies between buffers become loops.
  }];
  let options = [
    Option<"activations", "activations", "std::string", "\"int8\"",
           "f32, or int8 where weights are integer codes">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::linalg::LinalgDialect", "::mlir::kernel::KernelDialect"];
}

def EmbedWeightsPass : Pass<"kernel-embed-weights", "::mlir::ModuleOp"> {
  let summary = "Give the global of packed weights its content";
  let description = [{
    Packs every weight that has a place into `@packed_weights`, which becomes
    constant data of the object. For small models: what is in the IR passes
    through LLVM, so more than `limit-megabytes` is an error.
  }];
  let options = [
    Option<"limitMegabytes", "limit-megabytes", "int64_t", "256",
           "Most megabytes of packed weights">,
  ];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def ConvertKernelToGPUPass : Pass<"convert-kernel-to-gpu", "::mlir::ModuleOp"> {
  let summary = "Turn products of one token with integer tiles into GPU kernels";
  let description = [{
    Each `kernel.matmul` whose output has one token and whose weight is a tile
    node of the packed layout becomes a `gpu.func` in the `gpu.module` @kernels,
    and a launch of it. A thread computes an output row; threads next to each
    other read words next to each other, because sixteen rows are interleaved.
    The weight's bytes are read as 32-bit words and widened by integer
    operations, so that no device feature is asked for.

    The kernel's arguments are the packed weight as words, the input and the
    output.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"nvptx\"",
           "What the kernels are made for: nvptx, or spirv (Vulkan)">,
    Option<"workgroup", "workgroup-size", "int64_t", "64",
           "Threads of a workgroup">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::spirv::SPIRVDialect"];
}

def LowerLaneOpsPass : Pass<"kernel-lower-lane-ops", "::mlir::ModuleOp"> {
  let summary = "Lower lane ops to an instruction set";
  let description = [{
    A lane op becomes what the instruction set says (`lib/InstructionSets`), such
    as vpdpbusd or sdot for `kernel.lane_dot`, a byte shuffle for
    `kernel.lane_lookup`, AMX's tdpbsud for `kernel.tile_dot`, vpexpandb or
    shuffles of sixteen bytes by a table of their masks' bytes for
    `kernel.lane_expand`; else plain arithmetic, a choice an entry, or a byte at
    a time. For sets without conversion instructions, f16 widens by integer
    operations, and bf16 does everywhere.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"avx512vnni\"",
           "Instruction set">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::vector::VectorDialect",
    "::mlir::memref::MemRefDialect", "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::amx::AMXDialect"];
}

def ConvertKernelToLLVMPass : Pass<"convert-kernel-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Lower context access and everything below kernels to the LLVM dialect";
  let description = [{
    Fields of the context become loads from the runtime's struct
    (compress_runtime.h), barriers calls of its function. Weights are erased,
    and what is left of upstream dialects is converted as well.
  }];
  let options = [
    Option<"barePointers", "bare-pointers", "bool", "false",
           "Functions take buffers of static shapes as bare pointers, as C does">,
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // KERNEL_TRANSFORMS_PASSES_TD
