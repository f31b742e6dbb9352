// RUN: compress-opt %s --convert-kernel-to-vector --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: compress-opt %s --convert-kernel-to-vector=target=avx2 --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,NARROW
// RUN: not compress-opt %s --convert-kernel-to-vector=target=sse9 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: error: target "sse9" is unknown; there are {{.+}}, avx2, generic, {{.+}} and neon

compress.format @tiles {
  %0 = compress.stream 0 : tensor<48x64xsi4>
  %1 = compress.stream 1 : tensor<48x2xf16>
  %2 = compress.dequantize %0, %1 group_size 32 : (tensor<48x64xsi4>, tensor<48x2xf16>) -> tensor<48x64xf32>
  compress.yield %2 : tensor<48x64xf32>
}
compress.format @odd {
  %0 = compress.stream 0 : tensor<37x64xui4>
  %1 = compress.stream 1 : tensor<37x1xf16>
  %2 = compress.stream 2 : tensor<37x1xui4>
  %3 = compress.dequantize %0, %1, %2 : (tensor<37x64xui4>, tensor<37x1xf16>, tensor<37x1xui4>) -> tensor<37x64xf32>
  compress.yield %3 : tensor<37x64xf32>
}
compress.format @rows {
  %0 = compress.stream 0 : tensor<37x72xf16>
  compress.yield %0 : tensor<37x72xf16>
}
compress.format @palette {
  %0 = compress.stream 0 : tensor<48x64xui4>
  %1 = compress.stream 1 : tensor<1x16xf16>
  %2 = compress.lookup %0, %1 : (tensor<48x64xui4>, tensor<1x16xf16>) -> tensor<48x64xf32>
  compress.yield %2 : tensor<48x64xf32>
}

compress.format @books {
  %0 = compress.stream 0 : tensor<48x64xui4>
  %1 = compress.stream 1 : tensor<96x16xf16>
  %2 = compress.lookup %0, %1 group_size 32 : (tensor<48x64xui4>, tensor<96x16xf16>) -> tensor<48x64xf32>
  compress.yield %2 : tensor<48x64xf32>
}
compress.format @fp8 {
  %0 = compress.stream 0 : tensor<16x64xui8>
  %1 = compress.codebook f8_e4m3 : tensor<1x256xf32>
  %2 = compress.lookup %0, %1 : (tensor<16x64xui8>, tensor<1x256xf32>) -> tensor<16x64xf32>
  compress.yield %2 : tensor<16x64xf32>
}
compress.format @half {
  %0 = compress.stream 0 : tensor<512xf16>
  %1 = compress.stream 1 : tensor<16x64xui1>
  %2 = compress.densify %0, %1 : (tensor<512xf16>, tensor<16x64xui1>) -> tensor<16x64xf32>
  compress.yield %2 : tensor<16x64xf32>
}
compress.format @kept_blocks {
  %0 = compress.stream 0 : tensor<3x512xsi4>
  %1 = compress.stream 1 : tensor<2x4xui1>
  %2 = compress.densify_blocks %0, %1 block 16, 32 : (tensor<3x512xsi4>, tensor<2x4xui1>) -> tensor<32x128xsi4>
  %3 = compress.stream 2 : tensor<32x4xf16>
  %4 = compress.dequantize %2, %3 group_size 32 : (tensor<32x128xsi4>, tensor<32x4xf16>) -> tensor<32x128xf32>
  compress.yield %4 : tensor<32x128xf32>
}
compress.format @few {
  %0 = compress.stream 0 : tensor<70xf16>
  %1 = compress.stream 1 : tensor<70xui6>
  %2 = compress.stream 2 : tensor<40xui2>
  %3 = compress.outliers %0, %1, %2 : (tensor<70xf16>, tensor<70xui6>, tensor<40xui2>) -> tensor<40x64xf32>
  compress.yield %3 : tensor<40x64xf32>
}
compress.format @cells {
  %0 = compress.stream 0 : tensor<16x16xui8>
  %1 = compress.stream 1 : tensor<1x1024xf16>
  %2 = compress.lookup %0, %1 cell 4 : (tensor<16x16xui8>, tensor<1x1024xf16>) -> tensor<16x64xf32>
  compress.yield %2 : tensor<16x64xf32>
}
compress.format @brain {
  %0 = compress.stream 0 : tensor<16x64xbf16>
  compress.yield %0 : tensor<16x64xbf16>
}

