// RUN: compress-opt %s --compress-decompress | FileCheck %s

// The reference value of each op, beside its formula worked by hand.

// Groups of 2 of 3 columns, the last shorter: (codes - zeros) * scales.
// CHECK-LABEL: @dequantize
// CHECK: dense<{{\[}}[1.000000e+00, 0.000000e+00, -2.000000e+00], [2.500000e-01, 5.000000e-01, 4.500000e+01]]>
compress.weight @dequantize : tensor<2x3xf32> {
  %0 = compress.constant dense<[[3, 1, 0], [1, 2, 15]]> : tensor<2x3xui4>
  %1 = compress.constant dense<[[0.5, 2.0], [0.25, 3.0]]> : tensor<2x2xf16>
  %2 = compress.constant dense<[[1, 1], [0, 0]]> : tensor<2x2xui4>
  %3 = compress.dequantize %0, %1, %2 group_size 2 : (tensor<2x3xui4>, tensor<2x2xf16>, tensor<2x2xui4>) -> tensor<2x3xf32>
  compress.yield %3 : tensor<2x3xf32>
}

// A vector's groups run along it.
// CHECK-LABEL: @dequantize_vector
// CHECK: dense<[-4.000000e+00, 3.500000e+00, 7.000000e+00]>
compress.weight @dequantize_vector : tensor<3xf32> {
  %0 = compress.constant dense<[-8, 7, 7]> : tensor<3xsi4>
  %1 = compress.constant dense<[0.5, 1.0]> : tensor<2xf32>
  %2 = compress.dequantize %0, %1 group_size 2 : (tensor<3xsi4>, tensor<2xf32>) -> tensor<3xf32>
  compress.yield %2 : tensor<3xf32>
}

// CHECK-LABEL: @lookup
// CHECK: dense<{{\[}}[3.000000e+01, 1.000000e+01], [2.000000e+01, 4.000000e+01]]>
compress.weight @lookup : tensor<2x2xf32> {
  %0 = compress.constant dense<[[2, 0], [1, 3]]> : tensor<2x2xui2>
  %1 = compress.constant dense<[[10.0, 20.0, 30.0, 40.0]]> : tensor<1x4xf32>
  %2 = compress.lookup %0, %1 : (tensor<2x2xui2>, tensor<1x4xf32>) -> tensor<2x2xf32>
  compress.yield %2 : tensor<2x2xf32>
}

// A codebook a group of one code.
// CHECK-LABEL: @lookup_groups
// CHECK: dense<{{\[}}[1.000000e+00, 4.000000e+00], [6.000000e+00, 7.000000e+00]]>
compress.weight @lookup_groups : tensor<2x2xf32> {
  %0 = compress.constant dense<[[0, 1], [1, 0]]> : tensor<2x2xui2>
  %1 = compress.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]> : tensor<4x2xf32>
  %2 = compress.lookup %0, %1 group_size 1 : (tensor<2x2xui2>, tensor<4x2xf32>) -> tensor<2x2xf32>
  compress.yield %2 : tensor<2x2xf32>
}

// Cells of two.
// CHECK-LABEL: @lookup_cells
// CHECK: dense<{{\[}}[3.000000e+00, 4.000000e+00, 1.000000e+00, 2.000000e+00]]>
compress.weight @lookup_cells : tensor<1x4xf32> {
  %0 = compress.constant dense<[[1, 0]]> : tensor<1x2xui2>
  %1 = compress.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %2 = compress.lookup %0, %1 cell 2 : (tensor<1x2xui2>, tensor<1x4xf32>) -> tensor<1x4xf32>
  compress.yield %2 : tensor<1x4xf32>
}

