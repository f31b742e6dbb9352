// RUN: compress-opt %s --convert-compress-to-arith | FileCheck %s
// RUN: not compress-opt %s --convert-compress-to-arith=max-elements=3 2>&1 | FileCheck %s --check-prefix=LARGE

// LARGE: weight @w has 4 elements, but constants are for up to 3; raise max-elements to write it into the IR

// CHECK-NOT: compress.
compress.weight @w : tensor<2x2xf32> {
  %c = compress.constant dense<[[1, -2], [3, 7]]> : tensor<2x2xsi4>
  %s = compress.constant dense<[[0.5], [0.25]]> : tensor<2x1xf16>
  %0 = compress.dequantize %c, %s : (tensor<2x2xsi4>, tensor<2x1xf16>) -> tensor<2x2xf32>
  compress.yield %0 : tensor<2x2xf32>
}
compress.weight @unused : tensor<2xf32> {
  %0 = compress.constant dense<1.0> : tensor<2xf32>
  compress.yield %0 : tensor<2xf32>
}

// CHECK-LABEL: @f
func.func @f() -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  // CHECK: arith.constant dense<{{\[}}[5.000000e-01, -1.000000e+00], [7.500000e-01, 1.750000e+00]]> : tensor<2x2xf32>
  %a = compress.use @w : tensor<2x2xf32>
  %b = compress.use @w : tensor<2x2xf32>
  return %a, %b : tensor<2x2xf32>, tensor<2x2xf32>
}
