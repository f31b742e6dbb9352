// Techniques compose: each pass rewrites what carries values.
// RUN: compress-opt %s --compress-prune='kind=n-of-m' --compress-quantize='bits=4' --compress-correct='rank=1' --compress-quantize='bits=8 scheme=symmetric' --canonicalize | FileCheck %s --check-prefix=NM
// RUN: compress-opt %s --compress-decompose='rank=2' --compress-palettize='bits=3' --compress-quantize='target=codebook bits=8' | FileCheck %s --check-prefix=FACTORS
// RUN: compress-opt %s --compress-prune='kind=block block-rows=2 block-columns=4' --compress-vector-quantize='cell=4 entries=4' | FileCheck %s --check-prefix=BLOCKS
// RUN: compress-opt %s --compress-quantize='group-size=2' --compress-quantize='target=scales bits=6 group-size=4' --compress-quantize='target=scales bits=8 group-size=0' | FileCheck %s --check-prefix=SCALES

// RUN: compress-opt %s --compress-prune='percent=12.5' | FileCheck %s --check-prefix=TEXT

// A report names the options that are not the defaults.
// TEXT: #compress.report<"compress-prune{percent=12.5}"

// Groups count all positions, whatever was dropped.
// NM: %[[C:.+]] = compress.densify_n_m {{.*}} 2 of 4 : (tensor<4x4xui4>, tensor<4x4xui2>) -> tensor<4x8xui4>
// NM: compress.dequantize %[[C]], {{.*}} : (tensor<4x8xui4>, {{.*}}) -> tensor<4x8xf32>
// NM: %[[P:.+]] = compress.product
// NM: compress.sum %{{.*}}, %[[P]]

// FACTORS: compress.dequantize {{.*}} -> tensor<1x8xf32>
// FACTORS: %[[L:.+]] = compress.lookup {{.*}} -> tensor<4x2xf32>
// FACTORS: compress.dequantize {{.*}} -> tensor<1x8xf32>
// FACTORS: %[[R:.+]] = compress.lookup {{.*}} -> tensor<2x8xf32>
// FACTORS: compress.product %[[L]], %[[R]]

// BLOCKS: %[[V:.+]] = compress.lookup {{.*}} cell 4 : {{.*}} -> tensor<2x8xf32>
// BLOCKS: compress.densify_blocks %[[V]], {{.*}} block 2, 4

// Pruned and quantised, in either order, is one form: codes at some positions
// below the scales; and so it is with a palette.
// RUN: compress-opt %s --compress-prune --compress-quantize='group-size=4' --canonicalize | FileCheck %s --check-prefix=EITHER
// RUN: compress-opt %s --compress-quantize='group-size=4' --compress-prune --canonicalize | FileCheck %s --check-prefix=EITHER
// EITHER: %[[C:.+]] = compress.densify {{.*}} : (tensor<16xui4>, tensor<4x8xui1>) -> tensor<4x8xui4>
// EITHER: compress.dequantize %[[C]], {{.*}} group_size 4 : (tensor<4x8xui4>, tensor<4x2xf16>, tensor<4x2xui4>) -> tensor<4x8xf32>
// RUN: compress-opt %s --compress-prune --compress-palettize='bits=3' --canonicalize | FileCheck %s --check-prefix=PALETTE
// RUN: compress-opt %s --compress-palettize='bits=3' --compress-prune --canonicalize | FileCheck %s --check-prefix=PALETTE
// PALETTE: %[[C:.+]] = compress.densify {{.*}} : (tensor<16xui3>, tensor<4x8xui1>) -> tensor<4x8xui3>
// PALETTE: compress.lookup %[[C]], {{.*}} : (tensor<4x8xui3>, tensor<1x8xf16>) -> tensor<4x8xf32>
// RUN: compress-opt %s --compress-quantize='scheme=symmetric' --compress-prune='kind=n-of-m' | FileCheck %s --check-prefix=QNM
// QNM: compress.densify_n_m {{.*}} 2 of 4 : (tensor<4x4xsi4>, tensor<4x4xui2>) -> tensor<4x8xsi4>
// RUN: compress-opt %s --compress-quantize='scheme=symmetric' --compress-prune='kind=block block-rows=2 block-columns=4' | FileCheck %s --check-prefix=QBLOCK
// QBLOCK: compress.densify_blocks {{.*}} block 2, 4 : (tensor<2x8xsi4>, tensor<2x2xui1>) -> tensor<4x8xsi4>
// RUN: compress-opt %s --compress-prune='kind=block block-rows=2 block-columns=4' --compress-quantize='scheme=symmetric' | FileCheck %s --check-prefix=QBLOCK

// Scales of scales.
// SCALES: %[[A:.+]] = compress.dequantize
// SCALES: %[[B:.+]] = compress.dequantize %{{.*}}, %[[A]]
// SCALES: compress.dequantize %{{.*}}, %[[B]]
compress.weight @w : tensor<4x8xf32> {
  %0 = compress.constant dense<[[1.0, -2.0, 3.0, 4.0, 0.5, 0.25, 0.125, 7.5], [0.0, 0.0, 0.0, 0.0, -1.0, -2.0, -3.0, -4.0],
                                [2.0, -4.0, 6.0, 8.0, 1.0, 0.5, 0.25, 15.0], [0.5, 0.0, 0.125, 0.25, -1.0, -2.0, -3.0, -4.0]]> : tensor<4x8xf32>
  compress.yield %0 : tensor<4x8xf32>
}
