// RUN: compress-opt %s --split-input-file --kernel-plan-weights --kernel-split-multiply --verify-diagnostics

func.func @unknown(%w: memref<?xi8>, %o: index, %x: memref<1x32xf32>, %y: memref<1x4xf32>) {
  // expected-error @below {{'kernel.multiply' op names @w, but no compress.weight of that name is there}}
  kernel.multiply @w at %w[%o] ins(%x) outs(%y) : memref<?xi8>, memref<1x32xf32>, memref<1x4xf32>
  return
}

// -----

compress.weight @w : tensor<4x32xf32> {
  %0 = compress.stored "w" : tensor<4x32xf16>
  compress.yield %0 : tensor<4x32xf16>
}
func.func private @use() -> tensor<4x32xf32> {
  %w = compress.use @w : tensor<4x32xf32>
  return %w : tensor<4x32xf32>
}
func.func @offsets(%w: memref<?xi8>, %o: index, %x: memref<1x32xf32>, %y: memref<1x4xf32>) {
  // expected-error @below {{'kernel.multiply' op has 2 offsets, but @w has 1 parts}}
  kernel.multiply @w at %w[%o, %o] ins(%x) outs(%y) : memref<?xi8>, memref<1x32xf32>, memref<1x4xf32>
  return
}

// -----

compress.weight @w : tensor<4x32xf32> {
  %0 = compress.stored "w" : tensor<4x32xf16>
  compress.yield %0 : tensor<4x32xf16>
}
func.func @tensors(%w: memref<?xi8>, %o: index, %x: tensor<1x32xf32>, %y: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // expected-error @below {{'kernel.multiply' op is on tensors; bufferize it before}}
  %z = kernel.multiply @w at %w[%o] ins(%x) outs(%y) : memref<?xi8>, tensor<1x32xf32>, tensor<1x4xf32> -> tensor<1x4xf32>
  return %z : tensor<1x4xf32>
}
