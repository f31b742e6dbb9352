// RUN: compress-opt %s --pass-pipeline='builtin.module(kernel-plan-buffers)' | FileCheck %s

// Buffers that are not alive together share bytes; a unit's are its thread's.
// CHECK-LABEL: func.func @f
// CHECK-SAME: kernel.arena_bytes = 128
// CHECK-SAME: kernel.scratch_bytes = 64
// CHECK: %[[SCRATCH:.+]] = kernel.buffer %arg0 scratch
// CHECK: %[[STRIDE:.+]] = kernel.field %arg0 scratch_stride
// CHECK: %[[OWN:.+]] = arith.muli %arg1, %[[STRIDE]]
// CHECK: %[[ARENA:.+]] = kernel.buffer %arg0 arena
// CHECK: %[[A:.+]] = arith.constant 0 : index
// CHECK: memref.view %[[ARENA]][%[[A]]][] : memref<?xi8> to memref<8xf32>
// CHECK: %[[B:.+]] = arith.constant 64 : index
// CHECK: memref.view %[[ARENA]][%[[B]]][] : memref<?xi8> to memref<8xf32>
// CHECK: linalg.copy
// CHECK: %[[C:.+]] = arith.constant 0 : index
// CHECK: memref.view %[[ARENA]][%[[C]]][] : memref<?xi8> to memref<2x4xf32>
// CHECK: scf.forall
// CHECK:   %[[AT:.+]] = arith.addi %[[OWN]]
// CHECK:   memref.view %[[SCRATCH]][%[[AT]]][] : memref<?xi8> to memref<4xf32>
// CHECK-NOT: memref.dealloc
func.func @f(%c: !kernel.context, %t: index, %x: memref<8xf32>) {
  %a = memref.alloc() : memref<8xf32>
  linalg.copy ins(%x : memref<8xf32>) outs(%a : memref<8xf32>)
  %b = memref.alloc() : memref<8xf32>
  memref.copy %a, %b : memref<8xf32> to memref<8xf32>
  memref.dealloc %a : memref<8xf32>
  %d = memref.alloc() : memref<2x4xf32>
  %e = memref.collapse_shape %d [[0, 1]] : memref<2x4xf32> into memref<8xf32>
  scf.forall (%i) in (2) {
    %s = memref.alloc() : memref<4xf32>
    %y = memref.load %b[%i] : memref<8xf32>
    memref.store %y, %s[%i] : memref<4xf32>
    memref.store %y, %e[%i] : memref<8xf32>
  }
  return
}

// CHECK-LABEL: func.func @other
// CHECK: memref.alloc
func.func @other() {
  %a = memref.alloc() : memref<8xf32>
  return
}

// A caller's buffers lie behind its callee's; one inside a condition has a place
// like others.
// CHECK-LABEL: func.func @caller
// CHECK-SAME: kernel.arena_bytes = 256
// CHECK: arith.constant 128 : index
// CHECK: call @callee
// CHECK: scf.if
// CHECK:   arith.constant 192 : index
// CHECK-LABEL: func.func private @callee
// CHECK-SAME: kernel.arena_bytes = 128
func.func @caller(%c: !kernel.context, %t: index, %p: i1) {
  %0 = memref.alloc() : memref<8xf32>
  call @callee(%c, %t, %0) : (!kernel.context, index, memref<8xf32>) -> ()
  scf.if %p {
    %1 = memref.alloc() : memref<8xf32>
    memref.copy %0, %1 : memref<8xf32> to memref<8xf32>
  }
  return
}
func.func private @callee(%c: !kernel.context, %t: index, %x: memref<8xf32>) {
  %0 = memref.alloc() : memref<8xf32>
  %1 = memref.alloc() : memref<8xf32>
  memref.copy %x, %0 : memref<8xf32> to memref<8xf32>
  memref.copy %0, %1 : memref<8xf32> to memref<8xf32>
  return
}

// A buffer whose size is bounded has a place for the most that it may be.
// CHECK-LABEL: func.func @bounded
// CHECK-SAME: kernel.arena_bytes = 256
// CHECK: %[[N:.+]] = kernel.field %arg0 count at_most 5
// CHECK: memref.view %{{.+}}[%{{.+}}][%[[N]]] : memref<?xi8> to memref<?x8xf32>
// CHECK: memref.view %{{.+}}[%{{.+}}][%{{.+}}] : memref<?xi8> to memref<?xf32>
func.func @bounded(%c: !kernel.context, %t: index, %x: memref<?x8xf32>) {
  %n = kernel.field %c count at_most 5
  %first = kernel.field %c logits_begin
  %a = memref.alloc(%n) : memref<?x8xf32>
  linalg.copy ins(%x : memref<?x8xf32>) outs(%a : memref<?x8xf32>)
  %rest = arith.subi %n, %first : index
  %b = memref.alloc(%rest) : memref<?xf32>
  %c0 = arith.constant 0 : index
  %v = memref.load %a[%c0, %c0] : memref<?x8xf32>
  memref.store %v, %b[%c0] : memref<?xf32>
  return
}
