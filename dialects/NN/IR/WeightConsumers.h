//===- WeightConsumers.h - What nn's ops do with a weight -------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef NN_IR_WEIGHTCONSUMERS_H
#define NN_IR_WEIGHTCONSUMERS_H

#include "mlir/IR/DialectRegistry.h"

namespace mlir::nn {

/// Gives nn's ops the interface by which passes know what takes a weight.
void registerWeightConsumers(DialectRegistry &registry);

} // namespace mlir::nn

#endif // NN_IR_WEIGHTCONSUMERS_H
