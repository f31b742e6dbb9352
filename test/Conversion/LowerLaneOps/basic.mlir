// RUN: compress-opt %s --kernel-lower-lane-ops=target=avx512vnni | FileCheck %s --check-prefixes=CHECK,AVX512
// RUN: compress-opt %s --kernel-lower-lane-ops=target=avxvnni | FileCheck %s --check-prefixes=CHECK,AVXVNNI
// RUN: compress-opt %s --kernel-lower-lane-ops=target=avx2 | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: compress-opt %s --kernel-lower-lane-ops=target=generic | FileCheck %s --check-prefixes=CHECK,GENERIC
// RUN: compress-opt %s --kernel-lower-lane-ops=target=neon_dotprod | FileCheck %s --check-prefixes=CHECK,NEON
// RUN: not compress-opt %s --kernel-lower-lane-ops=target=sse9 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: error: target "sse9" is unknown; there are {{.+}}, avx2, generic, {{.+}} and neon

// CHECK-LABEL: func.func @four_bits
func.func @four_bits(%acc: vector<16xi32>, %a: vector<64xi8>, %b: vector<64xi8>) -> vector<16xi32> {
  // One register of sixteen lanes.
  // AVX512: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%{{.+}}, %{{.+}}, %{{.+}}) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
  // AVX512-NOT: call_intrinsic
  // Two of eight.
  // AVXVNNI-COUNT-2: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"(%{{.+}}, %{{.+}}, %{{.+}}) : (vector<8xi32>, vector<32xi8>, vector<32xi8>) -> vector<8xi32>
  // AVXVNNI-NOT: call_intrinsic
  // AVX2: %[[W:.+]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"({{.*}}) : (vector<32xi8>, vector<32xi8>) -> vector<16xi16>
  // AVX2: %[[D:.+]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%[[W]], %{{.+}}) : (vector<16xi16>, vector<16xi16>) -> vector<8xi32>
  // AVX2: arith.addi %{{.+}}, %[[D]] : vector<8xi32>
  // AVX2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
  // Four of four.
  // NEON-COUNT-4: llvm.call_intrinsic "llvm.aarch64.neon.sdot.v4i32.v16i8"({{.*}}) : (vector<4xi32>, vector<16xi8>, vector<16xi8>) -> vector<4xi32>
  // NEON-NOT: call_intrinsic
  // GENERIC-COUNT-4: arith.muli %{{.+}}, %{{.+}} : vector<16xi32>
  // GENERIC-NOT: call_intrinsic
  // CHECK: return
  %0 = kernel.lane_dot %acc, %a, %b bits 4 : vector<16xi32>, vector<64xi8>
  return %0 : vector<16xi32>
}

// As many products of pairs as fit 16 bits are added there: four of five bits.
// CHECK-LABEL: func.func @chain
func.func @chain(%acc: vector<8xi32>, %a: vector<32xi8>, %b: vector<32xi8>) -> vector<8xi32> {
  // AVX512-COUNT-5: "llvm.x86.avx512.vpdpbusd.256"
  // AVX2-COUNT-4: "llvm.x86.avx2.pmadd.ub.sw"
  // AVX2: %[[FOUR:.+]] = llvm.call_intrinsic "llvm.sadd.sat.v16i16"
  // AVX2: "llvm.x86.avx2.pmadd.wd"(%[[FOUR]],
  // AVX2: %[[FIFTH:.+]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
  // AVX2: "llvm.x86.avx2.pmadd.wd"(%[[FIFTH]],
  // AVX2-NOT: pmadd
  // CHECK: return
  %0 = kernel.lane_dot %acc, %a, %b bits 5 : vector<8xi32>, vector<32xi8>
  %1 = kernel.lane_dot %0, %a, %b bits 5 : vector<8xi32>, vector<32xi8>
  %2 = kernel.lane_dot %1, %a, %b bits 5 : vector<8xi32>, vector<32xi8>
  %3 = kernel.lane_dot %2, %a, %b bits 5 : vector<8xi32>, vector<32xi8>
  %4 = kernel.lane_dot %3, %a, %b bits 5 : vector<8xi32>, vector<32xi8>
  return %4 : vector<8xi32>
}

// Codes of eight bits: pmaddubsw would saturate, sdot would take them as signed.
// CHECK-LABEL: func.func @eight_bits
func.func @eight_bits(%acc: vector<8xi32>, %a: vector<32xi8>, %b: vector<32xi8>) -> vector<8xi32> {
  // AVX512: "llvm.x86.avx512.vpdpbusd.256"
  // AVXVNNI: "llvm.x86.avx512.vpdpbusd.256"
  // AVX2-NOT: pmadd.ub.sw
  // AVX2-COUNT-2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
  // AVX2-NOT: pmadd
  // Two registers, each with the codes less 128 and twice 64.
  // NEON-DAG: arith.xori %{{.+}}, %{{.+}} : vector<16xi8>
  // NEON-COUNT-6: sdot
  // NEON-NOT: sdot
  // GENERIC: arith.muli %{{.+}}, %{{.+}} : vector<8xi32>
  // CHECK: return
  %0 = kernel.lane_dot %acc, %a, %b bits 8 : vector<8xi32>, vector<32xi8>
  return %0 : vector<8xi32>
}

