// RUN: compress-opt %s --canonicalize --cse | FileCheck %s
// RUN: compress-opt %s --canonicalize --compress-decompress | FileCheck %s --check-prefix=VALUE
// RUN: compress-opt %s --compress-decompress | FileCheck %s --check-prefix=VALUE

// CHECK-LABEL: compress.weight @sum_of_sum
// CHECK: compress.sum %[[A:.+]], %[[B:.+]], %[[C:.+]] : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
// CHECK-NEXT: compress.yield
// VALUE-LABEL: compress.weight @sum_of_sum
// VALUE: dense<[9.000000e+00, 1.200000e+01]>
compress.weight @sum_of_sum : tensor<2xf32> {
  %0 = compress.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %1 = compress.constant dense<[3.0, 4.0]> : tensor<2xf32>
  %2 = compress.constant dense<[5.0, 6.0]> : tensor<2xf32>
  %3 = compress.sum %0, %1 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %4 = compress.sum %3, %2 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  compress.yield %4 : tensor<2xf32>
}

// A nested sum that is not the first term is rounded by itself.
// CHECK-LABEL: compress.weight @sum_order
// CHECK-COUNT-2: compress.sum
// VALUE-LABEL: compress.weight @sum_order
// VALUE: dense<9.000000e+00>
compress.weight @sum_order : tensor<1xf32> {
  %0 = compress.constant dense<1.0> : tensor<1xf32>
  %1 = compress.constant dense<3.0> : tensor<1xf32>
  %2 = compress.constant dense<5.0> : tensor<1xf32>
  %3 = compress.sum %0, %1 : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
  %4 = compress.sum %2, %3 : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
  compress.yield %4 : tensor<1xf32>
}

// A sum of one term is the term; dead ops go.
// CHECK-LABEL: compress.weight @one_term
// CHECK-NEXT: %[[A:.+]] = compress.constant
// CHECK-NEXT: compress.yield %[[A]]
// VALUE-LABEL: compress.weight @one_term
// VALUE: dense<[1.000000e+00, 2.000000e+00]>
compress.weight @one_term : tensor<2xf32> {
  %0 = compress.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %1 = compress.sum %0 : (tensor<2xf32>) -> tensor<2xf32>
  %2 = compress.constant dense<[3.0, 4.0]> : tensor<2xf32>
  compress.yield %1 : tensor<2xf32>
}

// CHECK-LABEL: compress.weight @identity
// CHECK-NEXT: %[[A:.+]] = compress.constant
// CHECK-NEXT: compress.yield %[[A]]
// VALUE-LABEL: compress.weight @identity
// VALUE: dense<{{\[}}[1.000000e+00, 2.000000e+00]]>
compress.weight @identity : tensor<1x2xf32> {
  %0 = compress.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %1 = compress.constant dense<[0, 1]> : tensor<2xui8>
  %2 = compress.permute %0 gather %1 dim 1 : (tensor<1x2xf32>, tensor<2xui8>) -> tensor<1x2xf32>
  compress.yield %2 : tensor<1x2xf32>
}

// Along one dimension, result[i] = a[inner[outer[i]]].
// CHECK-LABEL: compress.weight @compose
// CHECK-DAG: %[[A:.+]] = compress.constant dense<{{.*}}> : tensor<1x3xf32>
// CHECK-DAG: %[[I:.+]] = compress.constant dense<[0, 2, 1]> : tensor<3xui8>
// CHECK: compress.permute %[[A]] gather %[[I]] dim 1
// CHECK-NEXT: compress.yield
// VALUE-LABEL: compress.weight @compose
// VALUE: dense<{{\[}}[1.000000e+01, 3.000000e+01, 2.000000e+01]]>
compress.weight @compose : tensor<1x3xf32> {
  %0 = compress.constant dense<[[10.0, 20.0, 30.0]]> : tensor<1x3xf32>
  %1 = compress.constant dense<[1, 2, 0]> : tensor<3xui8>
  %2 = compress.constant dense<[2, 1, 0]> : tensor<3xui8>
  %3 = compress.permute %0 gather %1 dim 1 : (tensor<1x3xf32>, tensor<3xui8>) -> tensor<1x3xf32>
  %4 = compress.permute %3 gather %2 dim 1 : (tensor<1x3xf32>, tensor<3xui8>) -> tensor<1x3xf32>
  compress.yield %4 : tensor<1x3xf32>
}

