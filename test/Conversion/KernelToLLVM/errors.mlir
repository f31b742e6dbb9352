// RUN: compress-opt %s --convert-kernel-to-llvm --split-input-file --verify-diagnostics

// All that came too early is named at once.
compress.format @w {
  %0 = compress.stream 0 : tensor<16x64xf16>
  compress.yield %0 : tensor<16x64xf16>
}
func.func @early(%context: !kernel.context, %w: memref<?xi8>, %o: index, %x: memref<2x64xf32>, %y: memref<2x16xf32>,
                 %acc: vector<16xi32>, %a: vector<64xi8>) {
  // expected-error @below {{'kernel.matmul' op is lowered before; run --convert-kernel-to-vector first}}
  kernel.matmul @w at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xi8>, memref<2x64xf32>, memref<2x16xf32>
  // expected-error @below {{'scf.forall' op is lowered before; run --kernel-split-threads first}}
  scf.forall (%i) in (%o) {
  }
  // expected-error @below {{'kernel.lane_dot' op is lowered before; run --kernel-lower-lane-ops first}}
  %0 = kernel.lane_dot %acc, %a, %a bits 4 : vector<16xi32>, vector<64xi8>
  %table = arith.constant dense<7> : vector<16xi8>
  // expected-error @below {{'kernel.lane_lookup' op is lowered before; run --kernel-lower-lane-ops first}}
  %1 = kernel.lane_lookup %a in %table : vector<64xi8>, vector<16xi8>
  %mask = arith.constant 5 : i64
  // expected-error @below {{'kernel.lane_expand' op is lowered before; run --kernel-lower-lane-ops first}}
  %2 = kernel.lane_expand %w[%o] mask %mask bits 4 : memref<?xi8>, vector<64xi8>
  // expected-error @below {{'kernel.round_activations' op is lowered before; run --convert-kernel-to-vector first}}
  kernel.round_activations %x into %x tokens %o : memref<2x64xf32>, memref<2x64xf32>
  %floats = arith.constant dense<7.0> : vector<16xf32>
  // expected-error @below {{'kernel.lane_permute' op is lowered before; run --kernel-lower-lane-ops first}}
  %4:4 = kernel.lane_permute %floats by %a : vector<16xf32>, vector<64xi8>
  %pairs = arith.constant dense<7.0> : vector<32xbf16>
  // expected-error @below {{'kernel.lane_dot_bf16' op is lowered before; run --kernel-lower-lane-ops first}}
  %6 = kernel.lane_dot_bf16 %floats, %pairs, %pairs : vector<16xf32>, vector<32xbf16>
  %some = arith.constant 7 : i16
  // expected-error @below {{'kernel.lane_expand_floats' op is lowered before; run --kernel-lower-lane-ops first}}
  %5 = kernel.lane_expand_floats %w[%o] of f16 mask %some : memref<?xi8> -> vector<16xf32>
  %acc2 = memref.alloc() : memref<256xi32>
  %rows = memref.alloc() : memref<16x64xi8>
  // expected-error @below {{'kernel.tile_dot' op is lowered before; run --kernel-lower-lane-ops first}}
  kernel.tile_dot %rows[%o, %o], %w[%o] into %acc2[%o] accumulate true quads 16 bits 8 : memref<16x64xi8>, memref<?xi8>, memref<256xi32>
  return
}

// -----

func.func @other(%m: memref<4xf32>, %x: f32) {
  // expected-error @below {{failed to legalize operation 'linalg.fill'}}
  linalg.fill ins(%x : f32) outs(%m : memref<4xf32>)
  return
}
