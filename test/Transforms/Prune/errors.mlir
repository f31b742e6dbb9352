// RUN: not compress-opt %s --compress-prune='percent=101' 2>&1 | FileCheck %s --check-prefix=PERCENT
// RUN: not compress-opt %s --compress-prune='kind=n-of-m n=4 m=4' 2>&1 | FileCheck %s --check-prefix=NM
// RUN: not compress-opt %s --compress-prune='kind=n-of-m n=2 m=5' 2>&1 | FileCheck %s --check-prefix=DIVIDE
// RUN: not compress-opt %s --compress-prune='kind=block block-rows=0' 2>&1 | FileCheck %s --check-prefix=NOBLOCK
// RUN: not compress-opt %s --compress-prune='kind=block block-rows=3 block-columns=4' 2>&1 | FileCheck %s --check-prefix=BLOCK
// RUN: not compress-opt %s --compress-vector-quantize=cell=2 --compress-prune 2>&1 | FileCheck %s --check-prefix=CODES
// RUN: not compress-opt %s --compress-prune --compress-prune='percent=60' 2>&1 | FileCheck %s --check-prefix=AGAIN
// RUN: not compress-opt %s --compress-for-each='match=k pipeline=compress-prune' 2>&1 | FileCheck %s --check-prefix=RANK
// RUN: not compress-opt %s --compress-for-each='match=v pipeline=compress-prune{kind=row}' 2>&1 | FileCheck %s --check-prefix=VECTOR

// PERCENT: compress-prune has percent={{.*}}, but a share is 0 to 100 percent
// NM: compress-prune has n=4 and m=4, but keeps n of m with 0 < n < m <= 64
// DIVIDE: weight @w, compress-prune: has 8 inputs, which groups of 5 do not divide; choose an m that divides them
// NOBLOCK: compress-prune has blocks of 0 by 4, but a block has at least 1 row and 1 column
// BLOCK: weight @w, compress-prune: has 2 by 8 weights, which blocks of 3 by 4 do not tile
// CODES: weight @w, compress-prune: has codes that stand for several weights each, of which none can be dropped alone; prune before
// AGAIN: weight @w, compress-prune: is pruned already; prune once, by the larger share
// RANK: weight @k, compress-prune: has a leaf 'tensor<2x1x2xf32>', but a matrix or vector is pruned
// VECTOR: weight @v, compress-prune: has a leaf 'tensor<4xf32>', but a matrix is pruned
compress.weight @w : tensor<2x8xf32> {
  %0 = compress.constant dense<[[8.0, 0.125, -1.0, 2.0, -5.0, 4.0, 0.0, 3.0],
                                [0.25, 0.5, -0.75, 0.0, 1.0, 1.0, -1.0, 1.0]]> : tensor<2x8xf32>
  compress.yield %0 : tensor<2x8xf32>
}
compress.weight @k : tensor<2x1x2xf32> {
  %0 = compress.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]]]> : tensor<2x1x2xf32>
  compress.yield %0 : tensor<2x1x2xf32>
}
compress.weight @v : tensor<4xf32> {
  %0 = compress.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  compress.yield %0 : tensor<4xf32>
}
