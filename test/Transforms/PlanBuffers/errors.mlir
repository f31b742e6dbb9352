// RUN: compress-opt %s --pass-pipeline='builtin.module(kernel-plan-buffers)' --verify-diagnostics

func.func @unbounded(%c: !kernel.context, %t: index, %n: index) {
  // expected-error @below {{'memref.alloc' op has a size of which no bound is known, so that it has no place}}
  %a = memref.alloc(%n) : memref<?xf32>
  memref.dealloc %a : memref<?xf32>
  return
}
