// RUN: compress-opt %s --convert-linalg-to-vector --canonicalize --cse --split-input-file | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

// Strips of sixteen, the last one masked; what does not vary is loaded before
// them and splat.
// CHECK-LABEL: func.func @elementwise
// CHECK-DAG: %[[STEP:.+]] = arith.constant 16 : index
// CHECK: scf.for %[[I:.+]] =
// CHECK:   %[[S:.+]] = memref.load %arg1[%[[I]]]
// CHECK:   scf.for %[[J:.+]] = {{.*}} step %[[STEP]]
// CHECK:     %[[X:.+]] = vector.load %arg0[%[[I]], %[[J]]] : memref<3x37xf32>, vector<16xf32>
// CHECK:     vector.broadcast %[[S]] : f32 to vector<16xf32>
// CHECK:     arith.addf
// CHECK:     vector.store %{{.+}}, %arg2[%[[I]], %[[J]]]
// CHECK:   vector.constant_mask [5] : vector<16xi1>
// CHECK:   vector.maskedload
// CHECK:   vector.maskedstore
func.func @elementwise(%x: memref<3x37xf32>, %s: memref<3xf32>, %y: memref<3x37xf32>) {
  linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : memref<3x37xf32>, memref<3xf32>) outs(%y : memref<3x37xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %c = arith.addf %a, %b : f32
    linalg.yield %c : f32
  }
  return
}

// -----

// A sum along the run of its operand: partial sums, then a tree.
// CHECK-LABEL: func.func @sum
// CHECK: scf.for {{.*}} iter_args(%{{.+}} = %{{.+}}) -> (vector<16xf32>)
// CHECK:   vector.load %arg0
// CHECK:   arith.addf {{.*}} : vector<16xf32>
// CHECK: arith.select {{.*}} : vector<16xi1>, vector<16xf32>
// CHECK: vector.reduction <add>
// CHECK: memref.store %{{.+}}, %arg1
func.func @sum(%x: memref<3x37xf32>, %s: memref<3xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<3x37xf32>) outs(%s : memref<3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %c = arith.addf %o, %a : f32
    linalg.yield %c : f32
  }
  return
}

// -----

// A product takes several rows and two strips at a time; units of rows are
// shared out.
// CHECK-LABEL: func.func @product
// CHECK: scf.forall (%{{.+}}) in (10)
// CHECK:   scf.for
// CHECK:     scf.for {{.*}} iter_args
// CHECK-COUNT-16: vector.fma
// CHECK-NOT: vector.fma
// CHECK: mapping = [#kernel.split<0, grain = 1>]
func.func @product(%x: memref<80x24xf32>, %y: memref<24x64xf32>, %z: memref<80x64xf32>) {
  linalg.matmul ins(%x, %y : memref<80x24xf32>, memref<24x64xf32>) outs(%z : memref<80x64xf32>)
  return
}

// -----

// Inside of a unit there are no others.
// CHECK-LABEL: func.func @inside
// CHECK: scf.forall
// CHECK-NOT: scf.forall
func.func @inside(%x: memref<80x640xf32>, %y: memref<80x640xf32>) {
  scf.forall (%i) in (2) {
    linalg.copy ins(%x : memref<80x640xf32>) outs(%y : memref<80x640xf32>)
  }
  return
}

// -----

// Windows that slide.
// CHECK-LABEL: func.func @pool
// CHECK: scf.forall
// CHECK:   %[[H:.+]] = arith.muli %{{.+}}, %c2
// CHECK:   vector.load %arg0[%c0, %{{.+}}, %{{.+}}, %{{.+}}] : memref<1x32x32x16xf32>, vector<16xf32>
// CHECK:   arith.maximumf {{.*}} : vector<16xf32>
func.func @pool(%x: memref<1x32x32x16xf32>, %w: memref<3x3xf32>, %z: memref<1x15x15x16xf32>) {
  linalg.pooling_nhwc_max {strides = dense<2> : tensor<2xi64>} ins(%x, %w : memref<1x32x32x16xf32>, memref<3x3xf32>)
      outs(%z : memref<1x15x15x16xf32>)
  return
}

// -----

// A strided operand is gathered, inside the buffer at the last strip, too.
// CHECK-LABEL: func.func @strided
// CHECK-COUNT-16: memref.load %arg0
// CHECK: vector.from_elements
// CHECK: vector.store
func.func @strided(%x: memref<64xf32>, %y: memref<32xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (2 * i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<64xf32>) outs(%y : memref<32xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  return
}

// -----

// What has no vector form becomes loops.
// CHECK-LABEL: func.func @gathered
// CHECK-NOT: vector
// CHECK: memref.load
func.func @gathered(%x: memref<16xindex>, %t: memref<9xf32>, %y: memref<16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<16xindex>) outs(%y : memref<16xf32>) {
  ^bb0(%a: index, %o: f32):
    %v = memref.load %t[%a] : memref<9xf32>
    linalg.yield %v : f32
  }
  return
}
