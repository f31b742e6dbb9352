// RUN: compress-opt %s --compress-lower-to-llvm=stop-after=kernel | FileCheck %s --check-prefixes=CHECK,INT8,CHUNK64
// RUN: compress-opt %s --compress-lower-to-llvm="stop-after=kernel chunk=8 activations=f32" | FileCheck %s --check-prefixes=CHECK,F32,CHUNK8
// RUN: not compress-opt %s --kernel-plan-weights --convert-nn-to-kernel="chunk=0" 2>&1 | FileCheck %s --check-prefix=CHUNK0
// RUN: not compress-opt %s --convert-nn-to-kernel 2>&1 | FileCheck %s --check-prefix=PLACE

// CHUNK0: error: chunk=0 is below 1
// PLACE: error: 'compress.use' op names a weight without a place; run --kernel-plan-weights before

// CHUNK64: prefill_chunk = 64 : i64
// CHUNK8: prefill_chunk = 8 : i64

compress.weight @e : tensor<48x64xf32> {
  %0 = compress.stored "codes" : tensor<48x64xsi4>
  %1 = compress.stored "scales" : tensor<48x2xf16>
  %2 = compress.dequantize %0, %1 group_size 32 : (tensor<48x64xsi4>, tensor<48x2xf16>) -> tensor<48x64xf32>
  compress.yield %2 : tensor<48x64xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x48xf32> {
  %e = compress.use @e : tensor<48x64xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<48x64xf32> -> tensor<?x64xf32>
  %l = nn.linear %x, %e : (tensor<?x64xf32>, tensor<48x64xf32>) -> tensor<?x48xf32>
  return %l : tensor<?x48xf32>
}

// CHECK-NOT: func.func @forward
// CHECK-LABEL: func.func @decode(%{{.*}}: !kernel.context, %{{.*}}: index)
// CHECK: kernel.gather_rows @format at {{.*}} memref<1x64xf32>
// INT8: kernel.quantize_activations {{.*}} memref<1x64xf32>, memref<1x64xi8>, memref<1x2xf32>, memref<1x4xf32>
// INT8: kernel.matmul_int8 @format at
// F32-NOT: quantize_activations
// F32: kernel.matmul @format at
// CHECK-LABEL: func.func @prefill(%{{.*}}: !kernel.context, %{{.*}}: index)
// CHUNK64: %[[N:.+]] = kernel.field %{{.+}} count at_most 64
// CHUNK8: %[[N:.+]] = kernel.field %{{.+}} count at_most 8
// CHECK: kernel.gather_rows @format at {{.*}} tokens %[[N]] : {{.*}} memref<?x64xf32>
// INT8: kernel.matmul_int8 @format at
// F32: kernel.matmul @format at
