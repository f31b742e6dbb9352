// Codes share a few integers, and keep their scales.
// RUN: compress-opt %s --compress-quantize='bits=8 group-size=4 scheme=symmetric' --compress-palettize='target=codes bits=2' | FileCheck %s
// RUN: compress-opt %s --compress-quantize='bits=8 group-size=4 scheme=symmetric' --compress-palettize='target=codes codebook=iq4_nl' | FileCheck %s --check-prefix=NAMED
// RUN: compress-opt %s --compress-quantize='bits=8 group-size=4 scheme=symmetric' --compress-palettize='target=codes bits=2' --compress-decompress | FileCheck %s --check-prefix=VALUE
// RUN: compress-opt %s --compress-prune='kind=row' --compress-quantize='bits=8 scheme=symmetric' --compress-palettize='target=codes bits=2' | FileCheck %s --check-prefix=SPARSE
// RUN: compress-opt %s --compress-palettize='codebook=f8_e4m3' | FileCheck %s --check-prefix=FP8
// RUN: not compress-opt %s --compress-palettize='target=codes' 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not compress-opt %s --compress-palettize='codebook=nf3' 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not compress-opt %s --compress-palettize='codebook=nf4 bits=4' 2>&1 | FileCheck %s --check-prefix=BOTH
// RUN: not compress-opt %s --compress-palettize='codebook=iq4_nl' 2>&1 | FileCheck %s --check-prefix=VALUES
// RUN: not compress-opt %s --compress-quantize --compress-palettize='target=codes codebook=iq4_nl' 2>&1 | FileCheck %s --check-prefix=TYPE

// Codes of 8 bits [64, -64, 0, 127], [127, 0, -66, 64]; the least squares put
// {-66, -64, -64} and {64, 64, 64} together, means rounded to even.
// CHECK-DAG: %[[I:.+]] = compress.constant dense<{{\[}}[2, 0, 1, 3, 3, 1, 0, 2]]> : tensor<1x8xui2>
// CHECK-DAG: %[[B:.+]] = compress.constant dense<{{\[}}[-65, 0, 64, 127]]> : tensor<1x4xsi8>
// CHECK: %[[C:.+]] = compress.lookup %[[I]], %[[B]] : (tensor<1x8xui2>, tensor<1x4xsi8>) -> tensor<1x8xsi8>
// CHECK: compress.dequantize %[[C]], %{{.+}} group_size 4 : (tensor<1x8xsi8>, tensor<1x2xf16>)
// NAMED: %[[B:.+]] = compress.codebook iq4_nl : tensor<1x16xsi8>
// NAMED: compress.lookup %{{.+}}, %[[B]] : (tensor<1x8xui4>, tensor<1x16xsi8>) -> tensor<1x8xsi8>
// VALUE: dense<{{\[}}[2.015625, -2.04711914, 0.000000e+00, 3.99975586, 1.99987793, 0.000000e+00, -1.02355957, 1.0078125]]>
// SPARSE: %[[C:.+]] = compress.lookup {{.*}} : (tensor<4xui2>, tensor<1x4xsi8>) -> tensor<4xsi8>
// SPARSE: %[[D:.+]] = compress.densify %[[C]], {{.*}} -> tensor<1x8xsi8>
// SPARSE: compress.dequantize %[[D]]
// -1.04 lies between -1 (code 0xb8) and -1.125; 2, 0 and 4 are entries.
// FP8: %[[B:.+]] = compress.codebook f8_e4m3 : tensor<1x256xf32>
// FP8: dense<{{\[}}[64, 192, 0, 72, 64, 0, 184, 56]]> : tensor<1x8xui8>
// FP8: compress.lookup %{{.+}}, %[[B]] : (tensor<1x8xui8>, tensor<1x256xf32>) -> tensor<1x8xf32>
// NONE: weight @w, compress-palettize: has no codes; target=codes palettises those of compress-quantize, so quantise before
// UNKNOWN: compress-palettize has codebook=nf3, but there are nf4, f4_e2m1, f8_e4m3, f8_e5m2, e8m0, iq4_nl, i4_e2m1
// BOTH: compress-palettize has codebook=nf4, which is known, and options of how one is found
// VALUES: weight @w, compress-palettize: has a leaf 'tensor<1x8xf32>', but iq4_nl is 'si8' and stands for codes of that type, with target=codes
// TYPE: weight @w, compress-palettize: has a leaf 'tensor<1x8xui4>', but iq4_nl is 'si8' and stands for codes of that type, with target=codes
compress.weight @w : tensor<1x8xf32> {
  %0 = compress.constant dense<[[2.0, -2.0, 0.0, 4.0, 2.0, 0.0, -1.04, 1.0]]> : tensor<1x8xf32>
  compress.yield %0 : tensor<1x8xf32>
}
