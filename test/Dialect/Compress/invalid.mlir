// RUN: compress-opt %s --split-input-file --verify-diagnostics

// expected-error@below {{names file "a/b", but a side-car lies in the module's own folder and is named without one}}
compress.store "a/b" hash "0123456789abcdef"

// -----

// expected-error@below {{has hash "xyz", but a hash is 16 hexadecimal digits}}
compress.store "a" hash "xyz"

// -----

compress.store "a" hash "0123456789abcdef"
// expected-error@below {{is the module's second; a module names one side-car}}
compress.store "b" hash "0123456789abcdef"

// -----

// expected-error@below {{has a body with arguments, but a weight's expression takes nothing from outside}}
"compress.weight"() <{sym_name = "w", type = tensor<2xf32>}> ({
^bb0(%a: tensor<2xf32>):
  "compress.yield"(%a) : (tensor<2xf32>) -> ()
}) : () -> ()

// -----

compress.weight @w : tensor<2xf32> {
  // expected-error@below {{stands in a weight's expression, but is no decompression op}}
  %0 = arith.constant dense<1.0> : tensor<2xf32>
  compress.yield %0 : tensor<2xf32>
}

// -----

// expected-error@below {{is declared with shape [2, 4], but its body yields [4, 2]}}
compress.weight @w : tensor<2x4xf32> {
  %r = compress.constant dense<0.0> : tensor<4x2xf32>
  compress.yield %r : tensor<4x2xf32>
}

// -----

func.func @f() {
  // expected-error@below {{names @w, but no compress.weight of that name is there}}
  %0 = compress.use @w : tensor<2xf32>
  return
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %r = compress.constant dense<0.0> : tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}
func.func @f() {
  // expected-error@below {{has type 'tensor<2xf32>', but weight @w is 'tensor<2x4xf32>'}}
  %0 = compress.use @w : tensor<2xf32>
  return
}

// -----

