// RUN: compress-opt %s --convert-kernel-to-vector=target=neon --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,SIGNED
// RUN: compress-opt %s --convert-kernel-to-vector=target=neon_dotprod --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,SIGNED
// RUN: compress-opt %s --convert-kernel-to-vector=target=avx2 --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,SIGNED
// RUN: compress-opt %s --convert-kernel-to-vector=target=avx512vnni --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,BIASED

// Where bytes are multiplied signed, codes of eight bits are made so, and
// nothing is taken off for a bias.
compress.format @bytes {
  %0 = compress.stream 0 : tensor<16x64xsi8>
  %1 = compress.stream 1 : tensor<16x2xf16>
  %2 = compress.dequantize %0, %1 group_size 32 : (tensor<16x64xsi8>, tensor<16x2xf16>) -> tensor<16x64xf32>
  compress.yield %2 : tensor<16x64xf32>
}
// CHECK-LABEL: func.func @one
// BIASED: %[[BYTES:.+]] = vector.load %{{.+}} : memref<?xi8>, vector<64xi8>
// BIASED: kernel.lane_dot %{{.+}}, %[[BYTES]], %{{.+}} bits 8 : vector<16xi32>
// BIASED: vector.fma
// BIASED: vector.fma
// SIGNED: %[[BYTES:.+]] = vector.load %{{.+}} : memref<?xi8>, vector<64xi8>
// SIGNED: %[[CODES:.+]] = arith.xori %[[BYTES]], %{{.+}} : vector<64xi8>
// SIGNED: kernel.lane_dot %{{.+}}, %[[CODES]], %{{.+}} bits 8 signed : vector<16xi32>
// SIGNED: vector.fma
// SIGNED-NOT: vector.fma
// CHECK: return
func.func @one(%w: memref<?xi8>, %o: index, %n: index, %q: memref<1x64xi8>, %s: memref<1x2xf32>, %t: memref<1x4xf32>, %y: memref<1x16xf32>) {
  kernel.matmul_int8 @bytes at %w[%o] ins(%q, %s, %t) outs(%y) tokens %n : memref<?xi8>, memref<1x64xi8>, memref<1x2xf32>, memref<1x4xf32>, memref<1x16xf32>
  return
}