// Rows and columns are permuted apart.
// CHECK-LABEL: compress.weight @other_dimension
// CHECK-COUNT-2: compress.permute
// VALUE-LABEL: compress.weight @other_dimension
// VALUE: dense<{{\[}}[4.000000e+00, 3.000000e+00], [2.000000e+00, 1.000000e+00]]>
compress.weight @other_dimension : tensor<2x2xf32> {
  %0 = compress.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %1 = compress.constant dense<[1, 0]> : tensor<2xui8>
  %2 = compress.permute %0 gather %1 dim 0 : (tensor<2x2xf32>, tensor<2xui8>) -> tensor<2x2xf32>
  %3 = compress.permute %2 gather %1 dim 1 : (tensor<2x2xf32>, tensor<2xui8>) -> tensor<2x2xf32>
  compress.yield %3 : tensor<2x2xf32>
}

// CHECK-LABEL: compress.weight @whole_row
// CHECK: compress.dequantize %{{.*}}, %{{.*}} : (tensor<1x2xsi4>, tensor<1x1xf32>)
// VALUE-LABEL: compress.weight @whole_row
// VALUE: dense<{{\[}}[1.500000e+00, -1.000000e+00]]>
compress.weight @whole_row : tensor<1x2xf32> {
  %0 = compress.constant dense<[[3, -2]]> : tensor<1x2xsi4>
  %1 = compress.constant dense<0.5> : tensor<1x1xf32>
  %2 = compress.dequantize %0, %1 group_size 32 : (tensor<1x2xsi4>, tensor<1x1xf32>) -> tensor<1x2xf32>
  compress.yield %2 : tensor<1x2xf32>
}

// Zero points that are 0 are not stored; others are.
// CHECK-LABEL: compress.weight @no_zeros
// CHECK: compress.dequantize %{{.*}}, %{{.*}} : (tensor<1x2xui4>, tensor<1x1xf32>)
// VALUE-LABEL: compress.weight @no_zeros
// VALUE: dense<{{\[}}[1.500000e+00, 1.000000e+00]]>
compress.weight @no_zeros : tensor<1x2xf32> {
  %0 = compress.constant dense<[[3, 2]]> : tensor<1x2xui4>
  %1 = compress.constant dense<0.5> : tensor<1x1xf32>
  %2 = compress.constant dense<0> : tensor<1x1xui4>
  %3 = compress.dequantize %0, %1, %2 : (tensor<1x2xui4>, tensor<1x1xf32>, tensor<1x1xui4>) -> tensor<1x2xf32>
  compress.yield %3 : tensor<1x2xf32>
}
// CHECK-LABEL: compress.weight @with_zeros
// CHECK: compress.dequantize %{{.*}}, %{{.*}}, %{{.*}} : (tensor<1x2xui4>, tensor<1x1xf32>, tensor<1x1xui4>)
// VALUE-LABEL: compress.weight @with_zeros
// VALUE: dense<{{\[}}[1.000000e+00, 5.000000e-01]]>
compress.weight @with_zeros : tensor<1x2xf32> {
  %0 = compress.constant dense<[[3, 2]]> : tensor<1x2xui4>
  %1 = compress.constant dense<0.5> : tensor<1x1xf32>
  %2 = compress.constant dense<1> : tensor<1x1xui4>
  %3 = compress.dequantize %0, %1, %2 : (tensor<1x2xui4>, tensor<1x1xf32>, tensor<1x1xui4>) -> tensor<1x2xf32>
  compress.yield %3 : tensor<1x2xf32>
}
