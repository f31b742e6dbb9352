// RUN: compress-opt %s --verify-roundtrip | FileCheck %s
// RUN: compress-opt %s --mlir-print-op-generic | compress-opt | FileCheck %s
// RUN: compress-opt %s --emit-bytecode | compress-opt | FileCheck %s

// CHECK-LABEL: compress.format @w
compress.format @w {
  %0 = compress.stream 0 : tensor<172x64xsi4>
  %1 = compress.stream 1 : tensor<172x2xf16>
  %2 = compress.dequantize %0, %1 group_size 32 : (tensor<172x64xsi4>, tensor<172x2xf16>) -> tensor<172x64xf32>
  compress.yield %2 : tensor<172x64xf32>
}

// CHECK-LABEL: compress.weight @planned
// CHECK-SAME: attributes {kernel.parts = [#kernel.part<64, @w>, #kernel.part<4096>], kernel.place = #kernel.place<64, 18432>}
compress.weight @planned : tensor<1xf32> attributes {kernel.parts = [#kernel.part<64, @w>, #kernel.part<4096>], kernel.place = #kernel.place<64, 18432>} {
  %0 = compress.stored "v" : tensor<1xf32>
  compress.yield %0 : tensor<1xf32>
}

// CHECK-LABEL: func.func @products(%{{.*}}: !kernel.context, %{{.*}}: index)
func.func @products(%context: !kernel.context, %thread: index) {
  // CHECK: %[[WEIGHTS:.+]] = kernel.buffer %{{.+}} weights : memref<?xi8>
  %weights = kernel.buffer %context weights : memref<?xi8>
  // CHECK: %[[TOKENS:.+]] = kernel.buffer %{{.+}} tokens : memref<?xi32>
  %tokens = kernel.buffer %context tokens : memref<?xi32>
  // CHECK: %[[N:.+]] = kernel.field %{{.+}} count
  %n = kernel.field %context count
  %offset = arith.constant 4096 : index
  %x = memref.alloc() : memref<8x64xf32>
  %y = memref.alloc() : memref<8x172xf32>
  %codes = memref.alloc() : memref<8x64xi8>
  %scales = memref.alloc() : memref<8x2xf32>
  %sums = memref.alloc() : memref<8x4xf32>
  // CHECK: kernel.gather_rows @w at %[[WEIGHTS]][%[[C:.+]]] ins(%[[TOKENS]]) outs(%[[X:.+]]) tokens %[[N]] : memref<?xi8>, memref<?xi32>, memref<8x64xf32>
  kernel.gather_rows @w at %weights[%offset] ins(%tokens) outs(%x) tokens %n
    : memref<?xi8>, memref<?xi32>, memref<8x64xf32>
  // CHECK: kernel.quantize_activations %[[X]] into %[[Q:.+]], %[[S:.+]], %[[SUMS:.+]] tokens %[[N]] : memref<8x64xf32>, memref<8x64xi8>, memref<8x2xf32>, memref<8x4xf32>
  kernel.quantize_activations %x into %codes, %scales, %sums tokens %n
    : memref<8x64xf32>, memref<8x64xi8>, memref<8x2xf32>, memref<8x4xf32>
  // CHECK: kernel.matmul @w at %[[WEIGHTS]][%[[C]]] ins(%[[X]]) outs(%[[Y:.+]]) tokens %[[N]] : memref<?xi8>, memref<8x64xf32>, memref<8x172xf32>
  kernel.matmul @w at %weights[%offset] ins(%x) outs(%y) tokens %n
    : memref<?xi8>, memref<8x64xf32>, memref<8x172xf32>
  // CHECK: kernel.matmul @w at %{{.+}} outs(%[[Y]]) accumulate tokens %[[N]] :
  kernel.matmul @w at %weights[%offset] ins(%x) outs(%y) accumulate tokens %n
    : memref<?xi8>, memref<8x64xf32>, memref<8x172xf32>
  // CHECK: kernel.matmul_int8 @w at %[[WEIGHTS]][%[[C]]] ins(%[[Q]], %[[S]], %[[SUMS]]) outs(%[[Y]]) tokens %[[N]] : memref<?xi8>, memref<8x64xi8>, memref<8x2xf32>, memref<8x4xf32>, memref<8x172xf32>
  kernel.matmul_int8 @w at %weights[%offset] ins(%codes, %scales, %sums) outs(%y) tokens %n
    : memref<?xi8>, memref<8x64xi8>, memref<8x2xf32>, memref<8x4xf32>, memref<8x172xf32>
  // CHECK: kernel.matmul_int8 {{.*}} accumulate tokens
  kernel.matmul_int8 @w at %weights[%offset] ins(%codes, %scales, %sums) outs(%y) accumulate tokens %n
    : memref<?xi8>, memref<8x64xi8>, memref<8x2xf32>, memref<8x4xf32>, memref<8x172xf32>
  // CHECK: kernel.barrier %{{.+}} thread %{{.+}}
  kernel.barrier %context thread %thread
  return
}

// CHECK-LABEL: func.func @attention
func.func @attention(%context: !kernel.context, %o: index, %q: tensor<?x16xf32>, %k: tensor<?x8xf32>, %x: memref<1x16xf32>, %y: memref<1x8xf32>) -> tensor<?x16xf32> {
  // CHECK: kernel.attention %{{.+}} cache f16[%{{.+}} of 64] ins(%{{.+}}, %{{.+}}, %{{.+}}) outs(%{{.+}}) heads 2 kv_heads 1 scale 5.000000e-01 : tensor<?x16xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
  %0 = kernel.attention %context cache f16[%o of 64] ins(%q, %k, %k) outs(%q) heads 2 kv_heads 1 scale 0.5
      : tensor<?x16xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
  // CHECK: kernel.attention %{{.+}} cache i8[%{{.+}} of 64] {{.*}} : memref<1x16xf32>, memref<1x8xf32>, memref<1x8xf32>, memref<1x16xf32>
  kernel.attention %context cache i8[%o of 64] ins(%x, %y, %y) outs(%x) heads 2 kv_heads 1 scale 0.5
      : memref<1x16xf32>, memref<1x8xf32>, memref<1x8xf32>, memref<1x16xf32>
  return %0 : tensor<?x16xf32>
}

// Every field of the context.
// CHECK-LABEL: func.func @fields
func.func @fields(%context: !kernel.context) {
  // CHECK: kernel.buffer %{{.+}} arena : memref<?xi8>
  %0 = kernel.buffer %context arena : memref<?xi8>
  // CHECK: kernel.buffer %{{.+}} scratch : memref<?xi8>
  %1 = kernel.buffer %context scratch : memref<?xi8>
  // CHECK: kernel.buffer %{{.+}} cache : memref<?xf32>
  %2 = kernel.buffer %context cache : memref<?xf32>
  // CHECK: kernel.buffer %{{.+}} rotary : memref<?xf32>
  %3 = kernel.buffer %context rotary : memref<?xf32>
  // CHECK: kernel.buffer %{{.+}} logits : memref<?xf32>
  %4 = kernel.buffer %context logits : memref<?xf32>
  // CHECK: kernel.field %{{.+}} context
  %5 = kernel.field %context context
  // CHECK: kernel.field %{{.+}} count at_most 64
  %count = kernel.field %context count at_most 64
  // CHECK: kernel.field %{{.+}} run_count
  %6 = kernel.field %context run_count
  // CHECK: kernel.field %{{.+}} logits_begin
  %7 = kernel.field %context logits_begin
  // CHECK: kernel.field %{{.+}} threads
  %8 = kernel.field %context threads
  // CHECK: kernel.buffer %{{.+}} positions : memref<?xi32>
  %p0 = kernel.buffer %context positions : memref<?xi32>
  // CHECK: kernel.buffer %{{.+}} slots : memref<?xi32>
  %p1 = kernel.buffer %context slots : memref<?xi32>
  // CHECK: kernel.buffer %{{.+}} pages : memref<?xi32>
  %p2 = kernel.buffer %context pages : memref<?xi32>
  // CHECK: kernel.buffer %{{.+}} runs : memref<?xi32>
  %p3 = kernel.buffer %context runs : memref<?xi32>
  // CHECK: kernel.buffer %{{.+}} partials : memref<?xf32>
  %p4 = kernel.buffer %context partials : memref<?xf32>
  // CHECK: kernel.field %{{.+}} scratch_stride
  %9 = kernel.field %context scratch_stride
  // CHECK: kernel.take %{{.+}} thread %[[T:.+]] of %[[N:.+]] grain 2 first
  %10, %11 = kernel.take %context thread %8 of %9 grain 2 first
  // CHECK: kernel.take %{{.+}} thread %[[T]] of %[[N]] grain 2
  %12, %13 = kernel.take %context thread %8 of %9 grain 2
  return
}

// CHECK-LABEL: func.func @lanes
func.func @lanes(%acc: vector<16xi32>, %a: vector<64xi8>, %b: vector<64xi8>) -> vector<16xi32> {
  // CHECK: kernel.lane_dot %{{.+}}, %{{.+}}, %{{.+}} bits 4 : vector<16xi32>, vector<64xi8>
  %0 = kernel.lane_dot %acc, %a, %b bits 4 : vector<16xi32>, vector<64xi8>
  // CHECK: kernel.lane_dot %{{.+}}, %{{.+}}, %{{.+}} bits 8 signed : vector<16xi32>, vector<64xi8>
  %signed = kernel.lane_dot %acc, %a, %b bits 8 signed : vector<16xi32>, vector<64xi8>
  %table = arith.constant dense<7> : vector<16xi8>
  // CHECK: kernel.lane_lookup %{{.+}} in %{{.+}} : vector<64xi8>, vector<16xi8>
  %1 = kernel.lane_lookup %a in %table : vector<64xi8>, vector<16xi8>
  %floats = arith.constant dense<7.0> : vector<16xf32>
  // CHECK: kernel.lane_permute %{{.+}} by %{{.+}} : vector<16xf32>, vector<64xi8>
  %2:4 = kernel.lane_permute %floats by %a : vector<16xf32>, vector<64xi8>
  %pairs = arith.constant dense<7.0> : vector<32xbf16>
  // CHECK: kernel.lane_dot_bf16 %{{.+}}, %{{.+}}, %{{.+}} : vector<16xf32>, vector<32xbf16>
  %3 = kernel.lane_dot_bf16 %floats, %pairs, %pairs : vector<16xf32>, vector<32xbf16>
  return %0 : vector<16xi32>
}

// CHECK-LABEL: func.func @expand
func.func @expand(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> {
  // CHECK: kernel.lane_expand %{{.+}}[%{{.+}}] mask %{{.+}} bits 4 : memref<?xi8>, vector<64xi8>
  %0 = kernel.lane_expand %w[%at] mask %mask bits 4 : memref<?xi8>, vector<64xi8>
  // CHECK: kernel.lane_expand %{{.+}}[%{{.+}}] mask %{{.+}} of_four 2 bits 4 : memref<?xi8>, vector<64xi8>
  %1 = kernel.lane_expand %w[%at] mask %mask of_four 2 bits 4 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}

// CHECK-LABEL: func.func @kept
func.func @kept(%w: memref<?xi8>, %at: index, %mask: i16) -> vector<16xf32> {
  // CHECK: kernel.lane_expand_floats %{{.+}}[%{{.+}}] of bf16 mask %{{.+}} : memref<?xi8> -> vector<16xf32>
  %0 = kernel.lane_expand_floats %w[%at] of bf16 mask %mask : memref<?xi8> -> vector<16xf32>
  return %0 : vector<16xf32>
}

// CHECK-LABEL: func.func @split
func.func @split(%n: index) {
  // CHECK: mapping = [#kernel.split<0>, #kernel.split<1>]
  scf.forall (%i, %j) in (%n, 4) {
  } {mapping = [#kernel.split<0>, #kernel.split<1>]}
  return
}

// A loop of one iteration keeps its threads: canonicalisation leaves it alone.
// RUN: compress-opt %s --canonicalize | FileCheck %s --check-prefix=CANONICAL
// CANONICAL-LABEL: func.func @one_iteration
// CANONICAL: scf.forall
func.func @one_iteration(%m: memref<4xf32>, %x: f32) {
  scf.forall (%i) in (1) {
    memref.store %x, %m[%i] : memref<4xf32>
  } {mapping = [#kernel.split<0>]}
  return
}

// CHECK-LABEL: func.func @round
func.func @round(%x: memref<1x64xf32>, %y: memref<1x64xf32>, %n: index) {
  // CHECK: kernel.round_activations %{{.+}} into %{{.+}} tokens %{{.+}} : memref<1x64xf32>, memref<1x64xf32>
  kernel.round_activations %x into %y tokens %n : memref<1x64xf32>, memref<1x64xf32>
  return
}

// CHECK-LABEL: func.func @tiles
func.func @tiles(%a: memref<?x64xi8>, %b: memref<?xi8>, %acc: memref<?xi32>, %i: index) {
  // CHECK: kernel.tile_dot %{{.+}}[%{{.+}}, %{{.+}}], %{{.+}}[%{{.+}}] into %{{.+}}[%{{.+}}] accumulate true quads 16 bits 8 : memref<?x64xi8>, memref<?xi8>, memref<?xi32>
  kernel.tile_dot %a[%i, %i], %b[%i] into %acc[%i] accumulate true quads 16 bits 8 : memref<?x64xi8>, memref<?xi8>, memref<?xi32>
  return
}

// CHECK-LABEL: func.func @attend
func.func @attend(%cache: memref<?xi8>, %q: memref<4x128xf32>, %s: memref<?xf32>, %i: index) {
  // CHECK: kernel.attend %{{.+}}[%{{.+}}] at %{{.+}} ins(%{{.+}}) states %{{.+}} weights %{{.+}} tokens(%[[I:.+]], %[[I]]) columns(%[[I]], %[[I]]) last(%[[I]], %[[I]]) places(%[[I]], %[[I]]) head_size 64 chains 2 scale 1.250000e-01 streamed : memref<?xi8>, memref<4x128xf32>, memref<?xf32>
  kernel.attend %cache[%i] at %i ins(%q) states %s weights %i tokens(%i, %i) columns(%i, %i) last(%i, %i) places(%i, %i) head_size 64 chains 2 scale 0.125 streamed : memref<?xi8>, memref<4x128xf32>, memref<?xf32>
  return
}
