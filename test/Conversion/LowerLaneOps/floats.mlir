// RUN: compress-opt %s --kernel-lower-lane-ops=target=avx512vnni | FileCheck %s --check-prefixes=CHECK,AVX512
// RUN: compress-opt %s --kernel-lower-lane-ops=target=avx2 | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: compress-opt %s --kernel-lower-lane-ops=target=neon | FileCheck %s --check-prefixes=CHECK,NEON
// RUN: compress-opt %s --kernel-lower-lane-ops=target=generic | FileCheck %s --check-prefixes=CHECK,GENERIC

// A palette in one register, in bytes that are zipped, or in memory.
// CHECK-LABEL: func.func @palette
func.func @palette(%t: vector<16xf32>, %i: vector<64xi8>) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>) {
  // AVX512-COUNT-3: arith.shrui %{{.+}} : vector<16xi32>
  // AVX512: llvm.call_intrinsic "llvm.x86.avx512.permvar.sf.512"(%{{.+}}, %{{.+}}) : (vector<16xf32>, vector<16xi32>) -> vector<16xf32>
  // AVX2: %[[BYTES:.+]] = vector.bitcast %{{.+}} : vector<16xf32> to vector<64xi8>
  // AVX2: %[[FIRST:.+]] = vector.shuffle %[[BYTES]], %[[BYTES]] [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 0, 4,
  // AVX2: %[[TURNED:.+]] = vector.shuffle {{.+}} [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 16, 20,
  // AVX2: %[[LOW:.+]] = llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"(%[[FIRST]], %[[TURNED]])
  // AVX2-COUNT-3: "llvm.x86.avx2.pshuf.b"(%{{.+}}, %[[TURNED]])
  // AVX2: vector.shuffle %[[LOW]], %{{.+}} [0, 32, 1, 33, 2, 34, 3, 35, 4, 36, 5, 37, 6, 38, 7, 39, 16, 48,
  // AVX2: vector.shuffle %{{.+}}, %{{.+}} [0, 1, 32, 33, 2, 3, 34, 35, 4, 5, 36, 37, 6, 7, 38, 39, 16, 17,
  // AVX2: vector.shuffle %{{.+}}, %{{.+}} [8, 9, 40, 41, 10, 11,
  // AVX2-COUNT-4: "llvm.x86.avx2.pshuf.b"
  // AVX2-NOT: pshuf
  // NEON-COUNT-16: llvm.call_intrinsic "llvm.aarch64.neon.tbl1.v16i8"
  // NEON-NOT: tbl1
  // GENERIC: vector.store %{{.+}}, %{{.+}} : memref<16xf32>, vector<16xf32>
  // GENERIC-COUNT-64: memref.load %{{.+}} : memref<16xf32>
  // CHECK: return
  %0:4 = kernel.lane_permute %t by %i : vector<16xf32>, vector<64xi8>
  return %0#0, %0#1, %0#2, %0#3 : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>
}

// Where there is no expansion, sixteen bytes at a time are shuffled by the
// controls of their part of the mask, eight halves or four f32.
// CHECK-LABEL: func.func @kept_halves
func.func @kept_halves(%w: memref<?xi8>, %at: index, %mask: i16) -> vector<16xf32> {
  // AVX512: vector.load %{{.+}} : memref<?xi8>, vector<32xi8>
  // AVX512: arith.extf %{{.+}} : vector<16xf16> to vector<16xf32>
  // AVX512: llvm.call_intrinsic "llvm.x86.avx512.mask.expand.v16f32"
  // AVX512-NOT: vector.load
  // AVX2: memref.get_global @kernel_expand_16 : memref<4096xi8>
  // AVX2: "llvm.x86.ssse3.pshuf.b.128"
  // AVX2: math.ctpop
  // AVX2: "llvm.x86.ssse3.pshuf.b.128"
  // AVX2-NOT: pshuf
  // NEON-COUNT-2: "llvm.aarch64.neon.tbl1.v16i8"
  // NEON-NOT: tbl1
  // GENERIC: scf.if
  // CHECK: return
  %0 = kernel.lane_expand_floats %w[%at] of f16 mask %mask : memref<?xi8> -> vector<16xf32>
  return %0 : vector<16xf32>
}

// CHECK-LABEL: func.func @kept_floats
func.func @kept_floats(%w: memref<?xi8>, %at: index, %mask: i16) -> vector<16xf32> {
  // AVX2: memref.get_global @kernel_expand_32 : memref<256xi8>
  // AVX2-COUNT-3: math.ctpop
  // AVX2: "llvm.x86.ssse3.pshuf.b.128"
  // CHECK: return
  %0 = kernel.lane_expand_floats %w[%at] of f32 mask %mask : memref<?xi8> -> vector<16xf32>
  return %0 : vector<16xf32>
}
