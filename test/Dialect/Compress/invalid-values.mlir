// RUN: compress-opt %s --compress-decompress --split-input-file --verify-diagnostics

// What the verifier cannot see, as it is in the leaves' values.

compress.weight @w : tensor<2x4xf32> {
  // expected-error@below {{names tensor "absent", which is not in the weight store; is the side-car beside the module, and named by compress.store?}}
  %r = compress.stored "absent" : tensor<2x4xf16>
  compress.yield %r : tensor<2x4xf16>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<[[0, 1, 2, 0], [0, 1, 2, 3]]> : tensor<2x4xui2>
  %b = compress.constant dense<0.0> : tensor<1x3xf32>
  // expected-error@below {{has code 3 at position 7, but its codebook has 3 entries}}
  %r = compress.lookup %c, %b : (tensor<2x4xui2>, tensor<1x3xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<2xf32>
  %m = compress.constant dense<[[true, false, false, true], [false, true, false, false]]> : tensor<2x4xui1>
  // expected-error@below {{has 2 values, but its mask has 3 ones}}
  %r = compress.densify %v, %m : (tensor<2xf32>, tensor<2x4xui1>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<2x2xf32>
  %p = compress.constant dense<[[0, 1], [2, 1]]> : tensor<2x2xui2>
  // expected-error@below {{has position 1 at element 3, but the positions of a group ascend strictly below 4}}
  %r = compress.densify_n_m %v, %p 2 of 4 : (tensor<2x2xf32>, tensor<2x2xui2>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<2x2xf32>
  %p = compress.constant dense<[[0, 5], [2, 1]]> : tensor<2x2xui3>
  // expected-error@below {{has position 5 at element 1, but the positions of a group ascend strictly below 4}}
  %r = compress.densify_n_m %v, %p 2 of 4 : (tensor<2x2xf32>, tensor<2x2xui3>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<1x2xf32>
  %m = compress.constant dense<false> : tensor<2x2xui1>
  // expected-error@below {{has 1 blocks, but its mask has 0 ones}}
  %r = compress.densify_blocks %v, %m block 1, 2 : (tensor<1x2xf32>, tensor<2x2xui1>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %a = compress.constant dense<0.0> : tensor<2x4xf32>
  %i = compress.constant dense<[0, 1, 1, 2]> : tensor<4xui8>
  // expected-error@below {{has index 1 at position 2, but its indices are no permutation of 0 … 3}}
  %r = compress.permute %a gather %i dim 1 : (tensor<2x4xf32>, tensor<4xui8>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %a = compress.constant dense<0.0> : tensor<2x4xf32>
  %i = compress.constant dense<[7, 1, 0, 2]> : tensor<4xui8>
  // expected-error@below {{has index 7 at position 0, but its indices are no permutation of 0 … 3}}
  %r = compress.permute %a gather %i dim 1 : (tensor<2x4xf32>, tensor<4xui8>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<2xf32>
  %c = compress.constant dense<[3, 1]> : tensor<2xui2>
  %n = compress.constant dense<[2, 0]> : tensor<2xui2>
  // expected-error@below {{has column 1 at element 1, but the columns of a row ascend strictly below 4}}
  %r = compress.outliers %v, %c, %n : (tensor<2xf32>, tensor<2xui2>, tensor<2xui2>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<2xf32>
  %c = compress.constant dense<[0, 1]> : tensor<2xui2>
  %n = compress.constant dense<[2, 1]> : tensor<2xui2>
  // expected-error@below {{has 2 values, but its counts add up to 3}}
  %r = compress.outliers %v, %c, %n : (tensor<2xf32>, tensor<2xui2>, tensor<2xui2>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}
