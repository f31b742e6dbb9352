// RUN: compress-opt %s --kernel-plan-weights --remarks-filter=kernel --remark-format=emitRemark 2>&1 >/dev/null | FileCheck %s

// CHECK: remark: {{.*}}compress.dequantize expands row by row, slowly: groups of 8 inputs are neither of 16 nor of a multiple of 32
compress.weight @w : tensor<4x64xf32> {
  %0 = compress.stored "codes" : tensor<4x64xsi4>
  %1 = compress.stored "scales" : tensor<4x8xf16>
  %2 = compress.dequantize %0, %1 group_size 8 : (tensor<4x64xsi4>, tensor<4x8xf16>) -> tensor<4x64xf32>
  compress.yield %2 : tensor<4x64xf32>
}
func.func @use() -> tensor<4x64xf32> {
  %0 = compress.use @w : tensor<4x64xf32>
  return %0 : tensor<4x64xf32>
}
