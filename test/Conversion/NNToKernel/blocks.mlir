// RUN: compress-opt %s --compress-lower-to-llvm=stop-after=kernel | FileCheck %s

// Blocks that differ in nothing but their weights' places share a function; one
// whose weight has another format has its own. The place of each weight, and of
// each cache, is a row of a table.

compress.weight @e : tensor<16x16xf32> {
  %0 = compress.stored "e" : tensor<16x16xf16>
  compress.yield %0 : tensor<16x16xf16>
}
compress.weight @w0 : tensor<16x16xf32> {
  %0 = compress.stored "w0" : tensor<16x16xf16>
  compress.yield %0 : tensor<16x16xf16>
}
compress.weight @w1 : tensor<16x16xf32> {
  %0 = compress.stored "w1" : tensor<16x16xf16>
  compress.yield %0 : tensor<16x16xf16>
}
compress.weight @w2 : tensor<16x16xf32> {
  %0 = compress.stored "w2" : tensor<16x16xf32>
  compress.yield %0 : tensor<16x16xf32>
}

// CHECK: memref.global "private" constant @decode_block0_table : memref<2x2xi64> = dense<{{\[}}[1024, 0], [512, 128]]>
// CHECK: func.func private @decode_block0(%{{.*}}: !kernel.context, %{{.*}}: index, %[[ROW:.*]]: index, %[[IN:.*]]: memref<1x16xf32>, %[[OUT:.*]]: memref<1x16xf32>)
// CHECK: %[[TABLE:.+]] = memref.get_global @decode_block0_table
// CHECK: memref.load %[[TABLE]][%[[ROW]], %{{.*}}]
// CHECK: kernel.matmul @format at
// CHECK: memref.global "private" constant @decode_block1_table : memref<1x2xi64> = dense<{{\[}}[1536, 256]]>
// CHECK: func.func private @decode_block1
// CHECK: kernel.matmul @format_0 at

// CHECK-LABEL: func.func @decode
// CHECK: call @decode_block0(%{{.*}}, %{{.*}}, %c0{{.*}}, %[[X:[a-z0-9_]+]], %[[Y:[a-z0-9_]+]])
// CHECK: kernel.barrier
// CHECK: call @decode_block0(%{{.*}}, %{{.*}}, %c1{{.*}}, %[[Y]], %[[X]])
// CHECK: kernel.barrier
// CHECK: call @decode_block1

// CHECK: func.func private @prefill_block0(
// CHECK: func.func private @prefill_block1(
// CHECK-NOT: prefill_block2
// CHECK-LABEL: func.func @prefill

func.func @forward(%tokens: tensor<?xi32>, %position: index, %c0: tensor<2x?x2x8xf32>, %c1: tensor<2x?x2x8xf32>, %c2: tensor<2x?x2x8xf32>)
    -> (tensor<?x16xf32>, tensor<2x?x2x8xf32>, tensor<2x?x2x8xf32>, tensor<2x?x2x8xf32>) {
  %e = compress.use @e : tensor<16x16xf32>
  // A use outside, as CSE may leave it, is moved into the block.
  %w1 = compress.use @w1 : tensor<16x16xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<16x16xf32> -> tensor<?x16xf32>
  %b0:2 = nn.block "0" -> (tensor<?x16xf32>, tensor<2x?x2x8xf32>) {
    %w = compress.use @w0 : tensor<16x16xf32>
    %y = nn.linear %x, %w : (tensor<?x16xf32>, tensor<16x16xf32>) -> tensor<?x16xf32>
    %a, %new = nn.attention %y, %y, %y, %c0 at %position heads 2 kv_heads 2 : tensor<?x16xf32>, tensor<?x16xf32>, tensor<2x?x2x8xf32>
    nn.yield %a, %new : tensor<?x16xf32>, tensor<2x?x2x8xf32>
  }
  %b1:2 = nn.block "1" -> (tensor<?x16xf32>, tensor<2x?x2x8xf32>) {
    %y = nn.linear %b0#0, %w1 : (tensor<?x16xf32>, tensor<16x16xf32>) -> tensor<?x16xf32>
    %a, %new = nn.attention %y, %y, %y, %c1 at %position heads 2 kv_heads 2 : tensor<?x16xf32>, tensor<?x16xf32>, tensor<2x?x2x8xf32>
    nn.yield %a, %new : tensor<?x16xf32>, tensor<2x?x2x8xf32>
  }
  %b2:2 = nn.block "2" -> (tensor<?x16xf32>, tensor<2x?x2x8xf32>) {
    %w = compress.use @w2 : tensor<16x16xf32>
    %y = nn.linear %b1#0, %w : (tensor<?x16xf32>, tensor<16x16xf32>) -> tensor<?x16xf32>
    %a, %new = nn.attention %y, %y, %y, %c2 at %position heads 2 kv_heads 2 : tensor<?x16xf32>, tensor<?x16xf32>, tensor<2x?x2x8xf32>
    nn.yield %a, %new : tensor<?x16xf32>, tensor<2x?x2x8xf32>
  }
  %l = nn.linear %b2#0, %e : (tensor<?x16xf32>, tensor<16x16xf32>) -> tensor<?x16xf32>
  return %l, %b0#1, %b1#1, %b2#1 : tensor<?x16xf32>, tensor<2x?x2x8xf32>, tensor<2x?x2x8xf32>, tensor<2x?x2x8xf32>
}
