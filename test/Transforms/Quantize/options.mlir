// RUN: compress-opt %s --compress-quantize='bits=8' | FileCheck %s --check-prefix=BITS8
// RUN: compress-opt %s --compress-quantize='bits=2' | FileCheck %s --check-prefix=BITS2
// RUN: compress-opt %s --compress-quantize='group-size=0' | FileCheck %s --check-prefix=ROW
// RUN: compress-opt %s --compress-quantize='group-size=3' --remarks-filter=compress --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=SHORT
// RUN: compress-opt %s --compress-quantize='group-size=4 strict-groups' | FileCheck %s --check-prefix=STRICT
// RUN: compress-opt %s --compress-quantize='scheme=symmetric' | FileCheck %s --check-prefix=SYMMETRIC
// RUN: compress-opt %s --compress-quantize='search=scale' | FileCheck %s --check-prefix=SEARCH
// RUN: compress-opt %s --compress-quantize='scale-type=f32' | FileCheck %s --check-prefix=F32
// RUN: compress-opt %s --compress-quantize='scale-type=bf16' | FileCheck %s --check-prefix=BF16
// RUN: compress-opt %s --compress-quantize='zero-type=f16' | FileCheck %s --check-prefix=ZERO
// RUN: compress-opt %s --compress-quantize='group-size=4 scheme=symmetric' --compress-quantize='target=scales scheme=symmetric bits=8' | FileCheck %s --check-prefix=SCALES
// RUN: compress-opt %s --compress-palettize='bits=2' --compress-quantize='target=codebook bits=8' | FileCheck %s --check-prefix=CODEBOOK
// RUN: compress-opt %s --compress-quantize='scheme=unsigned group-size=4' | FileCheck %s --check-prefix=UNSIGNED
// RUN: compress-opt %s --compress-quantize='scheme=offset group-size=4' | FileCheck %s --check-prefix=OFFSET
// RUN: compress-opt %s --compress-quantize='scheme=offset group-size=4' --compress-quantize='target=scales scheme=unsigned bits=6' --compress-quantize='target=offsets scheme=unsigned bits=6' | FileCheck %s --check-prefix=NESTED
// RUN: compress-opt %s --compress-quantize --remarks-filter=compress --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=REMARK

// BITS8: tensor<1x8xui8>
// BITS2: tensor<1x8xui2>
// ROW: compress.dequantize {{.*}} : (tensor<1x8xui4>, tensor<1x1xf16>, tensor<1x1xui4>)
// SHORT: remark: [Analysis] short-group {{.*}} Function=w {{.*}}the last group of each row has 2 inputs, the others 3
// SHORT: compress.dequantize {{.*}} group_size 3 : (tensor<1x8xui4>, tensor<1x3xf16>, tensor<1x3xui4>)
// STRICT: group_size 4

// n = 7, scale = 7.5 / 7 in f16 = 1.0712890625.
// SYMMETRIC: dense<{{\[}}[1, -2, 3, 4, 0, 0, 0, 7]]> : tensor<1x8xsi4>
// SYMMETRIC: dense<1.071290e+00> : tensor<1x1xf16>
// SYMMETRIC: compress.dequantize {{.*}} : (tensor<1x8xsi4>, tensor<1x1xf16>)

// The search may use code -8, by a negative scale.
// SEARCH: compress.dequantize {{.*}} : (tensor<1x8xsi4>, tensor<1x1xf16>)
// F32: (tensor<1x8xui4>, tensor<1x1xf32>, tensor<1x1xui4>)
// BF16: (tensor<1x8xui4>, tensor<1x1xbf16>, tensor<1x1xui4>)
// ZERO: (tensor<1x8xui4>, tensor<1x1xf16>, tensor<1x1xf16>)

// SCALES: %[[S:.+]] = compress.dequantize {{.*}} : (tensor<1x2xsi8>, tensor<1x1xf16>) -> tensor<1x2xf32>
// SCALES: compress.dequantize %{{.*}}, %[[S]] group_size 4 : (tensor<1x8xsi4>, tensor<1x2xf32>) -> tensor<1x8xf32>
// CODEBOOK: %[[B:.+]] = compress.dequantize {{.*}} -> tensor<1x4xf32>
// CODEBOOK: compress.lookup %{{.*}}, %[[B]]

// Values of the other sign are 0: scales 4/15 and 7.5/15 in f16.
// UNSIGNED: dense<{{\[}}[4, 0, 11, 15, 1, 0, 0, 15]]> : tensor<1x8xui4>
// UNSIGNED: dense<{{\[}}[2.666020e-01, 5.000000e-01]]> : tensor<1x2xf16>
// UNSIGNED: compress.dequantize {{.*}} group_size 4 : (tensor<1x8xui4>, tensor<1x2xf16>) -> tensor<1x8xf32>

// Scales (4 + 2)/15 in f16 and 0.5; offsets the least value, or 0.
// OFFSET-DAG: dense<{{\[}}[8, 0, 13, 15, 1, 0, 0, 15]]> : tensor<1x8xui4>
// OFFSET-DAG: dense<{{\[}}[3.999020e-01, 5.000000e-01]]> : tensor<1x2xf16>
// OFFSET-DAG: dense<{{\[}}[-2.000000e+00, 0.000000e+00]]> : tensor<1x2xf16>
// OFFSET: compress.dequantize %{{.+}}, %{{.+}} offsets %{{.+}} group_size 4 : (tensor<1x8xui4>, tensor<1x2xf16>, tensor<1x2xf16>) -> tensor<1x8xf32>

// What is never positive has a negative scale: -2/63.
// NESTED: dense<{{\[}}[50, 63]]> : tensor<1x2xui6>
// NESTED: %[[S:.+]] = compress.dequantize {{.*}} : (tensor<1x2xui6>, tensor<1x1xf16>) -> tensor<1x2xf32>
// NESTED: dense<{{\[}}[63, 0]]> : tensor<1x2xui6>
// NESTED: dense<-3.173830e-02> : tensor<1x1xf16>
// NESTED: %[[O:.+]] = compress.dequantize {{.*}} : (tensor<1x2xui6>, tensor<1x1xf16>) -> tensor<1x2xf32>
// NESTED: compress.dequantize %{{.+}}, %[[S]] offsets %[[O]] group_size 4

// REMARK: remark: [Passed] compress-quantize | Category:compress | Function=w | BitsAfter=52, BitsBefore=256, RelativeError=
compress.weight @w : tensor<1x8xf32> {
  %0 = compress.constant dense<[[1.0, -2.0, 3.0, 4.0, 0.5, 0.25, 0.1, 7.5]]> : tensor<1x8xf32>
  compress.yield %0 : tensor<1x8xf32>
}
