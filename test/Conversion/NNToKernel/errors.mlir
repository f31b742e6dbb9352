// RUN: compress-opt %s --compress-lower-to-llvm=stop-after=kernel --split-input-file --verify-diagnostics

// expected-error @below {{has no function @forward; compress import makes one}}
module {
}

// -----

// expected-error @below {{'func.func' op has more than one basic block}}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x4xf32> {
  cf.br ^bb1
^bb1:
  %0 = tensor.empty(%position) : tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// expected-error @below {{'func.func' op needs the form (tokens, position, caches...) -> (logits, caches...), tokens of tensor<?xi32>}}
func.func @forward(%position: index) -> tensor<?x4xf32> {
  %0 = tensor.empty(%position) : tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// expected-error @below {{'func.func' op needs the form (tokens, position, caches...) -> (logits, caches...), tokens of tensor<?xi32>}}
func.func @forward(%tokens: tensor<4xi32>, %position: index) -> tensor<?x4xf32> {
  %0 = tensor.empty(%position) : tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// expected-error @below {{'func.func' op has an argument that is no key-value cache}}
func.func @forward(%tokens: tensor<?xi32>, %position: index, %x: tensor<4x4xf32>) -> (tensor<?x4xf32>, tensor<4x4xf32>) {
  %0 = tensor.empty(%position) : tensor<?x4xf32>
  return %0, %x : tensor<?x4xf32>, tensor<4x4xf32>
}

// -----

// expected-error @below {{'func.func' op has the name of what @forward is lowered to}}
func.func private @decode()
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x4xf32> {
  %0 = tensor.empty(%position) : tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

compress.weight @e : tensor<8x4xf32> {
  %0 = compress.stored "e" : tensor<8x4xf32>
  compress.yield %0 : tensor<8x4xf32>
}
compress.weight @f : tensor<2xf32> {
  %0 = compress.stored "f" : tensor<2xf32>
  compress.yield %0 : tensor<2xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x8xf32> {
  %e = compress.use @e : tensor<8x4xf32>
  %f = compress.use @f : tensor<2xf32>
  %zero = arith.constant 0 : index
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<8x4xf32> -> tensor<?x4xf32>
  // expected-error @below {{'nn.rotary' op has a position that is not the function's own, from which a program counts}}
  %y = nn.rotary %x at %zero, %f : tensor<?x4xf32>, tensor<2xf32>
  %z = nn.linear %y, %e : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

compress.weight @e : tensor<8x4xf32> {
  %0 = compress.stored "e" : tensor<8x4xf32>
  compress.yield %0 : tensor<8x4xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index, %c: tensor<2x?x1x4xf32>) -> (tensor<?x8xf32>, tensor<2x?x1x4xf32>) {
  %e = compress.use @e : tensor<8x4xf32>
  %zero = arith.constant 0 : index
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<8x4xf32> -> tensor<?x4xf32>
  // expected-error @below {{'nn.attention' op has a position that is not the function's own, from which a program counts}}
  %y, %new = nn.attention %x, %x, %x, %c at %zero heads 1 kv_heads 1 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<2x?x1x4xf32>
  %l = nn.linear %y, %e : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  return %l, %new : tensor<?x8xf32>, tensor<2x?x1x4xf32>
}

// -----

compress.weight @e : tensor<8x4xf32> {
  %0 = compress.stored "e" : tensor<8x4xf32>
  compress.yield %0 : tensor<8x4xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x8xf32> {
  %e = compress.use @e : tensor<8x4xf32>
  %f = arith.constant dense<1.0> : tensor<2xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<8x4xf32> -> tensor<?x4xf32>
  // expected-error @below {{'nn.rotary' op needs frequencies from compress.use}}
  %y = nn.rotary %x at %position, %f : tensor<?x4xf32>, tensor<2xf32>
  %z = nn.linear %y, %e : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

compress.weight @e : tensor<8x4xf32> {
  %0 = compress.stored "e" : tensor<8x4xf32>
  compress.yield %0 : tensor<8x4xf32>
}
compress.weight @f : tensor<2xf32> {
  %0 = compress.stored "f" : tensor<2xf32>
  compress.yield %0 : tensor<2xf32>
}
compress.weight @g : tensor<2xf32> {
  %0 = compress.stored "g" : tensor<2xf32>
  compress.yield %0 : tensor<2xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x8xf32> {
  %e = compress.use @e : tensor<8x4xf32>
  %f = compress.use @f : tensor<2xf32>
  %g = compress.use @g : tensor<2xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<8x4xf32> -> tensor<?x4xf32>
  %y = nn.rotary %x at %position, %f : tensor<?x4xf32>, tensor<2xf32>
  // expected-error @below {{'nn.rotary' op has frequencies of its own; a program has one table}}
  %z = nn.rotary %y at %position, %g : tensor<?x4xf32>, tensor<2xf32>
  %l = nn.linear %z, %e : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  return %l : tensor<?x8xf32>
}

// -----

compress.weight @e : tensor<8x4xf32> {
  %0 = compress.stored "e" : tensor<8x4xf32>
  compress.yield %0 : tensor<8x4xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index, %c: tensor<2x?x1x4xf32>) -> (tensor<?x8xf32>, tensor<2x?x1x4xf32>) {
  %e = compress.use @e : tensor<8x4xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<8x4xf32> -> tensor<?x4xf32>
  // expected-error @below {{'nn.attention' op shares its cache with another nn.attention, but a cache is updated in place; pass on the one that comes out}}
  %y, %new = nn.attention %x, %x, %x, %c at %position heads 1 kv_heads 1 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<2x?x1x4xf32>
  %z, %newer = nn.attention %y, %x, %x, %c at %position heads 1 kv_heads 1 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<2x?x1x4xf32>
  %l = nn.linear %z, %e : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  return %l, %newer : tensor<?x8xf32>, tensor<2x?x1x4xf32>
}

// -----

compress.weight @e : tensor<8x4xf32> {
  %0 = compress.stored "e" : tensor<8x4xf32>
  compress.yield %0 : tensor<8x4xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index, %c: tensor<2x?x1x4xf32>, %d: tensor<2x?x1x4xf32>)
    -> (tensor<?x8xf32>, tensor<2x?x1x4xf32>, tensor<2x?x1x4xf32>) {
  %e = compress.use @e : tensor<8x4xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<8x4xf32> -> tensor<?x4xf32>
  %y, %new = nn.attention %x, %x, %x, %c at %position heads 1 kv_heads 1 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<2x?x1x4xf32>
  %z, %newer = nn.attention %y, %x, %x, %d at %position heads 1 kv_heads 1 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<2x?x1x4xf32>
  %l = nn.linear %z, %e : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  // expected-error @below {{'func.return' op returns the caches in another order than the function takes them}}
  return %l, %newer, %new : tensor<?x8xf32>, tensor<2x?x1x4xf32>, tensor<2x?x1x4xf32>
}

// -----

compress.weight @e : tensor<8x4xf32> {
  %0 = compress.stored "e" : tensor<8x4xf32>
  compress.yield %0 : tensor<8x4xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x8xf32> {
  %e = compress.use @e : tensor<8x4xf32>
  %w = arith.constant dense<1.0> : tensor<8x4xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<8x4xf32> -> tensor<?x4xf32>
  // expected-error @below {{'nn.block' op captures a tensor that is no activation}}
  %y = nn.block "b" -> (tensor<?x8xf32>) {
    %0 = nn.linear %x, %w : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
    nn.yield %0 : tensor<?x8xf32>
  }
  %v = tensor.empty() : tensor<8x8xf32>
  %l = nn.linear %y, %v : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  return %l : tensor<?x8xf32>
}

// -----

compress.weight @e : tensor<8x4xf32> {
  %0 = compress.stored "e" : tensor<8x4xf32>
  compress.yield %0 : tensor<8x4xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x8xf32> {
  %e = compress.use @e : tensor<8x4xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<8x4xf32> -> tensor<?x4xf32>
  %y = nn.block "outer" -> (tensor<?x4xf32>) {
    // expected-error @below {{'nn.block' op is nested in a block, which has no lowering}}
    %0 = nn.block "inner" -> (tensor<?x4xf32>) {
      %1 = nn.activation relu %x : tensor<?x4xf32>
      nn.yield %1 : tensor<?x4xf32>
    }
    nn.yield %0 : tensor<?x4xf32>
  }
  %l = nn.linear %y, %e : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  return %l : tensor<?x8xf32>
}

// -----

compress.weight @e : tensor<8x4xf32> {
  %0 = compress.stored "e" : tensor<8x4xf32>
  compress.yield %0 : tensor<8x4xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x8xf32> {
  %e = compress.use @e : tensor<8x4xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<8x4xf32> -> tensor<?x4xf32>
  // expected-error @below {{'math.exp' op has no lowering to kernels; a model's functions hold nn ops and arith.addf, subf and mulf}}
  %y = math.exp %x : tensor<?x4xf32>
  %l = nn.linear %y, %e : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  return %l : tensor<?x8xf32>
}

// -----

compress.weight @e : tensor<8x4xf32> {
  %0 = compress.stored "e" : tensor<8x4xf32>
  compress.yield %0 : tensor<8x4xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x8xf32> {
  %e = compress.use @e : tensor<8x4xf32>
  %w = arith.constant dense<1.0> : tensor<8x4xf32>
  // expected-error @below {{'nn.embedding' op needs the function's tokens and a weight from compress.use}}
  %x = nn.embedding %tokens, %w : tensor<?xi32>, tensor<8x4xf32> -> tensor<?x4xf32>
  %l = nn.linear %x, %e : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  return %l : tensor<?x8xf32>
}

// -----

compress.weight @e : tensor<8x4xf32> {
  %0 = compress.stored "e" : tensor<8x4xf32>
  compress.yield %0 : tensor<8x4xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x8xf32> {
  %e = compress.use @e : tensor<8x4xf32>
  // expected-error @below {{a gain or bias must come from compress.use}}
  %g = arith.constant dense<1.0> : tensor<4xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<8x4xf32> -> tensor<?x4xf32>
  %y = nn.rms_norm %x, %g epsilon 1.0e-5 : tensor<?x4xf32>, tensor<4xf32>
  %l = nn.linear %y, %e : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  return %l : tensor<?x8xf32>
}

// -----

compress.weight @e : tensor<8x4xf32> {
  %0 = compress.stored "e" : tensor<8x4xf32>
  compress.yield %0 : tensor<8x4xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x8xf32> {
  %e = compress.use @e : tensor<8x4xf32>
  %w = arith.constant dense<1.0> : tensor<8x4xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<8x4xf32> -> tensor<?x4xf32>
  // expected-error @below {{'nn.linear' op needs a weight from compress.use; constants become weights by --compress-outline-weights}}
  %l = nn.linear %x, %w : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  return %l : tensor<?x8xf32>
}

// -----

compress.weight @e : tensor<8x8xf32> {
  %0 = compress.stored "e" : tensor<8x8xf32>
  compress.yield %0 : tensor<8x8xf32>
}
// expected-error @below {{'func.func' op returns logits that are not the result of an nn.linear of their own}}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x8xf32> {
  %e = compress.use @e : tensor<8x8xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<8x8xf32> -> tensor<?x8xf32>
  return %x : tensor<?x8xf32>
}

// -----

compress.weight @e : tensor<8x8xf32> {
  %0 = compress.stored "e" : tensor<8x8xf32>
  compress.yield %0 : tensor<8x8xf32>
}
compress.weight @w : tensor<8x8xf32> {
  %0 = compress.stored "w" : tensor<8x8xf32>
  %1 = compress.stored "order" : tensor<8xui4>
  // expected-error @below {{'compress.permute' op has indices of 'ui4'; a program takes those of whole bytes (ui8, ui16, ui32)}}
  %2 = compress.permute %0 gather %1 dim 1 : (tensor<8x8xf32>, tensor<8xui4>) -> tensor<8x8xf32>
  compress.yield %2 : tensor<8x8xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x8xf32> {
  %e = compress.use @e : tensor<8x8xf32>
  %w = compress.use @w : tensor<8x8xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<8x8xf32> -> tensor<?x8xf32>
  %l = nn.linear %x, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  return %l : tensor<?x8xf32>
}

// -----

compress.weight @e : tensor<8x8xf32> {
  %0 = compress.stored "e" : tensor<8x8xf32>
  compress.yield %0 : tensor<8x8xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<1x8xf32> {
  %e = compress.use @e : tensor<8x8xf32>
  %c = arith.constant dense<1.0> : tensor<1x8xf32>
  // expected-error @below {{'nn.linear' op has an operand that is no activation}}
  %l = nn.linear %c, %e : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32>
  return %l : tensor<1x8xf32>
}

// -----

compress.weight @e : tensor<8x8xf32> {
  %0 = compress.stored "e" : tensor<8x8xf32>
  compress.yield %0 : tensor<8x8xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x8xf32> {
  %e = compress.use @e : tensor<8x8xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<8x8xf32> -> tensor<?x8xf32>
  %b:2 = nn.block "b" -> (tensor<?x8xf32>, tensor<8x8xf32>) {
    %w = compress.use @e : tensor<8x8xf32>
    %y = nn.linear %x, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
    // expected-error @below {{'nn.yield' op yields a value that is no activation}}
    nn.yield %y, %w : tensor<?x8xf32>, tensor<8x8xf32>
  }
  %l = nn.linear %b#0, %e : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  return %l : tensor<?x8xf32>
}
