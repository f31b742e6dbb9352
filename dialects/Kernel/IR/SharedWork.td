//===- SharedWork.td - Ops that all threads compute --------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef KERNEL_SHARED_WORK_TD
#define KERNEL_SHARED_WORK_TD

include "mlir/IR/OpBase.td"

def SharedWork : OpInterface<"SharedWork"> {
  let cppNamespace = "::mlir::kernel";
  let description = [{
    An op on buffers that every thread of a single-program function reaches, and
    whose lowering is an `scf.forall`: like one, it is left where it stands, and
    threads meet before it where its effects ask for that.
  }];
  let methods = [
    InterfaceMethod<[{
        The number of its tokens where a thread computes all of a token, as an
        `scf.forall` over tokens does; else null.
      }], "::mlir::Value", "getWholeTokens", (ins), [{}], [{ return {}; }]>,
  ];
}

#endif // KERNEL_SHARED_WORK_TD
