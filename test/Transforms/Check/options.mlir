// RUN: compress-opt %s --compress-check=activations=int8 -o /dev/null 2>&1 | FileCheck %s --check-prefix=INT8
// RUN: not compress-opt %s --compress-check=activations=f32 -o /dev/null 2>&1 | FileCheck %s --check-prefix=F32
// RUN: compress-opt %s --compress-check='activations=int8 executors=reference,reference' -o /dev/null 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: compress-opt %s --compress-check='activations=int8 executors=reference,jit' -o /dev/null 2>&1 | FileCheck %s --check-prefix=BOTH
// RUN: not compress-opt %s --compress-check='activations=f32 executors=jit' -o /dev/null 2>&1 | FileCheck %s --check-prefix=JIT
// RUN: not compress-opt %s --compress-check=activations=int4 2>&1 | FileCheck %s --check-prefix=BAD
// RUN: not compress-opt %s --compress-check=executors=someone 2>&1 | FileCheck %s --check-prefix=WHO

// INT8: @f: 1 check holds by reference
// F32: fails: element [0, 0] is 100.4, but 100 was expected
// TWICE-COUNT-2: @f: 1 check holds by reference
// BOTH: @f: 1 check holds by reference
// BOTH: @f: 1 check holds by jit
// JIT: fails by jit: element [0, 0] is 100.4, but 100 was expected
// BAD: activations are f32 or int8, not "int4"
// WHO: no executor is named "someone"; there is jit, reference

compress.weight @w : tensor<1x2xf32> {
  %c = compress.constant dense<[[0, 1]]> : tensor<1x2xsi4>
  %s = compress.constant dense<1.0> : tensor<1x1xf16>
  %0 = compress.dequantize %c, %s : (tensor<1x2xsi4>, tensor<1x1xf16>) -> tensor<1x2xf32>
  compress.yield %0 : tensor<1x2xf32>
}
// The largest is 127, so a step is 1: 100.4 becomes 100.
func.func @f() {
  %w = compress.use @w : tensor<1x2xf32>
  %x = arith.constant dense<[[127.0, 100.4]]> : tensor<1x2xf32>
  %y = nn.linear %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  %e = arith.constant dense<100.0> : tensor<1x1xf32>
  check.expect_equal %y, %e : tensor<1x1xf32>
  return
}
