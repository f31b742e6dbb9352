// RUN: compress-opt %s --kernel-plan-weights --convert-products-to-kernel --remarks-filter=kernel 2>&1 | FileCheck %s
// RUN: compress-opt %s --compress-check=executors=reference,jit -o /dev/null

// What is no product takes the rows of the matrix, and a remark says so.
// CHECK: remark: [Missed] DenseMatrix
// CHECK-SAME: Op=linalg.generic
// CHECK-SAME: Weight=codes
// CHECK: memref.global "private" constant @rows_2 : memref<2xi32> = dense<[0, 1]>
// CHECK: %[[D:.+]] = tensor.empty() : tensor<2x4xf32>
// CHECK: %[[W:.+]] = kernel.gather_rows @format at %{{.+}}[%{{.+}}] ins(%{{.+}}) outs(%[[D]]) {{.*}} -> tensor<2x4xf32>
// CHECK: linalg.generic {{.*}} ins(%[[W]]
compress.weight @codes : tensor<2x4xf32> {
  %c = compress.constant dense<[[1, 2, 3, -4], [5, -6, 7, -8]]> : tensor<2x4xsi4>
  %s = compress.constant dense<[[0.5], [0.25]]> : tensor<2x1xf32>
  %d = compress.dequantize %c, %s : (tensor<2x4xsi4>, tensor<2x1xf32>) -> tensor<2x4xf32>
  compress.yield %d : tensor<2x4xf32>
}
func.func @dense() {
  %w = compress.use @codes : tensor<2x4xf32>
  %e = tensor.empty() : tensor<2x4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<2x4xf32>) outs(%e : tensor<2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %b = arith.negf %a : f32
    linalg.yield %b : f32
  } -> tensor<2x4xf32>
  %expected = arith.constant dense<[[-0.5, -1.0, -1.5, 2.0], [-1.25, 1.5, -1.75, 2.0]]> : tensor<2x4xf32>
  check.expect_close %y, %expected tolerance 0.0 : tensor<2x4xf32>
  return
}
