//===- FunctionPasses.td - Passes for functions ------------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef KERNEL_TRANSFORMS_FUNCTIONPASSES_TD
#define KERNEL_TRANSFORMS_FUNCTIONPASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertLinalgToVectorPass : Pass<"convert-linalg-to-vector"> {
  let summary = "Lower linalg on buffers to loops over vectors of sixteen";
  let description = [{
    One loop of each op is taken in strips of sixteen: the one along which most
    operands lie one behind another, a parallel one or one that is summed over
    (sixteen partial sums, added in a fixed tree). Operands that do not vary along
    it are splat, others gathered. Products take several rows of one operand at a
    time. Of an op that is not inside one already, outer loops become an
    `scf.forall` as far as each unit has enough to do. Bodies that have no
    vector form become upstream's loops.

    ```
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
        ins(%x : memref<16xf32>) outs(%y : memref<16xf32>) {
    ^bb0(%a: f32, %b: f32):
      %c = arith.negf %a : f32
      linalg.yield %c : f32
    }
    // becomes
    scf.for %i = %c0 to %c16 step %c16 {
      %0 = vector.load %x[%i] : memref<16xf32>, vector<16xf32>
      %1 = arith.negf %0 : vector<16xf32>
      vector.store %1, %y[%i] : memref<16xf32>, vector<16xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::kernel::KernelDialect"];
}

def ExpandMathPass : Pass<"kernel-expand-math"> {
  let summary = "Expand exp, erf, tanh and rsqrt into arithmetic";
  let description = [{
    Of f32 and of vectors of it, so that no lane calls C's library: e^x by range
    reduction and a polynomial, to a relative error of 2e-7; erf and tanh by
    upstream's approximations; the reciprocal of a root, which is no function of
    C, by its definition.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::vector::VectorDialect"];
}

def CallMathPass : Pass<"kernel-call-math", "::mlir::ModuleOp"> {
  let summary = "Call C's library for functions that have no instruction";
  let description = [{
    Upstream's `convert-math-to-libm`, which takes vectors apart for it, for what
    LLVM does not turn into instructions itself: a fused multiplication, a square
    root, a rounding and the bits of an integer stay.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::vector::VectorDialect"];
}

def UnfoldConvolutionsPass : Pass<"kernel-unfold-convolutions"> {
  let summary = "Turn convolutions with weights into products of patches";
  let description = [{
    A convolution of any layout, stride and dilation whose filter is a matrix
    weight [outputs, kernel axes and inputs], expanded (and transposed), becomes an
    `scf.forall` over tiles of output pixels: the patches of a tile are copied
    side by side and multiplied with the matrix, so that no patches but a tile's
    ever exist. Outputs of few pixels are one tile, without a loop. Inputs and
    outputs are transposed to have channels last. Convolutions with groups stay.

    ```
    %y = linalg.conv_2d_nhwc_fhwc ins(%x, %filter) outs(%zeros)
    // becomes
    %y = scf.forall (%n, %h, %w) in (1, 28, 1) shared_outs(%o = %empty) {
      %patches = linalg.generic … // [1, 2, 28, taps, channels]
      %rows = tensor.collapse_shape %patches … // [56, taps * channels]
      %p = linalg.generic ins(%rows, %matrix) … // a product
    }
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::mlir::kernel::KernelDialect"];
}

def FuseRowsPass : Pass<"kernel-fuse-rows", "::mlir::func::FuncOp"> {
  let summary = "Compute norms and softmaxes a row at a time";
  let description = [{
    For linalg on tensors. An elementwise op and the ops that only it needs, with
    sums along its rows among them, become one `scf.forall` over the rows, by
    upstream's tiling and fusion: what they pass to each other is a row, and
    threads share rows out without meeting between. Products are no sums of rows
    and stay; so do sums along columns.

    ```
    %sums = linalg.generic … ins(%x : tensor<?x576xf32>) outs(%zeros : tensor<?xf32>)
    %y = linalg.generic … ins(%x, %sums) outs(%empty)
    // becomes
    %y = scf.forall (%t) in (%tokens) shared_outs(%o = %empty) {
      %row = tensor.extract_slice %x[%t, 0] [1, 576] [1, 1]
      %sum = linalg.generic … ins(%row : tensor<1x576xf32>) outs(%zero : tensor<1xf32>)
      …
    }
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::mlir::kernel::KernelDialect"];
}

def ShareFunctionsPass : Pass<"kernel-share-functions", "::mlir::ModuleOp"> {
  let summary = "Let every thread run the public functions";
  let description = [{
    The body of a public function over buffers becomes a single-program function,
    @f.threads, which the function launches on every thread. Functions stay as they
    are, and so on one thread, that return scalars, call others, have nothing to
    share out, have buffers whose size or lifetime is not known, or control flow
    that makes values.

    ```
    func.func private @f.threads(%context: !kernel.context, %thread: index,
                                 %x: memref<4xf32>, %y: memref<4xf32>) { … }
    func.func @f(%x: memref<4xf32>, %y: memref<4xf32>) {
      kernel.launch @f.threads(%x, %y) : memref<4xf32>, memref<4xf32>
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::kernel::KernelDialect"];
}

def PlanBuffersPass : Pass<"kernel-plan-buffers", "::mlir::ModuleOp"> {
  let summary = "Give the buffers of single-program functions fixed places";
  let description = [{
    Every `memref.alloc` becomes a view: in an `scf.forall`'s block of the thread's
    scratch, elsewhere of the context's arena. Buffers that are not alive together
    share bytes, and those of a caller lie behind those of the single-program
    functions that it calls; `kernel.arena_bytes` and
    `kernel.scratch_bytes` of the function say how many there are. Copies become
    `linalg.copy`, so that they are shared out as other work is.

    ```
    %0 = memref.alloc() : memref<4xf32>
    // becomes
    %arena = kernel.buffer %context arena : memref<?xi8>
    %0 = memref.view %arena[%c0][] : memref<?xi8> to memref<4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect", "::mlir::kernel::KernelDialect"];
}

def InsertBarriersPass : Pass<"kernel-insert-barriers", "::mlir::func::FuncOp"> {
  let summary = "Let threads meet where one needs what another does";
  let description = [{
    In single-program functions. Between an op and what was done since threads
    last met comes a `kernel.barrier` where one writes bytes that the other
    reads or writes; which bytes follows from the ops' memory effects, the places of
    views in the arena, and that arguments do not overlap. Code that writes
    outside of every `scf.forall` is put into one of a single iteration, so that
    one thread runs it.

    ```
    scf.forall (%i) in (4) { memref.store %a, %y[%i] : memref<4xf32> }
    kernel.barrier %context thread %thread
    scf.forall (%i) in (4) { %b = memref.load %y[%j] : memref<4xf32> … }
    ```
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::kernel::KernelDialect"];
}

#endif // KERNEL_TRANSFORMS_FUNCTIONPASSES_TD
