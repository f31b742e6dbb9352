// RUN: compress-opt %s --kernel-call-math | FileCheck %s

// CHECK: func.func private @cosf(f32) -> f32 attributes {llvm.readnone}

// What has an instruction stays as wide as it is.
// CHECK-LABEL: func.func @instructions
// CHECK-NOT: call
// CHECK: math.fma %{{.+}} : vector<16xf32>
// CHECK: math.sqrt %{{.+}} : vector<16xf32>
// CHECK: math.roundeven %{{.+}} : vector<16xf32>
// CHECK: math.ctpop %{{.+}} : i64
// CHECK-NOT: call
// CHECK: return
func.func @instructions(%v: vector<16xf32>, %i: i64) -> (vector<16xf32>, i64) {
  %0 = math.fma %v, %v, %v : vector<16xf32>
  %1 = math.sqrt %0 : vector<16xf32>
  %2 = math.roundeven %1 : vector<16xf32>
  %3 = math.ctpop %i : i64
  return %2, %3 : vector<16xf32>, i64
}

// Another function is called a lane, and touches no memory.
// CHECK-LABEL: func.func @calls
// CHECK-COUNT-2: call @cosf(%{{.+}}) : (f32) -> f32
// CHECK: return
func.func @calls(%v: vector<2xf32>) -> vector<2xf32> {
  %0 = math.cos %v : vector<2xf32>
  return %0 : vector<2xf32>
}
