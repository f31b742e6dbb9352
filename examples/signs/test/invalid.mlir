// RUN: compress-opt %{plugins} %s --split-input-file --verify-diagnostics

compress.weight @w : tensor<1x4xf32> {
  %0 = compress.constant dense<[[1, 0, 1, 0]]> : tensor<1x4xui2>
  %1 = compress.constant dense<[[2.5]]> : tensor<1x1xf16>
  // expected-error@+1 {{takes signs of type ui1 and rank 2, not 'tensor<1x4xui2>'}}
  %2 = signs.decode %0 : (tensor<1x4xui2>) -> tensor<1x4xsi2>
  %3 = compress.dequantize %2, %1 : (tensor<1x4xsi2>, tensor<1x1xf16>) -> tensor<1x4xf32>
  compress.yield %3 : tensor<1x4xf32>
}

// -----

compress.weight @w : tensor<1x4xf32> {
  %0 = compress.constant dense<[[1, 0, 1, 0]]> : tensor<1x4xui1>
  %1 = compress.constant dense<[[2.5]]> : tensor<1x1xf16>
  // expected-error@+1 {{has signs 'tensor<1x4xui1>' for a result 'tensor<1x4xsi3>'}}
  %2 = signs.decode %0 : (tensor<1x4xui1>) -> tensor<1x4xsi3>
  %3 = compress.dequantize %2, %1 : (tensor<1x4xsi3>, tensor<1x1xf16>) -> tensor<1x4xf32>
  compress.yield %3 : tensor<1x4xf32>
}
