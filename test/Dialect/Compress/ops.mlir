// RUN: compress-opt %s --verify-roundtrip | FileCheck %s
// RUN: compress-opt %s | compress-opt | FileCheck %s
// RUN: compress-opt %s --mlir-print-op-generic | compress-opt | FileCheck %s
// RUN: compress-opt %s --emit-bytecode | compress-opt | FileCheck %s

// CHECK-LABEL: compress.weight @norm : tensor<4xf32> origin <"model.safetensors", "norm.weight", "9f86d081884c7d65">
// CHECK-NEXT: %[[W:.+]] = compress.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]> : tensor<4xbf16>
// CHECK-NEXT: compress.yield %[[W]] : tensor<4xbf16>
compress.weight @norm : tensor<4xf32> origin <"model.safetensors", "norm.weight", "9f86d081884c7d65"> {
  %0 = compress.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xbf16>
  compress.yield %0 : tensor<4xbf16>
}

// CHECK-LABEL: compress.weight @groups : tensor<4x64xf32> attributes {compress.reports = [#compress.report<"compress-quantize", error = 1.250000e-01 : f32, bits = 4096 -> 1120>]}
// CHECK: %[[C:.+]] = compress.stored "codes" : tensor<4x64xui4>
// CHECK: %[[S:.+]] = compress.stored "scales" : tensor<4x2xf16>
// CHECK: %[[Z:.+]] = compress.stored "zeros" : tensor<4x2xui4>
// CHECK: compress.dequantize %[[C]], %[[S]], %[[Z]] group_size 32 : (tensor<4x64xui4>, tensor<4x2xf16>, tensor<4x2xui4>) -> tensor<4x64xf32>
compress.weight @groups : tensor<4x64xf32> attributes {
    compress.reports = [#compress.report<"compress-quantize", error = 0.125 : f32, bits = 4096 -> 1120>]} {
  %0 = compress.stored "codes" : tensor<4x64xui4>
  %1 = compress.stored "scales" : tensor<4x2xf16>
  %2 = compress.stored "zeros" : tensor<4x2xui4>
  %3 = compress.dequantize %0, %1, %2 group_size 32 : (tensor<4x64xui4>, tensor<4x2xf16>, tensor<4x2xui4>) -> tensor<4x64xf32>
  compress.yield %3 : tensor<4x64xf32>
}

// Scales may themselves be an expression, and zero points fractions.
// CHECK-LABEL: compress.weight @rows
// CHECK: %[[S:.+]] = compress.dequantize {{.*}} : (tensor<4x1xsi8>, tensor<4x1xf32>) -> tensor<4x1xf32>
// CHECK: compress.dequantize {{.*}}, %[[S]], {{.*}} : (tensor<4x64xui3>, tensor<4x1xf32>, tensor<4x1xf16>) -> tensor<4x64xf32>
compress.weight @rows : tensor<4x64xf32> {
  %0 = compress.stored "codes" : tensor<4x64xui3>
  %1 = compress.stored "scale.codes" : tensor<4x1xsi8>
  %2 = compress.stored "scale.scales" : tensor<4x1xf32>
  %3 = compress.dequantize %1, %2 : (tensor<4x1xsi8>, tensor<4x1xf32>) -> tensor<4x1xf32>
  %4 = compress.stored "zeros" : tensor<4x1xf16>
  %5 = compress.dequantize %0, %3, %4 : (tensor<4x64xui3>, tensor<4x1xf32>, tensor<4x1xf16>) -> tensor<4x64xf32>
  compress.yield %5 : tensor<4x64xf32>
}

// CHECK-LABEL: compress.weight @palette
// CHECK: compress.lookup %{{.*}}, %{{.*}} : (tensor<4x64xui4>, tensor<1x16xf16>) -> tensor<4x64xf32>
// CHECK: compress.lookup %{{.*}}, %{{.*}} group_size 32 : (tensor<4x64xui4>, tensor<8x16xf16>) -> tensor<4x64xf32>
// CHECK: compress.lookup %{{.*}}, %{{.*}} cell 4 : (tensor<4x16xui8>, tensor<1x1024xf16>) -> tensor<4x64xf32>
// CHECK: compress.sum {{.*}} : (tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>) -> tensor<4x64xf32>
compress.weight @palette : tensor<4x64xf32> {
  %0 = compress.stored "codes" : tensor<4x64xui4>
  %1 = compress.stored "codebook" : tensor<1x16xf16>
  %2 = compress.lookup %0, %1 : (tensor<4x64xui4>, tensor<1x16xf16>) -> tensor<4x64xf32>
  %3 = compress.stored "codebooks" : tensor<8x16xf16>
  %4 = compress.lookup %0, %3 group_size 32 : (tensor<4x64xui4>, tensor<8x16xf16>) -> tensor<4x64xf32>
  %5 = compress.stored "cells" : tensor<4x16xui8>
  %6 = compress.stored "vectors" : tensor<1x1024xf16>
  %7 = compress.lookup %5, %6 cell 4 : (tensor<4x16xui8>, tensor<1x1024xf16>) -> tensor<4x64xf32>
  %8 = compress.sum %2, %4, %7 : (tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>) -> tensor<4x64xf32>
  compress.yield %8 : tensor<4x64xf32>
}

// CHECK-LABEL: compress.weight @pruned
// CHECK: compress.densify %{{.*}}, %{{.*}} : (tensor<128xf16>, tensor<4x64xui1>) -> tensor<4x64xf32>
// CHECK: compress.densify_n_m %{{.*}}, %{{.*}} 2 of 4 : (tensor<4x32xbf16>, tensor<4x32xui2>) -> tensor<4x64xf32>
// CHECK: compress.densify_blocks %{{.*}}, %{{.*}} block 4, 16 : (tensor<2x64xf32>, tensor<1x4xui1>) -> tensor<4x64xf32>
compress.weight @pruned : tensor<4x64xf32> {
  %0 = compress.stored "values" : tensor<128xf16>
  %1 = compress.stored "mask" : tensor<4x64xui1>
  %2 = compress.densify %0, %1 : (tensor<128xf16>, tensor<4x64xui1>) -> tensor<4x64xf32>
  %3 = compress.stored "halves" : tensor<4x32xbf16>
  %4 = compress.stored "positions" : tensor<4x32xui2>
  %5 = compress.densify_n_m %3, %4 2 of 4 : (tensor<4x32xbf16>, tensor<4x32xui2>) -> tensor<4x64xf32>
  %6 = compress.stored "blocks" : tensor<2x64xf32>
  %7 = compress.stored "block.mask" : tensor<1x4xui1>
  %8 = compress.densify_blocks %6, %7 block 4, 16 : (tensor<2x64xf32>, tensor<1x4xui1>) -> tensor<4x64xf32>
  %9 = compress.sum %2, %5, %8 : (tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>) -> tensor<4x64xf32>
  compress.yield %9 : tensor<4x64xf32>
}

// CHECK-LABEL: compress.weight @factors
// CHECK: %[[P:.+]] = compress.product %{{.*}}, %{{.*}} : (tensor<4x2xf16>, tensor<2x64xf16>) -> tensor<4x64xf32>
// CHECK: compress.permute %[[P]] gather %{{.*}} dim 1 : (tensor<4x64xf32>, tensor<64xui8>) -> tensor<4x64xf32>
compress.weight @factors : tensor<4x64xf32> {
  %0 = compress.stored "left" : tensor<4x2xf16>
  %1 = compress.stored "right" : tensor<2x64xf16>
  %2 = compress.product %0, %1 : (tensor<4x2xf16>, tensor<2x64xf16>) -> tensor<4x64xf32>
  %3 = compress.stored "indices" : tensor<64xui8>
  %4 = compress.permute %2 gather %3 dim 1 : (tensor<4x64xf32>, tensor<64xui8>) -> tensor<4x64xf32>
  compress.yield %4 : tensor<4x64xf32>
}

// Two uses of one weight share it.
// CHECK-LABEL: func.func @uses
// CHECK: compress.use @norm : tensor<4xf32>
// CHECK: compress.use @norm : tensor<4xf32>
func.func @uses() -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = compress.use @norm : tensor<4xf32>
  %1 = compress.use @norm : tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// Codes of codes, offsets, outliers.
// CHECK-LABEL: compress.weight @sorts
// CHECK: compress.densify %{{.*}}, %{{.*}} : (tensor<128xui4>, tensor<4x64xui1>) -> tensor<4x64xui4>
// CHECK: compress.lookup %{{.*}}, %{{.*}} : (tensor<4x64xui4>, tensor<1x16xsi8>) -> tensor<4x64xsi8>
// CHECK: compress.dequantize %{{.*}}, %{{.*}} offsets %{{.*}} group_size 32 : (tensor<4x64xsi8>, tensor<4x2xf16>, tensor<4x2xf16>) -> tensor<4x64xf32>
// CHECK: compress.outliers %{{.*}}, %{{.*}}, %{{.*}} : (tensor<5xf16>, tensor<5xui6>, tensor<4xui4>) -> tensor<4x64xf32>
compress.weight @sorts : tensor<4x64xf32> {
  %0 = compress.stored "s.codes" : tensor<128xui4>
  %1 = compress.stored "s.mask" : tensor<4x64xui1>
  %2 = compress.densify %0, %1 : (tensor<128xui4>, tensor<4x64xui1>) -> tensor<4x64xui4>
  %3 = compress.stored "s.book" : tensor<1x16xsi8>
  %4 = compress.lookup %2, %3 : (tensor<4x64xui4>, tensor<1x16xsi8>) -> tensor<4x64xsi8>
  %5 = compress.stored "s.scales" : tensor<4x2xf16>
  %6 = compress.stored "s.offsets" : tensor<4x2xf16>
  %7 = compress.dequantize %4, %5 offsets %6 group_size 32 : (tensor<4x64xsi8>, tensor<4x2xf16>, tensor<4x2xf16>) -> tensor<4x64xf32>
  %8 = compress.stored "o.values" : tensor<5xf16>
  %9 = compress.stored "o.columns" : tensor<5xui6>
  %10 = compress.stored "o.counts" : tensor<4xui4>
  %11 = compress.outliers %8, %9, %10 : (tensor<5xf16>, tensor<5xui6>, tensor<4xui4>) -> tensor<4x64xf32>
  %12 = compress.sum %7, %11 : (tensor<4x64xf32>, tensor<4x64xf32>) -> tensor<4x64xf32>
  compress.yield %12 : tensor<4x64xf32>
}

// A format: an expression whose leaves are streams, but for named codebooks.
// CHECK-LABEL: compress.format @format
// CHECK: %[[C:.+]] = compress.stream 0 : tensor<4x64xui4>
// CHECK: %[[B:.+]] = compress.codebook nf4
// CHECK: compress.lookup %[[C]], %[[B]]
// CHECK: compress.yield
compress.format @format {
  %0 = compress.stream 0 : tensor<4x64xui4>
  %1 = compress.codebook nf4 : tensor<1x16xf32>
  %2 = compress.lookup %0, %1 : (tensor<4x64xui4>, tensor<1x16xf32>) -> tensor<4x64xf32>
  compress.yield %2 : tensor<4x64xf32>
}
