// RUN: compress-opt %s --split-input-file --convert-kernel-to-gpu --verify-diagnostics
// RUN: not compress-opt %s --split-input-file --convert-kernel-to-gpu=target=cuda 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not compress-opt %s --split-input-file --convert-kernel-to-gpu=workgroup-size=0 2>&1 | FileCheck %s --check-prefix=WORKGROUP
// TARGET: error: target "cuda" is unknown; there are nvptx and spirv
// WORKGROUP: error: workgroup-size is 0, but a workgroup has 1 to 1024 threads

compress.format @w {
  %c = compress.stream 0 : tensor<40x64xsi4>
  %s = compress.stream 1 : tensor<40x2xf16>
  %d = compress.dequantize %c, %s group_size 32 : (tensor<40x64xsi4>, tensor<40x2xf16>) -> tensor<40x64xf32>
  compress.yield %d : tensor<40x64xf32>
}
func.func @tokens(%weights: memref<?xi8>, %o: index, %x: memref<2x64xf32>, %y: memref<2x40xf32>) {
  %two = arith.constant 2 : index
  // expected-error @below {{'kernel.matmul' op has more than one token; no GPU kernel takes it}}
  kernel.matmul @w at %weights[%o] ins(%x) outs(%y) tokens %two : memref<?xi8>, memref<2x64xf32>, memref<2x40xf32>
  return
}

// -----

compress.format @w {
  %c = compress.stream 0 : tensor<2x2xf32>
  compress.yield %c : tensor<2x2xf32>
}
func.func @rows(%weights: memref<?xi8>, %o: index, %x: memref<1x2xf32>, %y: memref<1x2xf32>) {
  %one = arith.constant 1 : index
  // expected-error @below {{'kernel.matmul' op has a weight that is not of integer codes in tiles; no GPU kernel takes it}}
  kernel.matmul @w at %weights[%o] ins(%x) outs(%y) tokens %one : memref<?xi8>, memref<1x2xf32>, memref<1x2xf32>
  return
}

// -----

func.func @name(%weights: memref<?xi8>, %o: index, %x: memref<1x2xf32>, %y: memref<1x2xf32>) {
  %one = arith.constant 1 : index
  // expected-error @below {{'kernel.matmul' op names @w, but no compress.format of that name is there}}
  kernel.matmul @w at %weights[%o] ins(%x) outs(%y) tokens %one : memref<?xi8>, memref<1x2xf32>, memref<1x2xf32>
  return
}