// CHECK-LABEL: @densify
// CHECK: dense<{{\[}}[0.000000e+00, 1.000000e+00], [2.000000e+00, 0.000000e+00], [0.000000e+00, 3.000000e+00]]>
compress.weight @densify : tensor<3x2xf32> {
  %0 = compress.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf16>
  %1 = compress.constant dense<[[false, true], [true, false], [false, true]]> : tensor<3x2xui1>
  %2 = compress.densify %0, %1 : (tensor<3xf16>, tensor<3x2xui1>) -> tensor<3x2xf32>
  compress.yield %2 : tensor<3x2xf32>
}

// CHECK-LABEL: @densify_n_m
// CHECK: dense<{{\[}}[0.000000e+00, 1.000000e+00, 0.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 0.000000e+00, 0.000000e+00]]>
compress.weight @densify_n_m : tensor<1x8xf32> {
  %0 = compress.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %1 = compress.constant dense<[[1, 3, 0, 1]]> : tensor<1x4xui2>
  %2 = compress.densify_n_m %0, %1 2 of 4 : (tensor<1x4xf32>, tensor<1x4xui2>) -> tensor<1x8xf32>
  compress.yield %2 : tensor<1x8xf32>
}

// CHECK-LABEL: @densify_blocks
// CHECK: dense<{{\[}}[0.000000e+00, 0.000000e+00, 1.000000e+00, 2.000000e+00], [0.000000e+00, 0.000000e+00, 3.000000e+00, 4.000000e+00]]>
compress.weight @densify_blocks : tensor<2x4xf32> {
  %0 = compress.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %1 = compress.constant dense<[[false, true]]> : tensor<1x2xui1>
  %2 = compress.densify_blocks %0, %1 block 2, 2 : (tensor<1x4xf32>, tensor<1x2xui1>) -> tensor<2x4xf32>
  compress.yield %2 : tensor<2x4xf32>
}

// codes * scales + offsets.
// CHECK-LABEL: @dequantize_offsets
// CHECK: dense<{{\[}}[1.250000e+00, 2.500000e-01, 2.000000e+00]]>
compress.weight @dequantize_offsets : tensor<1x3xf32> {
  %0 = compress.constant dense<[[3, 1, 0]]> : tensor<1x3xui4>
  %1 = compress.constant dense<[[0.5, 7.0]]> : tensor<1x2xf16>
  %2 = compress.constant dense<[[-0.25, 2.0]]> : tensor<1x2xf16>
  %3 = compress.dequantize %0, %1 offsets %2 group_size 2 : (tensor<1x3xui4>, tensor<1x2xf16>, tensor<1x2xf16>) -> tensor<1x3xf32>
  compress.yield %3 : tensor<1x3xf32>
}

// An integer codebook makes codes, which are then dequantised.
// CHECK-LABEL: @lookup_codes
// CHECK: dense<{{\[}}[-1.000000e+01, 5.000000e-01]]>
compress.weight @lookup_codes : tensor<1x2xf32> {
  %0 = compress.constant dense<[[2, 0]]> : tensor<1x2xui2>
  %1 = compress.constant dense<[[1, 7, -20]]> : tensor<1x3xsi8>
  %2 = compress.lookup %0, %1 : (tensor<1x2xui2>, tensor<1x3xsi8>) -> tensor<1x2xsi8>
  %3 = compress.constant dense<[[0.5]]> : tensor<1x1xf32>
  %4 = compress.dequantize %2, %3 : (tensor<1x2xsi8>, tensor<1x1xf32>) -> tensor<1x2xf32>
  compress.yield %4 : tensor<1x2xf32>
}

