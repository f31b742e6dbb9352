// RUN: compress-opt %s --kernel-plan-weights --kernel-split-multiply | FileCheck %s
// RUN: compress-opt %s --kernel-plan-weights --kernel-split-multiply=activations=f32 | FileCheck %s --check-prefix=F32

compress.weight @codes : tensor<4x32xf32> {
  %0 = compress.stored "codes" : tensor<4x32xsi4>
  %1 = compress.stored "scales" : tensor<4x1xf16>
  %2 = compress.dequantize %0, %1 : (tensor<4x32xsi4>, tensor<4x1xf16>) -> tensor<4x32xf32>
  compress.yield %2 : tensor<4x32xf32>
}
compress.weight @sum : tensor<4x32xf32> {
  %0 = compress.stored "more" : tensor<4x32xsi4>
  %1 = compress.stored "other" : tensor<4x1xf16>
  %2 = compress.dequantize %0, %1 : (tensor<4x32xsi4>, tensor<4x1xf16>) -> tensor<4x32xf32>
  %3 = compress.stored "dense" : tensor<4x32xf16>
  %4 = compress.sum %2, %3 : (tensor<4x32xf32>, tensor<4x32xf16>) -> tensor<4x32xf32>
  compress.yield %4 : tensor<4x32xf32>
}
func.func private @uses() -> (tensor<4x32xf32>, tensor<4x32xf32>) {
  %a = compress.use @codes : tensor<4x32xf32>
  %b = compress.use @sum : tensor<4x32xf32>
  return %a, %b : tensor<4x32xf32>, tensor<4x32xf32>
}

// Products of one input take it quantised once, each part at an offset of its
// own, until the input changes.
// CHECK-LABEL: func.func @shared
// CHECK: kernel.quantize_activations %[[X:.+]] into %[[C:.+]], %{{.+}}, %{{.+}} tokens %[[N:arg[0-9]+]]
// CHECK: kernel.matmul_int8 @[[F:.+]] at %{{.+}}[%[[O0:.+]]] ins(%[[C]],
// CHECK-NOT: quantize_activations
// CHECK: kernel.matmul_int8 @[[F]] at %{{.+}}[%[[O1:.+]]] ins(%[[C]],
// CHECK: kernel.matmul @{{.+}} at %{{.+}}[%[[O2:.+]]] ins(%[[X]]) {{.*}} accumulate
// CHECK: memref.store
// CHECK: kernel.quantize_activations %[[X]]
// CHECK: kernel.matmul_int8
// F32-LABEL: func.func @shared
// F32-NOT: int8
func.func @shared(%w: memref<?xi8>, %o0: index, %o1: index, %o2: index, %n: index, %v: f32) {
  %c0 = arith.constant 0 : index
  %x = memref.alloc() : memref<8x32xf32>
  %y = memref.alloc() : memref<8x4xf32>
  %z = memref.alloc() : memref<8x4xf32>
  kernel.multiply @codes at %w[%o0] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<8x32xf32>, memref<8x4xf32>
  kernel.multiply @sum at %w[%o1, %o2] ins(%x) outs(%z) tokens %n : memref<?xi8>, memref<8x32xf32>, memref<8x4xf32>
  memref.store %v, %x[%c0, %c0] : memref<8x32xf32>
  kernel.multiply @codes at %w[%o0] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<8x32xf32>, memref<8x4xf32>
  return
}
