// RUN: compress-opt %s --convert-kernel-to-vector=target=avx512vnni --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: compress-opt %s --convert-kernel-to-vector=target=avx2 --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,NARROW

// As many sums at a time as an instruction set's registers hold: 24 of sixteen
// positions each, or 8 of eight. Keys are fetched ahead once.
// CHECK-LABEL: func.func @twelve
// WIDE: %{{.+}}:24 = scf.for
// WIDE: memref.prefetch
// WIDE: %{{.+}}:24 = scf.for
// NARROW: %{{.+}}:8 = scf.for
// NARROW: vector.fma %{{.+}}, %{{.+}}, %{{.+}} : vector<8xf32>
// NARROW: memref.prefetch
// NARROW: scf.yield
// NARROW: %{{.+}}:8 = scf.for
// NARROW-NOT: memref.prefetch
// NARROW: scf.yield
// Positions behind a query's last do not count.
// CHECK: vector.create_mask
// CHECK: arith.select
// CHECK: vector.reduction <maxnumf>
// WIDE: %{{.+}}:24 = scf.for
// NARROW: %{{.+}}:8 = scf.for
// CHECK: return
func.func @twelve(%cache: memref<?xf32>, %q: memref<4x576xf32>, %s: memref<?xf32>, %at: index, %l: index, %t0: index, %t1: index, %t2: index, %t3: index) {
  %0 = arith.constant 0 : index
  %1 = arith.constant 64 : index
  %2 = arith.constant 128 : index
  %p = arith.constant 4096 : index
  kernel.attend %cache[%at] at %0 ins(%q) states %s weights %0
      tokens(%t0, %t0, %t0, %t1, %t1, %t1, %t2, %t2, %t2, %t3, %t3, %t3)
      columns(%0, %1, %2, %0, %1, %2, %0, %1, %2, %0, %1, %2)
      last(%l, %l, %l, %l, %l, %l, %l, %l, %l, %l, %l, %l)
      places(%p, %p, %p, %p, %p, %p, %p, %p, %p, %p, %p, %p)
      head_size 64 chains 1 scale 0.125 streamed : memref<?xf32>, memref<4x576xf32>, memref<?xf32>
  return
}

// Bytes widen, and a record's scales are its first ones: of the keys, then of
// the values.
// CHECK-LABEL: func.func @bytes
// CHECK: arith.sitofp
// WIDE: %[[KEYS:.+]] = vector.load %{{.+}} : memref<?xi8>, vector<64xi8>
// WIDE: vector.bitcast %[[KEYS]] : vector<64xi8> to vector<16xf32>
// WIDE: vector.bitcast %{{.+}} : vector<64xi8> to vector<16xf32>
// NARROW: vector.bitcast %{{.+}} : vector<32xi8> to vector<8xf32>
// CHECK: arith.sitofp
// CHECK: return
func.func @bytes(%cache: memref<?xi8>, %q: memref<1x64xf32>, %s: memref<?xf32>, %at: index, %l: index) {
  %0 = arith.constant 0 : index
  %p = arith.constant 4096 : index
  kernel.attend %cache[%at] at %0 ins(%q) states %s weights %0 tokens(%0) columns(%0) last(%l) places(%p)
      head_size 64 chains 4 scale 0.125 : memref<?xi8>, memref<1x64xf32>, memref<?xf32>
  return
}
