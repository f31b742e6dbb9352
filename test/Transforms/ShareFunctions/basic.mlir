// RUN: compress-opt %s --kernel-share-functions | FileCheck %s

// CHECK: func.func private @work.threads(%arg0: !kernel.context, %arg1: index, %arg2: memref<8xf32>)
// CHECK:   linalg.fill
// CHECK-LABEL: func.func @work(%arg0: memref<8xf32>)
// CHECK-NEXT: kernel.launch @work.threads(%arg0) : memref<8xf32>
func.func @work(%x: memref<8xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<8xf32>)
  return
}

// Nothing to share out, a scalar, a size that is not known, values of control
// flow, a call: one thread.
// CHECK-NOT: kernel.launch
func.func @nothing(%x: memref<8xf32>) {
  return
}
func.func @scalar(%x: memref<8xf32>) -> f32 {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<8xf32>)
  return %zero : f32
}
func.func @dynamic(%x: memref<8xf32>, %n: index) {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc(%n) : memref<?xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<?xf32>)
  return
}
func.func @values(%x: memref<8xf32>, %n: index) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %zero) -> f32 {
    scf.yield %a : f32
  }
  linalg.fill ins(%r : f32) outs(%x : memref<8xf32>)
  return
}
func.func @calls(%x: memref<8xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<8xf32>)
  func.call @nothing(%x) : (memref<8xf32>) -> ()
  return
}