// One token: a row tile a unit of work, a prefetch ahead of each record.
// CHECK-LABEL: func.func @int8_decode
// CHECK: scf.forall (%{{.+}}) in (3)
// CHECK: scf.for
// CHECK: memref.prefetch
// CHECK: memref.load %{{.+}} : memref<1x2xf32>
// CHECK: %[[SUM:.+]] = memref.load %{{.+}} : memref<1x4xf32>
// CHECK: %[[R:.+]] = vector.load %{{.+}} : memref<?xi8>, vector<64xi8>
// CHECK: %[[LOW:.+]] = arith.andi %[[R]], %{{.+}} : vector<64xi8>
// CHECK: %[[DOT:.+]] = kernel.lane_dot %{{.+}}, %{{.+}}, %{{.+}} bits 4 : vector<16xi32>, vector<64xi8>
// CHECK-COUNT-7: kernel.lane_dot
// CHECK-NOT: kernel.lane_dot
// The bias of eight times the inputs' sum.
// CHECK: %[[INPUTS:.+]] = vector.broadcast %[[SUM]] : f32 to vector<16xf32>
// CHECK: vector.fma %cst{{.*}}, %[[INPUTS]], %{{.+}} : vector<16xf32>
// CHECK: vector.store %{{.+}} : memref<1x48xf32>, vector<16xf32>
func.func @int8_decode(%w: memref<?xi8>, %o: index, %n: index, %q: memref<1x64xi8>, %s: memref<1x2xf32>, %t: memref<1x4xf32>, %y: memref<1x48xf32>) {
  kernel.matmul_int8 @tiles at %w[%o] ins(%q, %s, %t) outs(%y) tokens %n : memref<?xi8>, memref<1x64xi8>, memref<1x2xf32>, memref<1x4xf32>, memref<1x48xf32>
  return
}

// Many: two tiles of six tokens where there are thirty-two registers, one of
// four where there are sixteen; then what is left, a token at a time.
// CHECK-LABEL: func.func @int8_prefill
// WIDE: scf.forall (%{{.+}}) in (1)
// WIDE: arith.divui %{{.+}}, %c6
// WIDE-COUNT-96: kernel.lane_dot
// WIDE: scf.for
// WIDE-COUNT-16: kernel.lane_dot
// The third tile.
// WIDE: scf.forall (%{{.+}}) in (1)
// WIDE-COUNT-48: kernel.lane_dot
// WIDE-COUNT-8: kernel.lane_dot
// WIDE-NOT: kernel.lane_dot
// NARROW: scf.forall (%{{.+}}) in (3)
// NARROW: arith.divui %{{.+}}, %c4
// NARROW-COUNT-32: kernel.lane_dot
// NARROW-COUNT-8: kernel.lane_dot
// NARROW-NOT: kernel.lane_dot
// CHECK-NOT: memref.prefetch
// CHECK: return
func.func @int8_prefill(%w: memref<?xi8>, %o: index, %n: index, %q: memref<64x64xi8>, %s: memref<64x2xf32>, %t: memref<64x4xf32>, %y: memref<64x48xf32>) {
  kernel.matmul_int8 @tiles at %w[%o] ins(%q, %s, %t) outs(%y) tokens %n : memref<?xi8>, memref<64x64xi8>, memref<64x2xf32>, memref<64x4xf32>, memref<64x48xf32>
  return
}

// Rows beyond the last are masked, zero points multiply the sums of the group's
// inputs, and what is there already is added.
// CHECK-LABEL: func.func @odd_rows
// CHECK: arith.extui %{{.+}} : vector<16xi8> to vector<16xi32>
// CHECK: %[[MINUS:.+]] = arith.negf %{{.+}} : vector<16xf32>
// CHECK: %[[SUMS:.+]] = vector.broadcast %{{.+}}#1 : f32 to vector<16xf32>
// CHECK: vector.fma %[[MINUS]], %[[SUMS]], %{{.+}}#0 : vector<16xf32>
// CHECK: %[[MASK:.+]] = vector.create_mask
// CHECK: vector.maskedload %{{.+}}, %[[MASK]]
// CHECK: vector.maskedstore %{{.+}}, %[[MASK]]
func.func @odd_rows(%w: memref<?xi8>, %o: index, %n: index, %q: memref<1x64xi8>, %s: memref<1x2xf32>, %t: memref<1x4xf32>, %y: memref<1x37xf32>) {
  kernel.matmul_int8 @odd at %w[%o] ins(%q, %s, %t) outs(%y) accumulate tokens %n : memref<?xi8>, memref<1x64xi8>, memref<1x2xf32>, memref<1x4xf32>, memref<1x37xf32>
  return
}

