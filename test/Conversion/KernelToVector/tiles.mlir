// RUN: compress-opt %s --convert-kernel-to-vector=target=amx | FileCheck %s

// On a set with tiles, codes are expanded once into a panel, and sixteen tokens
// meet a tile at once; what is left of the tokens is lane dots.
compress.format @int4 {
  %0 = compress.stream 0 : tensor<16x64xsi4>
  %1 = compress.stream 1 : tensor<16x2xf16>
  %2 = compress.dequantize %0, %1 group_size 32 : (tensor<16x64xsi4>, tensor<16x2xf16>) -> tensor<16x64xf32>
  compress.yield %2 : tensor<16x64xf32>
}
// CHECK-LABEL: func.func @many
// CHECK-COUNT-8: vector.store %{{.+}} : memref<1024xi8>, vector<64xi8>
// CHECK: kernel.tile_dot %{{.+}} accumulate false quads 8 bits 4 : memref<35x64xi8>, memref<1024xi8>, memref<256xi32>
// CHECK-COUNT-16: vector.load %{{.+}} : memref<256xi32>, vector<16xi32>
// CHECK-NOT: kernel.tile_dot
// CHECK: kernel.lane_dot
func.func @many(%w: memref<?xi8>, %o: index, %n: index, %q: memref<35x64xi8>, %s: memref<35x2xf32>, %t: memref<35x4xf32>, %y: memref<35x16xf32>) {
  kernel.matmul_int8 @int4 at %w[%o] ins(%q, %s, %t) outs(%y) tokens %n : memref<?xi8>, memref<35x64xi8>, memref<35x2xf32>, memref<35x4xf32>, memref<35x16xf32>
  return
}

// One token's are as ever.
// CHECK-LABEL: func.func @one
// CHECK-NOT: kernel.tile_dot
// CHECK: kernel.lane_dot
// CHECK-NOT: kernel.tile_dot
// CHECK: return
func.func @one(%w: memref<?xi8>, %o: index, %n: index, %q: memref<1x64xi8>, %s: memref<1x2xf32>, %t: memref<1x4xf32>, %y: memref<1x16xf32>) {
  kernel.matmul_int8 @int4 at %w[%o] ins(%q, %s, %t) outs(%y) tokens %n : memref<?xi8>, memref<1x64xi8>, memref<1x2xf32>, memref<1x4xf32>, memref<1x16xf32>
  return
}
