// RUN: compress-opt %s --kernel-embed-weights | FileCheck %s
// RUN: not compress-opt %s --kernel-embed-weights=limit-megabytes=0 2>&1 | FileCheck %s --check-prefix=LIMIT
// LIMIT: error: has 128 bytes of packed weights, but an object file takes 0 MB of them (limit-megabytes)

// CHECK: memref.global "private" constant @packed_weights : memref<128xi8> = dense<"0x
// At 0 the vector 1, 2; at 64 the vector 3.
// CHECK-SAME: 0000803F00000040{{0+}}00004040{{0+}}">
memref.global "private" @packed_weights : memref<128xi8> {alignment = 64 : i64}
compress.weight @a : tensor<2xf32> attributes {kernel.parts = [#kernel.part<0>], kernel.place = #kernel.place<0, 8>} {
  %b = compress.constant dense<[1.0, 2.0]> : tensor<2xf32>
  compress.yield %b : tensor<2xf32>
}
compress.weight @b : tensor<1xf32> attributes {kernel.parts = [#kernel.part<64>], kernel.place = #kernel.place<64, 4>} {
  %b = compress.constant dense<[3.0]> : tensor<1xf32>
  compress.yield %b : tensor<1xf32>
}

// A weight that is no longer what was planned has no place.
// RUN: sed 's/place<0, 8>/place<0, 4>/' %s | not compress-opt --kernel-embed-weights 2>&1 | FileCheck %s --check-prefix=REWRITTEN
// REWRITTEN: error: 'compress.weight' op has been rewritten since --kernel-plan-weights gave it its place; run it again
// RUN: sed 's/kernel.parts = .#kernel.part<0>.,//' %s | not compress-opt --kernel-embed-weights 2>&1 | FileCheck %s --check-prefix=UNPLANNED
// UNPLANNED: error: 'compress.weight' op has no place; run --kernel-plan-weights before
