// RUN: compress-opt %s --kernel-plan-weights | FileCheck %s
// A second plan is the first.
// RUN: compress-opt %s --kernel-plan-weights --kernel-plan-weights | FileCheck %s
// RUN: compress-opt %s --kernel-plan-weights | FileCheck %s --check-prefix=FORMATS

// What products expand by scalar code is remarked.
// RUN: compress-opt %s --kernel-plan-weights --remarks-filter=kernel --remark-format=emitRemark 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// REMARK: remark: {{.*}}compress.lookup expands row by row, slowly: compress.lookup has no form in tiles as it is here
// REMARK: remark: {{.*}}compress.dequantize expands row by row, slowly: codes of compress.lookup have no form in tiles
// REMARK: remark: {{.*}}compress.dequantize expands row by row, slowly: scales, zeros or offsets of compress.lookup have no form in headers
// REMARK: remark: {{.*}}compress.dequantize expands row by row, slowly: its headers do not serve one number of groups, or codes that are absent have no integer zero point
// REMARK-NOT: remark

// One format a form: the pruned layers keep different numbers of codes.
// CHECK: module attributes {kernel.weights_bytes = 17664 : i64}

// No function uses it, so no program holds it.
// CHECK: compress.weight @unused : tensor<4xf32> {
compress.weight @unused : tensor<4xf32> {
  %0 = compress.constant dense<1.0> : tensor<4xf32>
  compress.yield %0 : tensor<4xf32>
}

// Places follow the first uses, not the weights' order; f32 whatever the leaf is.
// CHECK: compress.weight @vector {{.*}}kernel.place = #kernel.place<0, 288>
compress.weight @vector : tensor<72xf32> {
  %0 = compress.stored "vector" : tensor<72xf16>
  compress.yield %0 : tensor<72xf16>
}

// 2 row tiles of 3 groups: 16 scales, 16 zero points of a byte, 64 * 3 bytes of codes.
// 2 * 3 * (32 + 16 + 192) = 1440, to the next 64.
// CHECK: compress.weight @tiles {{.*}}kernel.place = #kernel.place<320, 1472>
compress.weight @tiles : tensor<20x72xf32> {
  %0 = compress.stored "codes" : tensor<20x72xui3>
  %1 = compress.stored "scales" : tensor<20x3xf16>
  %2 = compress.stored "zeros" : tensor<20x3xui3>
  %3 = compress.dequantize %0, %1, %2 group_size 32 : (tensor<20x72xui3>, tensor<20x3xf16>, tensor<20x3xui3>) -> tensor<20x72xf32>
  compress.yield %3 : tensor<20x72xf32>
}

// Groups of 16 lie two a block: 2 row tiles of 3 blocks of 2 * 32 bytes of scales
// and 256 of codes.
// CHECK: compress.weight @rows {{.*}}kernel.place = #kernel.place<1792, 1920>
compress.weight @rows : tensor<20x72xf32> {
  %0 = compress.stored "codes4" : tensor<20x72xsi4>
  %1 = compress.stored "scales16" : tensor<20x5xf16>
  %2 = compress.dequantize %0, %1 group_size 16 : (tensor<20x72xsi4>, tensor<20x5xf16>) -> tensor<20x72xf32>
  compress.yield %2 : tensor<20x72xf32>
}

// 2 row tiles of 8 bytes and 3 blocks of 4 + 64; 720 * 2 bytes of values, and a
// vector that may be read behind the last.
// CHECK: compress.weight @pruned {{.*}}kernel.place = #kernel.place<3712, 1920>
compress.weight @pruned : tensor<20x72xf32> {
  %0 = compress.stored "values" : tensor<720xf16>
  %1 = compress.stored "mask" : tensor<20x72xui1>
  %2 = compress.densify %0, %1 : (tensor<720xf16>, tensor<20x72xui1>) -> tensor<20x72xf32>
  compress.yield %2 : tensor<20x72xf32>
}

// Terms lie one after another, one that comes twice lies there once:
// 2 row tiles of 18 quads of 128 bytes, and at 4608 2 of 16 * 4 and 3 blocks of 64 * 8.
// CHECK: compress.weight @sum {{.*}}kernel.place = #kernel.place<5632, 7808>
compress.weight @sum : tensor<20x72xf32> {
  %0 = compress.stored "dense" : tensor<20x72xf16>
  %1 = compress.stored "codes8" : tensor<20x72xsi8>
  %2 = compress.stored "scales1" : tensor<20x1xf32>
  %3 = compress.dequantize %1, %2 : (tensor<20x72xsi8>, tensor<20x1xf32>) -> tensor<20x72xf32>
  %4 = compress.sum %0, %3, %0 : (tensor<20x72xf16>, tensor<20x72xf32>, tensor<20x72xf16>) -> tensor<20x72xf32>
  compress.yield %4 : tensor<20x72xf32>
}