// Codes in floats, with f32 activations.
// CHECK-LABEL: func.func @float_tiles
// CHECK: scf.forall (%{{.+}}) in (1)
// CHECK: arith.shrui %{{.+}}, %{{.+}} : vector<64xi8>
// CHECK: arith.sitofp %{{.+}} : vector<16xi32> to vector<16xf32>
// CHECK: vector.fma
func.func @float_tiles(%w: memref<?xi8>, %o: index, %n: index, %x: memref<1x64xf32>, %y: memref<1x48xf32>) {
  kernel.matmul @tiles at %w[%o] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<1x64xf32>, memref<1x48xf32>
  return
}

// Stored values lie in tiles: of each input sixteen rows, and two row tiles are
// taken side by side. 72 inputs are two blocks and two quads; of 37 rows the
// last eleven lanes are masked.
// CHECK-LABEL: func.func @stored_tiles
// CHECK: scf.forall (%{{.+}}) in (1)
// CHECK: scf.for %{{.+}} = %c0{{.*}} to %c2
// CHECK: %[[R:.+]] = vector.load %{{.+}} : memref<?xi8>, vector<32xi8>
// CHECK: %[[H:.+]] = vector.bitcast %[[R]] : vector<32xi8> to vector<16xf16>
// CHECK: %[[F:.+]] = arith.extf %[[H]] : vector<16xf16> to vector<16xf32>
// CHECK: memref.prefetch
// CHECK: %[[X:.+]] = memref.load %{{.+}} : memref<1x72xf32>
// CHECK: %[[B:.+]] = vector.broadcast %[[X]] : f32 to vector<16xf32>
// CHECK: vector.fma %[[F]], %[[B]]
// CHECK-COUNT-63: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-16: vector.fma
// The third row tile is alone.
// CHECK: scf.forall
// CHECK-COUNT-32: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-8: vector.fma
// CHECK-NOT: vector.fma
// CHECK: vector.maskedstore
func.func @stored_tiles(%w: memref<?xi8>, %o: index, %n: index, %x: memref<1x72xf32>, %y: memref<1x37xf32>) {
  kernel.matmul @rows at %w[%o] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<1x72xf32>, memref<1x37xf32>
  return
}

// Many tokens: what is left of them is the last one, again and again.
// CHECK-LABEL: func.func @stored_prefill
// CHECK: %[[LAST:.+]] = arith.subi %{{.+}}, %c1
// CHECK: scf.for %[[T:.+]] = %c0{{.*}} to %{{.+}} step %{{c8|c4}}
// CHECK: arith.minui %[[T]], %[[LAST]]
// WIDE-COUNT-512: vector.fma
// NARROW-COUNT-128: vector.fma
// CHECK-NOT: memref.prefetch
func.func @stored_prefill(%w: memref<?xi8>, %o: index, %n: index, %x: memref<64x72xf32>, %y: memref<64x37xf32>) {
  kernel.matmul @rows at %w[%o] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<64x72xf32>, memref<64x37xf32>
  return
}

// Brain floats lie in pairs of inputs: a shift, and a mask.
// CHECK-LABEL: func.func @brain_tiles
// CHECK: %[[R:.+]] = vector.load %{{.+}} : memref<?xi8>, vector<64xi8>
// CHECK: %[[W:.+]] = vector.bitcast %[[R]] : vector<64xi8> to vector<16xi32>
// CHECK: arith.shli %[[W]], %{{.+}} : vector<16xi32>
// CHECK: arith.andi %[[W]], %{{.+}} : vector<16xi32>
func.func @brain_tiles(%w: memref<?xi8>, %o: index, %n: index, %x: memref<1x64xf32>, %y: memref<1x16xf32>) {
  kernel.matmul @brain at %w[%o] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<1x64xf32>, memref<1x16xf32>
  return
}

// A palette is made f32 once; sixteen entries are a register.
// CHECK-LABEL: func.func @palette_tiles
// CHECK: %[[BOOK:.+]] = memref.view %{{.+}} to memref<16xf32>
// CHECK: %[[TABLE:.+]] = vector.load %[[BOOK]]
// WIDE: scf.forall (%{{.+}}) in (1)
// NARROW: scf.forall (%{{.+}}) in (3)
// CHECK: %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}} = kernel.lane_permute %[[TABLE]] by %{{.+}} : vector<16xf32>, vector<64xi8>
// CHECK: vector.fma
func.func @palette_tiles(%w: memref<?xi8>, %o: index, %n: index, %x: memref<1x64xf32>, %y: memref<1x48xf32>) {
  kernel.matmul @palette at %w[%o] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<1x64xf32>, memref<1x48xf32>
  return
}

