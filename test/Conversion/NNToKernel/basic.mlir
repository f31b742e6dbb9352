// RUN: compress-opt %s --kernel-plan-weights --convert-nn-to-kernel=chunk=8 | FileCheck %s --check-prefix=TENSORS
// RUN: compress-opt %s --compress-lower-to-llvm="stop-after=kernel chunk=8" | FileCheck %s
// RUN: compress-opt %s --kernel-plan-weights --convert-nn-to-kernel=cache-type=f16 | FileCheck %s --check-prefix=F16
// RUN: compress-opt %s --kernel-plan-weights --convert-nn-to-kernel=cache-type=int8 | FileCheck %s --check-prefix=INT8
// RUN: compress-opt %s --kernel-plan-weights --convert-nn-to-kernel=cache-type=int8,f32 | FileCheck %s --check-prefix=BOTH
// RUN: not compress-opt %s --kernel-plan-weights --convert-nn-to-kernel=cache-type=int4 2>&1 | FileCheck %s --check-prefix=INT4

// F16: caches = [{bytes_per_position = 64 : i64, decode = @decode, prefill = @prefill, type = 1 : i64}]
// F16: kernel.attention %{{.+}} cache f16[%{{.+}} of 64]
// A scale a position and head, of keys and of values.
// INT8: caches = [{bytes_per_position = 48 : i64, decode = @decode, prefill = @prefill, type = 2 : i64}]
// INT8: kernel.attention %{{.+}} cache i8[%{{.+}} of 48]
// Several have functions of their own each.
// BOTH: caches = [{bytes_per_position = 48 : i64, decode = @decode, prefill = @prefill, type = 2 : i64}, {bytes_per_position = 128 : i64, decode = @decode_f32, prefill = @prefill_f32, type = 0 : i64}]
// BOTH: func.func @decode(
// BOTH: kernel.attention %{{.+}} cache i8
// BOTH: func.func @prefill(
// BOTH: func.func @decode_f32(
// BOTH: kernel.attention %{{.+}} cache f32
// BOTH: func.func @prefill_f32(
// INT4: error: cache-type=int4 is unknown; there are f32, f16 and int8

// What needs the context becomes kernel ops on tensors; the rest stays.

// TENSORS-LABEL: func.func @decode
// TENSORS: kernel.gather_rows {{.*}} -> tensor<1x16xf32>
// TENSORS-LABEL: func.func @prefill
// TENSORS-DAG: %[[N:.+]] = kernel.field %{{.+}} count at_most 8
// TENSORS-DAG: %[[W:.+]] = kernel.buffer %{{.+}} weights : memref<?xi8>
// TENSORS: %[[G:.+]] = bufferization.to_tensor %{{.+}} restrict : memref<16xf32> to tensor<16xf32>
// TENSORS: %[[X:.+]] = kernel.gather_rows @format at %[[W]][%{{.+}}] {{.*}} tokens %[[N]] : {{.*}} -> tensor<?x16xf32>
// TENSORS: %[[NORM:.+]] = nn.rms_norm %[[X]], %[[G]]
// TENSORS: %[[Y:.+]] = kernel.multiply @low_rank at %[[W]][%{{.+}}, %{{.+}}, %{{.+}}] ins(%[[NORM]])
// TENSORS: %[[BIAS:.+]] = linalg.generic {{.*}} ins(%[[G]] : tensor<16xf32>) outs(%[[Y]] : tensor<?x16xf32>)
// TENSORS: %[[R:.+]] = scf.forall (%{{.+}}) in (%[[N]])
// TENSORS: %[[A:.+]] = kernel.attention %{{.+}} cache f32[%{{.+}} of 128] ins(%[[R]], %[[R]], %[[BIAS]]) {{.*}} heads 2 kv_heads 2 scale 0.353553385
// TENSORS: %[[P:.+]] = kernel.multiply @permuted at {{.*}} ins(%[[A]])
// TENSORS: arith.mulf %[[P]], %[[A]] : tensor<?x16xf32>
// TENSORS: arith.subf
// TENSORS: %[[T:.+]] = arith.addf
// TENSORS: scf.if
// TENSORS: tensor.extract_slice %[[T]]
// TENSORS: bufferization.materialize_in_destination %{{.+}} in restrict writable

// Every op of nn, and where threads meet.

// CHECK: module attributes {
// CHECK-SAME: kernel.program = {caches = [{bytes_per_position = 128 : i64, decode = @decode, prefill = @prefill, type = 0 : i64}], page_positions = 256 : i64, partial_bytes_per_page = 320 : i64, prefill_chunk = 8 : i64, rotary_frequencies = @f, run_tokens = 16 : i64, vocabulary = 48 : i64}

