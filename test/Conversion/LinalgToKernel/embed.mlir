// RUN: compress-opt %s --kernel-embed-weights | FileCheck %s
// RUN: not compress-opt %s --kernel-embed-weights=limit-megabytes=0 2>&1 | FileCheck %s --check-prefix=LIMIT
// LIMIT: error: has 128 bytes of packed weights, but an object file takes 0 MB of them (limit-megabytes)

// CHECK: memref.global "private" constant @packed_weights : memref<128xi8> = dense<"0x
// At 0 the vector 1, 2; at 64 the vector 3.
// CHECK-SAME: 0000803F00000040{{0+}}00004040{{0+}}">
memref.global "private" @packed_weights : memref<128xi8> {alignment = 64 : i64}
compress.weight @a : tensor<2xf32> attributes {kernel.place = #kernel.place<0, 8>} {
  %b = compress.constant dense<[1.0, 2.0]> : tensor<2xf32>
  compress.yield %b : tensor<2xf32>
}
compress.weight @b : tensor<1xf32> attributes {kernel.place = #kernel.place<64, 4>} {
  %b = compress.constant dense<[3.0]> : tensor<1xf32>
  compress.yield %b : tensor<1xf32>
}
