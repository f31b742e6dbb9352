// RUN: compress-opt %s --split-input-file --allow-unregistered-dialect --verify-diagnostics

// expected-error @+1 {{'nn.model' op needs at least 0 parameters and a context of at least 1, but has 10 and 0}}
nn.model "m" {architecture = "llama", context = 0 : i64, eos = array<i64>, parameters = 10 : i64}

// -----

// expected-error @+1 {{'nn.model' op needs at least 0 parameters and a context of at least 1, but has -1 and 4}}
nn.model "m" {architecture = "llama", context = 4 : i64, eos = array<i64>, parameters = -1 : i64}

// -----

nn.model "m" {architecture = "llama", context = 4 : i64, eos = array<i64>, parameters = 1 : i64}
// expected-error @+1 {{'nn.model' op is the module's second; a module is one model}}
nn.model "n" {architecture = "llama", context = 4 : i64, eos = array<i64>, parameters = 1 : i64}

// -----

func.func @block(%x: tensor<2xf32>) {
  // expected-error @+1 {{'nn.block' op has a body that does not end with nn.yield}}
  "nn.block"() <{block_name = "b"}> ({
    "test.end"() : () -> ()
  }) : () -> ()
  return
}

// -----

func.func @block(%x: tensor<2xf32>) -> tensor<3xf32> {
  // expected-error @+1 {{'nn.block' op yields other types than it has results}}
  %0 = nn.block "b" -> (tensor<3xf32>) {
    nn.yield %x : tensor<2xf32>
  }
  return %0 : tensor<3xf32>
}

// -----

func.func @embedding(%t: tensor<2xi32>, %w: tensor<5x4xf32>) {
  // expected-error @+1 {{'nn.embedding' op of 'tensor<2xi32>' in 'tensor<5x4xf32>' cannot give 'tensor<2x3xf32>'}}
  %0 = nn.embedding %t, %w : tensor<2xi32>, tensor<5x4xf32> -> tensor<2x3xf32>
  return
}

// -----

func.func @embedding(%t: tensor<2xi32>, %w: tensor<5x4xf32>) {
  // expected-error @+1 {{'nn.embedding' op of 'tensor<2xi32>' in 'tensor<5x4xf32>' cannot give 'tensor<3x4xf32>'}}
  %0 = nn.embedding %t, %w : tensor<2xi32>, tensor<5x4xf32> -> tensor<3x4xf32>
  return
}

// -----

