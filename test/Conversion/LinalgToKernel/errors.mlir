// RUN: compress-opt %s --split-input-file --kernel-plan-weights --convert-products-to-kernel --verify-diagnostics
// RUN: not compress-opt %s --split-input-file --convert-products-to-kernel 2>&1 | FileCheck %s --check-prefix=PLACES
// RUN: not compress-opt %s --split-input-file --kernel-split-multiply=activations=int3 2>&1 | FileCheck %s --check-prefix=ACTIVATIONS

// PLACES: error: has weights without places; run --kernel-plan-weights before --convert-products-to-kernel
// ACTIVATIONS: error: activations are "int3"; expected f32 or int8

compress.weight @codes : tensor<1x2x32xf32> {
  %c = compress.constant dense<1> : tensor<1x2x32xsi4>
  %s = compress.constant dense<0.5> : tensor<1x2x1xf32>
  %d = compress.dequantize %c, %s : (tensor<1x2x32xsi4>, tensor<1x2x1xf32>) -> tensor<1x2x32xf32>
  compress.yield %d : tensor<1x2x32xf32>
}
func.func @dense(%x: tensor<1x2x32xf32>) -> tensor<1x2x32xf32> {
  %w = compress.use @codes : tensor<1x2x32xf32>
  // expected-error @below {{needs the dense tensor of @codes, which is a sum, a product, permuted or of another rank than 2; only products with it have a lowering}}
  %y = arith.addf %x, %w : tensor<1x2x32xf32>
  return %y : tensor<1x2x32xf32>
}
