// RUN: compress-opt %s --split-input-file --verify-diagnostics | compress-opt --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @tensors
// CHECK: kernel.multiply @w at %{{.+}}[%{{.+}}] ins(%{{.+}}) outs(%{{.+}}) : memref<?xi8>, tensor<1x64xf32>, tensor<1x172xf32> -> tensor<1x172xf32>
func.func @tensors(%p: memref<?xi8>, %o: index, %x: tensor<1x64xf32>, %y: tensor<1x172xf32>) -> tensor<1x172xf32> {
  %r = kernel.multiply @w at %p[%o] ins(%x) outs(%y) : memref<?xi8>, tensor<1x64xf32>, tensor<1x172xf32> -> tensor<1x172xf32>
  return %r : tensor<1x172xf32>
}

// CHECK-LABEL: func.func @buffers
// CHECK: kernel.multiply @w at %{{.+}}[%{{.+}}] ins(%{{.+}}) outs(%{{.+}}) : memref<?xi8>, memref<1x64xf32>, memref<1x172xf32>
func.func @buffers(%p: memref<?xi8>, %o: index, %x: memref<1x64xf32>, %y: memref<1x172xf32>) {
  kernel.multiply @w at %p[%o] ins(%x) outs(%y) : memref<?xi8>, memref<1x64xf32>, memref<1x172xf32>
  return
}

// -----

func.func @rank(%p: memref<?xi8>, %o: index, %x: memref<64xf32>, %y: memref<1x172xf32>) {
  // expected-error @below {{'kernel.multiply' op takes and makes f32 of [tokens, channels], but has 'memref<64xf32>'}}
  kernel.multiply @w at %p[%o] ins(%x) outs(%y) : memref<?xi8>, memref<64xf32>, memref<1x172xf32>
  return
}

// -----

func.func @mixed(%p: memref<?xi8>, %o: index, %x: tensor<1x64xf32>, %y: memref<1x172xf32>) {
  // expected-error @below {{'kernel.multiply' op has a tensor and a buffer; both are one or the other}}
  kernel.multiply @w at %p[%o] ins(%x) outs(%y) : memref<?xi8>, tensor<1x64xf32>, memref<1x172xf32>
  return
}

// -----

func.func @results(%p: memref<?xi8>, %o: index, %x: tensor<1x64xf32>, %y: tensor<1x172xf32>) {
  // expected-error @below {{'kernel.multiply' op has 0 results, but there is one for a tensor and none for a buffer}}
  kernel.multiply @w at %p[%o] ins(%x) outs(%y) : memref<?xi8>, tensor<1x64xf32>, tensor<1x172xf32>
  return
}
