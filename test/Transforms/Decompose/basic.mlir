// RUN: compress-opt %s --compress-decompose='rank=2' | FileCheck %s --check-prefix=RANK
// RUN: compress-opt %s --compress-decompose='ratio=0.9 factor-type=f32' | FileCheck %s --check-prefix=RATIO
// RUN: compress-opt %s --compress-decompose='energy=0.5' | FileCheck %s --check-prefix=ENERGY
// RUN: compress-opt %s --compress-decompose='rank=2' --compress-quantize='bits=8' | FileCheck %s --check-prefix=QUANTIZED
// RUN: compress-opt %s --compress-decompose='rank=2' --compress-prune='percent=25' | FileCheck %s --check-prefix=PRUNED

// RANK: compress.product {{.*}} : (tensor<4x2xf16>, tensor<2x8xf16>) -> tensor<4x8xf32>
// ⌊0.9 · 4 · 8 / 12⌋ = 2.
// RATIO: compress.product {{.*}} : (tensor<4x2xf32>, tensor<2x8xf32>) -> tensor<4x8xf32>
// ENERGY: compress.product {{.*}} : (tensor<4x1xf16>, tensor<1x8xf16>) -> tensor<4x8xf32>
// QUANTIZED: %[[L:.+]] = compress.dequantize {{.*}} -> tensor<4x2xf32>
// QUANTIZED: %[[R:.+]] = compress.dequantize {{.*}} -> tensor<2x8xf32>
// QUANTIZED: compress.product %[[L]], %[[R]]
// PRUNED: %[[L:.+]] = compress.densify {{.*}} -> tensor<4x2xf32>
// PRUNED: %[[R:.+]] = compress.densify {{.*}} -> tensor<2x8xf32>
// PRUNED: compress.product %[[L]], %[[R]]
compress.weight @w : tensor<4x8xf32> {
  %0 = compress.constant dense<[[1.0, -2.0, 3.0, 4.0, 0.5, 0.25, 0.125, 7.5], [0.0, 0.0, 0.0, 0.0, -1.0, -2.0, -3.0, -4.0],
                                [2.0, -4.0, 6.0, 8.0, 1.0, 0.5, 0.25, 15.0], [0.5, 0.0, 0.125, 0.25, -1.0, -2.0, -3.0, -4.0]]> : tensor<4x8xf32>
  compress.yield %0 : tensor<4x8xf32>
}
