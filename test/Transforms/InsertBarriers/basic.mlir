// RUN: compress-opt %s --pass-pipeline='builtin.module(func.func(kernel-insert-barriers))' | FileCheck %s

// A barrier where bytes are read that others write, and nowhere else.
// CHECK-LABEL: func.func @arena
// CHECK: scf.forall (%{{.+}}) in (4)
// CHECK-NOT: kernel.barrier
// CHECK: scf.forall (%{{.+}}) in (5)
// CHECK: kernel.barrier %arg0 thread %arg1
// CHECK: scf.forall (%{{.+}}) in (6)
// CHECK-NOT: kernel.barrier
func.func @arena(%c: !kernel.context, %t: index, %x: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %m = kernel.buffer %c arena : memref<?xi8>
  %a = memref.view %m[%c0][] : memref<?xi8> to memref<8xf32>
  %b = memref.view %m[%c64][] : memref<?xi8> to memref<8xf32>
  scf.forall (%i) in (4) {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %a[%i] : memref<8xf32>
  }
  scf.forall (%i) in (5) {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %b[%i] : memref<8xf32>
  }
  scf.forall (%i) in (6) {
    %v = memref.load %a[%i] : memref<8xf32>
    memref.store %v, %a[%i] : memref<8xf32>
  }
  return
}

// What is written outside of a loop of threads, one thread writes; what a
// thread has for itself, each does.
// CHECK-LABEL: func.func @serial
// CHECK: %[[OWN:.+]] = memref.alloca
// CHECK: memref.store %{{.+}}, %[[OWN]]
// CHECK: scf.forall (%{{.+}}) in (1)
// CHECK:   memref.store %{{.+}}, %arg2[%c0]
// CHECK:   memref.store %{{.+}}, %arg2[%c1]
// CHECK: } {mapping = [#kernel.split<0>]}
// CHECK: kernel.barrier
// CHECK: memref.load %arg2
// CHECK: scf.forall (%{{.+}}) in (4)
func.func @serial(%c: !kernel.context, %t: index, %x: memref<8xf32>, %y: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %own = memref.alloca() : memref<1xf32>
  memref.store %zero, %own[%c0] : memref<1xf32>
  memref.store %zero, %x[%c0] : memref<8xf32>
  memref.store %zero, %x[%c1] : memref<8xf32>
  %v = memref.load %x[%c0] : memref<8xf32>
  scf.forall (%i) in (4) {
    memref.store %v, %y[%i] : memref<8xf32>
  }
  return
}

// Around a loop with loops of threads nothing is pending.
// CHECK-LABEL: func.func @control
// CHECK: kernel.barrier
// CHECK: scf.for
// CHECK:   scf.forall (%{{.+}}) in (4)
// CHECK:   kernel.barrier
// CHECK:   scf.forall (%{{.+}}) in (5)
// CHECK:   kernel.barrier
// CHECK: }
func.func @control(%c: !kernel.context, %t: index, %x: memref<8xf32>, %y: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  scf.for %k = %c0 to %c9 step %c1 {
    scf.forall (%i) in (4) {
      %v = memref.load %x[%i] : memref<8xf32>
      memref.store %v, %y[%i] : memref<8xf32>
    }
    scf.forall (%i) in (5) {
      %v = memref.load %y[%i] : memref<8xf32>
      memref.store %v, %x[%i] : memref<8xf32>
    }
  }
  return
}
