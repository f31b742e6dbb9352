// RUN: compress-opt %s --compress-sweep | FileCheck %s

// What nothing uses and nobody outside can name goes.
// CHECK-NOT: @unused
// CHECK: compress.weight @public
// CHECK: compress.weight @used
compress.weight @unused : tensor<2xf32> attributes {sym_visibility = "private"} {
  %0 = compress.constant dense<[1.0, 2.0]> : tensor<2xf32>
  compress.yield %0 : tensor<2xf32>
}
compress.weight @public : tensor<2xf32> {
  %0 = compress.constant dense<[1.0, 2.0]> : tensor<2xf32>
  compress.yield %0 : tensor<2xf32>
}
compress.weight @used : tensor<2xf32> attributes {sym_visibility = "private"} {
  %0 = compress.constant dense<[1.0, 2.0]> : tensor<2xf32>
  compress.yield %0 : tensor<2xf32>
}
func.func @f() -> tensor<2xf32> {
  %0 = compress.use @used : tensor<2xf32>
  return %0 : tensor<2xf32>
}
