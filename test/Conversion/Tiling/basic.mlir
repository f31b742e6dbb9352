// RUN: compress-opt %s --transform-interpreter --canonicalize --cse --split-input-file | FileCheck %s

// A product is tiled by its tokens, and a product that another takes the rows of
// is made where these are.
// CHECK-LABEL: func.func @chain
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<?xi8>, %[[O:[a-z0-9]+]]: index, %[[X:[a-z0-9]+]]: tensor<64x32xf32>
// CHECK: scf.for %[[T:.+]] = %c0 to %c64 step %c16
// CHECK:   %[[XT:.+]] = tensor.extract_slice %[[X]][%[[T]], 0] [16, 32] [1, 1]
// CHECK:   %[[H:.+]] = kernel.multiply @w at %[[W]][%[[O]]] ins(%[[XT]]) outs(%{{.+}}) : memref<?xi8>, tensor<16x32xf32>, tensor<16x48xf32> -> tensor<16x48xf32>
// CHECK:   %[[Y:.+]] = kernel.multiply @v at %[[W]][%[[O]]] ins(%[[H]])
// CHECK:   tensor.insert_slice %[[Y]] into %{{.+}}[%[[T]], 0] [16, 8] [1, 1]
func.func @chain(%w: memref<?xi8>, %o: index, %x: tensor<64x32xf32>) -> tensor<64x8xf32> {
  %e = tensor.empty() : tensor<64x48xf32>
  %h = kernel.multiply @w at %w[%o] ins(%x) outs(%e) : memref<?xi8>, tensor<64x32xf32>, tensor<64x48xf32> -> tensor<64x48xf32>
  %f = tensor.empty() : tensor<64x8xf32>
  %y = kernel.multiply @v at %w[%o] ins(%h) outs(%f) : memref<?xi8>, tensor<64x48xf32>, tensor<64x8xf32> -> tensor<64x8xf32>
  return %y : tensor<64x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %products = transform.structured.match ops{["kernel.multiply"]} in %root : (!transform.any_op) -> !transform.any_op
    %first, %second = transform.split_handle %products : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %tiled, %loop = transform.structured.fuse %second tile_sizes [16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// The rows of a number of tokens are those of each tile.
// CHECK-LABEL: func.func @rows
// CHECK: scf.for %[[T:.+]] = %c0 to %[[N:.+]] step %c16
// CHECK:   %[[S:.+]] = affine.min
// CHECK:   %[[I:.+]] = memref.subview %{{.+}}[%[[T]]] [%[[S]]] [1]
// CHECK:   kernel.gather_rows @f at %{{.+}} ins(%[[I]]) outs(%{{.+}}) tokens %[[S]]
compress.format @f {
  %0 = compress.stream 0 : tensor<48x32xf16>
  compress.yield %0 : tensor<48x32xf16>
}
func.func @rows(%w: memref<?xi8>, %o: index, %i: memref<?xi32>, %n: index) -> tensor<?x32xf32> {
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %x = kernel.gather_rows @f at %w[%o] ins(%i) outs(%e) tokens %n : memref<?xi8>, memref<?xi32>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %x : tensor<?x32xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %rows = transform.structured.match ops{["kernel.gather_rows"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %rows tile_sizes [16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
