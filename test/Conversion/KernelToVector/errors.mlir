// RUN: compress-opt %s --convert-kernel-to-vector --split-input-file --verify-diagnostics

func.func @no_weight(%w: memref<?xi8>, %o: index, %x: memref<2x64xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul' op names @w, but no compress.weight of that name is there}}
  kernel.matmul @w node 0 at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xi8>, memref<2x64xf32>, memref<2x16xf32>
  return
}

// -----

compress.weight @w : tensor<16x64xf32> {
  %0 = compress.stored "w" : tensor<16x64xf16>
  compress.yield %0 : tensor<16x64xf16>
}
func.func @no_node(%w: memref<?xi8>, %o: index, %x: memref<2x64xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul' op names node 7 of @w, which has no such value}}
  kernel.matmul @w node 7 at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xi8>, memref<2x64xf32>, memref<2x16xf32>
  return
}

// -----

compress.weight @w : tensor<16x64xf32> {
  %0 = compress.stored "w" : tensor<16x64xf16>
  compress.yield %0 : tensor<16x64xf16>
}
func.func @yield(%w: memref<?xi8>, %o: index, %x: memref<2x64xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul' op names node 1 of @w, which has no such value}}
  kernel.matmul @w node 1 at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xi8>, memref<2x64xf32>, memref<2x16xf32>
  return
}

// -----

compress.weight @w : tensor<16x64xf32> {
  %0 = compress.stored "w" : tensor<16x64xf16>
  compress.yield %0 : tensor<16x64xf16>
}
func.func @negative(%w: memref<?xi8>, %o: index, %x: memref<2x64xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul' op names node -1 of @w, which has no such value}}
  kernel.matmul @w node -1 at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xi8>, memref<2x64xf32>, memref<2x16xf32>
  return
}

// -----

compress.weight @v : tensor<16xf32> {
  %0 = compress.stored "v" : tensor<16xf16>
  compress.yield %0 : tensor<16xf16>
}
func.func @vector(%w: memref<?xi8>, %o: index, %x: memref<2x64xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul' op names a value of @v of type 'tensor<16xf16>', which is no matrix}}
  kernel.matmul @v node 0 at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xi8>, memref<2x64xf32>, memref<2x16xf32>
  return
}

// -----

compress.weight @w : tensor<16x64xf32> {
  %0 = compress.stored "w" : tensor<16x64xf16>
  compress.yield %0 : tensor<16x64xf16>
}
func.func @widths(%w: memref<?xi8>, %o: index, %x: memref<2x32xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul' op has 32 inputs and 16 outputs, but @w's value is 'tensor<16x64xf16>'}}
  kernel.matmul @w node 0 at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xi8>, memref<2x32xf32>, memref<2x16xf32>
  return
}

// -----

compress.weight @w : tensor<16x64xf32> {
  %0 = compress.stored "w" : tensor<16x64xf16>
  compress.yield %0 : tensor<16x64xf16>
}
func.func @gather(%w: memref<?xi8>, %o: index, %i: memref<?xi32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.gather_rows' op writes rows of 16, but @w's value is 'tensor<16x64xf16>'}}
  kernel.gather_rows @w at %w[%o] ins(%i) outs(%y) tokens %o : memref<?xi8>, memref<?xi32>, memref<2x16xf32>
  return
}

// -----

compress.weight @w : tensor<16x64xf32> {
  %0 = compress.stored "w" : tensor<16x64xf16>
  compress.yield %0 : tensor<16x64xf16>
}
func.func @int8(%w: memref<?xi8>, %o: index, %q: memref<2x64xi8>, %s: memref<2x2xf32>, %t: memref<2x2xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul_int8' op takes a weight of codes in tiles}}
  kernel.matmul_int8 @w node 0 at %w[%o] ins(%q, %s, %t) outs(%y) tokens %o : memref<?xi8>, memref<2x64xi8>, memref<2x2xf32>, memref<2x2xf32>, memref<2x16xf32>
  return
}

// -----

compress.weight @w : tensor<16x64xf32> {
  %0 = compress.stored "codes" : tensor<16x64xsi4>
  %1 = compress.stored "scales" : tensor<16x2xf16>
  %2 = compress.dequantize %0, %1 group_size 32 : (tensor<16x64xsi4>, tensor<16x2xf16>) -> tensor<16x64xf32>
  compress.yield %2 : tensor<16x64xf32>
}
func.func @int8_widths(%w: memref<?xi8>, %o: index, %q: memref<2x96xi8>, %s: memref<2x3xf32>, %t: memref<2x3xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul_int8' op has 96 inputs and 16 outputs, but @w's value is 'tensor<16x64xf32>'}}
  kernel.matmul_int8 @w node 2 at %w[%o] ins(%q, %s, %t) outs(%y) tokens %o : memref<?xi8>, memref<2x96xi8>, memref<2x3xf32>, memref<2x3xf32>, memref<2x16xf32>
  return
}
