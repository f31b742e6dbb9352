// A second run measures and corrects against the file that the origin names.
// RUN: rm -rf %t && mkdir -p %t && cp %s %t/m.mlir
// RUN: %{python} %S/Inputs/origin.py %t/origin.safetensors
// RUN: compress-opt %t/m.mlir --compress-quantize='bits=2' -o %t/quantized.mlir
// RUN: compress-opt %t/quantized.mlir --compress-correct='rank=4 factor-type=f32' --compress-decompress | FileCheck %s
//
// A file that has changed is not the origin.
// RUN: %{python} %S/Inputs/origin.py %t/origin.safetensors other
// RUN: not compress-opt %t/quantized.mlir --compress-correct='rank=4' 2>&1 | FileCheck %s --check-prefix=CHANGED

// CHECK: origin <"origin.safetensors", "w", "bae79ebf12db2725">
// CHECK-SAME: "compress-correct{factor-type=f32 rank=4}", error = {{[0-9.]+}}E-{{[6-9]|1[0-9]}} : f32
// CHANGED: weight @w, compress-correct: has no origin at hand to be corrected against
compress.weight @w : tensor<4x8xf32> origin <"origin.safetensors", "w", "bae79ebf12db2725"> {
  %0 = compress.constant dense<[[1.0, -2.0, 3.0, 4.0, 0.5, 0.25, 0.125, 7.5], [0.0, 0.0, 0.0, 0.0, -1.0, -2.0, -3.0, -4.0],
                                [2.0, -4.0, 6.0, 8.0, 1.0, 0.5, 0.25, 15.0], [0.5, 0.0, 0.125, 0.25, -1.0, -2.0, -3.0, -4.0]]> : tensor<4x8xf32>
  compress.yield %0 : tensor<4x8xf32>
}
