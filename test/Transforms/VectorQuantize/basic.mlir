// RUN: compress-opt %s --compress-vector-quantize='cell=2 entries=4' --compress-decompress | FileCheck %s --check-prefix=VALUE
// RUN: compress-opt %s --compress-vector-quantize='cell=2 entries=4 codebook-type=f32' | FileCheck %s
// RUN: compress-opt %s --compress-vector-quantize='cell=4 bits=2 seed=7 rounds=3' | FileCheck %s --check-prefix=FOUR
// RUN: compress-opt %s --compress-vector-quantize='cell=8 entries=2' | FileCheck %s --check-prefix=EIGHT
// RUN: compress-opt %s --compress-for-each='match=w pipeline=compress-quantize{bits=8 scheme=symmetric},compress-vector-quantize{target=codes cell=2 bits=2}' | FileCheck %s --check-prefix=OFCODES
// RUN: not compress-opt %s --compress-vector-quantize='target=codes' 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: compress-opt %s --compress-vector-quantize='cell=2' | FileCheck %s --check-prefix=DEFAULT
// RUN: not compress-opt %s --compress-vector-quantize='cell=3' 2>&1 | FileCheck %s --check-prefix=CELL
// RUN: not compress-opt %s --compress-vector-quantize='bits=1' 2>&1 | FileCheck %s --check-prefix=BITS
// RUN: not compress-opt %s --compress-vector-quantize='entries=257' 2>&1 | FileCheck %s --check-prefix=ENTRIES
// RUN: not compress-opt %s --compress-vector-quantize='rounds=0' 2>&1 | FileCheck %s --check-prefix=ROUNDS
// RUN: not compress-opt %s --compress-prune='percent=20' --compress-vector-quantize='cell=2' 2>&1 | FileCheck %s --check-prefix=PRUNED
// RUN: not compress-opt %s --compress-quantize --compress-vector-quantize 2>&1 | FileCheck %s --check-prefix=CODES
// RUN: not compress-opt %s --compress-for-each='match=k pipeline=compress-vector-quantize{cell=2}' 2>&1 | FileCheck %s --check-prefix=RANK

// As many vectors as distinct cells: nothing is lost.
// VALUE: dense<{{\[}}[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 1.000000e+00, 2.000000e+00, 5.000000e+00, 6.000000e+00], [3.000000e+00, 4.000000e+00, 5.000000e+00, 6.000000e+00, 7.000000e+00, 8.000000e+00, 7.000000e+00, 8.000000e+00]]>
// CHECK: compress.lookup {{.*}} cell 2 : (tensor<2x4xui2>, tensor<1x8xf32>) -> tensor<2x8xf32>
// FOUR: compress.lookup {{.*}} cell 4 : (tensor<2x2xui2>, tensor<1x16xf16>) -> tensor<2x8xf32>
// EIGHT: compress.lookup {{.*}} cell 8 : (tensor<2x1xui2>, tensor<1x16xf16>) -> tensor<2x8xf32>
// DEFAULT: compress.lookup {{.*}} cell 2 : (tensor<2x4xui8>, tensor<1x512xf16>) -> tensor<2x8xf32>
// Codes 16, 32, 48, 64 … of a largest weight of 6: means of cells, rounded.
// OFCODES: %[[I:.+]] = compress.constant {{.*}} : tensor<2x4xui2>
// OFCODES: %[[B:.+]] = compress.constant {{.*}} : tensor<1x8xsi8>
// OFCODES: %[[C:.+]] = compress.lookup %[[I]], %[[B]] cell 2 : (tensor<2x4xui2>, tensor<1x8xsi8>) -> tensor<2x8xsi8>
// OFCODES: compress.dequantize %[[C]]
// NONE: weight @w, compress-vector-quantize: has no codes; target=codes takes those of compress-quantize, so quantise before
// CELL: compress-vector-quantize has cell=3, but a cell is 2, 4 or 8 inputs
// BITS: compress-vector-quantize has bits=1, but codes have 2 to 8 bits
// ENTRIES: compress-vector-quantize has entries=257, but a codebook has 2 to 256 entries
// ROUNDS: compress-vector-quantize has rounds=0, but they are 1 to 1000
// PRUNED: weight @w, compress-vector-quantize: has a leaf 'tensor<13xf32>', whose last dimension cells of 2 do not divide; prune by kind=n-of-m or block for a regular number of kept values
// CODES: weight @w, compress-vector-quantize: has no float values left to quantise, only codes; use it instead of other codes, or prune or decompose before
// RANK: weight @k, compress-vector-quantize: has a leaf 'tensor<2x1x2xf32>', but a matrix or vector is cut into cells
compress.weight @w : tensor<2x8xf32> {
  %0 = compress.constant dense<[[1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 5.0, 6.0], [3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 7.0, 8.0]]> : tensor<2x8xf32>
  compress.yield %0 : tensor<2x8xf32>
}
compress.weight @k : tensor<2x1x2xf32> {
  %0 = compress.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]]]> : tensor<2x1x2xf32>
  compress.yield %0 : tensor<2x1x2xf32>
}
