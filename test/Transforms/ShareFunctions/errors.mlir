// RUN: compress-opt %s --split-input-file --verify-diagnostics

func.func @f(%x: memref<8xf32>) {
  // expected-error @below {{names @g, but no function of that name is there}}
  kernel.launch @g(%x) : memref<8xf32>
  return
}

// -----

func.func private @g(%c: !kernel.context, %t: index)
func.func @f(%x: memref<8xf32>) {
  // expected-error @below {{needs @g to take a context, an index and the operands, and to return nothing}}
  kernel.launch @g(%x) : memref<8xf32>
  return
}
