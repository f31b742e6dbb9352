//===- LaunchOp.td - Functions on every thread -------------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef KERNEL_LAUNCHOP_TD
#define KERNEL_LAUNCHOP_TD

include "Kernel/IR/KernelOps.td"
include "mlir/IR/SymbolInterfaces.td"

def LaunchOp : Kernel_Op<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Runs a single-program function on every thread";
  let description = [{
    Calls @callee with a context, the thread's index and the operands on each of
    the threads that the program has given to functions (one, if it has given
    none), and returns when all have returned.

    Constraint: the callee is a function of a `!kernel.context`, an index and the
    operands' types, without results.

    ```
    kernel.launch @f.threads(%x, %y) : memref<4xf32>, memref<4xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyType>:$operands);
  let assemblyFormat = "$callee `(` $operands `)` attr-dict (`:` type($operands)^)?";
}

#endif // KERNEL_LAUNCHOP_TD
