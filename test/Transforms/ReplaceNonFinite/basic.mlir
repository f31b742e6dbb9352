// RUN: compress-opt %s --compress-replace-non-finite | FileCheck %s
// RUN: compress-opt %s --compress-replace-non-finite='value=2.5' | FileCheck %s --check-prefix=VALUE
// RUN: compress-opt %s --compress-replace-non-finite --remarks-filter=compress --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=REMARK

// CHECK-LABEL: @w
// CHECK: dense<[1.000000e+00, 0.000000e+00, 0.000000e+00]> : tensor<3xbf16>
// VALUE: dense<[1.000000e+00, 2.500000e+00, 2.500000e+00]> : tensor<3xbf16>
// REMARK: 2 values were NaN or infinite and were replaced
compress.weight @w : tensor<3xf32> {
  %0 = compress.constant dense<[1.0, 0xFF80, 0x7FC0]> : tensor<3xbf16>
  compress.yield %0 : tensor<3xbf16>
}