// A row tile's first record and how many it has; from 64 records of 16 scales and
// 16 x 32 codes, and for each record its block.
// 64 + 3 * (32 + 256 + 2)
// CHECK: compress.weight @blocks {{.*}}kernel.place = #kernel.place<{{[0-9]+}}, 960>
compress.weight @blocks : tensor<32x64xf32> {
  %0 = compress.stored "block codes" : tensor<3x512xsi4>
  %1 = compress.stored "block mask" : tensor<2x2xui1>
  %2 = compress.densify_blocks %0, %1 block 16, 32 : (tensor<3x512xsi4>, tensor<2x2xui1>) -> tensor<32x64xsi4>
  %3 = compress.stored "block scales" : tensor<32x2xf16>
  %4 = compress.dequantize %2, %3 group_size 32 : (tensor<32x64xsi4>, tensor<32x2xf16>) -> tensor<32x64xf32>
  compress.yield %4 : tensor<32x64xf32>
}

// Before each of 5 rows and all, 7 columns and 7 values of two bytes: 24 + 28.
// CHECK: compress.weight @outliers {{.*}}kernel.place = #kernel.place<{{[0-9]+}}, 64>
compress.weight @outliers : tensor<5x64xf32> {
  %0 = compress.stored "outliers" : tensor<7xf16>
  %1 = compress.stored "columns" : tensor<7xui6>
  %2 = compress.stored "counts" : tensor<5xui2>
  %3 = compress.outliers %0, %1, %2 : (tensor<7xf16>, tensor<7xui6>, tensor<5xui2>) -> tensor<5x64xf32>
  compress.yield %3 : tensor<5x64xf32>
}

compress.weight @cells : tensor<4x64xf32> {
  %0 = compress.stored "indices of many" : tensor<4x64xui4>
  %1 = compress.stored "many books" : tensor<8x16xf16>
  %2 = compress.lookup %0, %1 group_size 32 : (tensor<4x64xui4>, tensor<8x16xf16>) -> tensor<4x64xf32>
  compress.yield %2 : tensor<4x64xf32>
}
compress.weight @books : tensor<4x64xf32> {
  %0 = compress.stored "books codes" : tensor<4x64xui4>
  %1 = compress.stored "books" : tensor<8x16xsi8>
  %2 = compress.lookup %0, %1 group_size 32 : (tensor<4x64xui4>, tensor<8x16xsi8>) -> tensor<4x64xsi8>
  %3 = compress.stored "books scales" : tensor<4x2xf16>
  %4 = compress.dequantize %2, %3 group_size 32 : (tensor<4x64xsi8>, tensor<4x2xf16>) -> tensor<4x64xf32>
  compress.yield %4 : tensor<4x64xf32>
}
compress.weight @scales : tensor<4x64xf32> {
  %0 = compress.stored "scaled" : tensor<4x64xui4>
  %1 = compress.stored "scale codes" : tensor<4x2xui4>
  %2 = compress.stored "scale book" : tensor<1x16xf16>
  %3 = compress.lookup %1, %2 : (tensor<4x2xui4>, tensor<1x16xf16>) -> tensor<4x2xf32>
  %4 = compress.dequantize %0, %3 group_size 32 : (tensor<4x64xui4>, tensor<4x2xf32>) -> tensor<4x64xf32>
  compress.yield %4 : tensor<4x64xf32>
}
compress.weight @absent : tensor<4x64xf32> {
  %0 = compress.stored "absent" : tensor<128xui4>
  %1 = compress.stored "absent mask" : tensor<4x64xui1>
  %2 = compress.densify %0, %1 : (tensor<128xui4>, tensor<4x64xui1>) -> tensor<4x64xui4>
  %3 = compress.stored "absent scales" : tensor<4x2xf16>
  %4 = compress.stored "absent zeros" : tensor<4x2xf16>
  %5 = compress.dequantize %2, %3, %4 group_size 32 : (tensor<4x64xui4>, tensor<4x2xf16>, tensor<4x2xf16>) -> tensor<4x64xf32>
  compress.yield %5 : tensor<4x64xf32>
}

func.func @first() -> (tensor<72xf32>, tensor<20x72xf32>) {
  %0 = compress.use @vector : tensor<72xf32>
  %1 = compress.use @tiles : tensor<20x72xf32>
  return %0, %1 : tensor<72xf32>, tensor<20x72xf32>
}

func.func @second() -> (tensor<20x72xf32>, tensor<20x72xf32>, tensor<20x72xf32>) {
  %0 = compress.use @tiles : tensor<20x72xf32>
  %1 = compress.use @rows : tensor<20x72xf32>
  %2 = compress.use @pruned : tensor<20x72xf32>
  %3 = compress.use @sum : tensor<20x72xf32>
  return %1, %2, %3 : tensor<20x72xf32>, tensor<20x72xf32>, tensor<20x72xf32>
}

