// RUN: compress-opt %s --kernel-outline-products | FileCheck %s

compress.format @f {
  %0 = compress.stream 0 : tensor<16x64xf16>
  compress.yield %0 : tensor<16x64xf16>
}

// Products of two layers share a function; one that adds has another form, and
// as it occurs once, it stays.
// CHECK: func.func @layers(%[[C:.+]]: !kernel.context, %[[T:.+]]: index, %[[W:.+]]: memref<?xi8>, %[[A:.+]]: index, %[[B:.+]]: index, %[[X:.+]]: memref<2x64xf32>, %[[Y:.+]]: memref<2x16xf32>, %[[N:.+]]: index)
// CHECK-NEXT: call @matmul_f(%[[C]], %[[T]], %[[W]], %[[A]], %[[X]], %[[Y]], %[[N]])
// CHECK-NEXT: kernel.barrier
// CHECK-NEXT: call @matmul_f(%[[C]], %[[T]], %[[W]], %[[B]], %[[X]], %[[Y]], %[[N]])
// CHECK-NEXT: kernel.matmul @f {{.*}} accumulate
func.func @layers(%context: !kernel.context, %thread: index, %w: memref<?xi8>, %a: index, %b: index, %x: memref<2x64xf32>, %y: memref<2x16xf32>, %n: index) {
  kernel.matmul @f at %w[%a] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<2x64xf32>, memref<2x16xf32>
  kernel.barrier %context thread %thread
  kernel.matmul @f at %w[%b] ins(%x) outs(%y) tokens %n : memref<?xi8>, memref<2x64xf32>, memref<2x16xf32>
  kernel.matmul @f at %w[%b] ins(%x) outs(%y) accumulate tokens %n : memref<?xi8>, memref<2x64xf32>, memref<2x16xf32>
  return
}

// Functions of one thread have no context to pass on.
// CHECK-LABEL: func.func @plain
// CHECK-COUNT-2: kernel.matmul @f
func.func @plain(%w: memref<?xi8>, %a: index, %x: memref<2x64xf32>, %y: memref<2x16xf32>) {
  kernel.matmul @f at %w[%a] ins(%x) outs(%y) tokens %a : memref<?xi8>, memref<2x64xf32>, memref<2x16xf32>
  kernel.matmul @f at %w[%a] ins(%x) outs(%y) tokens %a : memref<?xi8>, memref<2x64xf32>, memref<2x16xf32>
  return
}

// CHECK: func.func private @matmul_f(%{{.+}}: !kernel.context, %{{.+}}: index, %[[W:.+]]: memref<?xi8>, %[[O:.+]]: index, %[[X:.+]]: memref<2x64xf32>, %[[Y:.+]]: memref<2x16xf32>, %[[N:.+]]: index)
// CHECK-NEXT: kernel.matmul @f at %[[W]][%[[O]]] ins(%[[X]]) outs(%[[Y]]) tokens %[[N]]
