// RUN: compress-opt %s --verify-roundtrip | FileCheck %s
// RUN: compress-opt %s --mlir-print-op-generic | compress-opt | FileCheck %s
// RUN: compress-opt %s --emit-bytecode -o %t.mlirbc && compress-opt %t.mlirbc | FileCheck %s

// CHECK: nn.model "small" {architecture = "llama", bos = 1 : i64, compress.blobs = {config = "config-00"}, context = 256 : i64, eos = array<i64: 2, 3>, parameters = 1000 : i64}
nn.model "small" {architecture = "llama", bos = 1 : i64, compress.blobs = {config = "config-00"},
  context = 256 : i64, eos = array<i64: 2, 3>, parameters = 1000 : i64}

// CHECK-LABEL: @ops
func.func @ops(%tokens: tensor<?xi32>, %w: tensor<512x64xf32>, %g: tensor<64xf32>, %position: index,
               %frequencies: tensor<4xf32>, %k: tensor<?x32xf32>, %cache: tensor<2x?x4x8xf32>)
    -> (tensor<?x512xf32>, tensor<2x?x4x8xf32>) {
  // CHECK: nn.embedding %{{.*}}, %{{.*}} : tensor<?xi32>, tensor<512x64xf32> -> tensor<?x64xf32>
  %x = nn.embedding %tokens, %w : tensor<?xi32>, tensor<512x64xf32> -> tensor<?x64xf32>
  // CHECK: nn.block "model.layers.0" -> (tensor<?x64xf32>, tensor<2x?x4x8xf32>) {
  %b:2 = nn.block "model.layers.0" -> (tensor<?x64xf32>, tensor<2x?x4x8xf32>) {
    // CHECK: nn.rms_norm %{{.*}}, %{{.*}} epsilon 9.99999974E-6 : tensor<?x64xf32>, tensor<64xf32>
    %0 = nn.rms_norm %x, %g epsilon 1.0e-5 : tensor<?x64xf32>, tensor<64xf32>
    // CHECK: nn.rotary %{{.*}} at %{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<4xf32>
    %1 = nn.rotary %0 at %position, %frequencies : tensor<?x64xf32>, tensor<4xf32>
    // CHECK: nn.attention %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} at %{{.*}} heads 8 kv_heads 4 : tensor<?x64xf32>, tensor<?x32xf32>, tensor<2x?x4x8xf32>
    %2, %new = nn.attention %1, %k, %k, %cache at %position heads 8 kv_heads 4
      : tensor<?x64xf32>, tensor<?x32xf32>, tensor<2x?x4x8xf32>
    // CHECK: heads 8 kv_heads 4 scale 5.000000e-01 :
    %3, %newer = nn.attention %2, %k, %k, %new at %position heads 8 kv_heads 4 scale 0.5
      : tensor<?x64xf32>, tensor<?x32xf32>, tensor<2x?x4x8xf32>
    // CHECK: nn.yield %{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<2x?x4x8xf32>
    nn.yield %3, %newer : tensor<?x64xf32>, tensor<2x?x4x8xf32>
  }
  // CHECK: nn.block "empty" {
  nn.block "empty" {
    // CHECK: nn.yield{{$}}
    nn.yield
  }
  // CHECK: nn.layer_norm %{{.*}}, %{{.*}} epsilon 0.000000e+00 : tensor<?x64xf32>, tensor<64xf32>
  %4 = nn.layer_norm %b#0, %g epsilon 0.0 : tensor<?x64xf32>, tensor<64xf32>
  // CHECK: nn.layer_norm %{{.*}}, %{{.*}} bias %{{.*}} epsilon 0.000000e+00 : tensor<?x64xf32>, tensor<64xf32>, tensor<64xf32>
  %5 = nn.layer_norm %4, %g bias %g epsilon 0.0 : tensor<?x64xf32>, tensor<64xf32>, tensor<64xf32>
  // CHECK: nn.activation silu
  %6 = nn.activation silu %5 : tensor<?x64xf32>
  // CHECK: nn.activation gelu %
  %7 = nn.activation gelu %6 : tensor<?x64xf32>
  // CHECK: nn.activation gelu_tanh
  %8 = nn.activation gelu_tanh %7 : tensor<?x64xf32>
  // CHECK: nn.activation relu
  %9 = nn.activation relu %8 : tensor<?x64xf32>
  // CHECK: nn.linear %{{.*}}, %{{.*}} : (tensor<?x64xf32>, tensor<512x64xf32>) -> tensor<?x512xf32>
  %10 = nn.linear %9, %w : (tensor<?x64xf32>, tensor<512x64xf32>) -> tensor<?x512xf32>
  return %10, %b#1 : tensor<?x512xf32>, tensor<2x?x4x8xf32>
}

// CHECK-LABEL: @bias
func.func @bias(%x: tensor<3x4xf32>, %w: tensor<2x4xf32>, %b: tensor<2xf32>) -> tensor<3x2xf32> {
  // CHECK: nn.linear %{{.*}}, %{{.*}} bias %{{.*}} : (tensor<3x4xf32>, tensor<2x4xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %0 = nn.linear %x, %w bias %b : (tensor<3x4xf32>, tensor<2x4xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}