func.func @linear(%x: tensor<?x4xf32>, %w: tensor<2x3xf32>) {
  // expected-error @+1 {{'nn.linear' op has inputs of 4 channels, but a weight for 3}}
  %0 = nn.linear %x, %w : (tensor<?x4xf32>, tensor<2x3xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @linear(%x: tensor<?x4xf32>, %w: tensor<2x4xf32>) {
  // expected-error @+1 {{'nn.linear' op of 'tensor<?x4xf32>' and 'tensor<2x4xf32>' cannot give 'tensor<?x3xf32>'}}
  %0 = nn.linear %x, %w : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x3xf32>
  return
}

// -----

func.func @linear(%x: tensor<?x4xf32>, %w: tensor<2x4xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{'nn.linear' op has a bias of 3 elements for 2 outputs}}
  %0 = nn.linear %x, %w bias %b : (tensor<?x4xf32>, tensor<2x4xf32>, tensor<3xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @norm(%x: tensor<?x4xf32>, %g: tensor<3xf32>) {
  // expected-error @+1 {{'nn.rms_norm' op has a gain of 3 elements for 4 channels}}
  %0 = nn.rms_norm %x, %g epsilon 1.0e-5 : tensor<?x4xf32>, tensor<3xf32>
  return
}

// -----

func.func @norm(%x: tensor<?x4xf32>, %g: tensor<4xf32>) {
  // expected-error @+1 {{'nn.rms_norm' op has a negative epsilon}}
  %0 = nn.rms_norm %x, %g epsilon -1.0 : tensor<?x4xf32>, tensor<4xf32>
  return
}

// -----

func.func @norm(%x: tensor<?x4xf32>, %g: tensor<4xf32>, %b: tensor<5xf32>) {
  // expected-error @+1 {{'nn.layer_norm' op has a bias of 5 elements for 4 channels}}
  %0 = nn.layer_norm %x, %g bias %b epsilon 1.0 : tensor<?x4xf32>, tensor<4xf32>, tensor<5xf32>
  return
}

// -----

func.func @norm(%x: tensor<?x4xf32>, %g: tensor<5xf32>) {
  // expected-error @+1 {{'nn.layer_norm' op has a gain of 5 elements for 4 channels}}
  %0 = nn.layer_norm %x, %g epsilon 1.0 : tensor<?x4xf32>, tensor<5xf32>
  return
}

// -----

func.func @rotary(%x: tensor<?x10xf32>, %p: index, %f: tensor<2xf32>) {
  // expected-error @+1 {{'nn.rotary' op has 10 channels and 2 frequencies, but needs whole heads of twice the frequencies}}
  %0 = nn.rotary %x at %p, %f : tensor<?x10xf32>, tensor<2xf32>
  return
}

// -----

func.func @attention(%q: tensor<?x6xf32>, %k: tensor<?x4xf32>, %c: tensor<2x?x2x2xf32>, %p: index) {
  // expected-error @+1 {{'nn.attention' op has 3 heads and 2 key-value heads; the latter must divide the former}}
  %0, %1 = nn.attention %q, %k, %k, %c at %p heads 3 kv_heads 2 : tensor<?x6xf32>, tensor<?x4xf32>, tensor<2x?x2x2xf32>
  return
}

// -----

func.func @attention(%q: tensor<?x8xf32>, %k: tensor<?x4xf32>, %c: tensor<2x?x1x2xf32>, %p: index) {
  // expected-error @+1 {{'nn.attention' op has a cache of type 'tensor<2x?x1x2xf32>', but needs [2, context, 2, head size]}}
  %0, %1 = nn.attention %q, %k, %k, %c at %p heads 4 kv_heads 2 : tensor<?x8xf32>, tensor<?x4xf32>, tensor<2x?x1x2xf32>
  return
}

// -----

func.func @attention(%q: tensor<?x8xf32>, %k: tensor<?x4xf32>, %c: tensor<2x?x2x?xf32>, %p: index) {
  // expected-error @+1 {{'nn.attention' op has a cache of type 'tensor<2x?x2x?xf32>', but needs [2, context, 2, head size]}}
  %0, %1 = nn.attention %q, %k, %k, %c at %p heads 4 kv_heads 2 : tensor<?x8xf32>, tensor<?x4xf32>, tensor<2x?x2x?xf32>
  return
}

// -----

func.func @attention(%q: tensor<?x8xf32>, %k: tensor<?x6xf32>, %c: tensor<2x?x2x2xf32>, %p: index) {
  // expected-error @+1 {{'nn.attention' op has a query of type 'tensor<?x8xf32>' and a key of type 'tensor<?x6xf32>', but heads of 2 need 8 and 4 channels}}
  %0, %1 = nn.attention %q, %k, %k, %c at %p heads 4 kv_heads 2 : tensor<?x8xf32>, tensor<?x6xf32>, tensor<2x?x2x2xf32>
  return
}

// -----

func.func @attention(%q: tensor<3x8xf32>, %k: tensor<2x4xf32>, %c: tensor<2x?x2x2xf32>, %p: index) {
  // expected-error @+1 {{'nn.attention' op has 3 queries, but 2 keys}}
  %0, %1 = nn.attention %q, %k, %k, %c at %p heads 4 kv_heads 2 : tensor<3x8xf32>, tensor<2x4xf32>, tensor<2x?x2x2xf32>
  return
}

// -----

func.func @activation(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected string or keyword containing one of the following enum values for attribute 'kind' [silu, gelu, gelu_tanh, relu]}}
  %0 = nn.activation swish %x : tensor<4xf32>
  return
}
