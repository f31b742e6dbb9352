// RUN: compress-opt %s --kernel-lower-lane-ops=target=avx512vbmi | FileCheck %s --check-prefix=VBMI
// RUN: compress-opt %s --kernel-lower-lane-ops=target=avx512vnni | FileCheck %s --check-prefixes=SHUFFLE,AVX512
// RUN: compress-opt %s --kernel-lower-lane-ops=target=avxvnni | FileCheck %s --check-prefixes=SHUFFLE,AVX2
// RUN: compress-opt %s --kernel-lower-lane-ops=target=avx2 | FileCheck %s --check-prefixes=SHUFFLE,AVX2
// RUN: compress-opt %s --kernel-lower-lane-ops=target=neon | FileCheck %s --check-prefixes=SHUFFLE,NEON
// RUN: compress-opt %s --kernel-lower-lane-ops=target=generic | FileCheck %s --check-prefix=GENERIC

// Sets that shuffle bytes share a table: of each byte of a mask what goes where.
// SHUFFLE: memref.global "private" constant @kernel_expand_controls : memref<8192xi8>
// VBMI-NOT: kernel_expand_controls
// GENERIC-NOT: kernel_expand_controls

// Four bits: each lane of 64 bits takes the 32 of eight codes.
// VBMI-LABEL: func.func @four
// VBMI: %[[ALL:.+]] = vector.load %{{.+}} : memref<?xi8>, vector<64xi8>
// VBMI: %[[HALF:.+]] = vector.extract_strided_slice %[[ALL]] {offsets = [0], sizes = [32]
// VBMI: arith.extui %{{.+}} : vector<8xi32> to vector<8xi64>
// VBMI: "llvm.x86.avx512.pmultishift.qb.512"
// VBMI: %[[CODES:.+]] = arith.andi %{{.+}} : vector<64xi8>
// VBMI: %[[ONES:.+]] = llvm.bitcast %{{.+}} : i64 to vector<64xi1>
// VBMI: "llvm.x86.avx512.mask.expand.v64i8"(%[[CODES]], %{{.+}}, %[[ONES]])
// Sixteen codes at a time, which begin behind the ones before them, with the
// controls of both bytes of their mask; a shuffle moves what is whole bytes, and
// one step their halves.
// SHUFFLE-LABEL: func.func @four
// AVX512-COUNT-3: math.ctpop
// AVX512-NOT: math.ctpop
// AVX512: arith.shrui %{{.+}}, %{{.+}} : vector<8xi64>
// AVX512: vector.shuffle %{{.+}} : vector<64xi8>, vector<64xi8>
// AVX512: arith.shli %{{.+}} : vector<8xi64>
// AVX512-NOT: arith.shli %{{.+}} : vector<8xi64>
// AVX512: "llvm.x86.avx512.pshuf.b.512"
// AVX2: %[[LOW:.+]] = vector.load %{{.+}} : memref<8192xi8>, vector<16xi8>
// AVX2: %[[HIGH:.+]] = vector.load %{{.+}} : memref<8192xi8>, vector<16xi8>
// AVX2: arith.addi %[[LOW]], %[[HIGH]] : vector<16xi8>
// AVX2: math.ctpop
// AVX2-NOT: math.ctpop
// AVX2: vector.shuffle %{{.+}} : vector<32xi8>, vector<32xi8>
// AVX2: arith.shli %{{.+}} : vector<4xi64>
// AVX2-NOT: arith.shli %{{.+}} : vector<4xi64>
// AVX2: "llvm.x86.avx2.pshuf.b"
// AVX2-COUNT-2: math.ctpop
// AVX2: "llvm.x86.avx2.pshuf.b"
// NEON-COUNT-4: "llvm.aarch64.neon.tbl1.v16i8"
// GENERIC-LABEL: func.func @four
// GENERIC: scf.for %{{.+}} = %c0{{.*}} to %c64
// GENERIC: scf.if
func.func @four(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> {
  %0 = kernel.lane_expand %w[%at] mask %mask bits 4 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}

// Five bits: five bytes come to each lane.
// VBMI-LABEL: func.func @five
// VBMI: "llvm.x86.avx512.permvar.qi.512"
// VBMI: "llvm.x86.avx512.pmultishift.qb.512"
func.func @five(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> {
  %0 = kernel.lane_expand %w[%at] mask %mask bits 5 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}

// Bytes are as they lie; the load stays out of the instruction.
// VBMI-LABEL: func.func @eight
// VBMI: %[[ALL:.+]] = vector.load
// VBMI-NOT: pmultishift
// VBMI: %[[HIDDEN:.+]] = llvm.inline_asm "", "=v,0" %[[ALL]]
// VBMI: "llvm.x86.avx512.mask.expand.v64i8"(%[[HIDDEN]],
// SHUFFLE-LABEL: func.func @eight
// SHUFFLE-NOT: arith.shli %{{.+}} : vector<
// SHUFFLE: return
func.func @eight(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> {
  %0 = kernel.lane_expand %w[%at] mask %mask bits 8 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}

// Where the mask has as many ones in every four bits nothing is counted.
// SHUFFLE-LABEL: func.func @regular
// SHUFFLE-NOT: math.ctpop
// SHUFFLE: return
func.func @regular(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> {
  %0 = kernel.lane_expand %w[%at] mask %mask of_four 2 bits 4 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}

// All positions: the run is unpacked, and nothing looked up.
// SHUFFLE-LABEL: func.func @all
// SHUFFLE-COUNT-8: vector.load %{{.+}} : memref<?xi8>, vector<8xi8>
// SHUFFLE-NOT: vector.load
// SHUFFLE: return
// GENERIC-LABEL: func.func @all
// GENERIC-NOT: scf.for
// GENERIC: return
func.func @all(%w: memref<?xi8>, %at: index) -> vector<64xi8> {
  %mask = arith.constant -1 : i64
  %0 = kernel.lane_expand %w[%at] mask %mask bits 4 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
