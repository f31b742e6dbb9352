// RUN: compress-opt %s --kernel-plan-weights --convert-products-to-kernel --cse | FileCheck %s
// RUN: compress-opt %s --compress-functions-to-llvm='activations=f32 stop-after=kernel' | FileCheck %s --check-prefix=F32
// RUN: compress-opt %s --compress-functions-to-llvm='stop-after=kernel' | FileCheck %s --check-prefix=INT8
// RUN: compress-opt %s --compress-functions-to-llvm | FileCheck %s --check-prefix=LLVM

// CHECK: memref.global "private" @packed_weights : memref<{{[0-9]+}}xi8> {alignment = 64 : i64}
compress.weight @codes : tensor<2x32xf32> {
  %c = compress.constant dense<1> : tensor<2x32xsi4>
  %s = compress.constant dense<0.5> : tensor<2x1xf32>
  %d = compress.dequantize %c, %s : (tensor<2x32xsi4>, tensor<2x1xf32>) -> tensor<2x32xf32>
  compress.yield %d : tensor<2x32xf32>
}
compress.weight @factors : tensor<2x32xf32> {
  %u = compress.constant dense<1.0> : tensor<2x1xf32>
  %v = compress.constant dense<2.0> : tensor<1x32xf32>
  %d = compress.product %u, %v : (tensor<2x1xf32>, tensor<1x32xf32>) -> tensor<2x32xf32>
  compress.yield %d : tensor<2x32xf32>
}
compress.weight @bias : tensor<2xf32> {
  %b = compress.constant dense<[3.0, 4.0]> : tensor<2xf32>
  compress.yield %b : tensor<2xf32>
}

// The product stays packed, and the bias is read where it lies.
// CHECK-LABEL: func.func @linear(
// CHECK-SAME: %[[X:.+]]: tensor<1x32xf32> {bufferization.writable = false}
// CHECK: %[[P:.+]] = memref.get_global @packed_weights
// CHECK: kernel.multiply @codes at %[[P]][%{{.+}}] ins(%[[X]]) outs(%{{.+}}) : memref<{{[0-9]+}}xi8>, tensor<1x32xf32>, tensor<1x2xf32> -> tensor<1x2xf32>
// F32-LABEL: func.func private @linear.threads(
// F32-SAME: %{{.+}}: memref<1x32xf32>, %{{.+}}: memref<1x2xf32>)
// F32: kernel.matmul @format at
// INT8-LABEL: func.func private @linear.threads(
// INT8: kernel.quantize_activations
// INT8: kernel.matmul_int8 @format at
// INT8-NOT: memref.alloc
// INT8-LABEL: func.func @linear(
// INT8-NEXT: kernel.launch @linear.threads(
// LLVM: llvm.mlir.global private constant @packed_weights(dense<
// LLVM-LABEL: llvm.func @linear(%{{.+}}: !llvm.ptr{{.*}}, %{{.+}}: !llvm.ptr
func.func @linear(%x: tensor<1x32xf32>) -> tensor<1x2xf32> {
  %w = compress.use @codes : tensor<2x32xf32>
  %b = compress.use @bias : tensor<2xf32>
  %y = nn.linear %x, %w bias %b : (tensor<1x32xf32>, tensor<2x32xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// Factors are multiplied one after another.
// CHECK-LABEL: func.func @chain
// CHECK: kernel.multiply @factors
// CHECK-NOT: linalg.matmul
// F32-LABEL: func.func private @chain.threads
// F32: %[[T:.+]] = memref.view %{{.+}} : memref<?xi8> to memref<4x1xf32>
// F32: kernel.matmul @format_1 at %{{.+}}[%{{.+}}] ins(%{{.+}}) outs(%[[T]])
// F32: kernel.matmul @format_0 at %{{.+}}[%{{.+}}] ins(%[[T]])
func.func @chain(%x: tensor<4x32xf32>, %init: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = compress.use @factors : tensor<2x32xf32>
  %e = tensor.empty() : tensor<32x2xf32>
  %t = linalg.transpose ins(%w : tensor<2x32xf32>) outs(%e : tensor<32x2xf32>) permutation = [1, 0]
  %y = linalg.matmul ins(%x, %t : tensor<4x32xf32>, tensor<32x2xf32>) outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// Leading dimensions are tokens.
// CHECK-LABEL: func.func @batch
// CHECK: tensor.collapse_shape %{{.+}} {{\[}}[0, 1], [2]] : tensor<3x4x32xf32> into tensor<12x32xf32>
// CHECK: kernel.multiply @codes
// CHECK: tensor.expand_shape
func.func @batch(%x: tensor<3x4x32xf32>) -> tensor<3x4x2xf32> {
  %w = compress.use @codes : tensor<2x32xf32>
  %zero = arith.constant dense<0.0> : tensor<3x4x2xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(b, i, j, k) -> (b, i, k)>, affine_map<(b, i, j, k) -> (j, k)>, affine_map<(b, i, j, k) -> (b, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<3x4x32xf32>, tensor<2x32xf32>) outs(%zero : tensor<3x4x2xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<3x4x2xf32>
  return %y : tensor<3x4x2xf32>
}

// A tensor that is returned twice has two buffers.
// CHECK-LABEL: func.func @twice(
// CHECK: %[[Y:.+]] = arith.addf
// CHECK: %[[COPY:.+]] = bufferization.alloc_tensor() copy(%[[Y]])
// CHECK: return %[[Y]], %[[COPY]]
// LLVM: llvm.func @twice(%{{.+}}: !llvm.ptr{{.*}}, %{{.+}}: !llvm.ptr{{.*}}, %{{.+}}: !llvm.ptr{{.*}})
func.func @twice(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %y = arith.addf %x, %x : tensor<2xf32>
  return %y, %y : tensor<2xf32>, tensor<2xf32>
}
