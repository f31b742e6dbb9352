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
// CHECK: scf.forall (%{{.+}}) in (3)
// CHECK: kernel.barrier
// CHECK-NEXT: scf.for
// CHECK:   scf.forall (%{{.+}}) in (4)
// CHECK:   kernel.barrier
// CHECK:   scf.forall (%{{.+}}) in (5)
// CHECK:   kernel.barrier
// CHECK: }
func.func @control(%c: !kernel.context, %t: index, %x: memref<8xf32>, %y: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %one = arith.constant 1.0 : f32
  scf.forall (%i) in (3) {
    memref.store %one, %x[%i] : memref<8xf32>
  }
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

// Loops that give threads the same whole rows do not wait for each other; one
// over something else does, and one whose iterations anybody takes.
// CHECK-LABEL: func.func @rows
// CHECK: scf.forall (%{{.+}}) in (%arg2)
// CHECK-NOT: kernel.barrier
// CHECK: kernel.quantize_activations
// CHECK-NOT: kernel.barrier
// CHECK: scf.forall (%{{.+}}) in (%arg2)
// CHECK: kernel.barrier
// CHECK-NEXT: scf.forall (%{{.+}}) in (4)
// CHECK: kernel.barrier
// CHECK-NEXT: scf.forall (%{{.+}}) in (%arg2)
// CHECK: kernel.barrier
// CHECK-NEXT: return
func.func @rows(%c: !kernel.context, %t: index, %n: index, %x: memref<4x32xf32>,
                %codes: memref<4x32xi8>, %scales: memref<4x1xf32>, %sums: memref<4x2xf32>) {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f32
  scf.forall (%i) in (%n) {
    memref.store %one, %x[%i, %c0] : memref<4x32xf32>
  }
  kernel.quantize_activations %x into %codes, %scales, %sums tokens %n
      : memref<4x32xf32>, memref<4x32xi8>, memref<4x1xf32>, memref<4x2xf32>
  scf.forall (%i) in (%n) {
    memref.store %one, %x[%i, %c0] : memref<4x32xf32>
  }
  scf.forall (%i) in (4) {
    memref.store %one, %x[%i, %c0] : memref<4x32xf32>
  }
  scf.forall (%i) in (%n) {
    memref.store %one, %x[%i, %c0] : memref<4x32xf32>
  } {mapping = [#kernel.split<0, grain = 2>]}
  kernel.barrier %c thread %t
  return
}

// The thread that has single iterations does not wait for itself.
// CHECK-LABEL: func.func @alone
// CHECK-NOT: kernel.barrier
// CHECK: kernel.round_activations
// CHECK-NOT: kernel.barrier
// CHECK: scf.forall
// CHECK-NOT: kernel.barrier
// CHECK: memref.store
// CHECK: kernel.barrier
// CHECK-NEXT: scf.forall (%{{.+}}) in (2)
func.func @alone(%c: !kernel.context, %t: index, %x: memref<1x32xf32>, %y: memref<1x32xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f32
  kernel.round_activations %x into %y tokens %c1 : memref<1x32xf32>, memref<1x32xf32>
  scf.forall (%i) in (1) {
    %v = memref.load %y[%c0, %c1] : memref<1x32xf32>
    memref.store %v, %x[%c0, %c0] : memref<1x32xf32>
  }
  memref.store %one, %x[%c0, %c1] : memref<1x32xf32>
  scf.forall (%i) in (2) {
    %v = memref.load %x[%c0, %i] : memref<1x32xf32>
    memref.store %v, %y[%c0, %i] : memref<1x32xf32>
  }
  return
}

// A function that all threads run begins and ends with threads that need not
// have met: they do before it, and before what follows.
// CHECK-LABEL: func.func @calls
// CHECK: scf.forall
// CHECK: kernel.barrier
// CHECK-NEXT: call @program
// CHECK-NEXT: kernel.barrier
// CHECK-NEXT: call @program
// CHECK-NEXT: kernel.barrier
// CHECK-NEXT: memref.load
func.func private @program(!kernel.context, index)
func.func @calls(%c: !kernel.context, %t: index, %x: memref<8xf32>, %y: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f32
  scf.forall (%i) in (8) {
    memref.store %one, %x[%i] : memref<8xf32>
  }
  func.call @program(%c, %t) : (!kernel.context, index) -> ()
  func.call @program(%c, %t) : (!kernel.context, index) -> ()
  %v = memref.load %x[%c0] : memref<8xf32>
  scf.forall (%i) in (8) {
    memref.store %v, %y[%i] : memref<8xf32>
  }
  return
}

// Loops that give the same rows to the same threads need no barrier between,
// whether a row is a view or the first index; a function of values is nobody's.
// CHECK-LABEL: func.func @views
// CHECK: scf.forall
// CHECK-NOT: kernel.barrier
// CHECK: scf.forall
// CHECK-NOT: kernel.barrier
// CHECK: return
func.func private @expf(f32) -> f32 attributes {llvm.readnone}
func.func @views(%c: !kernel.context, %t: index, %x: memref<?x8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  scf.forall (%i) in (%n) {
    %row = memref.subview %x[%i, 0] [1, 8] [1, 1] : memref<?x8xf32> to memref<8xf32, strided<[1], offset: ?>>
    %v = memref.load %row[%c0] : memref<8xf32, strided<[1], offset: ?>>
    %e = func.call @expf(%v) : (f32) -> f32
    memref.store %e, %row[%c0] : memref<8xf32, strided<[1], offset: ?>>
  } {mapping = [#kernel.split<0>]}
  scf.forall (%i) in (%n) {
    %v = memref.load %x[%i, %c0] : memref<?x8xf32>
    memref.store %v, %x[%i, %c0] : memref<?x8xf32>
  } {mapping = [#kernel.split<0>]}
  return
}

// Another's row is not its own.
// CHECK-LABEL: func.func @next_row
// CHECK: scf.forall
// CHECK: kernel.barrier
// CHECK: scf.forall
func.func @next_row(%c: !kernel.context, %t: index, %x: memref<?x8xf32>, %y: memref<?x8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.forall (%i) in (%n) {
    %v = memref.load %y[%i, %c0] : memref<?x8xf32>
    memref.store %v, %x[%i, %c0] : memref<?x8xf32>
  } {mapping = [#kernel.split<0>]}
  scf.forall (%i) in (%n) {
    %next = arith.addi %i, %c1 : index
    %row = memref.subview %x[%next, 0] [1, 8] [1, 1] : memref<?x8xf32> to memref<8xf32, strided<[1], offset: ?>>
    %v = memref.load %row[%c0] : memref<8xf32, strided<[1], offset: ?>>
    memref.store %v, %y[%i, %c0] : memref<?x8xf32>
  } {mapping = [#kernel.split<0>]}
  return
}
