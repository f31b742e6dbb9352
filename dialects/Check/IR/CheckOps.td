//===- CheckOps.td - What a test expects -------------------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef CHECK_OPS_TD
#define CHECK_OPS_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def CheckDialect : Dialect {
  let name = "check";
  let cppNamespace = "::mlir::check";
  let summary = "Numbers that a test expects";
  let description = [{
    A function without arguments that holds `check` ops is a test. Two ways to
    run it:

    * `--compress-check` evaluates it, by the reference evaluator or by whatever
      executor is registered, and reports what differs, with numbers.
    * `--convert-check-to-cf` makes each op a `cf.assert`, so that lowered code
      tests itself wherever it runs.

    ```mlir
    func.func @silu() {
      %x = arith.constant dense<[-1.0, 2.0]> : tensor<2xf32>
      %y = nn.activation silu %x : tensor<2xf32>
      %expected = arith.constant dense<[-0.26894142, 1.76159416]> : tensor<2xf32>
      check.expect_close %y, %expected tolerance 1.0e-6 : tensor<2xf32>
      return
    }
    ```
  }];
}

class Check_Op<string mnemonic, list<Trait> traits = []>
    : Op<CheckDialect, mnemonic, !listconcat(traits, [
        SameTypeOperands, HasParent<"::mlir::func::FuncOp">])>;

def ExpectCloseOp : Check_Op<"expect_close"> {
  let summary = "Two values are equal but for rounding";
  let description = [{
    Holds where every element satisfies
    `|actual - expected| <= tolerance * max(1, |expected|)`, or both are NaN, or
    both are the same infinity.

    ```mlir
    check.expect_close %y, %expected tolerance 1.0e-5 : tensor<2xf32>
    ```
  }];
  let arguments = (ins AnyTypeOf<[F32, RankedTensorOf<[F32]>]>:$actual,
                       AnyTypeOf<[F32, RankedTensorOf<[F32]>]>:$expected, F32Attr:$tolerance);
  let assemblyFormat = "$actual `,` $expected `tolerance` $tolerance attr-dict `:` type($actual)";
  let hasVerifier = 1;
}

def ExpectEqualOp : Check_Op<"expect_equal"> {
  let summary = "Two values are equal";
  let description = [{
    Holds where all elements are the same number; two NaNs are.

    ```mlir
    check.expect_equal %n, %expected : index
    ```
  }];
  let arguments = (ins AnyTypeOf<[F32, AnySignlessInteger, Index, RankedTensorOf<[F32, AnySignlessInteger, Index]>]>:$actual,
                       AnyTypeOf<[F32, AnySignlessInteger, Index, RankedTensorOf<[F32, AnySignlessInteger, Index]>]>:$expected);
  let assemblyFormat = "$actual `,` $expected attr-dict `:` type($actual)";
}

#endif // CHECK_OPS_TD