// Two layers that differ in what pruning kept, and in where it lies.
compress.weight @layer0 : tensor<16x64xf32> {
  %0 = compress.stored "values0" : tensor<100xsi4>
  %1 = compress.stored "mask0" : tensor<16x64xui1>
  %2 = compress.densify %0, %1 : (tensor<100xsi4>, tensor<16x64xui1>) -> tensor<16x64xsi4>
  %3 = compress.stored "scales0" : tensor<16x2xf16>
  %4 = compress.dequantize %2, %3 group_size 32 : (tensor<16x64xsi4>, tensor<16x2xf16>) -> tensor<16x64xf32>
  compress.yield %4 : tensor<16x64xf32>
}
compress.weight @layer1 : tensor<16x64xf32> {
  %0 = compress.stored "values1" : tensor<600xsi4>
  %1 = compress.stored "mask1" : tensor<16x64xui1>
  %2 = compress.densify %0, %1 : (tensor<600xsi4>, tensor<16x64xui1>) -> tensor<16x64xsi4>
  %3 = compress.stored "scales1" : tensor<16x2xf16>
  %4 = compress.dequantize %2, %3 group_size 32 : (tensor<16x64xsi4>, tensor<16x2xf16>) -> tensor<16x64xf32>
  compress.yield %4 : tensor<16x64xf32>
}
// A palette of its own is no part of a form, a named codebook is.
compress.weight @embedding : tensor<16x64xf32> {
  %0 = compress.stored "indices" : tensor<16x64xui4>
  %1 = compress.codebook nf4 : tensor<1x16xf32>
  %2 = compress.lookup %0, %1 : (tensor<16x64xui4>, tensor<1x16xf32>) -> tensor<16x64xf32>
  %3 = compress.stored "order" : tensor<64xui8>
  %4 = compress.permute %2 gather %3 dim 1 : (tensor<16x64xf32>, tensor<64xui8>) -> tensor<16x64xf32>
  compress.yield %4 : tensor<16x64xf32>
}
// FORMATS: compress.format @[[LAYER:format_4]] attributes {sym_visibility = "private"} {
// FORMATS-NEXT: %[[V:.+]] = compress.stream 0 : tensor<1024xsi4>
// FORMATS-NEXT: %[[M:.+]] = compress.stream 1 : tensor<16x64xui1>
// FORMATS-NEXT: %[[D:.+]] = compress.densify %[[V]], %[[M]]
// FORMATS-NEXT: %[[S:.+]] = compress.stream 2 : tensor<16x2xf16>
// FORMATS-NEXT: %[[W:.+]] = compress.dequantize %[[D]], %[[S]] group_size 32
// FORMATS-NEXT: compress.yield %[[W]]
// FORMATS: compress.format @[[PALETTE:.+]] attributes
// FORMATS: compress.codebook nf4
// The whole, for rows of it.
// FORMATS: compress.format @[[ROWS:.+]] attributes
// FORMATS: compress.permute
// FORMATS: compress.weight @layer0 {{.*}}kernel.parts = [#kernel.part<{{[0-9]+}}, @[[LAYER]]>]
// FORMATS: compress.weight @layer1 {{.*}}kernel.parts = [#kernel.part<{{[0-9]+}}, @[[LAYER]]>]
// FORMATS: compress.weight @embedding {{.*}}kernel.parts = [#kernel.part<{{[0-9]+}}, @[[PALETTE]]>, #kernel.part<{{[0-9]+}}>], {{.*}}kernel.rows = @[[ROWS]]
func.func @third(%tokens: tensor<?xi32>) -> (tensor<16x64xf32>, tensor<16x64xf32>, tensor<?x64xf32>) {
  %0 = compress.use @layer0 : tensor<16x64xf32>
  %1 = compress.use @layer1 : tensor<16x64xf32>
  %2 = compress.use @embedding : tensor<16x64xf32>
  %3 = nn.embedding %tokens, %2 : tensor<?xi32>, tensor<16x64xf32> -> tensor<?x64xf32>
  return %0, %1, %3 : tensor<16x64xf32>, tensor<16x64xf32>, tensor<?x64xf32>
}

func.func @fourth() -> (tensor<32x64xf32>, tensor<5x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>) {
  %0 = compress.use @blocks : tensor<32x64xf32>
  %1 = compress.use @outliers : tensor<5x64xf32>
  %2 = compress.use @cells : tensor<4x64xf32>
  %3 = compress.use @books : tensor<4x64xf32>
  %4 = compress.use @scales : tensor<4x64xf32>
  %5 = compress.use @absent : tensor<4x64xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<32x64xf32>, tensor<5x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>
}