// An absent code is 0.0, whatever the zero point, and whatever a codebook says.
// CHECK-LABEL: @absent
// CHECK: dense<{{\[}}[0.000000e+00, 1.000000e+00, -1.500000e+00, 0.000000e+00]]>
compress.weight @absent : tensor<1x4xf32> {
  %0 = compress.constant dense<[5, 0]> : tensor<2xui4>
  %1 = compress.constant dense<[[false, true, true, false]]> : tensor<1x4xui1>
  %2 = compress.densify %0, %1 : (tensor<2xui4>, tensor<1x4xui1>) -> tensor<1x4xui4>
  %3 = compress.constant dense<[[0.5]]> : tensor<1x1xf32>
  %4 = compress.constant dense<[[3]]> : tensor<1x1xui4>
  %5 = compress.dequantize %2, %3, %4 : (tensor<1x4xui4>, tensor<1x1xf32>, tensor<1x1xui4>) -> tensor<1x4xf32>
  compress.yield %5 : tensor<1x4xf32>
}
// CHECK-LABEL: @absent_entry
// CHECK: dense<{{\[}}[0.000000e+00, 8.000000e+00, 7.000000e+00, 0.000000e+00]]>
compress.weight @absent_entry : tensor<1x4xf32> {
  %0 = compress.constant dense<[[1, 0]]> : tensor<1x2xui2>
  %1 = compress.constant dense<[[1, 0]]> : tensor<1x2xui1>
  %2 = compress.densify_n_m %0, %1 1 of 2 : (tensor<1x2xui2>, tensor<1x2xui1>) -> tensor<1x4xui2>
  %3 = compress.constant dense<[[7.0, 8.0]]> : tensor<1x2xf32>
  %4 = compress.lookup %2, %3 : (tensor<1x4xui2>, tensor<1x2xf32>) -> tensor<1x4xf32>
  compress.yield %4 : tensor<1x4xf32>
}

// CHECK-LABEL: @outliers
// CHECK: dense<{{\[}}[0.000000e+00, 5.000000e+00, 6.000000e+00], [0.000000e+00, 0.000000e+00, 0.000000e+00], [7.000000e+00, 0.000000e+00, 0.000000e+00]]>
compress.weight @outliers : tensor<3x3xf32> {
  %0 = compress.constant dense<[5.0, 6.0, 7.0]> : tensor<3xf16>
  %1 = compress.constant dense<[1, 2, 0]> : tensor<3xui2>
  %2 = compress.constant dense<[2, 0, 1]> : tensor<3xui2>
  %3 = compress.outliers %0, %1, %2 : (tensor<3xf16>, tensor<3xui2>, tensor<3xui2>) -> tensor<3x3xf32>
  compress.yield %3 : tensor<3x3xf32>
}

// Named codebooks, beside values of their specifications.
// CHECK-LABEL: @f4_e2m1
// CHECK: [0.000000e+00, 5.000000e-01, 1.000000e+00, 1.500000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 6.000000e+00, -0.000000e+00, -5.000000e-01, -1.000000e+00, -1.500000e+00, -2.000000e+00, -3.000000e+00, -4.000000e+00, -6.000000e+00]
compress.weight @f4_e2m1 : tensor<1x16xf32> {
  %0 = compress.constant dense<[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]]> : tensor<1x16xui4>
  %1 = compress.codebook f4_e2m1 : tensor<1x16xf32>
  %2 = compress.lookup %0, %1 : (tensor<1x16xui4>, tensor<1x16xf32>) -> tensor<1x16xf32>
  compress.yield %2 : tensor<1x16xf32>
}
// The least and the largest numbers of E4M3 and E5M2, 1 and -1; 2^-127 and 2^127.
// CHECK-LABEL: @f8_e4m3
// CHECK: [0.001953125, 4.480000e+02, 1.000000e+00, -1.000000e+00]
compress.weight @f8_e4m3 : tensor<1x4xf32> {
  %0 = compress.constant dense<[[1, 126, 56, 184]]> : tensor<1x4xui8>
  %1 = compress.codebook f8_e4m3 : tensor<1x256xf32>
  %2 = compress.lookup %0, %1 : (tensor<1x4xui8>, tensor<1x256xf32>) -> tensor<1x4xf32>
  compress.yield %2 : tensor<1x4xf32>
}
// CHECK-LABEL: @f8_e5m2
// CHECK: [1.52587891E-5, 5.734400e+04, 1.000000e+00, -1.000000e+00]
compress.weight @f8_e5m2 : tensor<1x4xf32> {
  %0 = compress.constant dense<[[1, 123, 60, 188]]> : tensor<1x4xui8>
  %1 = compress.codebook f8_e5m2 : tensor<1x256xf32>
  %2 = compress.lookup %0, %1 : (tensor<1x4xui8>, tensor<1x256xf32>) -> tensor<1x4xf32>
  compress.yield %2 : tensor<1x4xf32>
}
// CHECK-LABEL: @e8m0
// CHECK: [5.87747175E-39, 1.000000e+00, 1.70141183E+38]
compress.weight @e8m0 : tensor<1x3xf32> {
  %0 = compress.constant dense<[[0, 127, 254]]> : tensor<1x3xui8>
  %1 = compress.codebook e8m0 : tensor<1x256xf32>
  %2 = compress.lookup %0, %1 : (tensor<1x3xui8>, tensor<1x256xf32>) -> tensor<1x3xf32>
  compress.yield %2 : tensor<1x3xf32>
}

