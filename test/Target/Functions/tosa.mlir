// TOSA by its pipeline, and by the driver: its batch of one becomes a plain product, whose weight stays packed.
// RUN: compress-opt %s --pass-pipeline='builtin.module(compress-tosa-to-linalg-pipeline,compress-outline-weights,compress-quantize,compress-functions-to-llvm{stop-after=kernel})' | FileCheck %s
// RUN: compress build %s --emit=object --recipe compress-quantize -o %t.o
// RUN: not compress-opt %s --compress-functions-to-llvm=stop-after=object 2>&1 | FileCheck %s --check-prefix=PHASE
// PHASE: Cannot find option named 'object'

// CHECK: compress.weight @weight_0 : tensor<4x4xf32>
// CHECK: compress.dequantize
// CHECK-LABEL: func.func private @product.threads(%{{.+}}: memref<1x2x4xf32>, %{{.+}}: memref<1x2x4xf32>)
// CHECK: kernel.matmul_int8 @format at
// CHECK-NOT: tosa
func.func @product(%x: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
  %w = "tosa.const"() <{values = dense<[[[1.0, 1.0, 1.0, 1.0], [1.0, -1.0, 1.0, -1.0], [1.0, 1.0, -1.0, -1.0], [1.0, -1.0, -1.0, 1.0]]]> : tensor<1x4x4xf32>}> : () -> tensor<1x4x4xf32>
  %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %y = tosa.matmul %x, %w, %zp, %zp : (tensor<1x2x4xf32>, tensor<1x4x4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x4xf32>
  %r = tosa.clamp %y {min_val = 0.0 : f32, max_val = 100.0 : f32} : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  return %r : tensor<1x2x4xf32>
}
