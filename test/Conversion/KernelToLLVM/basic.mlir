// RUN: compress-opt %s --convert-kernel-to-llvm | FileCheck %s
// RUN: compress-opt %s --convert-kernel-to-llvm | compress-translate --mlir-to-llvmir | FileCheck %s --check-prefix=IR

// Weights are not in the code.
// CHECK-NOT: compress.weight
compress.weight @w : tensor<4xf32> {
  %0 = compress.constant dense<1.0> : tensor<4xf32>
  compress.yield %0 : tensor<4xf32>
}
// CHECK-NOT: nn.model
nn.model "small" {architecture = "llama", context = 256 : i64, eos = array<i64: 2>, parameters = 1000 : i64}

// Fields lie eight bytes apart, in the order of compress_context.
// CHECK-LABEL: llvm.func @fields
// CHECK-SAME: %[[CONTEXT:[a-z0-9]+]]: !llvm.ptr, %[[THREAD:[a-z0-9]+]]: i64
// IR-LABEL: define void @fields(ptr %0, i64 %1
func.func @fields(%context: !kernel.context, %thread: index, %i: index) {
  // CHECK: %[[P:.+]] = llvm.getelementptr %[[CONTEXT]][8] : (!llvm.ptr) -> !llvm.ptr, i8
  // CHECK: llvm.load %[[P]] {alignment = 8 : i64} : !llvm.ptr -> !llvm.ptr
  // IR: getelementptr i8, ptr %0, i32 8
  %arena = kernel.buffer %context arena : memref<?xf32>
  // CHECK: llvm.getelementptr %[[CONTEXT]][72] : (!llvm.ptr) -> !llvm.ptr, i8
  // CHECK: llvm.load %{{.+}} {alignment = 8 : i64} : !llvm.ptr -> i64
  %count = kernel.field %context count
  %x = memref.load %arena[%count] : memref<?xf32>
  memref.store %x, %arena[%i] : memref<?xf32>
  // CHECK: %[[B:.+]] = llvm.getelementptr %[[CONTEXT]][96] : (!llvm.ptr) -> !llvm.ptr, i8
  // CHECK: %[[F:.+]] = llvm.load %[[B]] {alignment = 8 : i64} : !llvm.ptr -> !llvm.ptr
  // CHECK: llvm.call %[[F]](%[[CONTEXT]], %[[THREAD]]) : !llvm.ptr, (!llvm.ptr, i64) -> ()
  // IR: call void %{{.+}}(ptr %0, i64 %1)
  kernel.barrier %context thread %thread
  return
}

// A range comes in two registers.
// CHECK-LABEL: llvm.func @take
// CHECK-SAME: %[[CONTEXT:[a-z0-9]+]]: !llvm.ptr, %[[THREAD:[a-z0-9]+]]: i64, %[[N:[a-z0-9]+]]: i64
// IR-LABEL: define {{.*}} @take(ptr %0, i64 %1, i64 %2
func.func @take(%context: !kernel.context, %thread: index, %n: index) -> (index, index) {
  // CHECK: llvm.getelementptr %[[CONTEXT]][104] : (!llvm.ptr) -> !llvm.ptr, i8
  // IR: call { i64, i64 } %{{.+}}(ptr %0, i64 %1, i64 %2, i64 4, i64 1)
  %begin, %end = kernel.take %context thread %thread of %n grain 4 first
  // IR: call { i64, i64 } %{{.+}}(ptr %0, i64 %1, i64 %2, i64 4, i64 0)
  %begin2, %end2 = kernel.take %context thread %thread of %n grain 4
  // CHECK: llvm.getelementptr %[[CONTEXT]][112] : (!llvm.ptr) -> !llvm.ptr, i8
  %stride = kernel.field %context scratch_stride
  return %begin2, %stride : index, index
}

// What is left of upstream dialects goes too.
// CHECK-LABEL: llvm.func @vectors
// IR-LABEL: define
// IR: call <16 x float> @llvm.masked.load
// IR: call <16 x float> @llvm.fmuladd.v16f32
func.func @vectors(%context: !kernel.context, %n: index, %x: vector<16xf32>) {
  // CHECK-NOT: vector.
  // CHECK-NOT: scf.
  %rotary = kernel.buffer %context rotary : memref<?xf32>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %zeros = arith.constant dense<0.0> : vector<16xf32>
  scf.for %i = %zero to %n step %one {
    %mask = vector.create_mask %i : vector<16xi1>
    %v = vector.maskedload %rotary[%i], %mask, %zeros : memref<?xf32>, vector<16xi1>, vector<16xf32> into vector<16xf32>
    %y = vector.fma %v, %x, %x : vector<16xf32>
    vector.store %y, %rotary[%i] : memref<?xf32>, vector<16xf32>
  }
  return
}