// Of cells, each byte of each component is a table; sixteen rows' bytes make
// halves of one input.
// CHECK-LABEL: func.func @cell_tiles
// CHECK: %[[LOW:.+]] = kernel.lane_lookup %[[CODES:.+]] in %{{.+}} : vector<64xi8>, vector<256xi8>
// CHECK: %[[HIGH:.+]] = kernel.lane_lookup %[[CODES]] in %{{.+}} : vector<64xi8>, vector<256xi8>
// CHECK: %[[BOTH:.+]] = vector.shuffle %[[LOW]], %[[HIGH]] [0, 64, 1, 65
// CHECK: %[[H:.+]] = vector.bitcast %[[BOTH]] : vector<32xi8> to vector<16xf16>
// CHECK: arith.extf %[[H]]
func.func @cell_tiles(%w: memref<?xi8>, %o: index, %n: index, %x: memref<1x64xf32>, %y: memref<1x16xf32>) {
  kernel.matmul @cells at %w[%o] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<1x64xf32>, memref<1x16xf32>
  return
}

// fp8 is moved to where halves have its bits; what is no number stays none.
// CHECK-LABEL: func.func @fp8_tiles
// CHECK: %[[W:.+]] = vector.bitcast %{{.+}} : vector<64xi8> to vector<32xi16>
// CHECK: arith.shli %[[W]]
// CHECK: arith.cmpi eq
// CHECK: arith.extf %{{.+}} : vector<16xf16> to vector<16xf32>
// CHECK: arith.mulf %{{.+}}, %{{.+}} : vector<16xf32>
func.func @fp8_tiles(%w: memref<?xi8>, %o: index, %n: index, %x: memref<1x64xf32>, %y: memref<1x16xf32>) {
  kernel.matmul @fp8 at %w[%o] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<1x64xf32>, memref<1x16xf32>
  return
}

// The second input's values begin where the first one's end. Many tokens take a
// panel, where each is expanded once.
// CHECK-LABEL: func.func @half_prefill
// CHECK: %[[PANEL:.+]] = memref.view %{{.+}} to memref<1024xf32>
// CHECK: %[[FIRST:.+]] = arith.trunci %[[MASK:.+]] : i64 to i16
// CHECK: %[[V:.+]] = kernel.lane_expand_floats %{{.+}}[%[[AT:.+]]] of f16 mask %[[FIRST]]
// CHECK: arith.andi %[[MASK]], %c65535
// CHECK: math.ctpop
// CHECK: kernel.lane_expand_floats
// CHECK: vector.store %[[V]], %[[PANEL]]
// CHECK: scf.for
// CHECK: vector.load %[[PANEL]]
// CHECK: vector.fma
func.func @half_prefill(%w: memref<?xi8>, %o: index, %n: index, %x: memref<64x64xf32>, %y: memref<64x16xf32>) {
  kernel.matmul @half at %w[%o] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<64x64xf32>, memref<64x16xf32>
  return
}

// A row tile reads how many blocks it has, and of each where it stands.
// CHECK-LABEL: func.func @listed_blocks
// CHECK: scf.forall (%{{.+}}) in (2)
// CHECK: vector.load %{{.+}} : memref<?xi8>, vector<4xi8>
// CHECK: vector.load %{{.+}} : memref<?xi8>, vector<4xi8>
// CHECK: %[[COUNT:.+]] = arith.index_castui
// CHECK: scf.for %{{.+}} = %c0{{.*}} to %[[COUNT]]
// CHECK: vector.load %{{.+}} : memref<?xi8>, vector<2xi8>
// CHECK: %[[BLOCK:.+]] = arith.index_castui
// CHECK: memref.load %{{.+}}[%c0{{.*}}, %[[BLOCK]]] : memref<1x4xf32>
// CHECK-COUNT-8: kernel.lane_dot
// CHECK-NOT: kernel.lane_dot
func.func @listed_blocks(%w: memref<?xi8>, %o: index, %n: index, %q: memref<1x128xi8>, %s: memref<1x4xf32>, %t: memref<1x8xf32>, %y: memref<1x32xf32>) {
  kernel.matmul_int8 @kept_blocks at %w[%o] ins(%q, %s, %t) outs(%y) tokens %n : memref<?xi8>, memref<1x128xi8>, memref<1x4xf32>, memref<1x8xf32>, memref<1x32xf32>
  return
}

// A few values a row: one after another, or for sixteen tokens at once.
// CHECK-LABEL: func.func @few_values
// CHECK: scf.forall (%{{.+}}) in (3)
// CHECK: arith.minui %{{.+}}, %c40
// CHECK: scf.for
// CHECK: scf.for %{{.+}} iter_args(%[[SUM:.+]] = %cst{{.*}}) -> (vector<1xf32>)
// CHECK: vector.load %{{.+}} : memref<?xi8>, vector<2xi8>
// CHECK: arith.extf %{{.+}} : f16 to f32
// CHECK: vector.fma %{{.+}}, %{{.+}}, %[[SUM]] : vector<1xf32>
// CHECK: memref.store %{{.+}} : memref<1x40xf32>
func.func @few_values(%w: memref<?xi8>, %o: index, %n: index, %x: memref<1x64xf32>, %y: memref<1x40xf32>) {
  kernel.matmul @few at %w[%o] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<1x64xf32>, memref<1x40xf32>
  return
}

