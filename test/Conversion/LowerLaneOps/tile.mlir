// RUN: compress-opt %s --kernel-lower-lane-ops=target=amx | FileCheck %s --check-prefixes=CHECK,AMX
// RUN: compress-opt %s --kernel-lower-lane-ops=target=avx512vnni | FileCheck %s --check-prefixes=CHECK,AVX512
// RUN: compress-opt %s --kernel-lower-lane-ops=target=generic | FileCheck %s --check-prefixes=CHECK,GENERIC
// RUN: compress-opt %s --kernel-lower-lane-ops=target=amx --convert-kernel-to-llvm | compress-translate --mlir-to-object --instruction-set=amx -o %t.o
// RUN: llvm-objdump -d --no-show-raw-insn %t.o | FileCheck %s --check-prefix=ASM

// CHECK-LABEL: func.func @sum
// ASM-LABEL: <sum>:
// ASM: ldtilecfg
// ASM-DAG: tileloadd
// ASM-DAG: tileloadd
// ASM-DAG: tileloadd
// ASM: tdpbsud
// ASM: tilestored
func.func @sum(%a: memref<?x64xi8>, %b: memref<?xi8>, %acc: memref<?xi32>, %row: index, %k: index) {
  // AMX: %[[ACC:.+]] = amx.tile_load %arg2[%{{.+}}], %{{.+}} : memref<?xi32> into !amx.tile<16x16xi32>
  // AMX: %[[A:.+]] = amx.tile_load %arg0[%arg3, %{{.+}}] : memref<?x64xi8> into !amx.tile<16x64xi8>
  // AMX: %[[B:.+]] = amx.tile_load %arg1[%arg4], %{{.+}} : memref<?xi8> into !amx.tile<16x64xi8>
  // AMX: %[[SUM:.+]] = amx.tile_muli %[[A]], %[[B]] zext, %[[ACC]]
  // AMX: amx.tile_store %arg2[%{{.+}}], %[[SUM]], %{{.+}}
  // AVX512: scf.for
  // AVX512: vector.load %arg2
  // AVX512-COUNT-16: "llvm.x86.avx512.vpdpbusd.512"
  // AVX512-NOT: vpdpbusd
  // GENERIC: scf.for
  // GENERIC-COUNT-64: arith.muli %{{.+}}, %{{.+}} : vector<16xi32>
  // CHECK: return
  %zero = arith.constant 0 : index
  kernel.tile_dot %a[%row, %zero], %b[%k] into %acc[%zero] accumulate true quads 16 bits 8 : memref<?x64xi8>, memref<?xi8>, memref<?xi32>
  return
}

// Tiles of half a group start at nothing.
// CHECK-LABEL: func.func @half
// ASM-LABEL: <half>:
// ASM: tilezero
// ASM: tdpbsud
func.func @half(%a: memref<?x64xi8>, %b: memref<?xi8>, %acc: memref<?xi32>, %row: index, %k: index) {
  // AMX: amx.tile_zero : !amx.tile<16x16xi32>
  // AMX: !amx.tile<16x16xi8>
  // AMX: !amx.tile<4x64xi8>
  // AVX512-NOT: vector.load %arg2
  // AVX512-COUNT-4: "llvm.x86.avx512.vpdpbusd.512"
  // AVX512-NOT: vpdpbusd
  // CHECK: return
  %zero = arith.constant 0 : index
  kernel.tile_dot %a[%row, %zero], %b[%k] into %acc[%zero] accumulate false quads 4 bits 4 : memref<?x64xi8>, memref<?xi8>, memref<?xi32>
  return
}
