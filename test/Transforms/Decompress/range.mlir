// What a type does not hold is refused with its place, by whatever pass stores it.
// RUN: split-file %s %t
// RUN: not compress-opt %t/large.mlir --compress-decompress='type=f16' 2>&1 | FileCheck %s --check-prefix=F16
// RUN: compress-opt %t/large.mlir --compress-decompress='type=bf16' | FileCheck %s --check-prefix=BF16
// RUN: not compress-opt %t/larger.mlir --compress-decompress='type=bf16' 2>&1 | FileCheck %s --check-prefix=LARGER
// RUN: compress-opt %t/edge.mlir --compress-decompress='type=f16' | FileCheck %s --check-prefix=EDGE
// RUN: not compress-opt %t/nan.mlir --compress-decompress='type=f16' 2>&1 | FileCheck %s --check-prefix=NAN
// RUN: not compress-opt %t/large.mlir --compress-palettize='entries=2' 2>&1 | FileCheck %s --check-prefix=PALETTE
// RUN: not compress-opt %t/larger.mlir --compress-decompose='rank=1' 2>&1 | FileCheck %s --check-prefix=FACTOR
// RUN: not compress-opt %t/large.mlir --compress-f16-pipeline 2>&1 | FileCheck %s --check-prefix=F16

// F16: error: weight @w: "w/value" would hold 1e+06 at index [1, 2], beyond the range of 'f16'; store it in a type of wider range (bf16 or f32), or look at this weight
// BF16: 9.994240e+05
// LARGER: error: weight @w: "w/value" would hold 3.4e+38 at index [1, 2], beyond the range of 'bf16'; store it in a type of wider range (f32), or look at this weight
// EDGE: dense<6.550400e+04> : tensor<1x2xf16>
// NAN: error: weight @w: "w/value" would hold {{-?}}nan at index [0, 1], and only finite values can be stored; correct the model, or run --compress-replace-non-finite before
// PALETTE: A value of the palette that starts at row 0, column 0 is beyond the range of f16; store palettes in a type of wider range (bf16 or f32).
// FACTOR: error: weight @w: "w/left" would hold {{.*}} at index [1, 0], beyond the range of 'f16'

//--- large.mlir
compress.weight @w : tensor<2x4xf32> {
  %0 = compress.constant dense<[[1.0, 2.0, 3.0, 4.0], [65519.0, 3.0, 1.0e6, 1.0e7]]> : tensor<2x4xf32>
  compress.yield %0 : tensor<2x4xf32>
}
func.func @f(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %w = compress.use @w : tensor<2x4xf32>
  %y = nn.linear %x, %w : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
func.func @g(%x: tensor<?xi32>) -> tensor<?x4xf32> {
  %w = compress.use @v : tensor<2x4xf32>
  %y = nn.embedding %x, %w : tensor<?xi32>, tensor<2x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
compress.weight @v : tensor<2x4xf32> {
  %0 = compress.constant dense<1.0> : tensor<2x4xf32>
  compress.yield %0 : tensor<2x4xf32>
}

//--- larger.mlir
compress.weight @w : tensor<2x4xf32> {
  %0 = compress.constant dense<[[1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 3.4e38, 1.0]]> : tensor<2x4xf32>
  compress.yield %0 : tensor<2x4xf32>
}

//--- edge.mlir
compress.weight @w : tensor<1x2xf32> {
  %0 = compress.constant dense<65519.996> : tensor<1x2xf32>
  compress.yield %0 : tensor<1x2xf32>
}

//--- nan.mlir
compress.weight @w : tensor<1x2xf32> {
  %0 = compress.constant dense<[[1.0, 0x7FC00000]]> : tensor<1x2xf32>
  compress.yield %0 : tensor<1x2xf32>
}
