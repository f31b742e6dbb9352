// RUN: compress-opt %s --compress-decompress | FileCheck %s
// RUN: compress-opt %s --compress-decompress='type=f16' | FileCheck %s --check-prefix=F16
// RUN: compress-opt %s --compress-decompress='type=bf16' | FileCheck %s --check-prefix=BF16

// CHECK-LABEL: @w
// CHECK-NEXT: %[[V:.+]] = compress.constant dense<[1.001000e+00, 2.002000e+00]> : tensor<2xf32>
// CHECK-NEXT: compress.yield %[[V]] : tensor<2xf32>
// F16: dense<[1.000980e+00, 2.001950e+00]> : tensor<2xf16>
// BF16: dense<[1.000000e+00, 2.000000e+00]> : tensor<2xbf16>
compress.weight @w : tensor<2xf32> {
  %0 = compress.constant dense<[1, 2]> : tensor<2xsi4>
  %1 = compress.constant dense<1.001> : tensor<1xf32>
  %2 = compress.dequantize %0, %1 : (tensor<2xsi4>, tensor<1xf32>) -> tensor<2xf32>
  compress.yield %2 : tensor<2xf32>
}
