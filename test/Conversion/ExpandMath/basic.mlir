// RUN: compress-opt %s --kernel-expand-math | FileCheck %s
// RUN: compress-opt %s --compress-check=executors=reference,jit -o /dev/null

// Functions of f32 become arithmetic, of a vector or of one value.

// CHECK-LABEL: func.func private @vectors
// CHECK-NOT: math.{{exp|erf|tanh|rsqrt}}
// CHECK: math.sqrt
// CHECK-NOT: math.{{exp|erf|tanh|rsqrt}}
// CHECK: return
func.func private @vectors(%v: vector<16xf32>) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>) {
  %0 = math.exp %v : vector<16xf32>
  %1 = math.erf %v : vector<16xf32>
  %2 = math.tanh %v : vector<16xf32>
  %3 = math.rsqrt %v : vector<16xf32>
  return %0, %1, %2, %3 : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>
}

// Other types are left to C's library.
// CHECK-LABEL: func.func private @scalars
// CHECK-NOT: math.exp %{{.+}} : f32
// CHECK: math.exp %{{.+}} : f64
func.func private @scalars(%x: f32, %y: f64) -> (f32, f64) {
  %0 = math.exp %x : f32
  %1 = math.exp %y : f64
  return %0, %1 : f32, f64
}

// What comes out is right at both ends, too.
func.func @values() {
  %x = arith.constant dense<[-200.0, -87.0, -10.0, -1.0, -0.001, 0.0, 0.5, 1.0, 3.0, 80.0]> : tensor<10xf32>
  %e = tensor.empty() : tensor<10xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<10xf32>) outs(%e : tensor<10xf32>) {
  ^bb0(%a: f32, %o: f32):
    %b = math.exp %a : f32
    linalg.yield %b : f32
  } -> tensor<10xf32>
  %expected = arith.constant dense<[0.0, 1.6458115e-38, 4.5399930e-05, 0.36787944, 0.9990005, 1.0, 1.6487213, 2.7182818, 20.085537, 5.5406223e+34]> : tensor<10xf32>
  check.expect_close %y, %expected tolerance 1.0e-6 : tensor<10xf32>
  return
}
