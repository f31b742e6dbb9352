// RUN: compress-opt %s --compress-for-each='match=w pipeline=compress-prune,compress-quantize{group-size=0}' --compress-report -o /dev/null 2>&1 | FileCheck %s
// RUN: compress-opt %s --compress-report='json' -o /dev/null 2>&1 | FileCheck %s --check-prefix=JSON
// RUN: compress-opt %s --compress-report='output=-' -o /dev/null | FileCheck %s --check-prefix=TO
// RUN: compress-opt %s --compress-report='output=%t.txt' -o /dev/null && FileCheck %s --check-prefix=TO < %t.txt
// RUN: not compress-opt %s --compress-report='output=%t.absent/report.txt' -o /dev/null 2>&1 | FileCheck %s --check-prefix=NOFILE

// 8 kept values of 4 bits, two rows' scales of 16 and zero points of 4, a mask
// of 16.
// CHECK: weight  shape  bytes before  bytes  bits a value  relative error  passes
// CHECK-NEXT: w      2x8              64     11         5.500       {{[0-9.]+e-0[0-9]}}  prune, quantize{group-size=0}
// CHECK-NEXT: norm   2                 8      8        32.000               -  -
// CHECK-NEXT: total                   72     19         8.444               -  -
// JSON: "total": {
// JSON: "bits": 576
// JSON: "weights": [
// JSON: "bits_per_value": 32
// JSON: "name": "w"
// TO: weight  shape  bytes before  bytes  bits a value  relative error  passes
// NOFILE: compress-opt: error: Cannot write in {{.*}}report.txt
compress.weight @w : tensor<2x8xf32> {
  %0 = compress.constant dense<[[8.0, 0.125, -1.0, 2.0, -5.0, 4.0, 0.0, 3.0],
                                [0.25, 0.5, -0.75, 0.0, 1.0, 1.0, -1.0, 1.0]]> : tensor<2x8xf32>
  compress.yield %0 : tensor<2x8xf32>
}
compress.weight @norm : tensor<2xf32> {
  %0 = compress.constant dense<[1.0, 2.0]> : tensor<2xf32>
  compress.yield %0 : tensor<2xf32>
}