// CHECK-LABEL: @product
// CHECK: dense<{{\[}}[1.100000e+01, 1.600000e+01], [1.900000e+01, 2.800000e+01]]>
compress.weight @product : tensor<2x2xf32> {
  %0 = compress.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %1 = compress.constant dense<[[-3.0, -4.0], [7.0, 10.0]]> : tensor<2x2xf32>
  %2 = compress.product %0, %1 : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  compress.yield %2 : tensor<2x2xf32>
}

// Factors are summed in f64 and rounded once: in f32 the 1 would be lost.
// CHECK-LABEL: @product_in_f64
// CHECK: dense<1.000000e+00>
compress.weight @product_in_f64 : tensor<1x1xf32> {
  %0 = compress.constant dense<[[1.0e8, 1.0, -1.0e8]]> : tensor<1x3xf32>
  %1 = compress.constant dense<[[1.0], [1.0], [1.0]]> : tensor<3x1xf32>
  %2 = compress.product %0, %1 : (tensor<1x3xf32>, tensor<3x1xf32>) -> tensor<1x1xf32>
  compress.yield %2 : tensor<1x1xf32>
}

// A sum is rounded at each addition, first to last: here the 1 is lost.
// CHECK-LABEL: @sum
// CHECK: dense<0.000000e+00>
compress.weight @sum : tensor<1xf32> {
  %0 = compress.constant dense<1.0e8> : tensor<1xf32>
  %1 = compress.constant dense<1.0> : tensor<1xf32>
  %2 = compress.constant dense<-1.0e8> : tensor<1xf32>
  %3 = compress.sum %0, %1, %2 : (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
  compress.yield %3 : tensor<1xf32>
}

// result[i] = source[indices[i]].
// CHECK-LABEL: @permute_columns
// CHECK: dense<{{\[}}[3.000000e+00, 1.000000e+00, 2.000000e+00]]>
compress.weight @permute_columns : tensor<1x3xf32> {
  %0 = compress.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %1 = compress.constant dense<[2, 0, 1]> : tensor<3xui16>
  %2 = compress.permute %0 gather %1 dim 1 : (tensor<1x3xf32>, tensor<3xui16>) -> tensor<1x3xf32>
  compress.yield %2 : tensor<1x3xf32>
}
// CHECK-LABEL: @permute_rows
// CHECK: dense<{{\[}}[3.000000e+00], [1.000000e+00], [2.000000e+00]]>
compress.weight @permute_rows : tensor<3x1xf32> {
  %0 = compress.constant dense<[[1.0], [2.0], [3.0]]> : tensor<3x1xf32>
  %1 = compress.constant dense<[2, 0, 1]> : tensor<3xui16>
  %2 = compress.permute %0 gather %1 dim 0 : (tensor<3x1xf32>, tensor<3xui16>) -> tensor<3x1xf32>
  compress.yield %2 : tensor<3x1xf32>
}
