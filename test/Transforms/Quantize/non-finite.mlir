// RUN: compress-opt %s --compress-quantize --split-input-file --verify-diagnostics
// RUN: compress-opt %s --compress-prune --split-input-file --verify-diagnostics
// RUN: compress-opt %s --compress-palettize --split-input-file --verify-diagnostics
// RUN: compress-opt %s --compress-decompose='rank=1' --split-input-file --verify-diagnostics

// expected-error@below {{weight @w has a value that is NaN at row 1, column 0 of "w", and only finite values can be compressed; correct the model, or run --compress-replace-non-finite before}}
compress.weight @w : tensor<2x2xf32> {
  %0 = compress.constant dense<[[1.0, 2.0], [0x7FC00000, 3.0]]> : tensor<2x2xf32>
  compress.yield %0 : tensor<2x2xf32>
}

// -----

// expected-error@below {{weight @w has a value that is infinite at row 0, column 1 of "w"}}
compress.weight @w : tensor<2x2xf32> {
  %0 = compress.constant dense<[[1.0, 0xFF80], [2.0, 3.0]]> : tensor<2x2xbf16>
  compress.yield %0 : tensor<2x2xbf16>
}