// CHECK-LABEL: func.func @few_values_of_many
// CHECK: %[[INPUTS:.+]] = memref.view %{{.+}} to memref<1024xf32>
// CHECK: scf.forall
// CHECK-COUNT-16: memref.store %{{.+}}, %[[INPUTS]]
// CHECK: vector.load %[[INPUTS]]
// CHECK: vector.fma
// CHECK: memref.store %{{.+}} : memref<64x40xf32>
func.func @few_values_of_many(%w: memref<?xi8>, %o: index, %n: index, %x: memref<64x64xf32>, %y: memref<64x40xf32>) {
  kernel.matmul @few at %w[%o] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<64x64xf32>, memref<64x40xf32>
  return
}

// Others are expanded a row at a time into scratch.
// CHECK-LABEL: func.func @expanded_rows
// CHECK: %[[SCRATCH:.+]] = memref.alloca() {alignment = 64 : i64} : memref<{{[0-9]+}}xi8>
// CHECK: scf.forall
// CHECK: memref.view %[[SCRATCH]]
// CHECK: vector.reduction <add>
func.func @expanded_rows(%w: memref<?xi8>, %o: index, %n: index, %x: memref<1x64xf32>, %y: memref<1x48xf32>) {
  kernel.matmul @books at %w[%o] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<1x64xf32>, memref<1x48xf32>
  return
}

// A single-program function's scratch is a part of the context's.
// CHECK-LABEL: func.func @expanded_by_threads
// CHECK-SAME: %[[C:.+]]: !kernel.context, %[[T:.+]]: index
// CHECK: %[[SCRATCH:.+]] = kernel.buffer %[[C]] scratch : memref<?xi8>
// CHECK: %[[STRIDE:.+]] = kernel.field %[[C]] scratch_stride
// CHECK: %[[MINE:.+]] = arith.muli %{{.*}}[[STRIDE]]
// CHECK: memref.view %[[SCRATCH]][%[[MINE]]][] : memref<?xi8> to memref<16xf32>
func.func @expanded_by_threads(%c: !kernel.context, %t: index, %w: memref<?xi8>, %o: index, %n: index, %x: memref<1x64xf32>, %y: memref<1x48xf32>) {
  kernel.matmul @palette at %w[%o] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<1x64xf32>, memref<1x48xf32>
  return
}

// CHECK-LABEL: func.func @gathered
// CHECK: scf.forall (%[[T:.+]]) in (%{{.+}})
// CHECK: memref.load %{{.+}}[%[[T]]] : memref<?xi32>
// CHECK: kernel.lane_permute
// CHECK: vector.extract %{{.+}}[%{{.+}}] : f32 from vector<16xf32>
func.func @gathered(%w: memref<?xi8>, %o: index, %n: index, %i: memref<?xi32>, %y: memref<8x64xf32>) {
  kernel.gather_rows @palette at %w[%o] ins(%i) outs(%y) tokens %n : memref<?xi8>, memref<?xi32>, memref<8x64xf32>
  return
}

// 72 inputs: two whole blocks, and one of eight.
// CHECK-LABEL: func.func @quantized
// CHECK: scf.forall (%{{.+}}) in (%{{.+}})
// CHECK: scf.for %{{.+}} = %c0{{.*}} to %c2
// CHECK: vector.reduction <maxsi>
// CHECK: vector.store %{{.+}} : memref<8x96xi8>, vector<16xi8>
// CHECK: vector.maskedload
// CHECK: memref.store %{{.+}} : memref<8x3xf32>
func.func @quantized(%n: index, %x: memref<8x72xf32>, %q: memref<8x96xi8>, %s: memref<8x3xf32>, %t: memref<8x6xf32>) {
  kernel.quantize_activations %x into %q, %s, %t tokens %n : memref<8x72xf32>, memref<8x96xi8>, memref<8x3xf32>, memref<8x6xf32>
  return
}

