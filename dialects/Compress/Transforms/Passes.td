//===- Passes.td - Compression passes ----------------------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TRANSFORMS_PASSES_TD
#define COMPRESS_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def CompressSweepPass : Pass<"compress-sweep", "::mlir::ModuleOp"> {
  let summary = "Release stored tensors that no weight names";
  let description = [{
    Erases weights that nothing uses, and lets the weight store release what the
    module no longer names.
  }];
}

#endif // COMPRESS_TRANSFORMS_PASSES_TD
