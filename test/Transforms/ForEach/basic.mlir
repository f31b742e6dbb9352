// RUN: compress-opt %s --compress-for-each='match=a.* pipeline=compress-quantize{bits=8}' | FileCheck %s --check-prefix=MATCH
// RUN: compress-opt %s --compress-for-each='regex=^(b|c)$ pipeline=compress-prune,compress-quantize{bits=3}' | FileCheck %s --check-prefix=REGEX
// RUN: compress-opt %s --compress-for-each='consumer=embedding pipeline=compress-quantize{bits=8}' | FileCheck %s --check-prefix=EMBEDDING
// RUN: compress-opt %s --compress-for-each='consumer=linear pipeline=compress-quantize{bits=8}' | FileCheck %s --check-prefix=LINEAR
// RUN: compress-opt %s --compress-for-each='consumer=norm pipeline=compress-quantize{bits=8}' | FileCheck %s --check-prefix=NORM
// RUN: compress-opt %s --compress-for-each='except=embedding pipeline=compress-quantize{bits=8}' | FileCheck %s --check-prefix=EXCEPT
// RUN: compress-opt %s --compress-quantize | FileCheck %s --check-prefix=ALL
// RUN: compress-opt %s --compress-for-each='pipeline=compress-quantize{bits=8}' --mlir-disable-threading | FileCheck %s --check-prefix=EVERY

// MATCH: @a.0 {{.*}}compress-quantize{bits=8}
// MATCH: @a.1 {{.*}}compress-quantize{bits=8}
// MATCH-NOT: compress-quantize

// REGEX-NOT: compress-quantize{{.*}} @a
// REGEX: @b {{.*}}"compress-prune"{{.*}}"compress-quantize{bits=3}"
// REGEX: @c {{.*}}"compress-prune"{{.*}}"compress-quantize{bits=3}"

// EMBEDDING: @a.0 {{.*}}compress-quantize
// EMBEDDING-NOT: compress-quantize

// LINEAR-NOT: @a.0 {{.*}}compress-quantize
// LINEAR: @a.1 {{.*}}compress-quantize
// LINEAR: @b {{.*}}compress-quantize
// LINEAR-NOT: compress-quantize

// NORM-NOT: @b {{.*}}compress-quantize
// NORM: @c {{.*}}compress-quantize

// EXCEPT-NOT: @a.0 {{.*}}compress-quantize
// EXCEPT-COUNT-4: compress-quantize{bits=8}

// On a module a pass means all matrices: not @c, a vector, and not @d, which
// only an elementwise op takes.
// ALL: @a.0 {{.*}}compress-quantize
// ALL: @a.1 {{.*}}compress-quantize
// ALL: @b {{.*}}compress-quantize
// ALL-NOT: compress-quantize

// EVERY-COUNT-5: compress-quantize{bits=8}

compress.weight @a.0 : tensor<2x2xf32> {
  %0 = compress.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  compress.yield %0 : tensor<2x2xf32>
}
compress.weight @a.1 : tensor<2x2xf32> {
  %0 = compress.constant dense<[[1.0, 2.0], [3.0, 4.5]]> : tensor<2x2xf32>
  compress.yield %0 : tensor<2x2xf32>
}
compress.weight @b : tensor<2x2xf32> {
  %0 = compress.constant dense<[[1.0, 2.0], [3.0, 5.0]]> : tensor<2x2xf32>
  compress.yield %0 : tensor<2x2xf32>
}
compress.weight @c : tensor<2xf32> {
  %0 = compress.constant dense<[1.0, 2.0]> : tensor<2xf32>
  compress.yield %0 : tensor<2xf32>
}
compress.weight @d : tensor<2x2xf32> {
  %0 = compress.constant dense<[[1.0, 2.0], [3.0, 5.5]]> : tensor<2x2xf32>
  compress.yield %0 : tensor<2x2xf32>
}
func.func @forward(%tokens: tensor<2xi32>) -> tensor<2x2xf32> {
  %a0 = compress.use @a.0 : tensor<2x2xf32>
  %x = nn.embedding %tokens, %a0 : tensor<2xi32>, tensor<2x2xf32> -> tensor<2x2xf32>
  %c = compress.use @c : tensor<2xf32>
  %n = nn.rms_norm %x, %c epsilon 1.0e-5 : tensor<2x2xf32>, tensor<2xf32>
  %a1 = compress.use @a.1 : tensor<2x2xf32>
  %y = nn.linear %n, %a1 : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  // A use may transpose, and linalg's own ops are consumers.
  %b = compress.use @b : tensor<2x2xf32>
  %e = tensor.empty() : tensor<2x2xf32>
  %t = linalg.transpose ins(%b : tensor<2x2xf32>) outs(%e : tensor<2x2xf32>) permutation = [1, 0]
  %m = linalg.matmul ins(%y, %t : tensor<2x2xf32>, tensor<2x2xf32>) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %d = compress.use @d : tensor<2x2xf32>
  %s = linalg.add ins(%m, %d : tensor<2x2xf32>, tensor<2x2xf32>) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %s : tensor<2x2xf32>
}
