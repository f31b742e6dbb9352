// RUN: compress-opt %s --compress-palettize='bits=2 codebook-type=f32' | FileCheck %s
// RUN: compress-opt %s --compress-palettize='entries=3' | FileCheck %s --check-prefix=ENTRIES
// RUN: compress-opt %s --compress-palettize='bits=2 method=lloyd' | FileCheck %s --check-prefix=LLOYD
// RUN: compress-opt %s --compress-palettize='bits=2 group-size=4' | FileCheck %s --check-prefix=GROUP
// RUN: compress-opt %s --compress-prune='percent=25' --compress-palettize='bits=2' | FileCheck %s --check-prefix=PRUNED
// RUN: not compress-opt %s --compress-palettize='bits=9' 2>&1 | FileCheck %s --check-prefix=BITS
// RUN: not compress-opt %s --compress-palettize='entries=1' 2>&1 | FileCheck %s --check-prefix=FEW
// RUN: not compress-opt %s --compress-palettize='group-size=-1' 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// RUN: not compress-opt %s --compress-quantize --compress-palettize 2>&1 | FileCheck %s --check-prefix=CODES
// RUN: not compress-opt %s --compress-for-each='match=k pipeline=compress-palettize' 2>&1 | FileCheck %s --check-prefix=RANK

// The optimum pairs neighbours: {0, 1}, {10, 11}, {20, 21}, {30, 31}.
// CHECK: dense<{{\[}}[0, 0, 1, 1, 2, 2, 3, 3]]> : tensor<1x8xui2>
// CHECK: dense<{{\[}}[5.000000e-01, 1.050000e+01, 2.050000e+01, 3.050000e+01]]> : tensor<1x4xf32>
// CHECK: compress.lookup {{.*}} : (tensor<1x8xui2>, tensor<1x4xf32>) -> tensor<1x8xf32>
// ENTRIES: compress.lookup {{.*}} : (tensor<1x8xui2>, tensor<1x3xf16>)
// LLOYD: dense<{{\[}}[5.000000e-01, 1.050000e+01, 2.050000e+01, 3.050000e+01]]> : tensor<1x4xf16>
// GROUP: dense<{{\[}}[0, 1, 2, 3, 0, 1, 2, 3]]> : tensor<1x8xui2>
// GROUP: dense<{{\[}}[0.000000e+00, 1.000000e+00, 1.000000e+01, 1.100000e+01], [2.000000e+01, 2.100000e+01, 3.000000e+01, 3.100000e+01]]> : tensor<2x4xf16>
// GROUP: compress.lookup {{.*}} group_size 4
// PRUNED: %[[V:.+]] = compress.lookup {{.*}} : (tensor<6xui2>, tensor<1x4xf16>) -> tensor<6xf32>
// PRUNED: compress.densify %[[V]]
// BITS: compress-palettize has bits=9, but codes have 2 to 8 bits
// FEW: compress-palettize has entries=1, but a codebook has 2 to 256 entries
// NEGATIVE: compress-palettize has group-size=-1, but it is a number of inputs, or 0 for the whole matrix
// CODES: weight @w, compress-palettize: has no float values left to palettise, only codes; palettise instead of quantising, or prune or decompose before
// RANK: weight @k, compress-palettize: has a leaf 'tensor<2x1x2xf32>', but a matrix or vector is palettised
compress.weight @w : tensor<1x8xf32> {
  %0 = compress.constant dense<[[0.0, 1.0, 10.0, 11.0, 20.0, 21.0, 30.0, 31.0]]> : tensor<1x8xf32>
  compress.yield %0 : tensor<1x8xf32>
}
compress.weight @k : tensor<2x1x2xf32> {
  %0 = compress.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]]]> : tensor<2x1x2xf32>
  compress.yield %0 : tensor<2x1x2xf32>
}
