// RUN: compress-opt %s --compress-outliers='percent=20' | FileCheck %s
// RUN: compress-opt %s --compress-outliers='percent=20 value-type=bf16' | FileCheck %s --check-prefix=TYPE
// RUN: compress-opt %s --compress-outliers='percent=0' | FileCheck %s --check-prefix=NONE
// RUN: compress-opt %s --compress-outliers='percent=20' --compress-decompress | FileCheck %s --check-prefix=VALUE
// RUN: compress-opt %s --compress-outliers='percent=20' --compress-quantize | FileCheck %s --check-prefix=QUANTIZE
// RUN: compress-opt %s --compress-outliers='percent=20' --compress-palettize | FileCheck %s --check-prefix=QUANTIZE
// RUN: not compress-opt %s --compress-outliers='percent=-1' 2>&1 | FileCheck %s --check-prefix=PERCENT
// RUN: not compress-opt %s --compress-quantize --compress-outliers 2>&1 | FileCheck %s --check-prefix=CODES
// RUN: not compress-opt %s --compress-prune --compress-outliers 2>&1 | FileCheck %s --check-prefix=PRUNED

// All but the 6 lowest of 8; of the equal 4.0 the later one.
// CHECK: compress.reports = [#compress.report<"compress-outliers{percent=20}", error = 0.000000e+00 : f32, bits = 256 -> 298>]
// CHECK-DAG: %[[R:.+]] = compress.constant dense<{{\[}}[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00], [0.000000e+00, 3.000000e+00, 2.000000e+00, 0.000000e+00]]> : tensor<2x4xf32>
// CHECK-DAG: %[[V:.+]] = compress.constant dense<[-4.000000e+00, 9.000000e+00]> : tensor<2xf16>
// CHECK-DAG: %[[C:.+]] = compress.constant dense<[0, 3]> : tensor<2xui2>
// CHECK-DAG: %[[N:.+]] = compress.constant dense<[0, 2]> : tensor<2xui3>
// CHECK: %[[O:.+]] = compress.outliers %[[V]], %[[C]], %[[N]]
// CHECK: compress.sum %[[R]], %[[O]]
// TYPE: compress.outliers {{.*}} : (tensor<2xbf16>,
// NONE-NOT: compress.outliers
// VALUE: dense<{{\[}}[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00], [-4.000000e+00, 3.000000e+00, 2.000000e+00, 9.000000e+00]]>
// Outliers stay; the rest is what a pass sees.
// QUANTIZE: compress.outliers {{.*}} : (tensor<2xf16>, tensor<2xui2>, tensor<2xui3>)
// PERCENT: compress-outliers has percent=-1.000000e+00, but a share is 0 to 100 percent
// CODES: weight @w, compress-outliers: has no float values left, only codes; set outliers apart before
// PRUNED: weight @w, compress-outliers: has a leaf 'tensor<4xf32>', but outliers are those of a matrix; set them apart before pruning
compress.weight @w : tensor<2x4xf32> {
  %0 = compress.constant dense<[[1.0, 2.0, 3.0, 4.0], [-4.0, 3.0, 2.0, 9.0]]> : tensor<2x4xf32>
  compress.yield %0 : tensor<2x4xf32>
}
