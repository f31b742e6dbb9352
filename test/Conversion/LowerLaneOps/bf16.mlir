// RUN: compress-opt %s --kernel-lower-lane-ops=target=avx512vbmi | FileCheck %s --check-prefixes=CHECK,VBMI
// RUN: compress-opt %s --kernel-lower-lane-ops=target=avx512vnni | FileCheck %s --check-prefixes=CHECK,PLAIN
// RUN: compress-opt %s --kernel-lower-lane-ops=target=avx2 | FileCheck %s --check-prefixes=CHECK,PLAIN
// RUN: compress-opt %s --kernel-lower-lane-ops=target=neon_i8mm | FileCheck %s --check-prefixes=CHECK,PLAIN
// RUN: compress-opt %s --kernel-lower-lane-ops=target=generic | FileCheck %s --check-prefixes=CHECK,PLAIN
// RUN: compress-opt %s --kernel-lower-lane-ops=target=avx512vbmi --convert-vector-to-llvm --convert-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-translate --mlir-to-llvmir | llc -mtriple=x86_64 -mcpu=x86-64-v4 -mattr=+avx512bf16 | FileCheck %s --check-prefix=ASM
// RUN: compress-opt %s --kernel-lower-lane-ops=target=avx2 --convert-vector-to-llvm --convert-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-translate --mlir-to-llvmir | llc -mtriple=x86_64 -mcpu=x86-64-v3 | FileCheck %s --check-prefix=FMA

// The upper halves of the words by a mask, the lower ones by a shift.
// CHECK-LABEL: func.func @sixteen_lanes
// FMA-LABEL: sixteen_lanes:
// FMA-COUNT-4: vfmadd
// ASM-LABEL: sixteen_lanes:
func.func @sixteen_lanes(%acc: vector<16xf32>, %a: vector<32xbf16>, %b: vector<32xbf16>) -> vector<16xf32> {
  // ASM: vdpbf16ps %zmm
  // VBMI: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%{{.+}}, %{{.+}}, %{{.+}}) : (vector<16xf32>, vector<32xbf16>, vector<32xbf16>) -> vector<16xf32>
  // VBMI-NOT: arith.mulf
  // PLAIN-NOT: call_intrinsic
  // PLAIN: vector.bitcast %{{.+}} : vector<32xbf16> to vector<16xi32>
  // PLAIN: arith.andi
  // PLAIN: arith.mulf %{{.+}}, %{{.+}} fastmath<contract> : vector<16xf32>
  // PLAIN: arith.addf %{{.+}}, %{{.+}} fastmath<contract> : vector<16xf32>
  // PLAIN: arith.shli
  // PLAIN: arith.mulf %{{.+}}, %{{.+}} fastmath<contract> : vector<16xf32>
  // PLAIN: arith.addf %{{.+}}, %{{.+}} fastmath<contract> : vector<16xf32>
  // CHECK: return
  %0 = kernel.lane_dot_bf16 %acc, %a, %b : vector<16xf32>, vector<32xbf16>
  return %0 : vector<16xf32>
}

// More lanes than a register has are cut; fewer are half a register.
// CHECK-LABEL: func.func @other_lanes
// ASM-LABEL: other_lanes:
func.func @other_lanes(%acc: vector<32xf32>, %a: vector<64xbf16>, %acc8: vector<8xf32>, %a8: vector<16xbf16>)
    -> (vector<32xf32>, vector<8xf32>) {
  // ASM-DAG: vdpbf16ps %zmm
  // ASM-DAG: vdpbf16ps %zmm
  // ASM-DAG: vdpbf16ps %ymm
  // VBMI-COUNT-2: "llvm.x86.avx512bf16.dpbf16ps.512"
  // VBMI: "llvm.x86.avx512bf16.dpbf16ps.256"
  // PLAIN-COUNT-2: arith.mulf %{{.+}}, %{{.+}} fastmath<contract> : vector<32xf32>
  // PLAIN-COUNT-2: arith.mulf %{{.+}}, %{{.+}} fastmath<contract> : vector<8xf32>
  // CHECK: return
  %0 = kernel.lane_dot_bf16 %acc, %a, %a : vector<32xf32>, vector<64xbf16>
  %1 = kernel.lane_dot_bf16 %acc8, %a8, %a8 : vector<8xf32>, vector<16xbf16>
  return %0, %1 : vector<32xf32>, vector<8xf32>
}

// Other numbers of lanes have no instruction.
// CHECK-LABEL: func.func @three_lanes
func.func @three_lanes(%acc: vector<3xf32>, %a: vector<6xbf16>) -> vector<3xf32> {
  // CHECK-NOT: call_intrinsic
  // CHECK-COUNT-2: arith.mulf %{{.+}}, %{{.+}} fastmath<contract> : vector<3xf32>
  %0 = kernel.lane_dot_bf16 %acc, %a, %a : vector<3xf32>, vector<6xbf16>
  return %0 : vector<3xf32>
}
