// RUN: compress-opt %s --kernel-split-threads | FileCheck %s
// RUN: compress-opt %s --kernel-split-threads --canonicalize | FileCheck %s --check-prefix=ONE

// Thread t of T takes iterations n * t / T … n * (t + 1) / T.
// CHECK-LABEL: func.func @one(
// CHECK-SAME: %[[CONTEXT:.+]]: !kernel.context, %[[THREAD:.+]]: index, %[[N:.+]]: index
func.func @one(%context: !kernel.context, %thread: index, %n: index, %m: memref<?xf32>, %x: f32) {
  // CHECK: %[[T:.+]] = kernel.field %[[CONTEXT]] threads
  // CHECK: %[[NEXT:.+]] = arith.addi %[[THREAD]], %c1
  // CHECK: %[[A:.+]] = arith.muli %[[N]], %[[THREAD]]
  // CHECK: %[[BEGIN:.+]] = arith.divui %[[A]], %[[T]]
  // CHECK: %[[B:.+]] = arith.muli %[[N]], %[[NEXT]]
  // CHECK: %[[END:.+]] = arith.divui %[[B]], %[[T]]
  // CHECK: scf.for %[[I:.+]] = %[[BEGIN]] to %[[END]] step
  // CHECK: memref.store %{{.+}}, %{{.+}}[%[[I]]]
  // CHECK-NOT: scf.forall
  scf.forall (%i) in (%n) {
    memref.store %x, %m[%i] : memref<?xf32>
  } {mapping = [#kernel.split<0>]}
  return
}

// Two ranges are one of their product, the last index running fastest.
// CHECK-LABEL: func.func @two
func.func @two(%context: !kernel.context, %thread: index, %n: index, %m: memref<?x4xf32>, %x: f32) {
  // CHECK: %[[TOTAL:.+]] = arith.muli %{{.+}}, %c4
  // CHECK: scf.for %[[I:.+]] =
  // CHECK: %[[COLUMN:.+]] = arith.remui %[[I]], %c4
  // CHECK: %[[ROW:.+]] = arith.divui %[[I]], %c4
  // CHECK: memref.store %{{.+}}, %{{.+}}[%[[ROW]], %[[COLUMN]]]
  scf.forall (%i, %j) in (%n, 4) {
    memref.store %x, %m[%i, %j] : memref<?x4xf32>
  } {mapping = [#kernel.split<0>, #kernel.split<1>]}
  return
}

// With a grain, ranges are taken until there are none.
// CHECK-LABEL: func.func @grain
// CHECK-SAME: %[[CONTEXT:.+]]: !kernel.context, %[[THREAD:.+]]: index, %[[N:.+]]: index
func.func @grain(%context: !kernel.context, %thread: index, %n: index, %m: memref<?xf32>, %x: f32) {
  // CHECK: %[[B:.+]], %[[E:.+]] = kernel.take %[[CONTEXT]] thread %[[THREAD]] of %[[N]] grain 6 first
  // CHECK: scf.while (%[[B1:.+]] = %[[B]], %[[E1:.+]] = %[[E]])
  // CHECK: %[[MORE:.+]] = arith.cmpi ult, %[[B1]], %[[E1]]
  // CHECK: scf.condition(%[[MORE]]) %[[B1]], %[[E1]]
  // CHECK: ^bb0(%[[B2:.+]]: index, %[[E2:.+]]: index)
  // CHECK: scf.for %[[I:.+]] = %[[B2]] to %[[E2]] step
  // CHECK: memref.store %{{.+}}, %{{.+}}[%[[I]]]
  // CHECK: %[[B3:.+]], %[[E3:.+]] = kernel.take %[[CONTEXT]] thread %[[THREAD]] of %[[N]] grain 6
  // CHECK-NOT: first
  // CHECK: scf.yield %[[B3]], %[[E3]]
  scf.forall (%i) in (%n) {
    memref.store %x, %m[%i] : memref<?xf32>
  } {mapping = [#kernel.split<0, grain = 6>]}
  return
}

// One iteration is one thread's, not everybody's.
// ONE-LABEL: func.func @once
// ONE: scf.for
// CHECK-LABEL: func.func @once
func.func @once(%context: !kernel.context, %thread: index, %m: memref<4xf32>, %x: f32) {
  scf.forall (%i) in (1) {
    memref.store %x, %m[%i] : memref<4xf32>
  } {mapping = [#kernel.split<0>]}
  return
}

// Functions that are not single-program keep their loops.
// CHECK-LABEL: func.func @other
// CHECK: scf.forall
func.func @other(%n: index, %m: memref<?xf32>, %x: f32) {
  scf.forall (%i) in (%n) {
    memref.store %x, %m[%i] : memref<?xf32>
  }
  return
}

// CHECK-LABEL: func.func private @declared
func.func private @declared(!kernel.context, index)