compress.weight @w : tensor<2x4xf32> {
  // expected-error@below {{has an empty key}}
  %r = compress.stored "" : tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  // expected-error@below {{result #0 must be statically shaped tensor, but got 'f32'}}
  %0 = "compress.constant"() <{value = 1.0 : f32}> : () -> f32
  %r = compress.constant dense<0.0> : tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  // expected-error@below {{has element type 'f64'; a leaf holds floats or integers}}
  %0 = compress.constant dense<0.0> : tensor<2x4xf64>
  %r = compress.constant dense<0.0> : tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xsi4>
  %s = compress.constant dense<0.0> : tensor<2x1xf32>
  // expected-error@below {{has group_size 0, but a group has at least 1 position}}
  %r = compress.dequantize %c, %s group_size 0 : (tensor<2x4xsi4>, tensor<2x1xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<si4>
  %s = compress.constant dense<0.0> : tensor<f32>
  // expected-error@below {{has codes of rank 0; quantise a tensor of rank 1 or more}}
  %0 = compress.dequantize %c, %s : (tensor<si4>, tensor<f32>) -> tensor<f32>
  %r = compress.constant dense<0.0> : tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<4x2xsi4>
  %s = compress.constant dense<0.0> : tensor<4x1xf32>
  // expected-error@below {{has codes of shape [4, 2] and a result of shape [2, 4]}}
  %r = compress.dequantize %c, %s : (tensor<4x2xsi4>, tensor<4x1xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xsi4>
  %s = compress.constant dense<0.0> : tensor<2x1xf32>
  // expected-error@below {{has scales of shape [2, 1], but codes of shape [2, 4] in groups of 2 need [2, 2]}}
  %r = compress.dequantize %c, %s group_size 2 : (tensor<2x4xsi4>, tensor<2x1xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xui4>
  %s = compress.constant dense<0.0> : tensor<2x1xf32>
  %z = compress.constant dense<0> : tensor<2x2xui4>
  // expected-error@below {{has zeros of shape [2, 2], but scales of shape [2, 1]}}
  %r = compress.dequantize %c, %s, %z : (tensor<2x4xui4>, tensor<2x1xf32>, tensor<2x2xui4>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xui4>
  %s = compress.constant dense<0.0> : tensor<2x1xf32>
  %z = compress.constant dense<0> : tensor<2x1xsi4>
  // expected-error@below {{has zeros of type 'si4', but zero points are unsigned integers or floats}}
  %r = compress.dequantize %c, %s, %z : (tensor<2x4xui4>, tensor<2x1xf32>, tensor<2x1xsi4>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xi4>
  %s = compress.constant dense<0.0> : tensor<2x1xf32>
  // expected-error@below {{operand #0 must be statically shaped tensor of si2 … si8 or ui1 … ui8, but got 'tensor<2x4xi4>'}}
  %r = compress.dequantize %c, %s : (tensor<2x4xi4>, tensor<2x1xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xsi4>
  %s = compress.stored "s" : tensor<2x1xf64>
  // expected-error@below {{operand #1 must be statically shaped tensor of f32, f16 or bf16, but got 'tensor<2x1xf64>'}}
  %r = compress.dequantize %c, %s : (tensor<2x4xsi4>, tensor<2x1xf64>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xsi4>
  %b = compress.constant dense<0.0> : tensor<1x16xf32>
  // expected-error@below {{has codes of type 'si4', but codes of a codebook are unsigned}}
  %r = compress.lookup %c, %b : (tensor<2x4xsi4>, tensor<1x16xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<1x2x4xf32> {
  %c = compress.constant dense<0> : tensor<1x2x4xui4>
  %b = compress.constant dense<0.0> : tensor<1x16xf32>
  // expected-error@below {{has codes of rank 3, but codes of a codebook are of rank 1 or 2}}
  %r = compress.lookup %c, %b : (tensor<1x2x4xui4>, tensor<1x16xf32>) -> tensor<1x2x4xf32>
  compress.yield %r : tensor<1x2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xui4>
  %b = compress.constant dense<0.0> : tensor<1x15xf32>
  // expected-error@below {{has cell 3, but a cell is 1, 2, 4 or 8}}
  %r = compress.lookup %c, %b cell 3 : (tensor<2x4xui4>, tensor<1x15xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xui4>
  %b = compress.constant dense<0.0> : tensor<1x16xf32>
  // expected-error@below {{has group_size 0, but a group has at least 1 code}}
  %r = compress.lookup %c, %b group_size 0 : (tensor<2x4xui4>, tensor<1x16xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xui4>
  %b = compress.constant dense<0.0> : tensor<16xf32>
  // expected-error@below {{has a codebook of shape [16], but a codebook is [rows, cell * entries]}}
  %r = compress.lookup %c, %b : (tensor<2x4xui4>, tensor<16xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xui4>
  %b = compress.constant dense<0.0> : tensor<1x16xf32>
  // expected-error@below {{has 1 codebooks, but needs 4, one a group}}
  %r = compress.lookup %c, %b group_size 2 : (tensor<2x4xui4>, tensor<1x16xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xui4>
  %b = compress.constant dense<0.0> : tensor<4x16xf32>
  // expected-error@below {{has 4 codebooks, but needs 1, as it has no group_size}}
  %r = compress.lookup %c, %b : (tensor<2x4xui4>, tensor<4x16xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x2xui4>
  %b = compress.constant dense<0.0> : tensor<1x15xf32>
  // expected-error@below {{has a codebook of 15 columns, which cells of 2 do not divide}}
  %r = compress.lookup %c, %b cell 2 : (tensor<2x2xui4>, tensor<1x15xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xui4>
  %b = compress.constant dense<0.0> : tensor<1x17xf32>
  // expected-error@below {{has a codebook of 17 entries, but codes of 4 bits reach 16}}
  %r = compress.lookup %c, %b : (tensor<2x4xui4>, tensor<1x17xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xui4>
  %b = compress.constant dense<0.0> : tensor<1x16xf32>
  // expected-error@below {{has a result of shape [2, 4], but codes of shape [2, 4] and cells of 2 make [2, 8]}}
  %r = compress.lookup %c, %b cell 2 : (tensor<2x4xui4>, tensor<1x16xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<2xf32>
  %m = compress.constant dense<0> : tensor<2x4xui2>
  // expected-error@below {{has a mask of 'ui2', but a bitmask is of ui1}}
  %r = compress.densify %v, %m : (tensor<2xf32>, tensor<2x4xui2>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<1x2xf32>
  %m = compress.constant dense<false> : tensor<2x4xui1>
  // expected-error@below {{has values of shape [1, 2], but kept values are of rank 1}}
  %r = compress.densify %v, %m : (tensor<1x2xf32>, tensor<2x4xui1>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<2xf32>
  %m = compress.constant dense<false> : tensor<4x2xui1>
  // expected-error@below {{has a mask of shape [4, 2] and a result of shape [2, 4]}}
  %r = compress.densify %v, %m : (tensor<2xf32>, tensor<4x2xui1>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<1x2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<2xf32>
  %m = compress.constant dense<false> : tensor<1x2x4xui1>
  // expected-error@below {{has a mask of rank 3, but a bitmask is of rank 1 or 2}}
  %r = compress.densify %v, %m : (tensor<2xf32>, tensor<1x2x4xui1>) -> tensor<1x2x4xf32>
  compress.yield %r : tensor<1x2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<9xf32>
  %m = compress.constant dense<false> : tensor<2x4xui1>
  // expected-error@below {{has 9 values, but a mask of 8 positions}}
  %r = compress.densify %v, %m : (tensor<9xf32>, tensor<2x4xui1>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<2x4xf32>
  %p = compress.constant dense<0> : tensor<2x4xui2>
  // expected-error@below {{keeps 4 of 4, but needs 0 < n < m}}
  %r = compress.densify_n_m %v, %p 4 of 4 : (tensor<2x4xf32>, tensor<2x4xui2>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<2x2xf32>
  %p = compress.constant dense<0> : tensor<2x2xui2>
  // expected-error@below {{has a result of shape [2, 4], but needs [rows, columns] with columns divisible by 3}}
  %r = compress.densify_n_m %v, %p 2 of 3 : (tensor<2x2xf32>, tensor<2x2xui2>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<2x3xf32>
  %p = compress.constant dense<0> : tensor<2x2xui2>
  // expected-error@below {{has values of shape [2, 3] and positions of shape [2, 2], but 2 of 4 of a result of shape [2, 4] are [2, 2]}}
  %r = compress.densify_n_m %v, %p 2 of 4 : (tensor<2x3xf32>, tensor<2x2xui2>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<2x2xf32>
  %p = compress.constant dense<false> : tensor<2x2xui1>
  // expected-error@below {{has positions of 'ui1', which do not reach 3}}
  %r = compress.densify_n_m %v, %p 2 of 4 : (tensor<2x2xf32>, tensor<2x2xui1>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<1x3xf32>
  %m = compress.constant dense<false> : tensor<2x1xui1>
  // expected-error@below {{has blocks of 1 by 3, which do not tile a result of shape [2, 4]}}
  %r = compress.densify_blocks %v, %m block 1, 3 : (tensor<1x3xf32>, tensor<2x1xui1>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<1x2xf32>
  %m = compress.constant dense<false> : tensor<2x1xui1>
  // expected-error@below {{has a mask 'tensor<2x1xui1>', but needs a bit a block, tensor<2x2xui1>}}
  %r = compress.densify_blocks %v, %m block 1, 2 : (tensor<1x2xf32>, tensor<2x1xui1>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<1x3xf32>
  %m = compress.constant dense<false> : tensor<2x2xui1>
  // expected-error@below {{has values of shape [1, 3], but kept blocks are [kept, 2]}}
  %r = compress.densify_blocks %v, %m block 1, 2 : (tensor<1x3xf32>, tensor<2x2xui1>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %a = compress.constant dense<0.0> : tensor<2x3xf32>
  %b = compress.constant dense<0.0> : tensor<2x4xf32>
  // expected-error@below {{has factors of shape [2, 3] and [2, 4] and a result of shape [2, 4], but needs [o, k] times [k, i] gives [o, i]}}
  %r = compress.product %a, %b : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  // expected-error@below {{has no terms}}
  %r = compress.sum : () -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %a = compress.constant dense<0.0> : tensor<4x2xf32>
  // expected-error@below {{has a term of shape [4, 2] and a result of shape [2, 4]}}
  %r = compress.sum %a : (tensor<4x2xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %a = compress.constant dense<0.0> : tensor<4x2xf32>
  %i = compress.constant dense<0> : tensor<4xui8>
  // expected-error@below {{has a source of shape [4, 2] and a result of shape [2, 4], but a permuted matrix keeps its shape}}
  %r = compress.permute %a gather %i dim 1 : (tensor<4x2xf32>, tensor<4xui8>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %a = compress.constant dense<0.0> : tensor<2x4xf32>
  %i = compress.constant dense<0> : tensor<4xui8>
  // expected-error@below {{has dim 2, but rows are 0 and columns are 1}}
  %r = compress.permute %a gather %i dim 2 : (tensor<2x4xf32>, tensor<4xui8>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %a = compress.constant dense<0.0> : tensor<2x4xf32>
  %i = compress.constant dense<0> : tensor<2xui8>
  // expected-error@below {{has indices of shape [2], but dimension 1 has 4 positions}}
  %r = compress.permute %a gather %i dim 1 : (tensor<2x4xf32>, tensor<2xui8>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

// expected-error @+1 {{has more than 2^45 elements, which no memory holds}}
compress.weight @huge : tensor<9223372036854775807xf32> {
  %0 = compress.constant dense<1.0> : tensor<9223372036854775807xf32>
  compress.yield %0 : tensor<9223372036854775807xf32>
}

// -----

compress.weight @huge_codes : tensor<1x4xf32> {
  // expected-error @+1 {{gives a tensor of more than 2^45 elements, which no memory holds}}
  %0 = compress.constant dense<3> : tensor<4294967296x4294967296x4xsi4>
  %1 = compress.constant dense<1.0> : tensor<1x4xf32>
  compress.yield %1 : tensor<1x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xui4>
  %s = compress.constant dense<0.0> : tensor<2x1xf32>
  // expected-error@below {{has zeros and offsets, but a group is moved once}}
  %r = compress.dequantize %c, %s, %s offsets %s : (tensor<2x4xui4>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xui4>
  %s = compress.constant dense<0.0> : tensor<2x1xf32>
  %o = compress.constant dense<0.0> : tensor<2x2xf32>
  // expected-error@below {{has offsets of shape [2, 2], but scales of shape [2, 1]}}
  %r = compress.dequantize %c, %s offsets %o : (tensor<2x4xui4>, tensor<2x1xf32>, tensor<2x2xf32>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2x4xui4>
  %b = compress.constant dense<0> : tensor<1x16xsi8>
  // expected-error@below {{has a result of 'f32', but a codebook of 'si8' makes 'si8'}}
  %r = compress.lookup %c, %b : (tensor<2x4xui4>, tensor<1x16xsi8>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %c = compress.constant dense<0> : tensor<2xsi4>
  %m = compress.constant dense<[[true, false, false, true], [false, false, false, false]]> : tensor<2x4xui1>
  // expected-error@below {{has a result of 'f32', but 'si4' at some positions make 'si4'}}
  %r = compress.densify %c, %m : (tensor<2xsi4>, tensor<2x4xui1>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<1x2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<2xf32>
  %c = compress.constant dense<0> : tensor<2xui2>
  %n = compress.constant dense<1> : tensor<1xui2>
  // expected-error@below {{has a result of shape [1, 2, 4], but outliers are those of a matrix}}
  %r = compress.outliers %v, %c, %n : (tensor<2xf32>, tensor<2xui2>, tensor<1xui2>) -> tensor<1x2x4xf32>
  compress.yield %r : tensor<1x2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<2xf32>
  %c = compress.constant dense<0> : tensor<3xui2>
  %n = compress.constant dense<1> : tensor<2xui2>
  // expected-error@below {{has values of shape [2] and columns of shape [3], but needs a column a value}}
  %r = compress.outliers %v, %c, %n : (tensor<2xf32>, tensor<3xui2>, tensor<2xui2>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<2x4xf32> {
  %v = compress.constant dense<0.0> : tensor<2xf32>
  %c = compress.constant dense<0> : tensor<2xui2>
  %n = compress.constant dense<1> : tensor<3xui2>
  // expected-error@below {{has counts of shape [3], but a result of 2 rows}}
  %r = compress.outliers %v, %c, %n : (tensor<2xf32>, tensor<2xui2>, tensor<3xui2>) -> tensor<2x4xf32>
  compress.yield %r : tensor<2x4xf32>
}

// -----

compress.weight @w : tensor<1x16xf32> {
  // expected-error@below {{has type 'tensor<1x16xf16>', but nf4 is 'tensor<1x16xf32>'}}
  %r = compress.codebook nf4 : tensor<1x16xf16>
  compress.yield %r : tensor<1x16xf16>
}

// -----

// expected-error@below {{has a body with arguments, but a format takes nothing from outside}}
"compress.format"() <{sym_name = "f"}> ({
^bb0(%a: tensor<2xf32>):
  "compress.yield"(%a) : (tensor<2xf32>) -> ()
}) : () -> ()

// -----

compress.format @f {
  // expected-error@below {{stands in a weight's expression, but is no decompression op}}
  %0 = arith.constant dense<1.0> : tensor<2xf32>
  compress.yield %0 : tensor<2xf32>
}

// -----

compress.weight @w : tensor<2xf32> {
  // expected-error@below {{expects parent op 'compress.format'}}
  %0 = compress.stream 0 : tensor<2xf32>
  compress.yield %0 : tensor<2xf32>
}