// Entries of an integer codebook: the table is loaded once, in front of the
// loops, and looked up a register at a time; its signs are a bias of 128.
compress.format @entries {
  %0 = compress.stream 0 : tensor<16x64xui4>
  %1 = compress.stream 1 : tensor<1x16xsi8>
  %2 = compress.lookup %0, %1 : (tensor<16x64xui4>, tensor<1x16xsi8>) -> tensor<16x64xsi8>
  %3 = compress.stream 2 : tensor<16x2xf16>
  %4 = compress.dequantize %2, %3 group_size 32 : (tensor<16x64xsi8>, tensor<16x2xf16>) -> tensor<16x64xf32>
  compress.yield %4 : tensor<16x64xf32>
}
// CHECK-LABEL: func.func @table
// CHECK: vector.load %{{.+}} : memref<?xi8>, vector<16xi8>
// CHECK: %[[TABLE:.+]] = arith.xori %{{.+}} : vector<16xi8>
// CHECK: scf.forall
// CHECK: %[[BYTES:.+]] = kernel.lane_lookup %{{.+}} in %[[TABLE]] : vector<64xi8>, vector<16xi8>
// WIDE: kernel.lane_dot %{{.+}}, %[[BYTES]], %{{.+}} bits 8 : vector<16xi32>
// NARROW: %[[SIGNED:.+]] = arith.xori %[[BYTES]], %{{.+}} : vector<64xi8>
// NARROW: kernel.lane_dot %{{.+}}, %[[SIGNED]], %{{.+}} bits 8 signed : vector<16xi32>
func.func @table(%w: memref<?xi8>, %o: index, %n: index, %q: memref<1x64xi8>, %s: memref<1x2xf32>, %t: memref<1x4xf32>, %y: memref<1x16xf32>) {
  kernel.matmul_int8 @entries at %w[%o] ins(%q, %s, %t) outs(%y) tokens %n : memref<?xi8>, memref<1x64xi8>, memref<1x2xf32>, memref<1x4xf32>, memref<1x16xf32>
  return
}

// Where an index takes as much room as an entry, the entries are what is stored.
compress.format @byte_entries {
  %0 = compress.stream 0 : tensor<16x64xui8>
  %1 = compress.stream 1 : tensor<1x256xsi8>
  %2 = compress.lookup %0, %1 : (tensor<16x64xui8>, tensor<1x256xsi8>) -> tensor<16x64xsi8>
  %3 = compress.stream 2 : tensor<16x2xf16>
  %4 = compress.dequantize %2, %3 group_size 32 : (tensor<16x64xsi8>, tensor<16x2xf16>) -> tensor<16x64xf32>
  compress.yield %4 : tensor<16x64xf32>
}
// CHECK-LABEL: func.func @no_table
// CHECK-NOT: kernel.lane_lookup
// CHECK: %[[BYTES:.+]] = vector.load %{{.+}} : memref<?xi8>, vector<64xi8>
// WIDE: kernel.lane_dot %{{.+}}, %[[BYTES]], %{{.+}} bits 8 : vector<16xi32>
// NARROW: %[[SIGNED:.+]] = arith.xori %[[BYTES]], %{{.+}} : vector<64xi8>
// NARROW: kernel.lane_dot %{{.+}}, %[[SIGNED]], %{{.+}} bits 8 signed : vector<16xi32>
// CHECK-NOT: kernel.lane_lookup
func.func @no_table(%w: memref<?xi8>, %o: index, %n: index, %q: memref<1x64xi8>, %s: memref<1x2xf32>, %t: memref<1x4xf32>, %y: memref<1x16xf32>) {
  kernel.matmul_int8 @byte_entries at %w[%o] ins(%q, %s, %t) outs(%y) tokens %n : memref<?xi8>, memref<1x64xi8>, memref<1x2xf32>, memref<1x4xf32>, memref<1x16xf32>
  return
}

// Scales of scales: a segment of eight groups, whose scales are six bits each in
// words of sixteen.
compress.format @nested {
  %0 = compress.stream 0 : tensor<16x256xui4>
  %1 = compress.stream 1 : tensor<16x8xui6>
  %2 = compress.stream 2 : tensor<16x1xf16>
  %3 = compress.dequantize %1, %2 : (tensor<16x8xui6>, tensor<16x1xf16>) -> tensor<16x8xf32>
  %4 = compress.dequantize %0, %3 group_size 32 : (tensor<16x256xui4>, tensor<16x8xf32>) -> tensor<16x256xf32>
  compress.yield %4 : tensor<16x256xf32>
}
// CHECK-LABEL: func.func @segments
// CHECK: scf.forall
// CHECK: scf.for %[[G:.+]] = %c0{{.*}} to %c8
// CHECK: arith.muli %[[G]], %c6
// CHECK: arith.extui %{{.+}} : vector<16xi16> to vector<16xi32>
// CHECK: arith.andi %{{.+}}, %{{.+}} : vector<16xi32>
// CHECK: kernel.lane_dot
func.func @segments(%w: memref<?xi8>, %o: index, %n: index, %q: memref<1x256xi8>, %s: memref<1x8xf32>, %t: memref<1x16xf32>, %y: memref<1x16xf32>) {
  kernel.matmul_int8 @nested at %w[%o] ins(%q, %s, %t) outs(%y) tokens %n : memref<?xi8>, memref<1x256xi8>, memref<1x8xf32>, memref<1x16xf32>, memref<1x16xf32>
  return
}