// Signed codes are sdot's own; AVX2 takes their magnitudes, and others have no
// instruction for them.
// CHECK-LABEL: func.func @signed
func.func @signed(%acc: vector<8xi32>, %a: vector<32xi8>, %b: vector<32xi8>) -> vector<8xi32> {
  // AVX2: %[[MAGNITUDES:.+]] = math.absi %[[A:.+]] : vector<32xi8>
  // AVX2: %[[TURNED:.+]] = llvm.call_intrinsic "llvm.x86.avx2.psign.b"(%{{.+}}, %[[A]])
  // AVX2: "llvm.x86.avx2.pmadd.ub.sw"(%[[MAGNITUDES]], %[[TURNED]])
  // AVX2: "llvm.x86.avx2.pmadd.wd"
  // AVX2-NOT: arith.muli
  // NEON-NOT: arith.xori
  // NEON-COUNT-2: sdot
  // NEON-NOT: sdot
  // AVX512-COUNT-4: arith.muli
  // GENERIC-COUNT-4: arith.muli
  // CHECK: return
  %0 = kernel.lane_dot %acc, %a, %b bits 8 signed : vector<8xi32>, vector<32xi8>
  return %0 : vector<8xi32>
}

// Other numbers of lanes have no instruction.
// CHECK-LABEL: func.func @three_lanes
func.func @three_lanes(%acc: vector<3xi32>, %a: vector<12xi8>, %b: vector<12xi8>) -> vector<3xi32> {
  // CHECK-NOT: call_intrinsic
  // CHECK-COUNT-4: arith.muli %{{.+}}, %{{.+}} : vector<3xi32>
  %0 = kernel.lane_dot %acc, %a, %b bits 2 : vector<3xi32>, vector<12xi8>
  return %0 : vector<3xi32>
}

// Without conversion instructions halves widen by integer operations; brain
// floats always do.
// CHECK-LABEL: func.func @halves
func.func @halves(%v: vector<16xf16>, %s: f16, %b: vector<16xbf16>) -> (vector<16xf32>, f32, vector<16xf32>) {
  // GENERIC-NOT: arith.extf %{{.+}} : vector<16xf16>
  // GENERIC: arith.extui %{{.+}} : vector<16xi16> to vector<16xi32>
  // GENERIC: arith.extui %{{.+}} : i16 to i32
  // AVX2: arith.extf %{{.+}} : vector<16xf16> to vector<16xf32>
  // AVX2: arith.extf %{{.+}} : f16 to f32
  %0 = arith.extf %v : vector<16xf16> to vector<16xf32>
  %1 = arith.extf %s : f16 to f32
  // CHECK: %[[I:.+]] = arith.bitcast %{{.+}} : vector<16xbf16> to vector<16xi16>
  // CHECK: %[[E:.+]] = arith.extui %[[I]] : vector<16xi16> to vector<16xi32>
  // CHECK: %[[S:.+]] = arith.shli %[[E]], %{{.+}} : vector<16xi32>
  // CHECK: arith.bitcast %[[S]] : vector<16xi32> to vector<16xf32>
  %2 = arith.extf %b : vector<16xbf16> to vector<16xf32>
  return %0, %1, %2 : vector<16xf32>, f32, vector<16xf32>
}

// CHECK-LABEL: func.func @sixteen_entries
func.func @sixteen_entries(%i: vector<64xi8>, %t: vector<16xi8>) -> vector<64xi8> {
  // AVX512: llvm.call_intrinsic "llvm.x86.avx512.pshuf.b.512"({{.*}}) : (vector<64xi8>, vector<64xi8>) -> vector<64xi8>
  // AVXVNNI-COUNT-2: llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
  // AVX2-COUNT-2: llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"({{.*}}) : (vector<32xi8>, vector<32xi8>) -> vector<32xi8>
  // NEON-COUNT-4: llvm.call_intrinsic "llvm.aarch64.neon.tbl1.v16i8"({{.*}}) : (vector<16xi8>, vector<16xi8>) -> vector<16xi8>
  // GENERIC-COUNT-16: arith.select %{{.+}}, %{{.+}}, %{{.+}} : vector<64xi1>, vector<64xi8>
  // CHECK: return
  %0 = kernel.lane_lookup %i in %t : vector<64xi8>, vector<16xi8>
  return %0 : vector<64xi8>
}

// Of a part of the table at a time, and choices between parts; NEON's give 0 for
// indices beyond it.
// CHECK-LABEL: func.func @sixty_four_entries
func.func @sixty_four_entries(%i: vector<64xi8>, %t: vector<64xi8>) -> vector<64xi8> {
  // AVX512-COUNT-2: "llvm.x86.avx512.pshuf.b.512"
  // AVX512: arith.select
  // AVX512-COUNT-2: "llvm.x86.avx512.pshuf.b.512"
  // AVX512-COUNT-2: arith.select
  // AVX2-COUNT-8: "llvm.x86.avx2.pshuf.b"
  // AVX2: arith.select
  // NEON-COUNT-4: llvm.call_intrinsic "llvm.aarch64.neon.tbl4.v16i8"
  // GENERIC: vector.store %{{.+}}, %{{.+}} : memref<64xi8>, vector<64xi8>
  // GENERIC-COUNT-64: memref.load
  // CHECK: return
  %0 = kernel.lane_lookup %i in %t : vector<64xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
