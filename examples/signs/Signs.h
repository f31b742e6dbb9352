//===- Signs.h - Weights as signs ----------------------------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef SIGNS_SIGNS_H
#define SIGNS_SIGNS_H

#include "Compress/IR/Compress.h"
#include "Kernel/IR/Kernel.h"

#include "SignsDialect.h.inc"

#define GET_OP_CLASSES
#include "SignsOps.h.inc"

namespace signs {
void registerBinarizePass();
} // namespace signs

#endif // SIGNS_SIGNS_H
