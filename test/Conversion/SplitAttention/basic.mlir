// RUN: compress-opt %s --kernel-split-attention --split-input-file --verify-diagnostics | FileCheck %s

// One token: threads share its pages out, and then heads put them together.
// CHECK-LABEL: func.func @one
// CHECK: %[[CACHE:.+]] = kernel.buffer %arg0 cache : memref<?xf16>
// CHECK: scf.forall (%{{.+}}) in (%{{.+}})
// CHECK:   vector.store %{{.+}}, %[[CACHE]][%{{.+}}] : memref<?xf16>, vector<8xf16>
// CHECK: %[[PARTIALS:.+]] = kernel.buffer %arg0 partials
// CHECK: scf.forall (%{{.+}}, %{{.+}}) in (%{{.+}}, %{{.+}})
// CHECK:   %[[OWN:.+]] = memref.alloc() {alignment = 64 : i64}
// CHECK:   kernel.attend %[[CACHE]]{{.*}} states %[[OWN]] {{.*}} head_size 8 {{.*}} streamed
// CHECK:   vector.store %{{.+}}, %[[PARTIALS]]
// CHECK: grain = 1
// CHECK: scf.forall
// CHECK:   vector.load %[[PARTIALS]]
// CHECK:   vector.store %{{.+}}, %arg5
// CHECK-NOT: kernel.attention
func.func @one(%c: !kernel.context, %thread: index, %o: index, %q: memref<1x16xf32>, %k: memref<1x8xf32>, %y: memref<1x16xf32>) {
  kernel.attention %c cache f16[%o of 64] ins(%q, %k, %k) outs(%y) heads 2 kv_heads 1 scale 0.5
      : memref<1x16xf32>, memref<1x8xf32>, memref<1x8xf32>, memref<1x16xf32>
  return
}

// -----

// Several: runs of tokens of a slot. With int8, a scale a position and head.
// CHECK-LABEL: func.func @runs
// CHECK: %[[CACHE:.+]] = kernel.buffer %arg0 cache : memref<?xi8>
// CHECK: %[[SCALES:.+]] = kernel.buffer %arg0 cache : memref<?xf32>
// CHECK: scf.forall (%{{.+}}) in (%{{.+}})
// CHECK:   memref.store %{{.+}}, %[[SCALES]]
// CHECK: %[[RUNS:.+]] = kernel.field %arg0 run_count
// CHECK: scf.forall (%{{.+}}, %{{.+}}) in (%[[RUNS]], %{{.+}})
// CHECK:   kernel.attend %[[CACHE]]
// CHECK-NOT: streamed
func.func @runs(%c: !kernel.context, %thread: index, %o: index, %q: memref<?x16xf32>, %k: memref<?x8xf32>) {
  kernel.attention %c cache i8[%o of 64] ins(%q, %k, %k) outs(%q) heads 2 kv_heads 1 scale 0.5
      : memref<?x16xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<?x16xf32>
  return
}

// -----

func.func @tensors(%c: !kernel.context, %o: index, %q: tensor<2x16xf32>, %k: tensor<2x8xf32>) -> tensor<2x16xf32> {
  // expected-error @below {{'kernel.attention' op is on tensors; bufferize it before}}
  %y = kernel.attention %c cache f32[%o of 64] ins(%q, %k, %k) outs(%q) heads 2 kv_heads 1 scale 0.5
      : tensor<2x16xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x16xf32> -> tensor<2x16xf32>
  return %y : tensor<2x16xf32>
}