// Codes at some positions: a quad's address is its block's, and the bytes of the
// quads before it; many tokens take them from a panel of bytes, made once. Where
// a set expands bytes alone, a row tile's codes are unpacked to them before.
compress.format @masked {
  %0 = compress.stream 0 : tensor<500xsi4>
  %1 = compress.stream 1 : tensor<16x64xui1>
  %2 = compress.densify %0, %1 : (tensor<500xsi4>, tensor<16x64xui1>) -> tensor<16x64xsi4>
  %3 = compress.stream 2 : tensor<16x2xf16>
  %4 = compress.dequantize %2, %3 group_size 32 : (tensor<16x64xsi4>, tensor<16x2xf16>) -> tensor<16x64xf32>
  compress.yield %4 : tensor<16x64xf32>
}
// CHECK-LABEL: func.func @positions
// CHECK: scf.for
// CHECK: %[[ALL:.+]] = kernel.lane_expand %{{.+}} mask %c-1_i64 bits 4 : memref<?xi8>, vector<64xi8>
// CHECK: vector.store %[[ALL]], %[[BYTES:.+]][
// CHECK: scf.for
// CHECK: %[[FIRST:.+]] = kernel.lane_expand %[[BYTES]][%{{.+}}] mask %{{.+}} bits 8
// CHECK: %[[BIASED:.+]] = arith.xori %[[FIRST]], %{{.+}} : vector<64xi8>
// CHECK: kernel.lane_dot %{{.+}}, %[[BIASED]], %{{.+}} bits 4
// CHECK: math.ctpop %{{.+}} : i64
// CHECK: kernel.lane_expand
// TURNED-LABEL: func.func @positions
// TURNED: scf.forall
// TURNED-NOT: vector.store
// TURNED: kernel.lane_expand %{{.+}} bits 4 : memref<?xi8>, vector<64xi8>
func.func @positions(%w: memref<?xi8>, %o: index, %n: index, %q: memref<1x64xi8>, %s: memref<1x2xf32>, %t: memref<1x4xf32>, %y: memref<1x16xf32>) {
  kernel.matmul_int8 @masked at %w[%o] ins(%q, %s, %t) outs(%y) tokens %n : memref<?xi8>, memref<1x64xi8>, memref<1x2xf32>, memref<1x4xf32>, memref<1x16xf32>
  return
}
// Where every quad has as many codes, their place is known.
compress.format @two_of_four {
  %0 = compress.stream 0 : tensor<16x32xsi4>
  %1 = compress.stream 1 : tensor<16x32xui2>
  %2 = compress.densify_n_m %0, %1 2 of 4 : (tensor<16x32xsi4>, tensor<16x32xui2>) -> tensor<16x64xsi4>
  %3 = compress.stream 2 : tensor<16x2xf16>
  %4 = compress.dequantize %2, %3 group_size 32 : (tensor<16x64xsi4>, tensor<16x2xf16>) -> tensor<16x64xf32>
  compress.yield %4 : tensor<16x64xf32>
}
// CHECK-LABEL: func.func @regular
// CHECK: kernel.lane_expand %{{.+}} of_four 2 bits 4 : memref<?xi8>, vector<64xi8>
// CHECK-NOT: math.ctpop
// CHECK: return
func.func @regular(%w: memref<?xi8>, %o: index, %n: index, %q: memref<1x64xi8>, %s: memref<1x2xf32>, %t: memref<1x4xf32>, %y: memref<1x16xf32>) {
  kernel.matmul_int8 @two_of_four at %w[%o] ins(%q, %s, %t) outs(%y) tokens %n : memref<?xi8>, memref<1x64xi8>, memref<1x2xf32>, memref<1x4xf32>, memref<1x16xf32>
  return
}
// CHECK-LABEL: func.func @panel
// CHECK: scf.forall
// CHECK: kernel.lane_expand %{{.+}} bits 4
// CHECK-COUNT-8: kernel.lane_expand %{{.+}} bits 8
// CHECK-NOT: kernel.lane_expand
// CHECK: kernel.lane_dot
// CHECK-NOT: kernel.lane_expand
func.func @panel(%w: memref<?xi8>, %o: index, %n: index, %q: memref<8x64xi8>, %s: memref<8x2xf32>, %t: memref<8x4xf32>, %y: memref<8x16xf32>) {
  kernel.matmul_int8 @masked at %w[%o] ins(%q, %s, %t) outs(%y) tokens %n : memref<?xi8>, memref<8x64xi8>, memref<8x2xf32>, memref<8x4xf32>, memref<8x16xf32>
  return
}

