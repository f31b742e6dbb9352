// A pass over matrices that finds none says so.
// RUN: compress-opt %s --compress-quantize -o /dev/null 2>&1 | FileCheck %s
// RUN: compress-opt %s --compress-for-each='match=k pipeline=compress-quantize' -o /dev/null 2>&1 | count 0

// CHECK: warning: compress-quantize changes nothing: no weight is a matrix that a product or an embedding takes; --compress-for-each chooses others
compress.weight @k : tensor<2x1x2xf32> {
  %0 = compress.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]]]> : tensor<2x1x2xf32>
  compress.yield %0 : tensor<2x1x2xf32>
}
