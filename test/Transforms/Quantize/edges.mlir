// RUN: compress-opt %s --compress-for-each='pipeline=compress-quantize' | FileCheck %s
// RUN: compress-opt %s --compress-for-each='pipeline=compress-quantize,compress-decompress' | FileCheck %s --check-prefix=VALUE

// What is empty, of rank 0 or of one element passes through.
// CHECK-LABEL: @empty
// CHECK-NOT: compress.dequantize
// CHECK-LABEL: @scalar
// CHECK-NOT: compress.dequantize
// CHECK-LABEL: @one
// CHECK-NOT: compress.dequantize
compress.weight @empty : tensor<0x4xf32> {
  %0 = compress.constant dense<> : tensor<0x4xf32>
  compress.yield %0 : tensor<0x4xf32>
}
compress.weight @scalar : tensor<f32> {
  %0 = compress.constant dense<2.0> : tensor<f32>
  compress.yield %0 : tensor<f32>
}
compress.weight @one : tensor<1x1xf32> {
  %0 = compress.constant dense<2.0> : tensor<1x1xf32>
  compress.yield %0 : tensor<1x1xf32>
}

// A group of zeros, or of denormals, has a finite scale; zeros stay zeros.
// CHECK-LABEL: @zeros
// CHECK: dense<5.960460e-08> : tensor<1x1xf16>
// VALUE-LABEL: @zeros
// VALUE: dense<0.000000e+00> : tensor<1x4xf32>
compress.weight @zeros : tensor<1x4xf32> {
  %0 = compress.constant dense<0.0> : tensor<1x4xf32>
  compress.yield %0 : tensor<1x4xf32>
}
// VALUE-LABEL: @denormals
// VALUE: dense<0.000000e+00> : tensor<1x4xf32>
compress.weight @denormals : tensor<1x4xf32> {
  %0 = compress.constant dense<[[1.0e-40, -1.0e-40, 0.0, 1.0e-42]]> : tensor<1x4xf32>
  compress.yield %0 : tensor<1x4xf32>
}

// Weights of higher rank are grouped along their last dimension.
// CHECK-LABEL: @kernel
// CHECK: compress.dequantize {{.*}} : (tensor<2x1x2xui4>, tensor<2x1x1xf16>, tensor<2x1x1xui4>) -> tensor<2x1x2xf32>
compress.weight @kernel : tensor<2x1x2xf32> {
  %0 = compress.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]]]> : tensor<2x1x2xf32>
  compress.yield %0 : tensor<2x1x2xf32>
}