// A vector codebook: a word of the table a row. Where bytes are looked up faster
// one token's quads come turned, and its activations are turned before.
// RUN: compress-opt %s --convert-kernel-to-vector=target=avx512vbmi | FileCheck %s --check-prefix=TURNED
compress.format @code_cells {
  %0 = compress.stream 0 : tensor<16x16xui8>
  %1 = compress.stream 1 : tensor<1x1024xsi8>
  %2 = compress.lookup %0, %1 cell 4 : (tensor<16x16xui8>, tensor<1x1024xsi8>) -> tensor<16x64xsi8>
  %3 = compress.stream 2 : tensor<16x2xf16>
  %4 = compress.dequantize %2, %3 group_size 32 : (tensor<16x64xsi8>, tensor<16x2xf16>) -> tensor<16x64xf32>
  compress.yield %4 : tensor<16x64xf32>
}
// CHECK-LABEL: func.func @words
// CHECK: %[[BYTE:.+]] = vector.load %{{.+}} : memref<?xi8>, vector<1xi8>
// CHECK: %[[CODE:.+]] = vector.extract %[[BYTE]]
// CHECK: %[[INDEX:.+]] = arith.index_castui %[[CODE]]
// CHECK: memref.load %{{.+}}[%[[INDEX]]] : memref<256xi32>
// CHECK: vector.from_elements {{.*}} : vector<16xi32>
// CHECK-NOT: kernel.lane_lookup
// TURNED-LABEL: func.func @words
// TURNED: vector.shuffle %[[X:.+]], %[[X]] [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15]
// TURNED: scf.forall
// TURNED-COUNT-8: kernel.lane_lookup %{{.+}} in %{{.+}} : vector<64xi8>, vector<256xi8>
// TURNED-NOT: kernel.lane_lookup
func.func @words(%w: memref<?xi8>, %o: index, %n: index, %q: memref<1x64xi8>, %s: memref<1x2xf32>, %t: memref<1x4xf32>, %y: memref<1x16xf32>) {
  kernel.matmul_int8 @code_cells at %w[%o] ins(%q, %s, %t) outs(%y) tokens %n : memref<?xi8>, memref<1x64xi8>, memref<1x2xf32>, memref<1x4xf32>, memref<1x16xf32>
  return
}

// Groups of 16: the halves of a block have scales and sums of their own.
compress.format @halves {
  %0 = compress.stream 0 : tensor<16x64xsi4>
  %1 = compress.stream 1 : tensor<16x4xf16>
  %2 = compress.dequantize %0, %1 group_size 16 : (tensor<16x64xsi4>, tensor<16x4xf16>) -> tensor<16x64xf32>
  compress.yield %2 : tensor<16x64xf32>
}
// CHECK-LABEL: func.func @halved
// CHECK: arith.subf %{{.+}}, %{{.+}} : f32
// CHECK-COUNT-4: kernel.lane_dot
// CHECK: arith.sitofp
// CHECK-COUNT-4: kernel.lane_dot
// CHECK-NOT: kernel.lane_dot
func.func @halved(%w: memref<?xi8>, %o: index, %n: index, %q: memref<1x64xi8>, %s: memref<1x2xf32>, %t: memref<1x4xf32>, %y: memref<1x16xf32>) {
  kernel.matmul_int8 @halves at %w[%o] ins(%q, %s, %t) outs(%y) tokens %n : memref<?xi8>, memref<1x64xi8>, memref<1x2xf32>, memref<1x4xf32>, memref<1x16xf32>
  return
}

// The codes that activations would have, times their scales.
// CHECK-LABEL: func.func @round
// CHECK: vector.reduction <maxsi>
// CHECK: %[[LARGEST:.+]] = arith.divf %{{.+}}, %cst{{.*}} : f32
// CHECK: %[[SCALE:.+]] = vector.broadcast %[[LARGEST]] : f32 to vector<16xf32>
// CHECK: %[[X:.+]] = arith.mulf %{{.+}}, %[[SCALE]] : vector<16xf32>
// CHECK: vector.store %[[X]], %{{.+}} : memref<1x64xf32>, vector<16xf32>
func.func @round(%x: memref<1x64xf32>, %y: memref<1x64xf32>, %n: index) {
  kernel.round_activations %x into %y tokens %n : memref<1x64xf32>, memref<1x64xf32>
  return
}
