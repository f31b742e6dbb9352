// RUN: compress-opt %s --compress-prune | FileCheck %s --check-prefixes=CHECK,MATRIX
// RUN: compress-opt %s --compress-prune='kind=row percent=25' | FileCheck %s --check-prefixes=CHECK,ROW
// RUN: compress-opt %s --compress-prune='kind=n-of-m n=2 m=4' | FileCheck %s --check-prefixes=CHECK,NOFM
// RUN: compress-opt %s --compress-prune='kind=n-of-m n=1 m=8' | FileCheck %s --check-prefixes=CHECK,ONEOF8
// RUN: compress-opt %s --compress-prune='kind=block block-rows=2 block-columns=4' | FileCheck %s --check-prefixes=CHECK,BLOCK
// RUN: compress-opt %s --compress-prune='percent=0' | FileCheck %s --check-prefixes=CHECK,NOTHING
// RUN: compress-opt %s --compress-prune --compress-decompress | FileCheck %s --check-prefix=VALUE

// Of equal magnitudes the lower index goes first: of the four ones at the end,
// the first is dropped.

// CHECK-LABEL: compress.weight @w
// MATRIX: %[[V:.+]] = compress.constant dense<[8.000000e+00, 2.000000e+00, -5.000000e+00, 4.000000e+00, 3.000000e+00, 1.000000e+00, -1.000000e+00, 1.000000e+00]> : tensor<8xbf16>
// MATRIX: %[[M:.+]] = compress.constant dense<{{\[}}[true, false, false, true, true, true, false, true], [false, false, false, false, false, true, true, true]]> : tensor<2x8xui1>
// MATRIX: compress.densify %[[V]], %[[M]] : (tensor<8xbf16>, tensor<2x8xui1>) -> tensor<2x8xf32>
// ROW: compress.densify {{.*}} : (tensor<12xbf16>, tensor<2x8xui1>)
// NOFM: compress.constant dense<{{\[}}[8.000000e+00, 2.000000e+00, -5.000000e+00, 4.000000e+00], [5.000000e-01, -7.500000e-01, -1.000000e+00, 1.000000e+00]]> : tensor<2x4xbf16>
// NOFM: compress.constant dense<{{\[}}[0, 3, 0, 1], [1, 2, 2, 3]]> : tensor<2x4xui2>
// NOFM: compress.densify_n_m {{.*}} 2 of 4 : (tensor<2x4xbf16>, tensor<2x4xui2>) -> tensor<2x8xf32>
// ONEOF8: compress.densify_n_m {{.*}} 1 of 8 : (tensor<2x1xbf16>, tensor<2x1xui3>) -> tensor<2x8xf32>
// BLOCK: compress.constant dense<{{.*}}> : tensor<1x8xbf16>
// BLOCK: compress.constant dense<{{\[}}[true, false]]> : tensor<1x2xui1>
// BLOCK: compress.densify_blocks {{.*}} block 2, 4
// NOTHING-NOT: compress.densify
// VALUE: dense<{{\[}}[8.000000e+00, 0.000000e+00, 0.000000e+00, 2.000000e+00, -5.000000e+00, 4.000000e+00, 0.000000e+00, 3.000000e+00], [0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 1.000000e+00, -1.000000e+00, 1.000000e+00]]> : tensor<2x8xf32>
compress.weight @w : tensor<2x8xf32> {
  %0 = compress.constant dense<[[8.0, 0.125, -1.0, 2.0, -5.0, 4.0, 0.0, 3.0],
                                [0.25, 0.5, -0.75, 0.0, 1.0, 1.0, -1.0, 1.0]]> : tensor<2x8xbf16>
  compress.yield %0 : tensor<2x8xbf16>
}