compress.weight @e : tensor<48x16xf32> {
  %0 = compress.stored "e" : tensor<48x16xf16>
  compress.yield %0 : tensor<48x16xf16>
}
compress.weight @g : tensor<16xf32> {
  %0 = compress.stored "g" : tensor<16xf32>
  compress.yield %0 : tensor<16xf32>
}
compress.weight @f : tensor<4xf32> {
  %0 = compress.stored "f" : tensor<4xf32>
  compress.yield %0 : tensor<4xf32>
}
compress.weight @low_rank : tensor<16x16xf32> {
  %0 = compress.stored "codes" : tensor<16x16xui4>
  %1 = compress.stored "scales" : tensor<16x1xf16>
  %2 = compress.dequantize %0, %1 : (tensor<16x16xui4>, tensor<16x1xf16>) -> tensor<16x16xf32>
  %3 = compress.stored "u" : tensor<16x2xf16>
  %4 = compress.stored "v" : tensor<2x16xf16>
  %5 = compress.product %3, %4 : (tensor<16x2xf16>, tensor<2x16xf16>) -> tensor<16x16xf32>
  %6 = compress.sum %2, %5 : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  compress.yield %6 : tensor<16x16xf32>
}
compress.weight @permuted : tensor<16x16xf32> {
  %0 = compress.stored "w" : tensor<16x16xf16>
  %1 = compress.stored "order" : tensor<16xui8>
  %2 = compress.permute %0 gather %1 dim 1 : (tensor<16x16xf16>, tensor<16xui8>) -> tensor<16x16xf32>
  compress.yield %2 : tensor<16x16xf32>
}

func.func @forward(%tokens: tensor<?xi32>, %position: index, %c: tensor<2x?x2x8xf32>) -> (tensor<?x48xf32>, tensor<2x?x2x8xf32>) {
  %e = compress.use @e : tensor<48x16xf32>
  %g = compress.use @g : tensor<16xf32>
  %f = compress.use @f : tensor<4xf32>
  %low = compress.use @low_rank : tensor<16x16xf32>
  %permuted = compress.use @permuted : tensor<16x16xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<48x16xf32> -> tensor<?x16xf32>
  %n = nn.rms_norm %x, %g epsilon 1.0e-5 : tensor<?x16xf32>, tensor<16xf32>
  %y = nn.linear %n, %low bias %g : (tensor<?x16xf32>, tensor<16x16xf32>, tensor<16xf32>) -> tensor<?x16xf32>
  %r = nn.rotary %y at %position, %f : tensor<?x16xf32>, tensor<4xf32>
  %a, %new = nn.attention %r, %r, %y, %c at %position heads 2 kv_heads 2 : tensor<?x16xf32>, tensor<?x16xf32>, tensor<2x?x2x8xf32>
  %p = nn.linear %a, %permuted : (tensor<?x16xf32>, tensor<16x16xf32>) -> tensor<?x16xf32>
  %m = arith.mulf %p, %a : tensor<?x16xf32>
  %s = arith.subf %m, %y : tensor<?x16xf32>
  %t = arith.addf %s, %x : tensor<?x16xf32>
  %l = nn.linear %t, %e : (tensor<?x16xf32>, tensor<48x16xf32>) -> tensor<?x48xf32>
  return %l, %new : tensor<?x48xf32>, tensor<2x?x2x8xf32>
}

// One token's pages are shared out, and then put together.
// CHECK-LABEL: func.func @decode
// CHECK: %[[PARTIALS:.+]] = kernel.buffer %{{.+}} partials : memref<?xf32>
// CHECK: kernel.barrier
// CHECK: scf.forall {{.*}} in (%{{.+}}, 2)
// CHECK: vector.store %{{.+}}, %[[PARTIALS]]
// CHECK: kernel.barrier
// CHECK: scf.forall {{.*}} in (2)
// CHECK: vector.load %[[PARTIALS]]

// CHECK-LABEL: func.func @prefill
// The embedding, the norm and the quantised inputs are each token's own thread's.
// CHECK-DAG: %[[COUNT:.+]] = kernel.field %[[CONTEXT:.+]] count at_most 8
// CHECK: kernel.gather_rows @[[E:format]] at
// CHECK-NOT: kernel.barrier
// CHECK: scf.forall {{.*}} in (%[[COUNT]])
// CHECK: math.sqrt
// CHECK-NOT: kernel.barrier
// CHECK: kernel.quantize_activations

// The product takes what other threads wrote; a term adds to it.
// CHECK: kernel.barrier
// CHECK: kernel.matmul_int8 @format_0 at
// CHECK: kernel.matmul @format_2 at {{.*}} memref<?x2xf32>
// CHECK: kernel.barrier
// CHECK: kernel.matmul @format_1 at {{.*}} accumulate

// The bias is added a token a thread, and so are angles.
// CHECK: kernel.barrier
// CHECK: scf.forall {{.*}} in (%[[COUNT]])
// CHECK-NOT: kernel.barrier
// CHECK: scf.forall {{.*}} in (%[[COUNT]])
// CHECK-NOT: kernel.barrier
// Keys and values go into the cache, which attention then reads.
// CHECK: scf.forall {{.*}} in (%[[COUNT]])
// CHECK: %[[RUNS:.+]] = kernel.field %{{.+}} run_count
// CHECK: kernel.barrier
// CHECK: scf.forall {{.*}} in (%[[RUNS]], 2)
// CHECK: grain = 1

// x'[order[i]] = x[i] before the product.
// CHECK: kernel.barrier
// CHECK: scf.forall {{.*}} in (%[[COUNT]])
// CHECK: arith.index_castui
// CHECK: kernel.barrier
// CHECK: kernel.matmul @format_3 at

// Elementwise ops share out the same tokens alike.
// CHECK: kernel.barrier
// CHECK: arith.mulf
// CHECK: arith.subf
// CHECK: arith.addf

// Logits, where somebody wants them.
// CHECK: kernel.field %{{.+}} logits_begin
// CHECK: kernel.barrier
// CHECK: scf.if
// CHECK: kernel.matmul @[[E]] at
// CHECK: kernel.barrier
