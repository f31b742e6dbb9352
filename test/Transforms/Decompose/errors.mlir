// RUN: not compress-opt %s --compress-decompose 2>&1 | FileCheck %s --check-prefix=ONE
// RUN: not compress-opt %s --compress-decompose='rank=1 ratio=0.5' 2>&1 | FileCheck %s --check-prefix=ONE
// RUN: not compress-opt %s --compress-decompose='rank=-1' 2>&1 | FileCheck %s --check-prefix=RANK
// RUN: not compress-opt %s --compress-decompose='ratio=-0.5' 2>&1 | FileCheck %s --check-prefix=RATIO
// RUN: not compress-opt %s --compress-decompose='energy=1.5' 2>&1 | FileCheck %s --check-prefix=ENERGY
// RUN: not compress-opt %s --compress-decompose='rank=5' 2>&1 | FileCheck %s --check-prefix=LARGE
// RUN: not compress-opt %s --compress-decompose='ratio=0.1' 2>&1 | FileCheck %s --check-prefix=SMALL
// RUN: not compress-opt %s --compress-decompose='rank=2' --compress-decompose='rank=1' 2>&1 | FileCheck %s --check-prefix=AGAIN
// RUN: not compress-opt %s --compress-quantize --compress-decompose='rank=1' 2>&1 | FileCheck %s --check-prefix=CODES
// RUN: not compress-opt %s --compress-prune --compress-decompose='rank=1' 2>&1 | FileCheck %s --check-prefix=PRUNED
// RUN: not compress-opt %s --compress-for-each='match=v pipeline=compress-decompose{rank=1}' 2>&1 | FileCheck %s --check-prefix=VECTOR

// ONE: compress-decompose takes exactly one of rank, ratio and energy
// RANK: compress-decompose has rank=-1, but a rank is at least 1
// RATIO: compress-decompose has ratio={{.*}}, but a kept share is above 0
// ENERGY: compress-decompose has energy={{.*}}, but a kept share is above 0 and at most 1
// LARGE: weight @w, compress-decompose: would have rank 5, but a matrix of 4 by 8 has ranks 1 to 4
// SMALL: weight @w, compress-decompose: would have rank 0, but a matrix of 4 by 8 has ranks 1 to 4
// AGAIN: weight @w, compress-decompose: is a product of factors already; decompose once, to the smaller rank
// CODES: weight @w, compress-decompose: has no float values left to decompose, only codes; decompose before quantising, and both factors are quantised
// PRUNED: weight @w, compress-decompose: is pruned, and the kept values are no matrix; decompose before pruning, and both factors are pruned
// VECTOR: weight @v, compress-decompose: has a leaf 'tensor<4xf32>', but a matrix is decomposed
compress.weight @w : tensor<4x8xf32> {
  %0 = compress.constant dense<[[1.0, -2.0, 3.0, 4.0, 0.5, 0.25, 0.125, 7.5], [0.0, 0.0, 0.0, 0.0, -1.0, -2.0, -3.0, -4.0],
                                [2.0, -4.0, 6.0, 8.0, 1.0, 0.5, 0.25, 15.0], [0.5, 0.0, 0.125, 0.25, -1.0, -2.0, -3.0, -4.0]]> : tensor<4x8xf32>
  compress.yield %0 : tensor<4x8xf32>
}
compress.weight @v : tensor<4xf32> {
  %0 = compress.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  compress.yield %0 : tensor<4xf32>
}
