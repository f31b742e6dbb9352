//===- Reference.h - What a weight was, and what is lost --------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TRANSFORMS_REFERENCE_H
#define COMPRESS_TRANSFORMS_REFERENCE_H

#include "Compress/IR/Compress.h"
#include "Compress/IR/Store.h"
#include <functional>

namespace mlir::compress {

/// Rows [begin, end) of dimension 0, in f32.
using RowReader = std::function<LogicalResult(int64_t begin, int64_t end,
                                              MutableArrayRef<float> out)>;

/// Where a weight has no origin and is one leaf, names that leaf as its origin
/// (file "": the weight store), so that later passes know what it was.
LogicalResult keepOrigin(WeightOp weight);

/// Whether the weight is the very leaf that its origin names, or has none: no
/// pass has made anything of it. For stored leaves it follows from names and
/// not from values, so that it is known in a store that plans.
bool isAtOrigin(WeightOp weight);

/// Reads the weight's origin, or null where it is not at hand: no origin is
/// named, or its file or tensor is not there or is another one now.
RowReader openOrigin(WeightOp weight, const WeightStore &store);

/// ‖W - Ŵ‖ / ‖W‖ (Frobenius, sums in f64), Ŵ the value of `weight`, W its
/// origin where that is at hand and the value of `old` otherwise. 0 / 0 is 0.
FailureOr<double> measureRelativeError(WeightOp weight, WeightOp old,
                                       const WeightStore &store);

} // namespace mlir::compress

#endif // COMPRESS_TRANSFORMS_REFERENCE_H
