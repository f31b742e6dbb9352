// A named codebook stores nothing that could be dropped.
// RUN: not compress-opt %s --compress-prune 2>&1 | FileCheck %s

// CHECK: weight @book, compress-prune: has nothing that can be dropped
compress.weight @book : tensor<1x16xf32> {
  %0 = compress.codebook nf4 : tensor<1x16xf32>
  compress.yield %0 : tensor<1x16xf32>
}
