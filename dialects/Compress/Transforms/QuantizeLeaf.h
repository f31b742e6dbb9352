//===- QuantizeLeaf.h - A leaf as integer codes -----------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TRANSFORMS_QUANTIZELEAF_H
#define COMPRESS_TRANSFORMS_QUANTIZELEAF_H

#include "Compress/Transforms/WeightPass.h"

namespace mlir::compress {

struct QuantizeLeafOptions : compresslib::algo::QuantizeOptions {
  /// Whether code 0 is value 0 in every group.
  bool zeroIsZero;
  bool strictGroups;
  LeafTarget target;
  /// Null: as wide as the codes.
  Type zeroType;
};

/// Says what is wrong with the options that all quantisers have.
LogicalResult
checkQuantizeOptions(const compresslib::algo::QuantizeOptions &options,
                     llvm::function_ref<InFlightDiagnostic()> error);

/// Replaces each float leaf that `options.target` names by
/// `compress.dequantize` of what `quantize` makes of blocks of its rows. A leaf
/// that a `densify…` puts at some positions becomes codes put there, and groups
/// count all positions: one grid of groups, whatever was dropped.
FailureOr<bool> quantizeLeaves(
    WeightOp weight, WeightContext &context, const QuantizeLeafOptions &options,
    llvm::function_ref<compresslib::Expected<compresslib::algo::Quantized>(
        compresslib::algo::MatrixRef)>
        quantize);

} // namespace mlir::compress

#endif // COMPRESS_TRANSFORMS_QUANTIZELEAF_H
