// RUN: compress-opt %s --convert-kernel-to-vector --split-input-file --verify-diagnostics

compress.format @w {
  %0 = compress.stream 0 : tensor<16x64xf16>
  compress.yield %0 : tensor<16x64xf16>
}
func.func @int8(%w: memref<?xi8>, %o: index, %q: memref<2x64xi8>, %s: memref<2x2xf32>, %t: memref<2x4xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul_int8' op takes a format of codes in tiles}}
  kernel.matmul_int8 @w at %w[%o] ins(%q, %s, %t) outs(%y) tokens %o : memref<?xi8>, memref<2x64xi8>, memref<2x2xf32>, memref<2x4xf32>, memref<2x16xf32>
  return
}

// -----

compress.format @sum {
  %0 = compress.stream 0 : tensor<16x64xf16>
  %1 = compress.stream 1 : tensor<16x64xf32>
  %2 = compress.sum %0, %1 : (tensor<16x64xf16>, tensor<16x64xf32>) -> tensor<16x64xf32>
  compress.yield %2 : tensor<16x64xf32>
}
func.func @parts(%w: memref<?xi8>, %o: index, %x: memref<2x64xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul' op has a format that distributes over a product; it takes one part}}
  kernel.matmul @sum at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xi8>, memref<2x64xf32>, memref<2x16xf32>
  return
}
