// RUN: compress-opt %s --compress-quantize-hqq | FileCheck %s
// RUN: compress-opt %s --compress-quantize-hqq='bits=2 group-size=4 scale-type=bf16 zero-type=f32' | FileCheck %s --check-prefix=OPTIONS
// RUN: compress-opt %s --compress-quantize-hqq='iterations=1' | FileCheck %s
// RUN: compress-opt %s --compress-quantize-hqq='group-size=0' | FileCheck %s
// RUN: compress-opt %s --compress-prune --compress-quantize-hqq | FileCheck %s --check-prefix=PRUNED
// RUN: not compress-opt %s --compress-quantize-hqq='bits=1' 2>&1 | FileCheck %s --check-prefix=BITS
// RUN: not compress-opt %s --compress-quantize-hqq='group-size=-4' 2>&1 | FileCheck %s --check-prefix=GROUP
// RUN: not compress-opt %s --compress-quantize-hqq='iterations=0' 2>&1 | FileCheck %s --check-prefix=ITERATIONS
// RUN: not compress-opt %s --compress-quantize-hqq='group-size=3 strict-groups' 2>&1 | FileCheck %s --check-prefix=STRICT
// RUN: not compress-opt %s --compress-quantize --compress-quantize-hqq 2>&1 | FileCheck %s --check-prefix=AGAIN

// Zero points are fractions.
// CHECK: compress-quantize-hqq
// CHECK: compress.dequantize {{.*}} : (tensor<4x8xui4>, tensor<4x1xf16>, tensor<4x1xf16>) -> tensor<4x8xf32>
// OPTIONS: compress.dequantize {{.*}} group_size 4 : (tensor<4x8xui2>, tensor<4x2xbf16>, tensor<4x2xf32>) -> tensor<4x8xf32>
// PRUNED: compress.dequantize {{.*}} : (tensor<4x8xui4>, tensor<4x1xf16>, tensor<4x1xf16>) -> tensor<4x8xf32>
// BITS: compress-quantize-hqq has bits=1, but codes have 2 to 8 bits
// GROUP: compress-quantize-hqq has group-size=-4, but it is a number of inputs, or 0 for the whole row
// ITERATIONS: compress-quantize-hqq has iterations=0, but they are 1 to 1000
// STRICT: weight @w, compress-quantize-hqq: has 8 inputs, which groups of 3 do not divide; strict-groups allows 1, 2, 4, 8
// AGAIN: weight @w, compress-quantize-hqq: has no float values left to quantise
compress.weight @w : tensor<4x8xf32> {
  %0 = compress.constant dense<[[1.0, -2.0, 3.0, 4.0, 0.5, 0.25, 0.125, 7.5], [0.0, 0.0, 0.0, 0.0, -1.0, -2.0, -3.0, -4.0],
                                [2.0, -4.0, 6.0, 8.0, 1.0, 0.5, 0.25, 15.0], [0.5, 0.0, 0.125, 0.25, -1.0, -2.0, -3.0, -4.0]]> : tensor<4x8xf32>
  compress.yield %0 : tensor<4x8xf32>
}
