// RUN: compress-translate --mlir-to-object --instruction-set=avx2 %s -o %t.o
// RUN: llvm-objdump -d --no-show-raw-insn %t.o | FileCheck %s

// What is zeroed is written by vectors, or by the C library where it is long:
// a code generator that knows of no library makes a loop over bytes.
// CHECK-LABEL: <some>:
// CHECK-NOT: movb
// CHECK-COUNT-10: vmovups %ymm
// CHECK: ret
llvm.func @some(%out: !llvm.ptr) {
  %zero = llvm.mlir.constant(0 : i8) : i8
  %size = llvm.mlir.constant(320 : i64) : i64
  "llvm.intr.memset"(%out, %zero, %size) <{isVolatile = false}> : (!llvm.ptr, i8, i64) -> ()
  llvm.return
}
